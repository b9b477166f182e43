//! A job host in a folder of its own, and verbs to drive it.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use aws_local::job::{JobConfig, JobHost, JobRecord, MetricSample};
use serde_json::{Value, json};

/// A test and its name.
pub(crate) type Test = (&'static str, fn());

/// Far beyond what anything here takes; a test that waits this long has failed.
const DEADLINE: Duration = Duration::from_mins(2);

pub(crate) struct Bench {
    pub(crate) data: tempfile::TempDir,
    pub(crate) host: JobHost,
    config: JobConfig,
}

impl Bench {
    pub(crate) fn new() -> Bench {
        Bench::with(|_| {})
    }

    /// With settings changed from those of the tests: short grace, short periods.
    pub(crate) fn with(change: impl FnOnce(&mut JobConfig)) -> Bench {
        let data = tempfile::tempdir().expect("a folder");
        fs::create_dir_all(data.path().join("s3/trainyard")).expect("a bucket");
        let mut config = JobConfig::new(std::env::current_exe().expect("this program"));
        config.stop_grace_seconds = 2;
        config.instance_metric_period_seconds = 1;
        config.checkpoint_period_seconds = 1;
        config.spot_restart_seconds = 0;
        // What a test needs of an engine it brings itself.
        config.container_engine = Some(PathBuf::from("/no/such/engine"));
        change(&mut config);
        let host = JobHost::open(data.path(), config.clone()).expect("a host");
        Bench { data, host, config }
    }

    /// What a new server sees.
    pub(crate) fn reopen(&mut self) {
        // The old one looks after nothing any more, as if it had been killed.
        let elsewhere = tempfile::tempdir().expect("a folder");
        self.host = JobHost::open(elsewhere.path(), self.config.clone()).expect("a host");
        self.host = JobHost::open(self.data.path(), self.config.clone()).expect("a host");
    }

    pub(crate) fn job_dir(&self, name: &str) -> PathBuf {
        self.data.path().join("jobs").join(name)
    }

    pub(crate) fn s3(&self, key: &str) -> PathBuf {
        self.data.path().join("s3/trainyard").join(key)
    }

    pub(crate) fn put(&self, key: &str, bytes: &[u8]) {
        let path = self.s3(key);
        fs::create_dir_all(path.parent().expect("a folder")).expect("created");
        fs::write(path, bytes).expect("written");
    }

    /// A source archive of these files.
    pub(crate) fn put_source(&self, key: &str, files: &[(&str, &str)]) {
        let mut tar = tar::Builder::new(flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast()));
        for (name, text) in files {
            let mut header = tar::Header::new_gnu();
            header.set_mode(0o644);
            header.set_size(text.len() as u64);
            tar.append_data(&mut header, name, text.as_bytes()).expect("appended");
        }
        self.put(key, &tar.into_inner().expect("a tar").finish().expect("gzip"));
    }

    /// Starts a job that runs this Python script; `change` may adapt its request.
    pub(crate) fn script(&self, name: &str, script: &str, change: impl FnOnce(&mut Value)) {
        let key = format!("sources/{name}/sourcedir.tar.gz");
        self.put_source(&key, &[("train.py", script)]);
        self.start(name, request(&key, change));
    }

    pub(crate) fn start(&self, name: &str, request: Value) {
        let tags = BTreeMap::from([("made-by".to_owned(), "a test".to_owned())]);
        self.host.start(name, &arn(name), &request, &tags).expect("started");
    }

    pub(crate) fn get(&self, name: &str) -> JobRecord {
        self.host.get(name).expect("a job")
    }

    /// Waits until a job is as wished.
    pub(crate) fn wait(&self, name: &str, what: &str, is_so: impl Fn(&JobRecord) -> bool) -> JobRecord {
        let deadline = Instant::now() + DEADLINE;
        loop {
            let job = self.get(name);
            if is_so(&job) {
                return job;
            }
            assert!(Instant::now() < deadline, "{what} did not come: {job:#?}\n{}", self.log(name));
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    pub(crate) fn end(&self, name: &str) -> JobRecord {
        self.wait(name, "the end", JobRecord::is_terminal)
    }

    /// Waits until the job has printed this.
    pub(crate) fn printed(&self, name: &str, text: &str) {
        self.wait(name, text, |_| self.log(name).contains(text));
    }

    /// The whole log, streams one after the other.
    pub(crate) fn log(&self, name: &str) -> String {
        let mut text = String::new();
        for stream in self.host.log_streams(name) {
            let mut from = 0;
            loop {
                let read = self.host.log_read(&stream.name, from, 1000, 1 << 20);
                for event in &read.events {
                    text.push_str(&event.message);
                    text.push('\n');
                }
                if read.next == from {
                    break;
                }
                from = read.next;
            }
        }
        text
    }

    pub(crate) fn metrics(&self, name: &str) -> Vec<MetricSample> {
        self.host.metrics_read(name, 0)
    }

    /// A file of an uploaded archive.
    pub(crate) fn archived(&self, key: &str, name: &str) -> Option<String> {
        let file = fs::File::open(self.s3(key)).ok()?;
        let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(file));
        for entry in archive.entries().ok()? {
            let mut entry = entry.ok()?;
            if entry.path().ok()?.as_ref() == Path::new(name) {
                let mut text = String::new();
                entry.read_to_string(&mut text).ok()?;
                return Some(text);
            }
        }
        None
    }
}

impl Drop for Bench {
    /// No test leaves a job running.
    fn drop(&mut self) {
        for name in self.host.names() {
            let _ = self.host.stop(&name);
        }
        let deadline = Instant::now() + DEADLINE;
        while self.host.list().iter().any(|job| !job.is_terminal()) && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

pub(crate) fn arn(name: &str) -> String {
    format!("arn:aws:sagemaker:us-east-1:000000000000:training-job/{name}")
}

pub(crate) fn request(source_key: &str, change: impl FnOnce(&mut Value)) -> Value {
    let mut request = json!({
        "RoleArn": "arn:aws:iam::000000000000:role/TrainyardLocal",
        "AlgorithmSpecification": {"TrainingImage": "an-image", "TrainingInputMode": "File"},
        "OutputDataConfig": {"S3OutputPath": "s3://trainyard/runs"},
        "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
        "StoppingCondition": {"MaxRuntimeInSeconds": 3600},
        "HyperParameters": {
            "sagemaker_program": "train.py",
            "sagemaker_submit_directory": format!("s3://trainyard/{source_key}"),
        },
    });
    change(&mut request);
    request
}

/// Secondary statuses in order.
pub(crate) fn course(job: &JobRecord) -> Vec<&str> {
    job.transitions.iter().map(|transition| transition.status.as_str()).collect()
}
