//! A preset: a launch form under a name that a team uses again.
//!
//! Invariants: it has no parent run, no secrets, and no place for checkpoints that another run was given; what was left
//! out is named, so that whoever uses it knows what to type.

use serde::{Deserialize, Serialize};

use crate::{
    git_source::{RepositoryUrl, field},
    ids::{PresetId, PresetName},
    job_draft::JobDraft,
    secret::{is_secret_value, looks_secret},
    time::Timestamp,
};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Preset {
    pub id: PresetId,
    pub name: PresetName,
    pub form: PresetForm,
    pub created_at: Timestamp,
    /// When it was last renamed.
    pub updated_at: Timestamp,
}

/// The form as a preset keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PresetForm {
    pub draft: JobDraft,
    /// What looked like a secret and is not kept: `Environment.HF_TOKEN`.
    pub left_out: Vec<String>,
}

impl PresetForm {
    /// Of a form as it stands. Names of variables stay, with a blank value to type into.
    pub fn of(mut draft: JobDraft) -> Self {
        draft.parent = None;
        draft.sweep = None;
        let mut left_out = Vec::new();
        // What is no address may have a password in it.
        if !draft.git.url.is_empty() && RepositoryUrl::parse(&draft.git.url).is_err() {
            draft.git.url.clear();
            left_out.push(field::URL.to_owned());
        }
        // A hyperparameter's name says little (`pad_token`); its value may have the form of a credential all the same.
        for map in ["Environment", "HyperParameters"] {
            let is_secret = |name: &str, value: &str| {
                if map == "Environment" { looks_secret(name, value) } else { is_secret_value(value) }
            };
            for row in draft.fields.rows(map) {
                let (name_path, value_path) = (format!("{map}[{row}].name"), format!("{map}[{row}].value"));
                let name = draft.fields.get(&name_path).trim().to_owned();
                if is_secret(&name, draft.fields.get(&value_path)) {
                    draft.fields.set(value_path, "");
                    left_out.push(format!("{map}.{name}"));
                }
            }
        }
        Self { draft, left_out }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::RunId;

    #[test]
    fn secrets_and_the_parent_are_left_out_and_named() {
        let mut draft = JobDraft { parent: Some(RunId::new(Timestamp::from_unix_micros(0), 1)), ..JobDraft::default() };
        draft.fields.push_pair("Environment", "OMP_NUM_THREADS", "4");
        draft.fields.push_pair("Environment", "HF_TOKEN", "whatever");
        draft.fields.push_pair("HyperParameters", "pad_token", "<pad>");
        draft.fields.push_pair("HyperParameters", "hub", "hf_abcdefghijklmnopqr");
        let form = PresetForm::of(draft.clone());
        assert_eq!(form.left_out, ["Environment.HF_TOKEN", "HyperParameters.hub"]);
        assert_eq!(form.draft.parent, None);
        let pairs = |map: &str| form.draft.fields.pairs(map);
        let owned = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(pairs("Environment"), [owned("OMP_NUM_THREADS", "4"), owned("HF_TOKEN", "")]);
        assert_eq!(pairs("HyperParameters"), [owned("pad_token", "<pad>"), owned("hub", "")]);
        assert!(!serde_json::to_string(&form).expect("JSON").contains("whatever"), "nothing of it is kept");
        assert_eq!(PresetForm::of(form.draft.clone()).left_out, Vec::<String>::new(), "what is blank is no secret");
    }
}
