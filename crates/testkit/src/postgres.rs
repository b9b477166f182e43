//! A temporary PostgreSQL cluster, started by the test binary that needs it, from the binaries of this machine.
//!
//! Invariants:
//! - It listens on a Unix socket in its own folder only: no port, no password, nothing of the machine's own server.
//! - It is stopped and its folder deleted when the test process ends, however that ends: a small shell process holds
//!   the other end of a pipe and cleans up when the pipe closes. Destructors would not run for a static, nor on a kill.
//! - Missing binaries are an error that says what to install. A test that needs PostgreSQL never passes without it.

use std::{
    fs, io,
    os::unix::{
        fs::{MetadataExt, chown},
        process::CommandExt,
    },
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, Stdio},
    sync::{
        OnceLock,
        atomic::{AtomicU32, Ordering},
    },
};

/// A running cluster.
#[derive(Debug)]
pub struct Cluster {
    bin: PathBuf,
    /// Holds the data and the socket. Deleted by the guard.
    folder: PathBuf,
    /// `initdb` and the server refuse to run as root: then they run as this user.
    user: Option<UserIds>,
    databases: AtomicU32,
    _guard: Guard,
}

#[derive(Debug, thiserror::Error)]
pub enum ClusterError {
    #[error(
        "PostgreSQL's initdb was found neither in PATH nor in /usr/lib/postgresql/*/bin: these tests need it. \
         Install the Debian package `postgresql` (apt-get install postgresql)"
    )]
    BinariesMissing,
    #[error(
        "PostgreSQL does not run as root, and there is no user `postgres` to run it as: install the Debian package `postgresql`, which makes one"
    )]
    UserMissing,
    #[error("{what} failed: {output}")]
    Command { what: String, output: String },
    #[error("the folder of the temporary cluster")]
    Folder(#[from] io::Error),
}

#[derive(Clone, Copy, Debug)]
struct UserIds {
    uid: u32,
    gid: u32,
}

/// The shell that cleans up when this process is gone. Its pipe is never written to; it only has to close.
#[derive(Debug)]
struct Guard {
    _shell: Child,
    _pipe: Option<ChildStdin>,
}

impl Cluster {
    /// The cluster of this test process, started on first use.
    ///
    /// # Panics
    /// When there is no PostgreSQL on this machine or it does not start: the test must fail, and say why.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Cluster> = OnceLock::new();
        SHARED.get_or_init(|| Self::start().unwrap_or_else(|err| panic!("no PostgreSQL for this test: {err}")))
    }

    /// Starts a cluster of its own, for a test that stops or breaks it.
    pub fn start() -> Result<Self, ClusterError> {
        let bin = bin_folder()?;
        // Not TMPDIR: the path of a Unix socket has at most 107 characters.
        let folder = tempfile::Builder::new().prefix("trainyard-pg-").tempdir_in("/tmp")?.keep();
        let user = server_user(&folder)?;
        if let Some(UserIds { uid, gid }) = user {
            chown(&folder, Some(uid), Some(gid))?;
        }
        let guard = Guard::watch(&bin, &folder, user)?;
        let cluster = Self { bin, folder, user, databases: AtomicU32::new(0), _guard: guard };
        let data = cluster.data();
        let options =
            ["--username=postgres", "--auth=trust", "--encoding=UTF8", "--no-locale", "--no-sync", "--pgdata"];
        cluster.run("initdb", options.iter().map(Path::new).chain([data.as_path()]))?;
        cluster.start_server()?;
        Ok(cluster)
    }

    /// Makes an empty database and returns its address for sqlx.
    ///
    /// # Panics
    /// When the server does not make it.
    pub fn create_database(&self) -> String {
        let name = format!("test_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        let host = format!("--host={}", self.folder.display());
        // The template without anything in it, and file by file: the fastest way there is.
        let made = self.run("createdb", [&host, "--username=postgres", "--template=template0", &name].map(Path::new));
        made.unwrap_or_else(|err| panic!("no database for this test: {err}"));
        format!("postgres://postgres@localhost/{name}?host={}", self.folder.display())
    }

    /// Stops the server as a crash would: at once, without a checkpoint.
    pub fn crash(&self) -> Result<(), ClusterError> {
        let data = self.data();
        self.run(
            "pg_ctl",
            ["stop", "--mode=immediate", "--wait", "--pgdata"].map(Path::new).into_iter().chain([data.as_path()]),
        )
    }

    /// Starts the server again after a `crash`.
    pub fn start_server(&self) -> Result<(), ClusterError> {
        // Durability is not under test, speed is needed; 200 connections, because many tests run at once.
        let settings = format!(
            "-c listen_addresses='' -c unix_socket_directories='{}' -c fsync=off -c max_connections=200",
            self.folder.display()
        );
        let (data, log) = (self.data(), self.folder.join("log"));
        let options = ["start", "--wait", "--options", &settings, "--log"].map(Path::new);
        let rest = [log.as_path(), Path::new("--pgdata"), data.as_path()];
        self.run("pg_ctl", options.into_iter().chain(rest))
    }

    fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    fn run<'a>(&self, program: &str, args: impl IntoIterator<Item = &'a Path>) -> Result<(), ClusterError> {
        let mut command = command_as(&self.bin.join(program), self.user);
        // The server inherits these from `pg_ctl`: a file, because whoever reads a pipe would wait for its end for ever.
        let log = self.folder.join(format!("{program}.out"));
        let out = fs::File::create(&log)?;
        command.args(args.into_iter().map(Path::as_os_str)).stdin(Stdio::null());
        let status = command.stdout(out.try_clone()?).stderr(out).status()?;
        if status.success() {
            return Ok(());
        }
        let said = |path: &Path| fs::read_to_string(path).unwrap_or_default();
        let output = format!("{}{}", said(&log), said(&self.folder.join("log")));
        Err(ClusterError::Command { what: program.to_owned(), output })
    }
}

