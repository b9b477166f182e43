//! What a run's inputs were, whether they still are that, and whether a repetition came out the same.

use bytes::Bytes;
use domain::{
    capsule::{DriftState, Tolerance},
    ids::RunId,
    job_draft::JobDraft,
    run::Run,
};
use services::{EngineError, LaunchSubmitted};

use crate::lab::Lab;

const DATA: &str = "s3://trainyard/data/";

fn with_channel(lab: &Lab) -> JobDraft {
    let mut draft = lab.draft();
    draft.fields.set("InputDataConfig[0].ChannelName", "train");
    draft.fields.set("InputDataConfig[0].DataSource.S3DataSource.S3Uri", DATA);
    draft
}

fn put(lab: &Lab, key: &str, body: &'static str) {
    lab.cloud.state().objects.insert(format!("{DATA}{key}"), Bytes::from_static(body.as_bytes()));
}

async fn state_of(lab: &Lab, id: &RunId, subject: &str) -> DriftState {
    let check = lab.services.relaunch_check(id).await.unwrap();
    let item = check.items.iter().find(|it| it.subject == subject);
    item.unwrap_or_else(|| panic!("{subject}: {:?}", check.items)).state
}

async fn relaunched(lab: &Lab, id: &RunId, key: &str) -> Run {
    match lab.services.run_relaunch(id, key).await.unwrap() {
        LaunchSubmitted::Run(id) => lab.run(&id).await,
        LaunchSubmitted::Invalid { errors } => panic!("what ran once is valid: {errors:?}"),
    }
}

/// Lets the job print these losses and end.
async fn ended_with(lab: &Lab, run: &Run, losses: &[f64]) {
    lab.services.dispatch_once().await.unwrap();
    lab.services.task_sync_jobs().await.unwrap();
    for (epoch, loss) in losses.iter().enumerate() {
        lab.cloud.log(&format!("{}/algo-1-1", run.job_name), format!("epoch={epoch} loss={loss}"));
    }
    lab.cloud.complete(run.job_name.as_str());
    lab.clock.advance_seconds(10);
    lab.services.task_sync_jobs().await.unwrap();
    lab.services.task_sync_logs().await.unwrap();
}

#[tokio::test]
async fn inputs_are_recorded_once_and_every_kind_of_drift_is_seen() {
    let lab = Lab::new().await;
    put(&lab, "a.csv", "1,2");
    put(&lab, "b.csv", "3,4");
    let id = lab.submit("key", with_channel(&lab)).await;
    assert_eq!(state_of(&lab, &id, "Data").await, DriftState::Unknown, "nothing is recorded yet");
    assert_eq!(lab.services.task_capsules().await.unwrap().changed, 1);
    assert_eq!(lab.services.task_capsules().await.unwrap().changed, 0);
    let capsule = lab.services.capsule_get(&id).await.unwrap().unwrap();
    assert_eq!((capsule.channels[0].object_count, capsule.channels[0].size_bytes), (2, 6));
    assert_eq!(capsule.channels[0].objects[0].key, "data/a.csv");

    assert_eq!(state_of(&lab, &id, "Data of train").await, DriftState::Same);
    assert_eq!(state_of(&lab, &id, "Source").await, DriftState::Same);
    put(&lab, "b.csv", "3,4,5");
    assert_eq!(state_of(&lab, &id, "Data of train").await, DriftState::Changed);
    put(&lab, "b.csv", "3,4");
    assert_eq!(state_of(&lab, &id, "Data of train").await, DriftState::Same);
    lab.cloud.state().objects.retain(|uri, _| !uri.starts_with(DATA));
    assert_eq!(state_of(&lab, &id, "Data of train").await, DriftState::Gone);
}

#[tokio::test]
async fn more_than_one_page_is_listed_whole() {
    let lab = Lab::new().await;
    for number in 0..2_500 {
        lab.cloud.state().objects.insert(format!("{DATA}{number:05}"), Bytes::from_static(b"xy"));
    }
    let id = lab.submit("key", with_channel(&lab)).await;
    lab.services.task_capsules().await.unwrap();
    let channel = lab.services.capsule_get(&id).await.unwrap().unwrap().channels.remove(0);
    assert_eq!((channel.object_count, channel.size_bytes, channel.is_whole), (2_500, 5_000, true));
}

#[tokio::test]
async fn a_refusal_is_recorded_and_an_outage_is_tried_again() {
    let lab = Lab::new().await;
    let id = lab.submit("key", with_channel(&lab)).await;
    lab.cloud.state().object_refusal = Some(EngineError::Throttled);
    assert!(lab.services.task_capsules().await.is_err());
    assert_eq!(lab.services.capsule_get(&id).await.unwrap(), None);
    let refusal = EngineError::Rejected { code: "AccessDenied".to_owned(), message: "no".to_owned() };
    lab.cloud.state().object_refusal = Some(refusal);
    lab.services.task_capsules().await.unwrap();
    let channel = lab.services.capsule_get(&id).await.unwrap().unwrap().channels.remove(0);
    assert!(channel.fault.is_some_and(|it| it.contains("AccessDenied")));
    assert_eq!(state_of(&lab, &id, "Data of train").await, DriftState::Unknown);
}

