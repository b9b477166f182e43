//! `Training`: runs the hosts until all have ended, one has failed, or the job must end.

use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use super::super::checkpoints::CheckpointThread;
use super::super::limits::{LimitThread, Limited};
use super::super::output::{Capture, Sinks};
use super::super::pipe::Feeder;
use super::super::recover::remove_containers;
use super::super::sampler::{SamplerThread, Subject};
use super::super::sandbox::{Exit, Sandbox, THIS_PROGRAM};
use super::attempt::Attempt;
use super::life::begin_end;
use super::watch::{End, Watch};
use super::{Job, Ledger};

/// When the machine goes down there is not much time.
const SHUTDOWN_GRACE: Duration = Duration::from_secs(5);
/// How often the wish to stop is looked for.
const LOOK_PERIOD_MS: u16 = 100;

/// How training ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Trained {
    Completed,
    Interrupted,
    /// Stopped for this reason.
    Ended(End),
    /// The host of this number failed.
    Failed(usize),
    /// This machine failed; the reason.
    Lost(String),
}

struct Running {
    sandbox: Option<Sandbox>,
    capture: Option<Capture>,
}

/// Why the hosts are being ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Why {
    Watch(End),
    HostFailed(usize),
}

impl Attempt {
    /// Trains. An error means that the journal could not be written; then the hosts are killed on the way out.
    pub(super) fn train(&mut self, job: &Job, ledger: &mut Ledger, watch: &mut Watch) -> io::Result<Trained> {
        let mut running = Vec::new();
        for host in &self.hosts {
            match start(job, self, host) {
                Ok(started) => running.push(started),
                Err(error) => {
                    return Ok(Trained::Lost(format!("InternalServerError: {} cannot be started: {error}", host.name)));
                }
            }
        }
        let config = &job.settings.config;
        let sampler = SamplerThread::start(
            self.subjects(job, &running),
            Duration::from_secs(config.instance_metric_period_seconds.max(1)),
            job.metrics.clone(),
        )?;
        let period = Duration::from_secs(config.checkpoint_period_seconds.max(1));
        let checkpoints = CheckpointThread::start(std::mem::take(&mut self.checkpoints), period)?;

        let limits = LimitThread::start(self.limited(job, &running))?;

        let why = self.run(job, ledger, watch, &limits, &mut running)?;
        // A client that was killed leaves its container, which must not write while the artifacts are read.
        remove_containers(&job.dir);

        limits.finish();
        sampler.finish();
        let fed: Result<(), String> = self.feeders.drain(..).try_for_each(Feeder::finish);
        let synced = checkpoints.finish();
        if let Err(error) = &synced {
            self.note(&format!("checkpoints could not be copied to S3: {error}"));
        }
        Ok(match why {
            Some(Why::Watch(End::Interrupted)) => Trained::Interrupted,
            Some(Why::Watch(end)) => Trained::Ended(end),
            Some(Why::HostFailed(number)) => Trained::Failed(number),
            None => match fed {
                Ok(()) => Trained::Completed,
                Err(message) => Trained::Lost(format!("ClientError: {message}")),
            },
        })
    }

    fn subjects(&self, job: &Job, running: &[Running]) -> Vec<Subject> {
        let hosts = self.hosts.iter().zip(running);
        hosts
            .map(|(host, running)| Subject {
                host: host.name.clone(),
                pid: running.sandbox.as_ref().map_or(0, Sandbox::pid),
                folders: vec![host.place.ml(), host.place.tmp()],
                volume_bytes: job.plan.volume_bytes,
            })
            .collect()
    }

