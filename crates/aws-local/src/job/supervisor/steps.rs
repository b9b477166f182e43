//! Commands that run in the sandbox before training: unpacking the source, installing requirements.

use std::ffi::OsString;
use std::fs;
use std::io::{self, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use sha2::{Digest, Sha256};

use super::super::channels::copy;
use super::super::output::{Capture, MetricMatcher, Sinks, Tail};
use super::super::program::{Program, Script, Source};
use super::super::python_env::{Environment, Python, pip_config_file, pip_variables};
use super::super::sandbox::{Exit, Network, REFUSED, Sandbox, Shown, Spec, THIS_PROGRAM};
use super::super::tree::open_file;
use super::attempt::{Attempt, Halt, Host};
use super::reason;
use super::watch::Watch;
use super::{Finish, Job};

/// A requirements file is a list, not a data set.
const REQUIREMENTS_BYTES_MAX: u64 = 1024 * 1024;

/// Runs one command of one host to its end; output goes to the host's log.
fn run_step(job: &Job, host: &Host, spec: &Spec, watch: &mut Watch) -> Result<(Exit, Tail), Halt> {
    let started = Sandbox::start(spec, &host.place.spec(), Path::new(THIS_PROGRAM));
    let (mut sandbox, stdout, stderr) = started.map_err(Halt::machine("start a sandbox"))?;
    let sinks = Sinks {
        log: host.log.clone(),
        matcher: Arc::new(MetricMatcher::compile(&[]).0), // what pip prints is no metric
        metrics: Arc::clone(&job.metrics),
    };
    let capture = Capture::start(stdout, stderr, sinks).map_err(Halt::machine("read a sandbox"))?;
    loop {
        if let Some(exit) = sandbox.poll() {
            return Ok((exit, capture.finish()));
        }
        if let Some(end) = watch.look() {
            drop(sandbox); // nothing of the user's runs yet that could want to end in order
            capture.finish();
            return Err(Halt::End(end));
        }
        let _ = poll(&mut [PollFd::new(sandbox.readiness(), PollFlags::POLLIN)], PollTimeout::from(100_u16));
    }
}

/// Puts the source into each host's `/opt/ml/code`; returns where it is below `/opt/ml`.
pub(super) fn bring_source(job: &Job, attempt: &Attempt, watch: &mut Watch) -> Result<PathBuf, Halt> {
    let code = PathBuf::from("code");
    let Program::Script(script) = &job.program else { return Ok(code) };
    for host in &attempt.hosts {
        let (archive, shown_as) = match &script.source {
            Source::Archive(uri) => {
                let object = job.objects.file(uri);
                let object = object.ok_or_else(|| {
                    Halt::client(&format!("the source archive {uri} (sagemaker_submit_directory) does not exist"))
                })?;
                let inside = host.place.tmp().join("sourcedir.tar.gz");
                copy(&object, &inside).map_err(Halt::machine("bring the source archive"))?;
                (inside, host.place.seen_tmp("sourcedir.tar.gz"))
            }
            Source::BelowOptMl(below) => {
                let path = host.place.ml().join(below);
                if path.is_dir() {
                    let folder = PathBuf::from(below);
                    check_entry_point(host, &folder, &script.entry_point, "the source folder")?;
                    return Ok(folder);
                }
                if !path.is_file() {
                    return Err(Halt::client(&format!("sagemaker_submit_directory /opt/ml/{below} does not exist")));
                }
                (path, host.place.seen_ml(below))
            }
        };
        let mut command: Vec<OsString> = [THIS_PROGRAM, "local-sandbox", "unpack"].map(OsString::from).to_vec();
        command.push(shown_as.into());
        command.push(host.place.seen_ml(&code).into());
        command.push(job.settings.config.source_bytes_max.to_string().into());
        let (exit, tail) = run_step(job, host, &attempt.spec(job, host, command), watch)?;
        let said = tail.stderr.back().cloned().unwrap_or_default();
        match exit {
            Exit::Code(0) => {}
            Exit::Code(code) if code == i32::from(REFUSED) => {
                return Err(Halt::client(&format!("the source archive was refused: {said}")));
            }
            exit => {
                let error = io::Error::other(format!("{exit:?} {said}"));
                return Err(Halt::machine("unpack the source archive")(error));
            }
        }
        if matches!(script.source, Source::Archive(_)) {
            let _ = fs::remove_file(archive);
        }
        check_entry_point(host, &code, &script.entry_point, "the source archive")?;
    }
    Ok(code)
}

/// A program that is not there is known before training, with what is there instead.
fn check_entry_point(host: &Host, code: &Path, entry_point: &str, place: &str) -> Result<(), Halt> {
    let folder = host.place.ml().join(code);
    let path = folder.join(entry_point);
    if path.is_file() {
        // A script that is not Python is run as a program.
        let _ = fs::set_permissions(&path, fs::Permissions::from_mode(0o755));
        return Ok(());
    }
    let listing = fs::read_dir(&folder).map_err(Halt::machine("list the source"))?;
    let mut names: Vec<String> =
        listing.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).take(20).collect();
    names.sort();
    let names = if names.is_empty() { "nothing".to_owned() } else { names.join(", ") };
    Err(Halt::client(&format!("sagemaker_program {entry_point} is not in {place}, which holds: {names}")))
}

