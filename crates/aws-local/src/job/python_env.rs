//! The Python of this machine, and environments with more packages: those that stand for an image, and those of a
//! `requirements.txt`, which may lie over the former as they do in the image.
//!
//! An environment is a venv over the system's packages in `DATA/envs/<hash>`, where the hash covers the requirements,
//! what lies below them, and the Python. Invariant: a folder with the file `ready` in it is complete and never changes; whoever builds one
//! holds `<hash>.lock`, so two jobs with the same requirements build it once.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use nix::fcntl::{Flock, FlockArg};
use sha2::{Digest, Sha256};

use super::layout::DataDir;
use super::sandbox::Shown;

/// A Python installation.
#[derive(Debug, Clone)]
pub(super) struct Python {
    pub(super) executable: PathBuf,
    pub(super) version: String,
    /// Folders that it needs: prefix and base prefix.
    pub(super) folders: Vec<PathBuf>,
}

const ASK: &str = "import sys; print(sys.executable); print('%d.%d.%d' % sys.version_info[:3]); \
                   print(sys.prefix); print(sys.base_prefix)";

impl Python {
    /// Asks a Python who it is.
    pub(super) fn find(program: &Path) -> Result<Python, String> {
        let output = Command::new(program)
            .args(["-I", "-c", ASK])
            .stdin(Stdio::null())
            .output()
            .map_err(|error| format!("{} cannot be run on this machine: {error}", program.display()))?;
        let text = String::from_utf8_lossy(&output.stdout);
        let lines: Vec<&str> = text.lines().collect();
        let [executable, version, prefix, base] = lines[..] else {
            return Err(format!("{} is not a Python 3 that works", program.display()));
        };
        let mut folders: Vec<PathBuf> = [prefix, base].iter().filter_map(|path| fs::canonicalize(path).ok()).collect();
        folders.dedup();
        Ok(Python { executable: PathBuf::from(executable), version: version.to_owned(), folders })
    }

    /// The environment for these requirements; it may have to be built.
    pub(super) fn environment(&self, data: &DataDir, requirements: &[u8]) -> Environment {
        let mut hash = Sha256::new();
        hash.update(self.executable.as_os_str().as_encoded_bytes());
        hash.update([0]);
        hash.update(self.version.as_bytes());
        hash.update([0]);
        hash.update(requirements);
        let name = hex::encode(&hash.finalize()[..12]);
        Environment { folder: data.envs().join(name) }
    }
}

/// A venv.
#[derive(Debug, Clone)]
pub(super) struct Environment {
    pub(super) folder: PathBuf,
}

/// How pip installs.
#[derive(Debug, Clone)]
pub(super) struct Pip {
    /// Nothing is built, so nothing of a package runs while it is installed; then this machine's cache may be used.
    pub(super) wheels_only: bool,
    pub(super) use_cache: bool,
    /// An environment whose packages are seen below those that are installed.
    pub(super) below: Option<Environment>,
}

/// The right to build an environment.
pub(super) struct BuildLock {
    _file: Flock<File>,
}

impl Environment {
    pub(super) fn python(&self) -> PathBuf {
        self.folder.join("bin/python")
    }

    /// For the sandbox of those who use it.
    pub(super) fn shown(&self) -> Shown {
        Shown { path: self.folder.clone(), writable: false }
    }

    /// Where its packages are.
    fn packages(&self, python: &Python) -> PathBuf {
        let version: Vec<&str> = python.version.splitn(3, '.').take(2).collect();
        self.folder.join("lib").join(format!("python{}", version.join("."))).join("site-packages")
    }

    pub(super) fn is_ready(&self) -> bool {
        self.folder.join("ready").is_file()
    }

    /// The right to build; `None` while another job has it.
    pub(super) fn try_lock(&self) -> io::Result<Option<BuildLock>> {
        let file = File::options().create(true).append(true).open(self.folder.with_extension("lock"))?;
        match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
            Ok(file) => Ok(Some(BuildLock { _file: file })),
            Err((_, nix::errno::Errno::EWOULDBLOCK)) => Ok(None),
            Err((_, errno)) => Err(errno.into()),
        }
    }

    /// An empty folder to build in; what an earlier build left unfinished is removed.
    pub(super) fn clear(&self) -> io::Result<()> {
        super::tree::remove(&self.folder);
        fs::create_dir_all(&self.folder)
    }

    pub(super) fn mark_ready(&self) -> io::Result<()> {
        fs::write(self.folder.join("ready"), "")
    }

    /// The shell commands that build it, run inside a sandbox in which the folder can be written.
    /// The system's pip installs into the venv, which saves seconds; where it is missing or older than 22.3, the venv gets
    /// one of its own.
    pub(super) fn build_script(&self, python: &Python, requirements: &Path, pip: &Pip) -> String {
        let quote = |path: &Path| super::program::quote(&path.display().to_string());
        let mut options = "--no-input --disable-pip-version-check --progress-bar off".to_owned();
        if pip.wheels_only {
            options.push_str(" --only-binary :all:");
        }
        if !pip.use_cache {
            options.push_str(" --no-cache-dir");
        }
        // Python reads such a file as more folders with packages, after its own. The programs of those packages (torchrun)
        // are to run with this Python, or they would not see the packages above theirs.
        let link = pip.below.as_ref().map_or_else(String::new, |below| {
            let link = quote(&self.packages(python).join("trainyard-image.pth"));
            let packages = quote(&below.packages(python));
            let (from, bin, own) =
                (quote(&below.folder.join("bin")), quote(&self.folder.join("bin")), quote(&self.python()));
            format!(
                "printf '%s\\n' {packages} > {link} && \
                 for from in {from}/*; do if [ \"$(head -c 2 \"$from\")\" = '#!' ]; then to={bin}/\"${{from##*/}}\"; \
                 {{ printf '#!%s\\n' {own}; tail -n +2 \"$from\"; }} > \"$to\" && chmod 755 \"$to\"; fi; done && "
            )
        });
        let (python, folder) = (quote(&python.executable), quote(&self.folder));
        let (own, requirements) = (quote(&self.python()), quote(requirements));
        let install = format!("install {options} -r {requirements}");
        format!(
            "if {python} -m venv --system-site-packages --without-pip {folder} && \
             {python} -m pip --python {own} --version >/dev/null 2>&1; then \
             {link}exec {python} -m pip --python {own} {install}; fi; \
             {python} -m venv --system-site-packages --clear {folder} && {link}exec {own} -m pip {install}"
        )
    }
}

/// Settings of pip and of the network that only the installation gets: index, proxies, certificates.
pub(super) fn pip_variables() -> impl Iterator<Item = (String, String)> {
    const NAMES: [&str; 11] = [
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "NO_PROXY",
        "ALL_PROXY",
        "http_proxy",
        "https_proxy",
        "no_proxy",
        "all_proxy",
        "SSL_CERT_FILE",
        "SSL_CERT_DIR",
        "REQUESTS_CA_BUNDLE",
    ];
    std::env::vars_os().filter_map(|(name, value)| {
        let (name, value) = (name.into_string().ok()?, value.into_string().ok()?);
        (name.starts_with("PIP_") || NAMES.contains(&name.as_str())).then_some((name, value))
    })
}

/// The pip configuration of the user, who the job is not.
pub(super) fn pip_config_file() -> Option<PathBuf> {
    let home = PathBuf::from(std::env::var_os("HOME")?);
    [".config/pip/pip.conf", ".pip/pip.conf"].iter().map(|path| home.join(path)).find(|path| path.is_file())
}
