//! The life of a job from `Starting` to what it becomes.

use std::fmt::Write;
use std::io;
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signalfd::SignalFd;

use super::super::artifacts::{copy_plain, pack};
use super::super::cached::read_json;
use super::super::clock::now_ms;
use super::super::journal::{Entry, JobState};
use super::super::objects::S3Uri;
use super::super::program::Program;
use super::super::recover::retries_left;
use super::super::warm_pool::Reuses;
use super::attempt::{Attempt, Halt};
use super::train::Trained;
use super::watch::{End, Watch};
use super::{Ended, Finish, Job, Ledger, reason};

/// A job may ask for interruptions after so many seconds of training: one number for each attempt.
const INTERRUPT_VARIABLE: &str = "TRAINYARD_LOCAL_SPOT_INTERRUPT_AFTER_SECONDS";
const RESTARTING: &str = "This machine failed; starting the job again";
const LAUNCHING: &str = "Launching requested ML instances";

/// A machine that failed gets this long to come to itself.
const RETRY_PAUSE: Duration = Duration::from_secs(1);

/// How one attempt ended.
enum Outcome {
    Finish(Finish),
    /// Spot capacity was taken away.
    Interrupted,
}

/// Lives. An error means that the job's own files could not be written.
pub(super) fn live(job: &Job, ledger: &mut Ledger, signals: SignalFd) -> io::Result<Ended> {
    if let Some(finish) = missing_bucket(job) {
        return Ok(Ended::As(finish));
    }
    let ran_before = time_in(&ledger.state, &["Downloading", "Training"]);
    let mut watch = Watch::new(&job.dir, signals, job.head.created_at_ms, &job.plan, ran_before);
    if let Some(end) = get_instances(job, ledger, &mut watch)? {
        return give_up(job, ledger, end);
    }
    loop {
        let (secondary, message, pause) = match attempt(job, ledger, &mut watch)? {
            Outcome::Interrupted => {
                let pause = Duration::from_secs(job.settings.config.spot_restart_seconds);
                ("Interrupted", "Spot capacity was taken away; the job will start again", pause)
            }
            Outcome::Finish(finish) => {
                if !finish.is_machine_fault() || retries_left(&job.request, &ledger.state) == 0 {
                    return Ok(Ended::As(finish));
                }
                if watch.look() == Some(End::Shutdown) {
                    return give_up(job, ledger, End::Shutdown);
                }
                ("Restarting", RESTARTING, RETRY_PAUSE)
            }
        };
        ledger.turn(now_ms(), "InProgress", secondary, message)?;
        if let Some(end) = wait(&mut watch, pause) {
            return give_up(job, ledger, end);
        }
        ledger.turn(now_ms(), "InProgress", "Starting", LAUNCHING)?;
    }
}

/// The end came while the job waited, or to this process and not to the job: then the next supervisor goes on.
fn give_up(job: &Job, ledger: &mut Ledger, end: End) -> io::Result<Ended> {
    if end == End::Shutdown && retries_left(&job.request, &ledger.state) > 0 {
        ledger.turn(now_ms(), "InProgress", "Restarting", RESTARTING)?;
        return Ok(Ended::ToBeRestarted);
    }
    ended_early(ledger, end).map(Ended::As)
}

/// The wait for instances; what a warm pool kept is there at once.
fn get_instances(job: &Job, ledger: &mut Ledger, watch: &mut Watch) -> io::Result<Option<End>> {
    if let Ok(reuses) = read_json::<Reuses>(&job.dir.reuses()) {
        let message = format!("Reusing the warm pool of the training job {}", reuses.job);
        ledger.turn(ledger.state.modified_at_ms, "InProgress", "Starting", &message)?;
        return Ok(None);
    }
    let delay = Duration::from_secs(job.settings.config.start_delay_seconds);
    if delay.is_zero() {
        return Ok(None);
    }
    ledger.turn(ledger.state.modified_at_ms, "InProgress", "Starting", LAUNCHING)?;
    Ok(wait(watch, delay))
}

