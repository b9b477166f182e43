//! The form's fields as signals, and the errors to show beside them.

use std::collections::BTreeSet;

use domain::{
    git_source::GitSource,
    job_draft::{FieldError, JobDraft, SourceKind},
    job_spec::JobSpec,
    launch_policy::{LaunchPolicy, policy_errors},
    quota::QuotaDraft,
    typed_script::TypedScript,
};
use leptos::prelude::*;

use crate::components::{field::FormErrors, request_form::RequestForm};

/// Trainyard's own fields; the request's members are in [`RequestForm`].
#[derive(Clone, Copy)]
pub(super) struct FormState {
    pub experiment: RwSignal<String>,
    pub job_name: RwSignal<String>,
    pub source: RwSignal<String>,
    pub git_url: RwSignal<String>,
    pub git_ref: RwSignal<String>,
    pub git_folder: RwSignal<String>,
    pub source_uri: RwSignal<String>,
    pub script_name: RwSignal<String>,
    pub script_text: RwSignal<String>,
    pub entry_point: RwSignal<String>,
    /// `true` or `false`
    pub checkpoints: RwSignal<String>,
    pub quota_choice: RwSignal<String>,
    pub quota_types: RwSignal<String>,
    pub quota_minutes: RwSignal<String>,
    pub quota_cap: RwSignal<String>,
    pub request: RequestForm,
    /// What is typed right now.
    pub draft: Memo<JobDraft>,
    pub kept: StoredValue<Kept>,
    pub policies: StoredValue<Vec<LaunchPolicy>>,
    /// What is wrong with the chosen file, found in the browser before it is sent.
    pub file_error: RwSignal<Option<String>>,
    /// Fields that somebody has changed or left since the page came.
    touched: RwSignal<BTreeSet<String>>,
    /// Set by an attempt to submit: from then on every error is shown.
    pub show_all: RwSignal<bool>,
}

/// What does not change while the form is open.
pub(super) struct Kept {
    /// The sample that the form was opened with: `sample:<name>`.
    pub sample: Option<String>,
    /// The parent run's source is a single script, whose text the editor has.
    pub has_script: bool,
    /// Of the file that an earlier submit brought, or of the parent run's source; not of a repository's.
    pub source_sha256: Option<String>,
    pub source_file_name: Option<String>,
    /// What only the server could say of the last submit; a touched field speaks for itself again.
    refused: Vec<FieldError>,
}

impl FormState {
    /// The form that the current component is a part of.
    pub(super) fn of_form() -> Self {
        expect_context()
    }

    pub(super) fn new(draft: JobDraft, mut refused: Vec<FieldError>, policies: Vec<LaunchPolicy>) -> Self {
        // What can be seen here as well goes away as soon as it is mended.
        let known = if refused.is_empty() { Vec::new() } else { faults(&draft, &policies) };
        let touched = known.iter().filter(|it| refused.contains(it)).map(|it| it.field.clone()).collect();
        refused.retain(|it| !known.contains(it));
        let sample = matches!(draft.source_kind(), SourceKind::Sample(_)).then(|| draft.source.clone());
        let is_git = draft.source_kind() == SourceKind::Git;
        let source = if draft.source.is_empty() { "upload".to_owned() } else { draft.source };
        let experiment = RwSignal::new(draft.experiment);
        let job_name = RwSignal::new(draft.job_name);
        let source = RwSignal::new(source);
        let git_url = RwSignal::new(draft.git.url);
        let git_ref = RwSignal::new(draft.git.reference);
        let git_folder = RwSignal::new(draft.git.folder);
        let source_uri = RwSignal::new(draft.source_uri);
        let has_script = draft.source_sha256.is_some() && draft.script != TypedScript::default();
        let script_name = RwSignal::new(draft.script.name);
        let script_text = RwSignal::new(draft.script.text);
        let entry_point = RwSignal::new(draft.entry_point);
        let checkpoints = RwSignal::new(draft.checkpoints.to_string());
        let quota_choice = RwSignal::new(draft.quota.choice);
        let quota_types = RwSignal::new(draft.quota.instance_types);
        let quota_minutes = RwSignal::new(draft.quota.on_demand_after_minutes);
        let quota_cap = RwSignal::new(draft.quota.max_usd_per_hour);
        let request = RequestForm::new(&draft.fields);
        let kept = StoredValue::new(Kept {
            sample,
            has_script,
            source_sha256: draft.source_sha256.filter(|_| !is_git),
            source_file_name: draft.source_file_name.filter(|_| !is_git),
            refused,
        });
        let parent = draft.parent;
        let draft = Memo::new(move |_| JobDraft {
            experiment: experiment.get(),
            job_name: job_name.get(),
            source: source.get(),
            git: GitSource { url: git_url.get(), reference: git_ref.get(), folder: git_folder.get(), commit: None },
            source_sha256: kept.with_value(|it| it.source_sha256.clone()),
            source_file_name: kept.with_value(|it| it.source_file_name.clone()),
            source_uri: source_uri.get(),
            script: TypedScript { name: script_name.get(), text: script_text.get() },
            entry_point: entry_point.get(),
            parent: parent.clone(),
            sweep: None,
            checkpoints: checkpoints.with(|it| it == "true"),
            quota: QuotaDraft {
                choice: quota_choice.get(),
                instance_types: quota_types.get(),
                on_demand_after_minutes: quota_minutes.get(),
                max_usd_per_hour: quota_cap.get(),
            },
            fields: request.fields().get(),
        });
        Self {
            experiment,
            job_name,
            source,
            git_url,
            git_ref,
            git_folder,
            source_uri,
            script_name,
            script_text,
            entry_point,
            checkpoints,
            quota_choice,
            quota_types,
            quota_minutes,
            quota_cap,
            request,
            draft,
            kept,
            policies: StoredValue::new(policies),
            file_error: RwSignal::new(None),
            touched: RwSignal::new(touched),
            show_all: RwSignal::new(false),
        }
    }

