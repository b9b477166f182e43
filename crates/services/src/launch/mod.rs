//! Launch: from the form as typed to a committed run with its outbox row. The engine is asked one thing here, whether it
//! is there; nothing is sent to it.
//!
//! Invariants:
//! - What was typed is kept before it is judged, and kept again with its errors.
//! - One key makes one run: the same form again is the same run; another form under the same key launches nothing.
//! - Run, outbox row, audit row and key are one transaction; the dispatcher does the rest.

mod build;
mod clone;
mod git;
mod presets;
mod proposals;
mod quote;
mod resolve;

pub(crate) use resolve::blocking;

use std::time::Duration;

use domain::{
    budget::BudgetRun,
    ids::RunId,
    image_catalogue::CatalogueImage,
    job_draft::{FieldError, JobDraft, SourceKind},
    job_spec::JobSpec,
    launch_policy::{LaunchPolicy, policy_errors},
    run::Run,
};
use serde_json::Value;
use store::{NewRun, QuotaWait, RunRequestOutcome, SpendGate, StoredDraft};

pub use presets::PresetChanged;
pub use proposals::ScriptProposal;

use crate::{EngineError, EngineKind, Sample, ServiceError, Services, budgets::BudgetJudge};

/// A file out of the form. Without a name and without bytes: no file was chosen.
#[derive(Clone, Debug)]
pub struct Upload {
    pub file_name: String,
    pub bytes: bytes::Bytes,
}

impl Upload {
    /// A browser sends an unused file field as an empty file without a name.
    fn is_chosen(&self) -> bool {
        !self.file_name.is_empty() || !self.bytes.is_empty()
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LaunchSubmitted {
    /// The run of this form, new or already there.
    Run(RunId),
    /// Nothing was launched. Each error names its field and the cure.
    Invalid { errors: Vec<FieldError> },
}

/// A form that was judged.
pub(crate) struct Settled {
    /// `None` only with errors.
    spec: Option<JobSpec>,
    pub(crate) errors: Vec<FieldError>,
    source: Option<resolve::ResolvedSource>,
}

/// What a form is judged for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Judged {
    ToLaunch,
    /// Its trials stand in line for room, each for itself.
    ToSweep,
    /// It became a run already.
    Launched,
}

const MAX_KEY_CHARS: usize = 200;

/// The user waits for this answer with the form in front of them.
const ENGINE_PATIENCE: Duration = Duration::from_secs(5);

impl Services {
    /// A fresh form's idempotency key.
    pub fn launch_key_new(&self) -> String {
        format!("{:032x}", self.inner.config.random.next_u128())
    }

    /// An upload above this is refused.
    pub fn max_upload_bytes(&self) -> u64 {
        self.inner.config.source_limits.upload_bytes
    }

    /// What the form begins with: image, role and output path of the engine.
    pub fn launch_defaults(&self) -> JobDraft {
        let mut draft = JobDraft::default();
        self.engine_defaults(&mut draft);
        draft
    }

    /// The form that makes this request; what the request leaves open is the engine's.
    pub fn launch_draft_of_request(&self, request: &Value) -> Result<JobDraft, Vec<FieldError>> {
        let mut draft = JobDraft::of_request(request)?;
        self.engine_defaults(&mut draft);
        Ok(draft)
    }

    /// What the form leaves open and the engine knows.
    fn engine_defaults(&self, draft: &mut JobDraft) {
        let info = &self.inner.engine.info;
        let has_algorithm = !draft.fields.get("AlgorithmSpecification.AlgorithmName").is_empty();
        for (path, default) in [
            ("AlgorithmSpecification.TrainingImage", &self.inner.config.training_image),
            ("RoleArn", &info.role_arn),
            ("OutputDataConfig.S3OutputPath", &info.output_path),
        ] {
            // An algorithm brings its own image.
            if draft.fields.get(path).is_empty() && !(has_algorithm && path.ends_with("TrainingImage")) {
                draft.fields.set(path, default.as_str());
            }
        }
    }

    /// What the team allows itself, in the order of its configuration.
    pub fn launch_policies(&self) -> &[LaunchPolicy] {
        &self.inner.config.policies
    }

    /// The images that AWS offers in the engine's region.
    pub fn catalogue_images(&self) -> &[CatalogueImage] {
        &self.inner.images
    }

    /// The bundled samples, each with a form that can be launched as it is.
    pub fn launch_samples(&self) -> Vec<Sample> {
        let samples = self.inner.config.samples.iter().cloned();
        samples
            .map(|mut sample| {
                sample.draft.source = format!("sample:{}", sample.name);
                self.engine_defaults(&mut sample.draft);
                sample
            })
            .collect()
    }