/// One attempt, from the download to the upload.
fn attempt(job: &Job, ledger: &mut Ledger, watch: &mut Watch) -> io::Result<Outcome> {
    if let Some(end) = watch.look() {
        return ended_early(ledger, end).map(Outcome::Finish);
    }
    let interruptions = count(&ledger.state, "Interrupted");
    let number = 1 + interruptions + count(&ledger.state, "Restarting");
    let now = now_ms();
    if ledger.state.started_at_ms.is_none() {
        ledger.write(Entry::Started { at_ms: now })?;
    }
    ledger.turn(now, "InProgress", "Downloading", "Downloading input data")?;
    watch.attempt_begins();
    let mut attempt = match Attempt::prepare(job, ledger, watch, number) {
        Ok(attempt) => attempt,
        Err(halt) => {
            watch.attempt_ended();
            return match halt {
                Halt::Failed(finish) => Ok(Outcome::Finish(finish)),
                Halt::End(end) => ended_early(ledger, end).map(Outcome::Finish),
            };
        }
    };
    let mut message = "Training image download completed. Training in progress.".to_owned();
    if let Program::Algorithm(algorithm) = &job.program {
        let _ = write!(message, " Note: {}.", algorithm.sentence());
    }
    ledger.turn(now_ms(), "InProgress", "Training", &message)?;
    watch.interrupt_after(time_to_interruption(job, interruptions));
    let trained = attempt.train(job, ledger, watch)?;
    watch.attempt_ended();
    let outcome = if trained == Trained::Interrupted {
        Outcome::Interrupted
    } else {
        upload(job, ledger, &attempt, trained).map(Outcome::Finish)?
    };
    attempt.close();
    Ok(outcome)
}

fn count(state: &JobState, secondary: &str) -> u32 {
    let count = state.transitions.iter().filter(|transition| transition.status == secondary).count();
    u32::try_from(count).unwrap_or(u32::MAX)
}

/// How long the job has been in these secondary statuses.
fn time_in(state: &JobState, secondaries: &[&str]) -> Duration {
    let spans = state.transitions.iter().filter(|transition| secondaries.contains(&transition.status.as_str()));
    let spans_ms = spans.map(|span| span.ended_at_ms.unwrap_or(span.started_at_ms) - span.started_at_ms);
    Duration::from_millis(u64::try_from(spans_ms.sum::<i64>()).unwrap_or(0))
}

/// An output that cannot be written is known before the first second is billed.
fn missing_bucket(job: &Job) -> Option<Finish> {
    let checkpoints = job.plan.checkpoints.as_ref().map(|checkpoints| &checkpoints.uri);
    let missing =
        [Some(&job.plan.output), checkpoints].into_iter().flatten().find(|uri| !job.objects.bucket_exists(uri))?;
    Some(Finish::client_error(&format!("The bucket {} of {missing} does not exist. Create it first.", missing.bucket)))
}

/// When the attempt after so many interruptions is interrupted: as the job asks, else as configured, else by chance.
fn time_to_interruption(job: &Job, interruptions: u32) -> Option<Duration> {
    if !job.plan.spot {
        return None;
    }
    let config = &job.settings.config;
    let asked: Option<Vec<f64>> = job.plan.environment.get(INTERRUPT_VARIABLE).map(|text| {
        let numbers = text.split(',').map_while(|number| number.trim().parse().ok());
        numbers.filter(|seconds| (0.0..1e9).contains(seconds)).collect()
    });
    if let Some(plan) = asked.or_else(|| Some(config.spot_interrupt_after_seconds.clone()).filter(|it| !it.is_empty()))
    {
        let seconds = plan.get(usize::try_from(interruptions).ok()?)?;
        return Duration::try_from_secs_f64(*seconds).ok();
    }
    let per_hour = config.spot_interruptions_per_hour;
    if per_hour <= 0.0 {
        return None;
    }
    // Independent of the past, as capacity is: exponentially distributed.
    let hours = -(1.0 - rand::random::<f64>()).ln() / per_hour;
    Duration::try_from_secs_f64(hours * 3600.0).ok()
}

/// Waits for capacity.
fn wait(watch: &mut Watch, time: Duration) -> Option<End> {
    let until = Instant::now() + time;
    while Instant::now() < until {
        if let Some(end) = watch.look() {
            return Some(end);
        }
        thread::sleep(Duration::from_millis(50));
    }
    None
}