    /// Fills the form with a request that was pasted. The experiment stays unless the request names one.
    pub(super) fn load(self, draft: JobDraft) {
        if draft.experiment != JobDraft::default().experiment {
            self.experiment.set(draft.experiment);
        }
        self.job_name.set(draft.job_name);
        // Empty: the text says that the source is the form's.
        if !draft.source.is_empty() {
            self.source.set(draft.source);
            self.source_uri.set(draft.source_uri);
        }
        if self.source.with_untracked(|it| it == "script") {
            self.script_name.set(draft.entry_point);
        } else {
            self.entry_point.set(draft.entry_point);
        }
        self.checkpoints.set(draft.checkpoints.to_string());
        self.request.load(&draft.fields);
    }

    /// The errors to show now: the server's until a field is touched, the parser's for touched fields, all of them
    /// after an attempt to submit.
    pub(super) fn errors(self) -> FormErrors {
        let parsed = Memo::new(move |_| self.faults());
        let shown = Memo::new(move |_| {
            let show_all = self.show_all.get();
            let touched = self.touched.get();
            let is_shown = |it: &&FieldError| show_all || touched.contains(&it.field);
            let mut shown: Vec<FieldError> = parsed.with(|it| it.iter().filter(is_shown).cloned().collect());
            if let Some(message) = self.file_error.get() {
                shown.push(FieldError::new("source_file", message));
            }
            self.kept.with_value(|kept| {
                for error in &kept.refused {
                    // A rule that only the server knows (a name in use, a file's content) stays until it is touched.
                    if !touched.contains(&error.field) && !shown.iter().any(|it| it.field == error.field) {
                        shown.push(error.clone());
                    }
                }
            });
            shown
        });
        let touch = Callback::new(move |field: String| {
            self.touched.update(|it| {
                it.insert(field);
            });
        });
        FormErrors { list: shown.into(), touch }
    }

    fn faults(self) -> Vec<FieldError> {
        self.draft.with(|draft| self.policies.with_value(|policies| faults(draft, policies)))
    }

    /// Whether the browser may send the form; if not, every error is shown from now on.
    pub(super) fn check(self) -> bool {
        self.show_all.set(true);
        untrack(|| self.faults()).is_empty() && self.file_error.get_untracked().is_none()
    }
}

/// What is wrong with a form as far as it can be seen without the server.
fn faults(draft: &JobDraft, policies: &[LaunchPolicy]) -> Vec<FieldError> {
    let mut faults = JobSpec::parse(draft).err().unwrap_or_default();
    faults.extend(policy_errors(policies, draft));
    faults
}