    fn limited(&self, job: &Job, running: &[Running]) -> Vec<Limited> {
        let config = &job.settings.config;
        let bytes = |mib: u64| mib.saturating_mul(1024 * 1024);
        let disk_bytes = config.job_disk_mib.map_or(job.plan.volume_bytes, |mib| job.plan.volume_bytes.min(bytes(mib)));
        let hosts = self.hosts.iter().zip(running);
        hosts
            .map(|(host, running)| Limited {
                pid: running.sandbox.as_ref().map_or(0, Sandbox::pid),
                folders: vec![host.place.ml(), host.place.tmp()],
                memory_bytes: config.job_memory_mib.map(bytes),
                disk_bytes,
            })
            .collect()
    }

    /// Until every host has ended. `None`: all by themselves and well.
    fn run(
        &mut self,
        job: &Job,
        ledger: &mut Ledger,
        watch: &mut Watch,
        limits: &LimitThread,
        running: &mut [Running],
    ) -> io::Result<Option<Why>> {
        let mut why: Option<Why> = None;
        let mut kill_at: Option<Instant> = None;
        while running.iter().any(|host| host.sandbox.is_some()) {
            wait(watch, running);
            if let Some((number, excess)) = limits.found()
                && self.hosts[number].excess.is_none()
                && let Some(sandbox) = &mut running[number].sandbox
            {
                self.hosts[number].excess = Some(excess);
                sandbox.kill();
            }
            for (number, (host, running)) in self.hosts.iter_mut().zip(running.iter_mut()).enumerate() {
                let Some(exit) = running.sandbox.as_mut().and_then(Sandbox::poll) else { continue };
                running.sandbox = None;
                host.tail = running.capture.take().map(Capture::finish).unwrap_or_default();
                if exit != Exit::Code(0) {
                    why = why.or(Some(Why::HostFailed(number)));
                }
                host.exit = Some(exit);
            }
            if why.is_none() && running.iter().any(|host| host.sandbox.is_some()) {
                why = watch.look().map(Why::Watch);
                if let Some(Why::Watch(end)) = why {
                    begin_end(ledger, end)?;
                }
            }
            match (why, kill_at) {
                (Some(why), None) => {
                    for sandbox in running.iter_mut().filter_map(|host| host.sandbox.as_mut()) {
                        sandbox.terminate();
                    }
                    kill_at = Some(Instant::now() + grace(job, why));
                }
                (_, Some(at)) if Instant::now() >= at => {
                    for sandbox in running.iter_mut().filter_map(|host| host.sandbox.as_mut()) {
                        sandbox.kill();
                    }
                }
                _ => {}
            }
        }
        Ok(why)
    }
}

fn grace(job: &Job, why: Why) -> Duration {
    let grace = Duration::from_secs(job.settings.config.stop_grace_seconds);
    match why {
        Why::Watch(End::Shutdown) => grace.min(SHUTDOWN_GRACE),
        _ => grace,
    }
}

fn start(job: &Job, attempt: &Attempt, host: &super::attempt::Host) -> io::Result<Running> {
    let spec = attempt.spec(job, host, host.command.clone());
    let (sandbox, stdout, stderr) = Sandbox::start(&spec, &host.place.spec(), Path::new(THIS_PROGRAM))?;
    let sinks = Sinks { log: host.log.clone(), matcher: job.matcher.clone(), metrics: job.metrics.clone() };
    let capture = Capture::start(stdout, stderr, sinks)?;
    Ok(Running { sandbox: Some(sandbox), capture: Some(capture) })
}

/// Sleeps until a host has something to say, a signal came, or it is time to look for a wish to stop.
fn wait(watch: &Watch, running: &[Running]) {
    use std::os::fd::AsFd;
    let sandboxes = running.iter().filter_map(|host| host.sandbox.as_ref());
    let mut fds: Vec<PollFd<'_>> =
        sandboxes.map(|sandbox| PollFd::new(sandbox.readiness(), PollFlags::POLLIN)).collect();
    fds.push(PollFd::new(watch.signals.as_fd(), PollFlags::POLLIN));
    let _ = poll(&mut fds, PollTimeout::from(LOOK_PERIOD_MS));
}
