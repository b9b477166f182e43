//! Presets from a form and from a run, and the forms that they fill.

use domain::{ids::PresetId, job_draft::JobDraft};
use services::PresetChanged;

use crate::lab::{Lab, upload};

const KEY: &str = "key";

fn made(changed: PresetChanged) -> PresetId {
    match changed {
        PresetChanged::Preset(id) => id,
        PresetChanged::Invalid { errors } => panic!("{errors:?}"),
    }
}

fn wrong(changed: PresetChanged) -> Vec<String> {
    match changed {
        PresetChanged::Preset(id) => panic!("{id} was made"),
        PresetChanged::Invalid { errors } => errors.into_iter().map(|it| it.field).collect(),
    }
}

#[tokio::test]
async fn a_form_is_kept_as_it_stands_without_secrets_and_launches_again() {
    let lab = Lab::new().await;
    let mut draft = lab.draft();
    draft.fields.push_pair("Environment", "HF_TOKEN", "tell-nobody");
    let id = made(lab.services.preset_create(KEY, " Wine ", draft, Some(upload())).await.unwrap());
    let preset = lab.services.preset_get(&id).await.unwrap();
    assert_eq!(
        (preset.name.as_str(), preset.form.left_out.as_slice()),
        ("Wine", &["Environment.HF_TOKEN".to_owned()][..])
    );
    assert!(!serde_json::to_string(&preset).unwrap().contains("tell-nobody"));

    // The upload was kept: the form can be sent as it is.
    let mut again = preset.form.draft;
    assert_eq!(again.source_file_name.as_deref(), Some("train.py"));
    again.fields.remove("Environment");
    lab.submit_without_source("another", again).await;
}

#[tokio::test]
async fn an_unfinished_form_is_a_preset_and_nothing_typed_is_lost_over_a_bad_name() {
    let lab = Lab::new().await;
    let draft = JobDraft { experiment: String::new(), ..lab.draft() };
    assert_eq!(
        wrong(lab.services.preset_create(KEY, "  ", draft.clone(), Some(upload())).await.unwrap()),
        ["preset_name"]
    );
    let kept = lab.services.launch_draft_get(KEY).await.unwrap().unwrap();
    assert_eq!((kept.errors[0].field.as_str(), kept.draft.source_sha256.is_some()), ("preset_name", true));

    made(lab.services.preset_create(KEY, "half", draft.clone(), None).await.unwrap());
    assert_eq!(wrong(lab.services.preset_create(KEY, "half", draft, None).await.unwrap()), ["preset_name"]);
    assert_eq!(lab.services.preset_list().await.unwrap().len(), 1);
    assert_eq!(lab.cloud.creates(), 0);
}

#[tokio::test]
async fn a_run_becomes_a_preset_without_being_its_parent() {
    let lab = Lab::new().await;
    let run = lab.submit("run", lab.draft()).await;
    let id = made(lab.services.preset_create_of_run(&run, "of a run").await.unwrap());
    let draft = lab.services.preset_get(&id).await.unwrap().form.draft;
    let clone = lab.services.launch_clone(&run).await.unwrap();
    assert_eq!(draft, JobDraft { parent: None, ..clone });
}

#[tokio::test]
async fn a_preset_is_renamed_and_deleted() {
    let lab = Lab::new().await;
    let id = made(lab.services.preset_create(KEY, "first", lab.draft(), None).await.unwrap());
    made(lab.services.preset_create(KEY, "second", lab.draft(), None).await.unwrap());
    assert_eq!(wrong(lab.services.preset_rename(&id, "second").await.unwrap()), ["preset_name"]);
    made(lab.services.preset_rename(&id, "third").await.unwrap());
    lab.services.preset_delete(&id).await.unwrap();
    for gone in [lab.services.preset_delete(&id).await, lab.services.preset_rename(&id, "x").await.map(drop)] {
        assert!(matches!(gone, Err(services::ServiceError::NotFound { what: "preset" })));
    }
}