/// Writes down that the job is stopping, if it is.
pub(super) fn begin_end(ledger: &mut Ledger, end: End) -> io::Result<()> {
    let (at_ms, message) = match end {
        End::Stop(at_ms) => (at_ms, "Stopping the training job"),
        End::MaxRuntime => (now_ms(), "The training job ran for MaxRuntimeInSeconds; stopping it"),
        End::MaxWait => (now_ms(), "The training job took MaxWaitTimeInSeconds; stopping it"),
        End::Interrupted | End::Shutdown => return Ok(()),
    };
    // A wish is as old as it is, but not older than what it ends.
    let at_ms = at_ms.max(ledger.state.modified_at_ms);
    ledger.turn(at_ms, "Stopping", "Stopping", message)
}

/// What a job becomes that was ended.
fn finish_of(end: End) -> Finish {
    match end {
        End::Stop(_) | End::Interrupted => Finish::new("Stopped", "Stopped", "Training job stopped"),
        End::MaxRuntime => {
            let message = "Training job runtime exceeded MaxRuntimeInSeconds provided";
            Finish::new("Stopped", "MaxRuntimeExceeded", message)
        }
        End::MaxWait => {
            let message = "Training job wait time exceeded MaxWaitTimeInSeconds provided";
            Finish::new("Stopped", "MaxWaitTimeExceeded", message)
        }
        End::Shutdown => Finish::failed(
            "InternalServerError: The process that supervises this job on this machine was told to end, probably \
             because the machine is shutting down. Start the job again; checkpoints in S3 are kept."
                .to_owned(),
        ),
    }
}

/// The end came while nothing trained: there is nothing to upload.
fn ended_early(ledger: &mut Ledger, end: End) -> io::Result<Finish> {
    begin_end(ledger, end)?;
    Ok(finish_of(end))
}

/// Uploads what the job left, and says what it became.
fn upload(job: &Job, ledger: &mut Ledger, attempt: &Attempt, trained: Trained) -> io::Result<Finish> {
    let mut finish = match trained {
        Trained::Completed => Finish::new("Completed", "Completed", "Training job completed"),
        Trained::Ended(end) => finish_of(end),
        Trained::Interrupted => finish_of(End::Interrupted),
        Trained::Failed(number) => Finish::failed(reason::of_host(job, &attempt.hosts[number])),
        Trained::Lost(reason) => Finish::failed(reason),
    };
    if finish.is_machine_fault() && retries_left(&job.request, &ledger.state) > 0 {
        return Ok(finish); // the next attempt will have something to upload
    }
    let is_stopping = ledger.state.status == "Stopping";
    if !is_stopping {
        ledger.turn(now_ms(), "InProgress", "Uploading", "Uploading generated training model")?;
    }
    // A failed job's model is not an artifact; what it wrote to output/data may tell why it failed.
    let with_model = finish.failure_reason.is_none();
    match upload_folders(job, attempt, with_model) {
        Ok(model) => finish.model_artifact = model,
        Err(error) if finish.failure_reason.is_none() => finish = Finish::machine_error("upload the artifacts", &error),
        Err(error) => attempt.note(&format!("the output data could not be uploaded: {error}")),
    }
    Ok(finish)
}

fn upload_folders(job: &Job, attempt: &Attempt, with_model: bool) -> io::Result<Option<String>> {
    let base: S3Uri = job.plan.output.join(&job.head.name).join("output");
    let send = |below: &str, name: &str| -> io::Result<Option<String>> {
        let folders: Vec<_> = attempt.hosts.iter().map(|host| host.place.ml().join(below)).collect();
        let packed = if job.plan.output_is_compressed {
            pack(&job.objects, &folders, &base.join(&format!("{name}.tar.gz")))?
        } else {
            copy_plain(&job.objects, &folders, &base.join(name))?
        };
        for path in &packed.left_out {
            attempt
                .note(&format!("{below}/{} was not uploaded: a second file of this name, or no file", path.display()));
        }
        Ok(packed.uri)
    };
    let model = if with_model { send("model", "model")? } else { None };
    send("output/data", "output")?;
    Ok(model)
}
