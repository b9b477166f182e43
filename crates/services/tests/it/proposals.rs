//! Metric definitions out of scripts: bundled, uploaded, just chosen.

use domain::job_draft::JobDraft;
use services::{PresetChanged, Upload};

use crate::lab::Lab;

#[tokio::test]
async fn scripts_propose_definitions_wherever_they_lie() {
    let lab = Lab::new().await;
    let script = "print(f'epoch={epoch} loss={loss:.4f}')";
    let of_text = lab.services.script_metric_proposals("train.py".to_owned(), script.to_owned()).await.unwrap();
    assert_eq!(of_text.iter().map(|it| it.proposal.name.as_str()).collect::<Vec<_>>(), ["loss"]);

    let upload = Upload { file_name: "train.py".to_owned(), bytes: script.as_bytes().to_vec().into() };
    let draft = JobDraft { source: "upload".to_owned(), ..lab.draft() };
    let PresetChanged::Preset(id) = lab.services.preset_create("key", "x", draft, Some(upload)).await.unwrap() else {
        panic!("the form is valid");
    };
    let sha256 = lab.services.preset_get(&id).await.unwrap().form.draft.source_sha256.unwrap();
    assert_eq!(lab.services.source_metric_proposals(&sha256).await.unwrap(), of_text);

    // Its print has no number that a format or a name would tell.
    assert_eq!(lab.services.sample_metric_proposals("hello").await.unwrap(), []);
    assert!(lab.services.sample_metric_proposals("none").await.is_err());
    assert!(lab.services.source_metric_proposals("none").await.is_err());
}