/// The environment for the source's `requirements.txt`, built if it is not there yet; `None` without requirements.
pub(super) fn environment(
    job: &Job,
    attempt: &Attempt,
    watch: &mut Watch,
    python: &Python,
    shown: &[Shown],
    code: &Path,
) -> Result<Option<Environment>, Halt> {
    let Some(host) = attempt.hosts.first() else { return Ok(None) };
    let requirements = code.join("requirements.txt");
    let Some(text) = read_requirements(host, &requirements)? else { return Ok(None) };
    let fingerprint = fingerprint(job, &text).map_err(Halt::machine("read the source"))?;
    let environment = python.environment(&job.data, &fingerprint);
    let mut is_waiting = false;
    let _lock = loop {
        if environment.is_ready() {
            return Ok(Some(environment));
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
        return Ok(Some(environment));
    }
    attempt.note("installing requirements.txt");
    environment.clear().map_err(Halt::machine("make a Python environment"))?;
    let script = environment.build_script(python, &host.place.seen_ml(&requirements));
    let mut spec = attempt.spec(job, host, vec!["/bin/sh".into(), "-c".into(), script.into()]);
    spec.show = shown.to_vec();
    spec.show.push(Shown { path: environment.folder.clone(), writable: true });
    spec.network = Network::Machine;
    spec.working_dir = host.place.seen_ml(code);
    spec.environment = [
        ("HOME".to_owned(), host.place.seen_tmp("home").display().to_string()),
        ("TMPDIR".to_owned(), host.place.seen_tmp("").display().to_string()),
        ("LANG".to_owned(), "C.UTF-8".to_owned()),
        ("PATH".to_owned(), std::env::var("PATH").unwrap_or_else(|_| "/usr/bin:/bin".to_owned())),
        (super::super::recover::JOB_DIR_VARIABLE.to_owned(), job.dir.path.display().to_string()),
    ]
    .into();
    spec.environment.extend(pip_variables());
    if let Some(file) = pip_config_file().and_then(|file| file.canonicalize().ok()) {
        spec.environment.entry("PIP_CONFIG_FILE".to_owned()).or_insert_with(|| file.display().to_string());
        spec.show.push(Shown { path: file, writable: false });
    }
    let (exit, tail) = run_step(job, host, &spec, watch)?;
    match exit {
        Exit::Code(0) => {}
        Exit::Code(code) => {
            let error = reason::last_error(&tail);
            let command = "pip install -r requirements.txt";
            let reason = reason::user_script_error("InstallRequirementsError", code, &error, command);
            return Err(Halt::Failed(Finish::failed(reason)));
        }
        exit => {
            return Err(Halt::machine("install the requirements")(io::Error::other(format!("{exit:?}"))));
        }
    }
    environment.mark_ready().map_err(Halt::machine("keep a Python environment"))?;
    Ok(Some(environment))
}

/// The file's bytes; `None` when it is absent or asks for nothing.
fn read_requirements(host: &Host, requirements: &Path) -> Result<Option<Vec<u8>>, Halt> {
    let Some(file) = open_file(&host.place.ml(), requirements) else { return Ok(None) };
    let mut text = Vec::new();
    file.take(REQUIREMENTS_BYTES_MAX + 1).read_to_end(&mut text).map_err(Halt::machine("read requirements.txt"))?;
    if text.len() as u64 > REQUIREMENTS_BYTES_MAX {
        return Err(Halt::client("requirements.txt is larger than 1 MB"));
    }
    let asks = text.split(|b| *b == b'\n').any(|line| {
        let line = line.trim_ascii();
        !line.is_empty() && !line.starts_with(b"#")
    });
    Ok(asks.then_some(text))
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
