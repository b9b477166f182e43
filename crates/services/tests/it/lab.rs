//! One server's life in a test: a store in a folder of its own, the fake engine, a clock moved by hand.

use std::sync::Arc;

use bytes::Bytes;
use domain::{ids::RunId, job_draft::JobDraft, run::Run, status::LaunchState, time::Clock};
use services::{LaunchSubmitted, Sample, SampleFile, Services, ServicesConfig, Upload, random::SeededRandom};
use store::Store;

use crate::fake::{FakeCloud, HandClock};

pub(crate) struct Lab {
    dir: tempfile::TempDir,
    pub(crate) clock: Arc<HandClock>,
    pub(crate) cloud: Arc<FakeCloud>,
    pub(crate) store: Store,
    pub(crate) services: Services,
    seed: u64,
}

pub(crate) const SCRIPT: &[u8] = b"print('epoch 1 loss=0.5')\n";

impl Lab {
    pub(crate) async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let clock = Arc::new(HandClock::new());
        let cloud = FakeCloud::new(clock.clone());
        let store = open(&dir).await;
        let services = services_of(&store, &cloud, &clock, 1);
        Self { dir, clock, cloud, store, services, seed: 1 }
    }

    /// Another server process on the same database, with its own randomness and settings.
    pub(crate) fn second_server(&mut self, change: impl FnOnce(&mut ServicesConfig)) -> Services {
        self.seed += 1;
        let mut config = config(self.seed);
        change(&mut config);
        Services::new(self.store.clone(), self.cloud.engine(), self.clock.clone(), config)
    }

    /// The process is gone, with everything that it had in memory; a new one opens the same file.
    pub(crate) async fn crash_and_restart(&mut self) {
        self.seed += 1;
        self.cloud.disarm();
        self.store.close().await;
        self.store = open(&self.dir).await;
        self.services = services_of(&self.store, &self.cloud, &self.clock, self.seed);
    }

    /// Runs a piece of work until the fake hangs it, then drops it where it stands. Whether it hung.
    pub(crate) async fn run_until_hung<F>(&self, work: F) -> bool
    where
        F: Future + Send + 'static,
        F::Output: Send,
    {
        let mut task = tokio::spawn(work);
        tokio::select! {
            () = self.cloud.hung.notified() => {
                task.abort();
                let _ = task.await;
                true
            }
            _ = &mut task => false,
        }
    }

    pub(crate) async fn submit(&self, key: &str, draft: JobDraft) -> RunId {
        match self.services.launch_submit(key, draft, Some(upload())).await.unwrap() {
            LaunchSubmitted::Run(id) => id,
            LaunchSubmitted::Invalid { errors } => panic!("the draft is valid: {errors:?}"),
        }
    }

    pub(crate) async fn submit_without_source(&self, key: &str, draft: JobDraft) -> RunId {
        match self.services.launch_submit(key, draft, None).await.unwrap() {
            LaunchSubmitted::Run(id) => id,
            LaunchSubmitted::Invalid { errors } => panic!("the draft is valid: {errors:?}"),
        }
    }

    pub(crate) async fn run(&self, id: &RunId) -> Run {
        self.store.run_get(id).await.unwrap().unwrap()
    }

    /// Launches one job to the point where the engine has it and the run knows its status.
    pub(crate) async fn running(&self) -> Run {
        let id = self.submit("running", self.draft()).await;
        self.services.dispatch_once().await.unwrap();
        self.services.task_sync_jobs().await.unwrap();
        let run = self.run(&id).await;
        assert_eq!(run.launch_state, LaunchState::Submitted);
        assert!(run.status.is_some());
        run
    }

    /// Five minutes of background work, failures and all; well inside the resubmit window.
    pub(crate) async fn settle(&self) {
        for _ in 0..15 {
            let _ = self.services.dispatch_once().await;
            let _ = self.services.task_sync_jobs().await;
            self.clock.advance_seconds(20);
        }
    }

    pub(crate) fn draft(&self) -> JobDraft {
        let mut draft = JobDraft { experiment: "wine".to_owned(), ..self.services.launch_defaults() };
        draft.fields.push_pair("HyperParameters", "epochs", "3");
        draft.fields.set("AlgorithmSpecification.MetricDefinitions[0].Name", "loss");
        draft.fields.set("AlgorithmSpecification.MetricDefinitions[0].Regex", "loss=([0-9.]+)");
        draft
    }

    pub(crate) fn now(&self) -> domain::time::Timestamp {
        self.clock.now()
    }
}

pub(crate) fn upload() -> Upload {
    Upload { file_name: "train.py".to_owned(), bytes: Bytes::from_static(SCRIPT) }
}

pub(crate) fn config(seed: u64) -> ServicesConfig {
    ServicesConfig {
        random: Arc::new(SeededRandom::new(seed)),
        samples: vec![Sample {
            name: "hello".to_owned(),
            title: "Hello".to_owned(),
            description: "Prints one metric.".to_owned(),
            draft: JobDraft { entry_point: "hello.py".to_owned(), ..JobDraft::default() },
            files: vec![SampleFile { path: "hello.py".to_owned(), bytes: Bytes::from_static(SCRIPT) }],
        }],
        ..ServicesConfig::local()
    }
}

fn services_of(store: &Store, cloud: &Arc<FakeCloud>, clock: &Arc<HandClock>, seed: u64) -> Services {
    Services::new(store.clone(), cloud.engine(), clock.clone(), config(seed))
}

async fn open(dir: &tempfile::TempDir) -> Store {
    Store::connect(dir.path().join("trainyard.db").to_str().unwrap()).await.unwrap()
}
