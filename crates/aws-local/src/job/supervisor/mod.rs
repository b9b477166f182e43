//! The process that is the "fleet" of one job: it drives the whole life of the job and is the only writer of its files.
//!
//! It is started by the server, leaves the server's session, and lives exactly as long as the job. Its main thread does
//! everything in order; threads of their own only read pipes (`output`), measure (`sampler`) and copy checkpoints.
//! Whatever happens, the last thing it does is to write [`Entry::Ended`]; if it cannot, the server will find its lock
//! free and say so (`recover`).

mod attempt;
mod choice;
mod container;
mod life;
mod packages;
mod reason;
mod runtime;
mod steps;
mod train;
mod watch;

use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use nix::sys::prctl::set_child_subreaper;
use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};

use super::cached::{Head, read_json};
use super::clock::now_ms;
use super::host::EngineSettings;
use super::journal::{Entry, JobState, JournalWriter};
use super::layout::{DataDir, JobDir};
use super::lock::{JobLock, SupervisorId};
use super::objects::Objects;
use super::output::{LogBudget, MetricMatcher, MetricSink};
use super::plan::Plan;
use super::program::{Parameters, Program};
use super::recover::kill_leftovers;
use super::tree;
use choice::{Base, Choice};

/// How long to wait for a lock that a server only looks at.
const LOCK_PATIENCE: Duration = Duration::from_secs(5);

/// The hidden subcommand `local-supervise <job folder>`; to be called before any thread is started.
pub fn supervise(job_dir: &Path) -> ExitCode {
    match run(&JobDir::new(job_dir)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "{}: {error}", job_dir.display());
            ExitCode::FAILURE
        }
    }
}

fn run(dir: &JobDir) -> io::Result<()> {
    // A new session: neither the terminal's signals nor the end of the server reach us. Fails only for a process that
    // leads one already.
    let _ = nix::unistd::setsid();
    let mut told = SigSet::empty();
    for signal in [Signal::SIGTERM, Signal::SIGINT, Signal::SIGHUP] {
        told.add(signal);
    }
    told.thread_set_mask()?;
    let signals = SignalFd::with_flags(&told, SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC)?;
    let Some(_lock) = JobLock::take(dir, LOCK_PATIENCE)? else {
        return Ok(()); // another supervisor is at work
    };
    let mut state = JobState::default();
    state.apply_lines(&std::fs::read(dir.journal())?);
    if state.is_terminal() {
        return Ok(());
    }
    if SupervisorId::read(dir).is_some() {
        return Err(io::Error::other("this job had a supervisor before; it is the server's to declare it lost"));
    }
    SupervisorId::own()?.write(dir)?;
    set_child_subreaper(true)?;
    let head = Head::read(dir)?;
    let settings: EngineSettings = read_json(&dir.engine())?;
    let request: serde_json::Value = read_json(&dir.request())?;
    let data = dir.data().ok_or_else(|| io::Error::other("the job's folder is not below a data folder"))?;
    let journal = JournalWriter::open(&dir.journal())?;
    let metrics = Arc::new(MetricSink::open(&dir.metrics(), &head.name)?);
    let mut ledger = Ledger { journal, state };

    let finish = match Plan::parse(&request) {
        Err(message) => Finish::client_error(&message),
        Ok(plan) => {
            let parameters = Parameters::of(&plan);
            match Choice::of(&request, &plan, &parameters, &settings.config) {
                Err(message) => Finish::client_error(&message),
                Ok(Choice { program, base, notes }) => {
                    let (matcher, refused_metrics) = MetricMatcher::compile(&plan.metric_definitions);
                    let job = Job {
                        objects: Objects::new(data.s3()),
                        dir: dir.clone(),
                        data,
                        role: request["RoleArn"].as_str().unwrap_or_default().to_owned(),
                        request: request.clone(),
                        budget: LogBudget::new(settings.config.log_bytes_max),
                        head,
                        settings,
                        plan,
                        parameters,
                        program,
                        base,
                        notes,
                        matcher: Arc::new(matcher),
                        refused_metrics,
                        metrics: Arc::clone(&metrics),
                    };
                    match life::live(&job, &mut ledger, signals)? {
                        Ended::As(finish) => finish,
                        Ended::ToBeRestarted => {
                            metrics.flush();
                            kill_leftovers(dir);
                            tree::remove(&dir.hosts());
                            // Whoever finds the job without a supervisor starts one.
                            return std::fs::remove_file(dir.supervisor());
                        }
                    }
                }
            }
        }
    };
    metrics.flush();
    ledger.end(finish, &request, dir, metrics.last_values())?;
    kill_leftovers(dir);
    tree::remove(&dir.hosts());
    Ok(())
}