    /// The form under this key as it was last typed, with its errors and the run that it became.
    pub async fn launch_draft_get(&self, key: &str) -> Result<Option<StoredDraft>, ServiceError> {
        Ok(self.inner.store.draft_get(key).await?)
    }

    /// Launches the form, at most once per key. Invalid input is an answer, not an error.
    pub async fn launch_submit(
        &self,
        key: &str,
        mut draft: JobDraft,
        upload: Option<Upload>,
    ) -> Result<LaunchSubmitted, ServiceError> {
        if !is_key(key) {
            let message = "this form has lost its key: open a fresh form and launch from there.";
            return Ok(LaunchSubmitted::Invalid { errors: vec![FieldError::new("idempotency_key", message)] });
        }
        let store = &self.inner.store;
        let launched = self.launched_run(key).await?;
        let is_git = draft.source_kind() == SourceKind::Git;
        if let (Some(id), true) = (&launched, is_git) {
            let errors = self.git_recall(key, id, &mut draft).await?;
            if !errors.is_empty() {
                return Ok(LaunchSubmitted::Invalid { errors });
            }
        }
        let typed = (is_git && launched.is_none()).then(|| draft.clone());
        let judged = if launched.is_none() { Judged::ToLaunch } else { Judged::Launched };
        let Settled { spec, mut errors, source } = self.draft_settle(key, draft, upload, judged).await?;
        let (Some(spec), true) = (spec, errors.is_empty()) else {
            if let Some(id) = launched {
                errors.insert(0, already_launched(&id));
            }
            return Ok(LaunchSubmitted::Invalid { errors });
        };
        let source_sha256 = source.as_ref().map(resolve::ResolvedSource::sha256);
        let source_uri = source_sha256.map(|it| self.source_uri(it)).unwrap_or_default();
        let random = self.inner.config.random.next_u128();
        let tracking_uri = match &source {
            Some(source) if source.chooses_experiment().await? => None,
            _ => self.inner.config.tracking_uri.as_deref(),
        };
        let run = build::run(&spec, &source_uri, source_sha256, tracking_uri, random, self.now());
        let new = NewRun {
            run,
            idempotency_key: key.to_owned(),
            request_hash: build::content_hash(&spec, &source_uri),
            wait: spec.wait.clone(),
        };
        let judge =
            BudgetJudge::of(&self.inner.config.budgets, BudgetRun::of_run(&new.run, new.wait.as_ref()), self.now());
        let refusals = |runs: &[BudgetRun]| judge.as_ref().map(|it| it.refusals(runs)).unwrap_or_default();
        let gate = judge.as_ref().map(|it| SpendGate { period: it.period(), judge: &refusals });
        match store.run_request_within(&new, gate.as_ref()).await? {
            RunRequestOutcome::Created(run) => {
                tracing::info!(run.id = %run.id, run.job_name = %run.job_name, "a run was requested");
                self.inner.tasks.dispatch.poke();
                self.inner.tasks.capsules.poke();
                self.inner.hub.poke();
                Ok(LaunchSubmitted::Run(run.id))
            }
            RunRequestOutcome::Existing(run) => Ok(LaunchSubmitted::Run(run.id)),
            RunRequestOutcome::KeyReused(run) => {
                if let Some(typed) = typed {
                    // Two presses of one form, and its branch moved between them: the first one's commit counts.
                    return Box::pin(self.launch_submit(key, typed, None)).await;
                }
                let wait = store.quota_wait_get(&run.id).await?;
                Ok(LaunchSubmitted::Invalid { errors: key_reused(&spec, &source_uri, &run, wait.as_ref()) })
            }
            RunRequestOutcome::Refused(errors) => self.draft_refuse(key, errors).await,
            RunRequestOutcome::NameTaken => {
                let message = "a run of exactly this job name exists: launch again, the next name is another one.";
                self.draft_refuse(key, vec![FieldError::new("job_name", message)]).await
            }
        }
    }

    /// What was refused only where the run would have been recorded: the form shows it when it is opened again.
    async fn draft_refuse(&self, key: &str, errors: Vec<FieldError>) -> Result<LaunchSubmitted, ServiceError> {
        let kept = self.inner.store.draft_get(key).await?;
        // A second press may have been launched meanwhile: its form has no error.
        if let Some(kept) = kept.filter(|it| it.run_id.is_none()) {
            self.inner.store.draft_put(key, &kept.draft, &errors, self.now()).await?;
        }
        Ok(LaunchSubmitted::Invalid { errors })
    }

