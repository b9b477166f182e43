//! Installs packages into an environment that jobs share: by one job at a time, inside its sandbox, once.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use sha2::{Digest, Sha256};

use super::super::program::{Program, Script, Source};
use super::super::python_env::{Environment, Pip, Python, pip_config_file, pip_variables};
use super::super::recover::JOB_DIR_VARIABLE;
use super::super::sandbox::{Exit, Network, Shown};
use super::attempt::{Attempt, Halt, Host};
use super::steps::run_step;
use super::watch::Watch;
use super::{Finish, Job, reason};

/// What is to be installed.
pub(super) enum Wanted<'a> {
    /// The packages that stand for an image.
    Image { label: &'a str, text: Vec<u8>, wheels_only: bool },
    /// The source's `requirements.txt`, over the packages of its image.
    Requirements { text: &'a [u8], below: Option<Environment> },
}

/// Where, for whom, and what.
pub(super) struct Installation<'a> {
    pub(super) job: &'a Job,
    pub(super) attempt: &'a Attempt,
    pub(super) host: &'a Host,
    pub(super) python: &'a Python,
    pub(super) code: &'a Path,
    pub(super) wanted: Wanted<'a>,
}

impl Wanted<'_> {
    pub(super) fn image<'a>(label: &'a str, lines: &[String], wheels_only: bool) -> Wanted<'a> {
        Wanted::Image { label, text: (lines.join("\n") + "\n").into_bytes(), wheels_only }
    }
}

/// The environment, built if it is not there yet. One that could not be built is tried again by the next job.
pub(super) fn install(installation: &Installation<'_>, watch: &mut Watch) -> Result<Environment, Halt> {
    let Installation { job, attempt, host, python, .. } = installation;
    let environment = installation.environment().map_err(Halt::machine("read the source"))?;
    let mut is_waiting = false;
    let _lock = loop {
        if environment.is_ready() {
            return Ok(environment);
        }
        if let Some(lock) = environment.try_lock().map_err(Halt::machine("lock a Python environment"))? {
            break lock;
        }
        if !std::mem::replace(&mut is_waiting, true) {
            attempt.note("another job is installing the same requirements; waiting for it");
        }
        if let Some(end) = watch.look() {
            return Err(Halt::End(end));
        }
        thread::sleep(Duration::from_millis(100));
    };
    if environment.is_ready() {
        return Ok(environment);
    }
    environment.clear().map_err(Halt::machine("make a Python environment"))?;
    let mut shown: Vec<Shown> =
        python.folders.iter().map(|path| Shown { path: path.clone(), writable: false }).collect();
    let cache = std::env::var_os("PIP_CACHE_DIR").map(PathBuf::from).filter(|cache| cache.is_dir());
    let (requirements, pip) = match &installation.wanted {
        Wanted::Image { label, text, wheels_only } => {
            let version = &python.version;
            attempt.note(&format!("installing {label} for Python {version}; once, later jobs share it"));
            fs::write(host.place.tmp().join("image-requirements.txt"), text)
                .map_err(Halt::machine("write the requirements"))?;
            (
                host.place.seen_tmp("image-requirements.txt"),
                Pip { wheels_only: *wheels_only, use_cache: *wheels_only && cache.is_some(), below: None },
            )
        }
        Wanted::Requirements { below, .. } => {
            attempt.note("installing requirements.txt");
            shown.extend(below.iter().map(Environment::shown));
            let requirements = host.place.seen_ml(installation.code.join("requirements.txt"));
            (requirements, Pip { wheels_only: false, use_cache: false, below: below.clone() })
        }
    };
    let script = environment.build_script(python, &requirements, &pip);
    let mut spec = attempt.spec(job, host, vec!["/bin/sh".into(), "-c".into(), script.into()]);
    shown.push(Shown { path: environment.folder.clone(), writable: true });
    spec.show = shown;
    spec.network = Network::Machine;
    spec.working_dir = host.place.seen_ml(installation.code);
    spec.environment = [
        ("HOME".to_owned(), host.place.seen_tmp("home").display().to_string()),
        ("TMPDIR".to_owned(), host.place.seen_tmp("").display().to_string()),
        ("LANG".to_owned(), "C.UTF-8".to_owned()),
        ("PATH".to_owned(), std::env::var("PATH").unwrap_or_else(|_| "/usr/bin:/bin".to_owned())),
        (JOB_DIR_VARIABLE.to_owned(), job.dir.path.display().to_string()),
    ]
    .into();
    spec.environment.extend(pip_variables());
    if let Some(file) = pip_config_file().and_then(|file| file.canonicalize().ok()) {
        spec.environment.entry("PIP_CONFIG_FILE".to_owned()).or_insert_with(|| file.display().to_string());
        spec.show.push(Shown { path: file, writable: false });
    }
    if pip.use_cache {
        spec.show.extend(cache.map(|path| Shown { path, writable: true }));
    }
    let (exit, tail) = run_step(job, host, &spec, watch)?;
    match exit {
        Exit::Code(0) => {}
        Exit::Code(code) => return Err(Halt::Failed(installation.failure(code, &reason::last_error(&tail)))),
        exit => return Err(Halt::machine("install the requirements")(io::Error::other(format!("{exit:?}")))),
    }
    environment.mark_ready().map_err(Halt::machine("keep a Python environment"))?;
    Ok(environment)
}