/// Everything about a job that does not change while it runs.
struct Job {
    dir: JobDir,
    data: DataDir,
    head: Head,
    settings: EngineSettings,
    role: String,
    request: serde_json::Value,
    plan: Plan,
    parameters: Parameters,
    program: Program,
    base: Base,
    /// What to say first in the log about the program and its image.
    notes: Vec<String>,
    objects: Objects,
    budget: Arc<LogBudget>,
    matcher: Arc<MetricMatcher>,
    refused_metrics: Vec<String>,
    metrics: Arc<MetricSink>,
}

/// How the work of this supervisor ended.
enum Ended {
    As(Finish),
    /// Another supervisor goes on, see `recover`.
    ToBeRestarted,
}

/// How a job ended.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Finish {
    status: &'static str,
    secondary: &'static str,
    message: &'static str,
    failure_reason: Option<String>,
    model_artifact: Option<String>,
}

impl Finish {
    fn new(status: &'static str, secondary: &'static str, message: &'static str) -> Finish {
        Finish { status, secondary, message, failure_reason: None, model_artifact: None }
    }

    fn failed(reason: String) -> Finish {
        let failure_reason = Some(reason::clip(&reason));
        Finish { failure_reason, ..Finish::new("Failed", "Failed", "Training job failed") }
    }

    /// A fault of this machine and not of the job: worth another attempt.
    fn is_machine_fault(&self) -> bool {
        self.failure_reason.as_ref().is_some_and(|reason| reason.starts_with("InternalServerError"))
    }

    fn client_error(message: &str) -> Finish {
        Finish::failed(format!("ClientError: {message}"))
    }

    fn machine_error(context: &str, error: &io::Error) -> Finish {
        Finish::failed(format!("InternalServerError: this machine could not {context}: {error}"))
    }
}

/// The journal, and what it says so far.
struct Ledger {
    journal: JournalWriter,
    state: JobState,
}

impl Ledger {
    fn write(&mut self, entry: Entry) -> io::Result<()> {
        self.journal.append(&entry)?;
        self.state.apply(entry);
        Ok(())
    }

    /// Begins a secondary status.
    fn turn(&mut self, at_ms: i64, status: &str, secondary: &str, message: &str) -> io::Result<()> {
        let (status, secondary) = (status.to_owned(), secondary.to_owned());
        self.write(Entry::Status { at_ms, status, secondary, message: message.to_owned() })
    }

    fn end(
        &mut self,
        finish: Finish,
        request: &serde_json::Value,
        dir: &JobDir,
        final_metrics: Vec<(String, f64, i64)>,
    ) -> io::Result<()> {
        let at_ms = now_ms();
        let bill = super::bill::of(&self.state, at_ms, request, dir);
        self.write(Entry::Ended {
            at_ms,
            status: finish.status.to_owned(),
            secondary: finish.secondary.to_owned(),
            message: finish.message.to_owned(),
            failure_reason: finish.failure_reason,
            training_seconds: bill.map(|bill| bill.training_seconds),
            billable_seconds: bill.map(|bill| bill.billable_seconds),
            model_artifact: finish.model_artifact,
            final_metrics,
        })
    }
}
