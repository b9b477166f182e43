//! Commands that run in the sandbox before training; bringing the source.

use std::ffi::OsString;
use std::fs;
use std::io::{self, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use super::super::channels::copy;
use super::super::output::{Capture, MetricMatcher, Sinks, Tail};
use super::super::program::{Program, Source};
use super::super::sandbox::{Exit, REFUSED, Sandbox, Spec, THIS_PROGRAM};
use super::super::tree::open_file;
use super::Job;
use super::attempt::{Attempt, Halt, Host};
use super::watch::Watch;

/// A requirements file is a list, not a data set.
const REQUIREMENTS_BYTES_MAX: u64 = 1024 * 1024;

/// Runs one command of one host to its end; output goes to the host's log.
pub(super) fn run_step(job: &Job, host: &Host, spec: &Spec, watch: &mut Watch) -> Result<(Exit, Tail), Halt> {
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

/// The file's bytes; `None` when it is absent or asks for nothing.
pub(super) fn read_requirements(host: &Host, requirements: &Path) -> Result<Option<Vec<u8>>, Halt> {
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