    /// The run that this form became.
    pub async fn launched_run(&self, key: &str) -> Result<Option<RunId>, ServiceError> {
        Ok(self.inner.store.run_id_of_key(key).await?)
    }

    /// Judges a form; while it is open, what was typed is kept before and with its errors after, and the engine is asked
    /// whether it is there. A form to launch is held against the quotas, too.
    pub(crate) async fn draft_settle(
        &self,
        key: &str,
        draft: JobDraft,
        upload: Option<Upload>,
        judged: Judged,
    ) -> Result<Settled, ServiceError> {
        let store = &self.inner.store;
        let is_open = judged != Judged::Launched;
        if is_open {
            // First of all, so that a crash or a broken upload loses nothing that was typed.
            store.draft_put(key, &draft, &[], self.now()).await?;
        }
        let resolved = self.source_resolve(draft, upload, is_open).await?;
        let draft = resolved.draft;
        let mut errors = resolved.errors;
        let spec = match JobSpec::parse(&draft) {
            Ok(spec) => Some(spec),
            Err(wrong) => {
                errors.extend(wrong);
                None
            }
        };
        if let (Some(script), Some(source)) = (spec.as_ref().and_then(|it| it.script.as_ref()), &resolved.source) {
            errors.extend(source.entry_point_error(&script.entry_point).await?);
        }
        if is_open {
            // A form that has become a run was right by the policies of its day.
            errors.extend(policy_errors(&self.inner.config.policies, &draft));
            if errors.is_empty() {
                errors.extend(self.engine_error().await);
            }
            if let (Some(spec), true, Judged::ToLaunch) = (&spec, errors.is_empty(), judged) {
                errors.extend(self.quota_errors(key, spec).await?);
            }
            store.draft_put(key, &draft, &errors, self.now()).await?;
        }
        Ok(Settled { spec, errors, source: resolved.source })
    }

    /// Whether the engine could take a job now. An engine that goes away later is the dispatcher's business: it has the
    /// run on record, and waits.
    async fn engine_error(&self) -> Option<FieldError> {
        let answer = tokio::time::timeout(ENGINE_PATIENCE, self.inner.engine.jobs.ping()).await;
        let said = match answer {
            // Refused or throttled, it is there; what it thinks of the job it says about the job.
            Ok(Ok(()) | Err(EngineError::Rejected { .. } | EngineError::Throttled | EngineError::NotFound)) => {
                return None;
            }
            Ok(Err(error)) => {
                tracing::warn!(%error, "a launch was refused: the engine does not answer");
                "cannot be reached just now"
            }
            Err(_) => "did not answer within five seconds",
        };
        let cure = match self.inner.engine.info.kind {
            EngineKind::Local => "start Trainyard again, or look into its log",
            EngineKind::Aws => "check the server's network, its AWS credentials and its region",
        };
        let message =
            format!("the training engine {said}, so nothing was launched: {cure}, then launch this form again.");
        Some(FieldError::new("engine", message))
    }

    /// Where the source of this hash is put before the job is created.
    pub(crate) fn source_uri(&self, sha256: &str) -> String {
        format!("s3://{}/sources/{sha256}/sourcedir.tar.gz", self.inner.engine.info.bucket)
    }
}

/// Made here, or chosen by a client.
pub(crate) fn is_key(key: &str) -> bool {
    !key.is_empty() && key.chars().count() <= MAX_KEY_CHARS && !key.chars().any(char::is_control)
}

/// The same key with another form: names what changed since.
fn key_reused(spec: &JobSpec, source_uri: &str, run: &Run, wait: Option<&QuotaWait>) -> Vec<FieldError> {
    let changed = build::changed_fields(spec, source_uri, run, wait);
    if changed.is_empty() {
        return vec![already_launched(&run.id)];
    }
    changed.into_iter().map(|field| launched_with_another(field, &run.id)).collect()
}

fn launched_with_another(field: impl Into<String>, id: &RunId) -> FieldError {
    let message = format!(
        "this form was launched already as run {id}, with another value here: open a fresh form to launch the change."
    );
    FieldError::new(field, message)
}

pub(crate) fn already_launched(id: &RunId) -> FieldError {
    FieldError::new(
        "idempotency_key",
        format!("this form was launched already as run {id}: open a fresh form to launch another one."),
    )
}
