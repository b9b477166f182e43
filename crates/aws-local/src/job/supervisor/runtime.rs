//! The Python that a job's program runs with.
//!
//! Packages are installed only when they are missed. A script that imports nothing which this machine's Python lacks
//! starts at once. Otherwise its `requirements.txt` is installed; if that is not enough, so are the packages that stand
//! for its image, below the requirements, as in the image. Requirements of a mapping are always installed: the user
//! asked for them. Every environment is built once and shared between jobs (`packages`).
//!
//! Version 3 of the SDK runs its source by a `ContainerEntrypoint`: the source is the channel `code`, what launches it is
//! the channel `sm_drivers`, which installs the requirements itself, over the packages of the image.

use std::ffi::OsString;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::super::program::{Program, is_python};
use super::super::python_env::{Environment, Python};
use super::super::sandbox::{Exit, Shown};
use super::super::tree::open_file;
use super::attempt::{Attempt, Halt, Host};
use super::choice::Base;
use super::packages::{Wanted, install};
use super::steps::{read_requirements, run_step};
use super::watch::Watch;
use super::{Job, reason};
use crate::image::{Packages, StandIn};

/// The source of version 3 of the SDK, and the script that its entry point runs.
const CODE: &str = "input/data/code";
const LAUNCHER: &str = "input/data/sm_drivers/sm_train.sh";
const LAUNCHER_BYTES_MAX: u64 = 1024 * 1024;
const TORCHRUN: &str = "torchrun_driver.py";

const IMPORTS: &str = include_str!("../imports.py");
/// More names than a list of missing packages can sensibly have.
const MISSING_BYTES_MAX: u64 = 64 * 1024;

/// The interpreter, and folders that must be seen.
pub(super) struct Runtime {
    pub(super) python: Option<PathBuf>,
    pub(super) shown: Vec<Shown>,
}

/// What is the same for each question to a Python.
struct Setting<'a> {
    job: &'a Job,
    attempt: &'a Attempt,
    host: &'a Host,
    python: &'a Python,
    code: &'a Path,
    /// What the program needs besides the imports of its source.
    also: &'a [&'a str],
}

impl Runtime {
    /// A missing Python only matters to what needs one.
    pub(super) fn prepare(job: &Job, attempt: &Attempt, watch: &mut Watch, code: &Path) -> Result<Runtime, Halt> {
        let nothing = Runtime { python: None, shown: Vec::new() };
        let Some(host) = attempt.hosts.first() else { return Ok(nothing) };
        let program = match &job.base {
            Base::Python(python) => python,
            _ => &job.settings.config.python,
        };
        let needs_python = match &job.program {
            Program::Script(script) => is_python(&script.entry_point),
            Program::Algorithm(_) => true,
            Program::Container(_) => false,
            Program::Image => return Ok(nothing),
        };
        let python = match Python::find(program) {
            Ok(python) => python,
            Err(message) if needs_python => {
                return Err(Halt::client(&format!("{message}. Install Python 3, or name one with --python.")));
            }
            Err(_) => return Ok(nothing),
        };
        let mut shown = folders(&python);
        let is_entrypoint = matches!(job.program, Program::Container(_));
        let also: &[&str] = if is_entrypoint && is_launched_by_torchrun(host) { &["torch"] } else { &[] };
        let code = if is_entrypoint { Path::new(CODE) } else { code };
        let setting = Setting { job, attempt, host, python: &python, code, also };
        let environments = match &job.program {
            Program::Algorithm(_) => {
                let lines = StandIn::REQUIREMENTS.map(str::to_owned);
                vec![install(&setting.wanted(Wanted::image("the packages of the stand-ins", &lines, true)), watch)?]
            }
            Program::Script(_) => setting.script(watch)?,
            Program::Container(_) if host.place.ml().join(CODE).is_dir() => setting.entrypoint(watch)?,
            Program::Container(_) | Program::Image => Vec::new(),
        };
        shown.extend(environments.iter().map(Environment::shown));
        let executable = environments.last().map_or(python.executable.clone(), Environment::python);
        Ok(Runtime { python: Some(executable), shown })
    }
}

fn folders(python: &Python) -> Vec<Shown> {
    python.folders.iter().map(|path| Shown { path: path.clone(), writable: false }).collect()
}

fn is_launched_by_torchrun(host: &Host) -> bool {
    let mut text = String::new();
    let file = open_file(&host.place.ml(), Path::new(LAUNCHER));
    let read = file.map(|file| file.take(LAUNCHER_BYTES_MAX).read_to_string(&mut text));
    matches!(read, Some(Ok(_))) && text.contains(TORCHRUN)
}