#[tokio::test]
async fn a_relaunch_is_the_same_request_once_per_key_and_names_its_parent() {
    let lab = Lab::new().await;
    let first = lab.submit("key", lab.draft()).await;
    let again = relaunched(&lab, &first, "again").await;
    assert_eq!(relaunched(&lab, &first, "again").await.id, again.id, "one press, one run");
    assert_eq!(again.parent(), Some(first.clone()));
    let check = lab.services.reproduction_get(&again.id, Tolerance::EXACT).await.unwrap().unwrap();
    assert_eq!((check.parent.id, check.changes), (first, vec![]), "checkpoints and names are each run's own");
    assert_eq!(check.verdict, None, "neither has ended");
}

#[tokio::test]
async fn the_verdict_comes_with_the_end() {
    let lab = Lab::new().await;
    let first = lab.submit("key", lab.draft()).await;
    let first = lab.run(&first).await;
    ended_with(&lab, &first, &[1.0, 0.5]).await;
    for (key, losses, wanted) in [("same", [1.0, 0.5], true), ("other", [1.0, 0.6], false)] {
        let again = relaunched(&lab, &first.id, key).await;
        ended_with(&lab, &again, &losses).await;
        let check = lab.services.reproduction_get(&again.id, Tolerance::default()).await.unwrap().unwrap();
        let verdict = check.verdict.expect("both have ended");
        assert_eq!(verdict.is_reproduced(), Some(wanted), "{verdict:?}");
        assert_eq!(verdict.metrics[0].common_steps, 2);
    }
}

#[tokio::test]
async fn a_diff_names_parameters_files_and_lines() {
    let lab = Lab::new().await;
    let first = lab.submit("key", lab.draft()).await;
    let mut draft = lab.services.launch_clone(&first).await.unwrap();
    draft.fields.set("ResourceConfig.InstanceCount", "2");
    let upload = services::Upload { file_name: "train.py".to_owned(), bytes: Bytes::from_static(b"print('other')\n") };
    let LaunchSubmitted::Run(second) = lab.services.launch_submit("two", draft, Some(upload)).await.unwrap() else {
        panic!("the draft is valid");
    };
    let diff = lab.services.run_diff(&first, &second).await.unwrap();
    assert!(diff.changes.iter().any(|it| it.what == "ResourceConfig.InstanceCount" && it.is == "2"), "{diff:?}");
    let domain::run_diff::SourceDiff::Files(files) = diff.source else { panic!("the files differ") };
    assert_eq!((files.len(), files[0].path.as_str(), files[0].lines.len()), (1, "train.py", 2));
    assert!(diff.request.iter().any(|it| it.text.contains("\"InstanceCount\": 2")));
}

#[tokio::test]
async fn the_archive_has_all_that_a_repetition_needs_and_is_the_same_each_time() {
    let lab = Lab::new().await;
    put(&lab, "a.csv", "1,2");
    let id = lab.submit("key", with_channel(&lab)).await;
    lab.services.task_capsules().await.unwrap();
    let archive = lab.services.capsule_archive_get(&id).await.unwrap();
    assert_eq!(archive, lab.services.capsule_archive_get(&id).await.unwrap());
    let mut tar = tar::Archive::new(flate2::read::GzDecoder::new(archive.bytes.as_ref()));
    let mut files = std::collections::BTreeMap::new();
    for entry in tar.entries().unwrap() {
        let mut entry = entry.unwrap();
        let mut bytes = Vec::new();
        std::io::Read::read_to_end(&mut entry, &mut bytes).unwrap();
        files.insert(entry.path().unwrap().display().to_string(), bytes);
    }
    let names: Vec<&str> = files.keys().map(String::as_str).collect();
    let wanted = [
        "README.md",
        "manifests/train.tsv",
        "metrics.csv",
        "repeat.py",
        "repeat.sh",
        "request.json",
        "run.json",
        "source/sourcedir.tar.gz",
    ];
    assert_eq!(names, wanted);
    let run = lab.run(&id).await;
    assert_eq!(serde_json::from_slice::<serde_json::Value>(&files["request.json"]).unwrap(), run.request);
    assert_eq!(files["source/sourcedir.tar.gz"], lab.services.run_source_get(&id).await.unwrap().bytes);
    let repeat = String::from_utf8(files["repeat.py"].clone()).unwrap();
    assert!(repeat.contains("-repeat") && !repeat.contains("trainyard:"), "{repeat}");
}