impl Guard {
    fn watch(bin: &Path, folder: &Path, user: Option<UserIds>) -> Result<Self, ClusterError> {
        // `cat` ends when the pipe closes, which the kernel does for a process that is gone.
        let script = "cat; \"$1/pg_ctl\" stop --mode=immediate --wait --pgdata \"$2/data\"; rm -rf \"$2\"";
        let mut command = command_as(Path::new("/bin/sh"), user);
        command.arg("-c").arg(script).arg("sh").arg(bin).arg(folder);
        // A group of its own: Ctrl-C ends the tests, and must not end who cleans up after them.
        command.process_group(0).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut shell = command.spawn()?;
        let pipe = shell.stdin.take();
        Ok(Self { _shell: shell, _pipe: pipe })
    }
}

fn command_as(program: &Path, user: Option<UserIds>) -> Command {
    let mut command = Command::new(program);
    // A folder that any user may enter.
    command.current_dir("/");
    if let Some(UserIds { uid, gid }) = user {
        command.uid(uid).gid(gid);
    }
    command
}

/// `None` when this process is not root: then the cluster runs as whoever it is.
fn server_user(folder_of_ours: &Path) -> Result<Option<UserIds>, ClusterError> {
    if fs::metadata(folder_of_ours)?.uid() != 0 {
        return Ok(None);
    }
    let passwd = fs::read_to_string("/etc/passwd")?;
    let entry = passwd.lines().find_map(|line| line.strip_prefix("postgres:"));
    let ids = entry.and_then(|rest| {
        let mut fields = rest.split(':').skip(1);
        Some(UserIds { uid: fields.next()?.parse().ok()?, gid: fields.next()?.parse().ok()? })
    });
    ids.map(Some).ok_or(ClusterError::UserMissing)
}

/// The folder with `initdb` and its siblings: from PATH (through links), else the newest that Debian has installed.
fn bin_folder() -> Result<PathBuf, ClusterError> {
    let has_all =
        |folder: &PathBuf| ["initdb", "pg_ctl", "postgres", "createdb"].iter().all(|it| folder.join(it).exists());
    let path = std::env::var_os("PATH").unwrap_or_default();
    let in_path = std::env::split_paths(&path)
        .filter_map(|it| fs::canonicalize(it.join("initdb")).ok())
        .filter_map(|it| it.parent().map(Path::to_owned))
        .find(has_all);
    if let Some(folder) = in_path {
        return Ok(folder);
    }
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let version = |it: &fs::DirEntry| it.file_name().to_str().and_then(|it| it.parse::<u32>().ok());
    versions
        .filter_map(|it| Some((version(&it)?, it.path().join("bin"))))
        .filter(|(_, folder)| has_all(folder))
        .max()
        .map(|(_, folder)| folder)
        .ok_or(ClusterError::BinariesMissing)
}