impl Setting<'_> {
    fn wanted<'a>(&'a self, wanted: Wanted<'a>) -> super::packages::Installation<'a> {
        super::packages::Installation {
            job: self.job,
            attempt: self.attempt,
            host: self.host,
            python: self.python,
            code: self.code,
            wanted,
        }
    }

    /// The environments of a script, the uppermost last.
    fn script(&self, watch: &mut Watch) -> Result<Vec<Environment>, Halt> {
        let Some(packages) = self.packages() else { return Ok(self.own(None, watch)?.into_iter().collect()) };
        if packages.is_catalogued {
            if self.missing(&self.python.executable, &[], watch)?.is_empty() {
                return Ok(self.own(None, watch)?.into_iter().collect());
            }
            if let Some(alone) = self.sufficient(watch)? {
                return Ok(vec![alone]);
            }
        }
        let image = self.image(packages, watch)?;
        let above = self.own(Some(image.clone()), watch)?;
        Ok([Some(image), above].into_iter().flatten().collect())
    }

    /// The environment of an entry point, which installs its requirements itself: into the home of its user, where the
    /// programs of the image see them too.
    fn entrypoint(&self, watch: &mut Watch) -> Result<Vec<Environment>, Halt> {
        let Some(packages) = self.packages() else { return Ok(Vec::new()) };
        if packages.is_catalogued {
            if self.missing(&self.python.executable, &[], watch)?.is_empty() {
                return Ok(Vec::new());
            }
            if let Some(alone) = self.sufficient(watch)? {
                return Ok(vec![alone]);
            }
        }
        Ok(vec![self.image(packages, watch)?])
    }

    /// What stands for the image, if that is more than this machine's Python.
    fn packages(&self) -> Option<&Packages> {
        match &self.job.base {
            Base::Packages(packages) if !packages.requirements.is_empty() => Some(packages),
            _ => None,
        }
    }

    fn image(&self, packages: &Packages, watch: &mut Watch) -> Result<Environment, Halt> {
        for note in &packages.notes {
            self.attempt.note(&format!("{}: {note}", packages.label));
        }
        install(&self.wanted(Wanted::image(&packages.label, &packages.requirements, packages.is_catalogued)), watch)
    }

    /// The source's `requirements.txt`, installed.
    fn own(&self, below: Option<Environment>, watch: &mut Watch) -> Result<Option<Environment>, Halt> {
        match read_requirements(self.host, &self.code.join("requirements.txt"))? {
            Some(text) => install(&self.wanted(Wanted::Requirements { text: &text, below }), watch).map(Some),
            None => Ok(None),
        }
    }

    /// The requirements alone, if nothing is missing with them.
    fn sufficient(&self, watch: &mut Watch) -> Result<Option<Environment>, Halt> {
        let Some(alone) = self.own(None, watch)? else { return Ok(None) };
        let missing = self.missing(&alone.python(), &[alone.shown()], watch)?;
        Ok(missing.is_empty().then_some(alone))
    }

    /// Packages that the source imports and this Python does not have. The source is parsed, not run; what cannot be
    /// parsed misses nothing here and fails later by itself.
    fn missing(&self, python: &Path, shown: &[Shown], watch: &mut Watch) -> Result<Vec<String>, Halt> {
        let place = &self.host.place;
        let target = "imports.txt";
        let _ = fs::remove_file(place.tmp().join(target));
        let mut command = vec![python.as_os_str().to_owned(), "-I".into(), "-c".into(), IMPORTS.into()];
        command.extend([place.seen_ml(self.code).into(), place.seen_tmp(target).into()]);
        command.extend(self.also.iter().map(OsString::from));
        let mut spec = self.attempt.spec(self.job, self.host, command);
        spec.show = [folders(self.python), shown.to_vec()].concat();
        let (exit, tail) = run_step(self.job, self.host, &spec, watch)?;
        if exit != Exit::Code(0) {
            let error = reason::last_error(&tail);
            self.attempt.note(&format!("the imports of the source could not be listed: {error}"));
            return Ok(Vec::new());
        }
        let mut text = String::new();
        if let Some(file) = open_file(&place.tmp(), Path::new(target)) {
            file.take(MISSING_BYTES_MAX).read_to_string(&mut text).map_err(Halt::machine("list the imports"))?;
        }
        Ok(text.lines().map(str::to_owned).collect())
    }
}
