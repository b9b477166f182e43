//! The `git` program on a bare repository of its own: started without the environment's repositories, killed with all
//! of its children when it is dropped, takes too long or fills the disk.

use std::{
    ffi::OsStr,
    fmt, fs, io,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use domain::git_source::{GitPlace, RepositoryUrl};
use nix::{
    sys::signal::{Signal, killpg},
    unistd::Pid,
};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _},
    process::{Child, Command},
};

use super::GitError;
use crate::{launch::blocking, source::shown};

/// How often the disk is looked at.
const WATCH_PERIOD: Duration = Duration::from_millis(200);
/// So much of what git says is kept: its end.
const MAX_SAID_BYTES: usize = 64 * 1024;

/// What decides about a repository in somebody's shell must not decide here.
const FOREIGN_VARIABLES: [&str; 9] = [
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_NAMESPACE",
    "GIT_SSH",
    "GIT_EXTERNAL_DIFF",
];

/// For every command: no hook runs, nothing goes on in the background, files come as they are in the repository.
const SETTINGS: [&str; 8] = [
    "core.hooksPath=/dev/null",
    "gc.auto=0",
    "maintenance.auto=false",
    "fetch.unpackLimit=1",
    "core.autocrlf=false",
    "filter.lfs.smudge=",
    "filter.lfs.process=",
    "filter.lfs.required=false",
];

pub(super) struct Git {
    program: PathBuf,
    /// The repository; gone with this value.
    dir: tempfile::TempDir,
    protocols: &'static str,
    max_bytes: u64,
}

impl Git {
    /// An empty repository.
    pub(super) async fn new(program: &Path, place: &GitPlace, max_bytes: u64) -> Result<Self, GitError> {
        let dir = tempfile::Builder::new().prefix("trainyard-git-").tempdir();
        let dir = dir.map_err(|error| GitError::NotRun(error.to_string()))?;
        let protocols = if place.url.is_http() { "https:ssh:http" } else { "https:ssh" };
        let git = Self { program: program.to_path_buf(), dir, protocols, max_bytes };
        let is_sha256 = place.fixed().is_some_and(|it| it.commit.len() == 64);
        let format = if is_sha256 { "--object-format=sha256" } else { "--object-format=sha1" };
        match git.run(&["init", "--quiet", "--bare", "--template=", format]).await? {
            Ok(_) => Ok(git),
            Err(said) => Err(GitError::NotRun(said.to_string())),
        }
    }

    /// `is_shallow`: the commit alone, without its history.
    pub(super) async fn fetch(
        &self,
        url: &RepositoryUrl,
        reference: &str,
        is_shallow: bool,
    ) -> Result<Result<(), Said>, GitError> {
        let mut arguments = vec!["fetch", "--quiet", "--no-tags", "--no-recurse-submodules"];
        if is_shallow {
            arguments.push("--depth=1");
        }
        arguments.extend(["--", url.as_str(), reference]);
        Ok(self.run(&arguments).await?.map(drop))
    }

    /// What the command prints, without the line break at its end; or what git said.
    pub(super) async fn run(&self, arguments: &[&str]) -> Result<Result<String, Said>, GitError> {
        let mut running = self.start(arguments)?;
        let stdout = running.child.stdout.take();
        let stderr = running.child.stderr.take();
        let work = async { tokio::join!(tail(stdout), tail(stderr), running.child.wait()) };
        tokio::pin!(work);
        let mut ticks = tokio::time::interval(WATCH_PERIOD);
        let (stdout, stderr, status) = loop {
            tokio::select! {
                done = &mut work => break done,
                _ = ticks.tick() => self.check_disk().await?,
            }
        };
        running.group.is_over = true;
        self.check_disk().await?;
        let status = status.map_err(|error| GitError::NotRun(error.to_string()))?;
        Ok(if status.success() { Ok(stdout.trim_end_matches('\n').to_owned()) } else { Err(Said::of(&stderr)) })
    }

    /// The files of a tree, as tar.
    pub(super) fn archive(&self, tree: &str) -> Result<Archive, GitError> {
        self.start(&["archive", "--format=tar", tree]).map(Archive)
    }

    fn start(&self, arguments: &[&str]) -> Result<Running, GitError> {
        let mut command = Command::new(&self.program);
        for name in FOREIGN_VARIABLES {
            command.env_remove(name);
        }
        command
            .args(SETTINGS.iter().flat_map(|it| ["-c", it]))
            .args(arguments.iter().map(OsStr::new))
            .current_dir(self.dir.path())
            .env("GIT_DIR", self.dir.path())
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("GIT_ASKPASS", "")
            .env("GIT_ALLOW_PROTOCOL", self.protocols)
            .env("GIT_SSH_COMMAND", "ssh -oBatchMode=yes")
            .env("LC_ALL", "C")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // A group of its own: what git starts ends with it.
            .process_group(0)
            .kill_on_drop(true);
        let child = command.spawn().map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => GitError::NoProgram,
            _ => GitError::NotRun(error.to_string()),
        })?;
        let id = child.id().and_then(|it| i32::try_from(it).ok()).map(Pid::from_raw);
        Ok(Running { group: Group { id, is_over: false }, child })
    }

    async fn check_disk(&self) -> Result<(), GitError> {
        let dir = self.dir.path().to_path_buf();
        let bytes = blocking(move || bytes_of(&dir)).await?;
        if bytes > self.max_bytes { Err(GitError::TooLarge { max_bytes: self.max_bytes }) } else { Ok(()) }
    }
}

