//! The form's fields as signals, and the errors to show beside them.

use std::collections::BTreeSet;

use domain::{
    job_draft::{FieldError, JobDraft},
    job_spec::JobSpec,
};
use leptos::prelude::*;

use crate::components::{field::FormErrors, rows_field::Rows};

/// One signal per field: typing in one redraws nothing else.
#[derive(Clone, Copy)]
pub(super) struct FormState {
    pub experiment: RwSignal<String>,
    pub job_name: RwSignal<String>,
    pub kept: StoredValue<Kept>,
    pub entry_point: RwSignal<String>,
    pub training_image: RwSignal<String>,
    pub role_arn: RwSignal<String>,
    pub output_path: RwSignal<String>,
    pub hyperparameters: Rows,
    pub metric_definitions: Rows,
    pub environment: Rows,
    pub instance_type: RwSignal<String>,
    pub instance_count: RwSignal<String>,
    pub volume_size_gb: RwSignal<String>,
    pub max_runtime_seconds: RwSignal<String>,
    pub spot: RwSignal<bool>,
    pub max_wait_seconds: RwSignal<String>,
    pub checkpoints: RwSignal<bool>,
    pub tags: Rows,
    /// What is wrong with the chosen file, found in the browser before it is sent.
    pub file_error: RwSignal<Option<String>>,
    /// Fields that somebody has changed or left since the page came.
    touched: RwSignal<BTreeSet<String>>,
    /// Set by an attempt to submit: from then on every error is shown.
    pub show_all: RwSignal<bool>,
}

/// What does not change while the form is open.
pub(super) struct Kept {
    /// `sample:<name>` or `upload`; another choice is another page.
    pub source: String,
    /// Of the file that an earlier submit brought.
    pub source_sha256: Option<String>,
    pub source_file_name: Option<String>,
    /// What the server said of the last submit; a touched field speaks for itself again.
    refused: Vec<FieldError>,
}

impl FormState {
    /// The form that the current component is a part of.
    pub(super) fn of_form() -> Self {
        expect_context()
    }

    pub(super) fn new(draft: JobDraft, refused: Vec<FieldError>) -> Self {
        Self {
            experiment: RwSignal::new(draft.experiment),
            job_name: RwSignal::new(draft.job_name),
            kept: StoredValue::new(Kept {
                source: draft.source,
                source_sha256: draft.source_sha256,
                source_file_name: draft.source_file_name,
                refused,
            }),
            entry_point: RwSignal::new(draft.entry_point),
            training_image: RwSignal::new(draft.training_image),
            role_arn: RwSignal::new(draft.role_arn),
            output_path: RwSignal::new(draft.output_path),
            hyperparameters: Rows::new(&draft.hyperparameters),
            metric_definitions: Rows::new(&draft.metric_definitions),
            environment: Rows::new(&draft.environment),
            instance_type: RwSignal::new(draft.instance_type),
            instance_count: RwSignal::new(draft.instance_count),
            volume_size_gb: RwSignal::new(draft.volume_size_gb),
            max_runtime_seconds: RwSignal::new(draft.max_runtime_seconds),
            spot: RwSignal::new(draft.spot),
            max_wait_seconds: RwSignal::new(draft.max_wait_seconds),
            checkpoints: RwSignal::new(draft.checkpoints),
            tags: Rows::new(&draft.tags),
            file_error: RwSignal::new(None),
            touched: RwSignal::new(BTreeSet::new()),
            show_all: RwSignal::new(false),
        }
    }

    /// What is typed right now.
    pub(super) fn to_draft(self) -> JobDraft {
        JobDraft {
            experiment: self.experiment.get(),
            job_name: self.job_name.get(),
            source: self.kept.with_value(|it| it.source.clone()),
            source_sha256: self.kept.with_value(|it| it.source_sha256.clone()),
            source_file_name: self.kept.with_value(|it| it.source_file_name.clone()),
            entry_point: self.entry_point.get(),
            training_image: self.training_image.get(),
            role_arn: self.role_arn.get(),
            output_path: self.output_path.get(),
            hyperparameters: self.hyperparameters.to_draft(),
            metric_definitions: self.metric_definitions.to_draft(),
            environment: self.environment.to_draft(),
            instance_type: self.instance_type.get(),
            instance_count: self.instance_count.get(),
            volume_size_gb: self.volume_size_gb.get(),
            max_runtime_seconds: self.max_runtime_seconds.get(),
            spot: self.spot.get(),
            max_wait_seconds: self.max_wait_seconds.get(),
            checkpoints: self.checkpoints.get(),
            tags: self.tags.to_draft(),
        }
    }

    pub(super) fn is_upload(self) -> bool {
        self.kept.with_value(|it| !it.source.starts_with("sample:"))
    }

    /// The errors to show now: the server's until a field is touched, the parser's for touched fields, all of them
    /// after an attempt to submit.
    pub(super) fn errors(self) -> FormErrors {
        let parsed = Memo::new(move |_| JobSpec::parse(&self.to_draft()).err().unwrap_or_default());
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

    /// Whether the browser may send the form; if not, every error is shown from now on.
    pub(super) fn check(self) -> bool {
        self.show_all.set(true);
        let is_parsed = untrack(|| JobSpec::parse(&self.to_draft()).is_ok());
        is_parsed && self.file_error.get_untracked().is_none()
    }
}