impl Installation<'_> {
    fn environment(&self) -> io::Result<Environment> {
        let fingerprint = match &self.wanted {
            Wanted::Image { text, .. } => [b"image\0", text.as_slice()].concat(),
            Wanted::Requirements { text, below: None } => fingerprint(self.job, text)?,
            Wanted::Requirements { text, below: Some(below) } => {
                [fingerprint(self.job, text)?.as_slice(), below.folder.as_os_str().as_encoded_bytes()].concat()
            }
        };
        Ok(self.python.environment(&self.job.data, &fingerprint))
    }

    fn failure(&self, code: i32, error: &str) -> Finish {
        match &self.wanted {
            Wanted::Image { label, .. } => Finish::failed(format!(
                "InternalServerError: {label} could not be installed on this machine (pip ended with {code}). The next job \
                 tries again; without a network, map the image to a Python that has the packages. pip said: {error}"
            )),
            Wanted::Requirements { .. } => {
                let command = "pip install -r requirements.txt";
                Finish::failed(reason::user_script_error("InstallRequirementsError", code, error, command))
            }
        }
    }
}

/// What an environment depends on: the requirements, and the source too when they name files in it.
fn fingerprint(job: &Job, text: &[u8]) -> io::Result<Vec<u8>> {
    const OPTIONS: [&str; 8] = ["-r", "--requirement", "-c", "--constraint", "-e", "--editable", "-f", "--find-links"];
    let text_as_lines = String::from_utf8_lossy(text);
    let names_files = text_as_lines.lines().map(str::trim).any(|line| {
        let is_url = line.starts_with("https://") || line.starts_with("http://");
        line.starts_with(['.', '/'])
            || OPTIONS.iter().any(|option| line.starts_with(option))
            || line.contains("file:")
            || (line.contains('/') && !is_url && !line.starts_with("--") && !line.contains("://"))
            || (Path::new(line).extension().is_some_and(|extension| extension == "whl") && !is_url)
    });
    let mut hash = Sha256::new();
    hash.update(text);
    if names_files {
        let archive = match &job.program {
            Program::Script(Script { source: Source::Archive(uri), .. }) => job.objects.file(uri),
            _ => None,
        };
        match archive {
            Some(archive) => {
                io::copy(&mut fs::File::open(archive)?, &mut hash)?;
            }
            // Brought by a channel: only this job is known to have it.
            None => hash.update(format!("{} {}", job.head.arn, job.head.created_at_ms)),
        }
    }
    Ok(hash.finalize().to_vec())
}