/// `group` is declared first, so that all of them are killed before the child is let go of.
struct Running {
    group: Group,
    child: Child,
}

struct Group {
    id: Option<Pid>,
    is_over: bool,
}

impl Drop for Group {
    fn drop(&mut self) {
        if let (Some(id), false) = (self.id, self.is_over) {
            // Gone already is as good.
            let _ = killpg(id, Signal::SIGKILL);
        }
    }
}

/// A tree on its way out.
pub(super) struct Archive(Running);

impl Archive {
    /// To be read off the async threads; it ends when this value is dropped.
    pub(super) fn take_stdout(&mut self) -> Result<fs::File, GitError> {
        let stdout = self.0.child.stdout.take().ok_or_else(|| GitError::NotRun("it has no output".to_owned()))?;
        let stdout = stdout.into_owned_fd().map_err(|error| GitError::NotRun(error.to_string()))?;
        Ok(stdout.into())
    }

    /// After its output was read, or let go of.
    pub(super) async fn end(mut self) -> Result<Result<(), Said>, GitError> {
        let stderr = self.0.child.stderr.take();
        let (stderr, status) = tokio::join!(tail(stderr), self.0.child.wait());
        self.0.group.is_over = true;
        let status = status.map_err(|error| GitError::NotRun(error.to_string()))?;
        Ok(if status.success() { Ok(()) } else { Err(Said::of(&stderr)) })
    }
}

/// What git said at its end: one line, cut, without control characters.
#[derive(Debug)]
pub(crate) struct Said {
    line: String,
    is_unknown_reference: bool,
}

impl Said {
    fn of(stderr: &str) -> Self {
        let lines: Vec<&str> = stderr.lines().map(str::trim).filter(|it| !it.is_empty()).collect();
        let end = lines.iter().rposition(|it| it.starts_with("fatal: ")).unwrap_or(lines.len().saturating_sub(1));
        let mut line = lines.get(end).copied().unwrap_or("nothing");
        // ssh says why in the line before.
        if line.contains("Could not read from remote repository") && end > 0 {
            line = lines[end - 1];
        }
        let line = line.strip_prefix("fatal: ").unwrap_or(line).trim_end_matches('.');
        let words = ["couldn't find remote ref", "not our ref", "unadvertised object", "no such remote ref"];
        Self { line: shown(line), is_unknown_reference: words.iter().any(|it| stderr.contains(it)) }
    }

    pub(super) const fn is_unknown_reference(&self) -> bool {
        self.is_unknown_reference
    }
}

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.line)
    }
}

/// Reads to the end and keeps the end.
async fn tail(reader: Option<impl AsyncRead + Unpin>) -> String {
    let (mut kept, mut buffer) = (Vec::new(), vec![0; 8 * 1024]);
    if let Some(mut reader) = reader {
        while let Ok(count @ 1..) = reader.read(&mut buffer).await {
            kept.extend_from_slice(&buffer[..count]);
            if kept.len() > 2 * MAX_SAID_BYTES {
                kept.drain(..kept.len() - MAX_SAID_BYTES);
            }
        }
    }
    String::from_utf8_lossy(&kept).into_owned()
}

/// What a folder holds; files that go away meanwhile count nothing.
fn bytes_of(dir: &Path) -> u64 {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    let sizes = entries.map(|entry| match entry.metadata() {
        Ok(it) if it.is_dir() => bytes_of(&entry.path()),
        Ok(it) => it.len(),
        Err(_) => 0,
    });
    sizes.sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_that_says_why_is_taken() {
        let said = |text: &str| Said::of(text).to_string();
        assert_eq!(
            said("warning: x\nfatal: unable to access 'https://h/': Could not resolve host: h\n"),
            "unable to access 'https://h/': Could not resolve host: h"
        );
        let ssh = "git@h: Permission denied (publickey).\r\nfatal: Could not read from remote repository.\n\nPlease make sure\n";
        assert_eq!(said(ssh), "git@h: Permission denied (publickey)");
        assert_eq!(said(""), "nothing");
        assert!(!said("fatal: \u{1b}[31mred\n").contains('\u{1b}'));
        assert!(said(&format!("fatal: {}", "x".repeat(500))).chars().count() < 130);
        assert!(Said::of("fatal: couldn't find remote ref nope\n").is_unknown_reference());
    }
}
