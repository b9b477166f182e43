//! The life of a job from `Starting` to what it becomes.

use std::fmt::Write;
use std::io;
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signalfd::SignalFd;

use super::super::artifacts::{copy_plain, pack};
use super::super::clock::now_ms;
use super::super::journal::Entry;
use super::super::objects::S3Uri;
use super::super::program::Program;
use super::attempt::{Attempt, Halt};
use super::train::Trained;
use super::watch::{End, Watch};
use super::{Finish, Job, Ledger, reason};

/// A job may ask for one interruption after this many seconds of training.
const INTERRUPT_VARIABLE: &str = "TRAINYARD_LOCAL_SPOT_INTERRUPT_AFTER_SECONDS";

/// Lives. An error means that the job's own files could not be written.
pub(super) fn live(job: &Job, ledger: &mut Ledger, signals: SignalFd) -> io::Result<Finish> {
    if let Some(finish) = missing_bucket(job) {
        return Ok(finish);
    }
    let mut watch = Watch::new(&job.dir, signals, job.head.created_at_ms, &job.plan);
    let mut number = 1;
    loop {
        if let Some(end) = watch.look() {
            return ended_early(ledger, end);
        }
        let now = now_ms();
        if number == 1 {
            ledger.write(Entry::Started { at_ms: now })?;
        }
        ledger.turn(now, "InProgress", "Downloading", "Downloading input data")?;
        watch.attempt_begins();
        let attempt = Attempt::prepare(job, ledger, &mut watch, number);
        let mut attempt = match attempt {
            Ok(attempt) => attempt,
            Err(Halt::Failed(finish)) => return Ok(finish),
            Err(Halt::End(end)) => return ended_early(ledger, end),
        };
        let mut message = "Training image download completed. Training in progress.".to_owned();
        if let Program::Algorithm(algorithm) = &job.program {
            let _ = write!(message, " Note: {}.", algorithm.sentence());
        }
        ledger.turn(now_ms(), "InProgress", "Training", &message)?;
        watch.interrupt_after(time_to_interruption(job, number));
        let trained = attempt.train(job, ledger, &mut watch)?;
        watch.attempt_ended();
        if trained == Trained::Interrupted {
            attempt.close();
            ledger.turn(
                now_ms(),
                "InProgress",
                "Interrupted",
                "Spot capacity was taken away; the job will start again",
            )?;
            number += 1;
            if let Some(end) = wait(&mut watch, Duration::from_secs(job.settings.config.spot_restart_seconds)) {
                return ended_early(ledger, end);
            }
            ledger.turn(now_ms(), "InProgress", "Starting", "Launching requested ML instances")?;
            continue;
        }
        let finish = upload(job, ledger, &attempt, trained);
        attempt.close();
        return finish;
    }
}

/// An output that cannot be written is known before the first second is billed.
fn missing_bucket(job: &Job) -> Option<Finish> {
    let checkpoints = job.plan.checkpoints.as_ref().map(|checkpoints| &checkpoints.uri);
    let missing =
        [Some(&job.plan.output), checkpoints].into_iter().flatten().find(|uri| !job.objects.bucket_exists(uri))?;
    Some(Finish::client_error(&format!("The bucket {} of {missing} does not exist. Create it first.", missing.bucket)))
}

fn time_to_interruption(job: &Job, attempt: u32) -> Option<Duration> {
    if !job.plan.spot {
        return None;
    }
    if let Some(asked) = job.plan.environment.get(INTERRUPT_VARIABLE) {
        let seconds = asked.trim().parse::<f64>().ok().filter(|seconds| (0.0..1e9).contains(seconds));
        return seconds.filter(|_| attempt == 1).map(Duration::from_secs_f64);
    }
    let per_hour = job.settings.config.spot_interruptions_per_hour;
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
