//! Submitting the form: what is kept, what is committed, what is refused.

use domain::{
    job_draft::JobDraft,
    job_spec::fingerprint,
    money::NanoUsd,
    run::{RunBadge, RunFilter},
    status::LaunchState,
    typed_script::TypedScript,
};
use serde_json::Value;
use services::LaunchSubmitted;

use crate::{
    fake::Fault,
    lab::{Lab, SCRIPT, upload},
};

type Change = fn(&mut JobDraft);

const TYPE: &str = "ResourceConfig.InstanceType";
const WAIT: &str = "StoppingCondition.MaxWaitTimeInSeconds";
const METRICS: &str = "AlgorithmSpecification.MetricDefinitions";

fn fields(submitted: &LaunchSubmitted) -> Vec<&str> {
    match submitted {
        LaunchSubmitted::Run(id) => panic!("launched {id}"),
        LaunchSubmitted::Invalid { errors } => errors.iter().map(|it| it.field.as_str()).collect(),
    }
}

#[tokio::test]
async fn nothing_is_sent_before_the_run_is_committed_and_then_once() {
    let lab = Lab::new().await;
    let id = lab.submit("key", lab.draft()).await;
    assert_eq!(lab.cloud.state().calls, ["ping"], "a submit asks whether the engine is there, and sends it nothing");
    let run = lab.run(&id).await;
    assert_eq!((run.launch_state, run.badge()), (LaunchState::Requested, RunBadge::Queued));
    assert_eq!(run.price.as_ref().map(|it| it.price_nanousd_per_hour), NanoUsd::parse("0.23").ok());

    lab.services.dispatch_once().await.unwrap();
    lab.services.task_sync_jobs().await.unwrap();
    let run = lab.run(&id).await;
    assert_eq!((run.launch_state, run.badge()), (LaunchState::Submitted, RunBadge::Running));
    assert_eq!(lab.cloud.creates(), 1);
    assert_eq!(lab.cloud.state().ledger[0].job_name, run.job_name.as_str());
    assert_eq!(lab.cloud.state().ledger[0].run_id.as_deref(), Some(id.as_str()));

    // The source is where the request says it is.
    let uri = run.request["HyperParameters"]["sagemaker_submit_directory"].as_str().unwrap().to_owned();
    assert_eq!(uri, format!("s3://trainyard/sources/{}/sourcedir.tar.gz", run.source_sha256.as_deref().unwrap()));
    let sent = lab.cloud.state().objects[&uri].clone();
    assert_eq!(lab.services.run_source_get(&id).await.unwrap().bytes, sent);
    let inside = lab.services.run_source_meta_get(&id).await.unwrap();
    assert_eq!(
        inside.entries.iter().map(|it| (it.path.as_str(), it.size_bytes)).collect::<Vec<_>>(),
        [("train.py", SCRIPT.len() as u64)]
    );
}

#[tokio::test]
async fn the_fingerprint_tag_is_the_hash_of_the_request_without_it() {
    let lab = Lab::new().await;
    let id = lab.submit("key", lab.draft()).await;
    let run = lab.run(&id).await;
    let mut request = run.request.clone();
    let tags = request["Tags"].as_array_mut().unwrap();
    let own = tags.iter().position(|it| it["Key"] == "trainyard:fingerprint").unwrap();
    let tag = tags.remove(own);
    assert_eq!(tag["Value"], Value::from(run.fingerprint.clone()));
    assert_eq!(fingerprint(&request), run.fingerprint);
}

#[tokio::test]
async fn fifty_submits_with_one_key_are_one_run() {
    let lab = Lab::new().await;
    let submits = (0..50).map(|_| {
        let (services, draft) = (lab.services.clone(), lab.draft());
        tokio::spawn(async move { services.launch_submit("one key", draft, Some(upload())).await.unwrap() })
    });
    let mut ids = Vec::new();
    for submit in submits.collect::<Vec<_>>() {
        match submit.await.unwrap() {
            LaunchSubmitted::Run(id) => ids.push(id),
            LaunchSubmitted::Invalid { errors } => panic!("{errors:?}"),
        }
    }
    ids.dedup();
    assert_eq!(ids.len(), 1);
    lab.settle().await;
    assert_eq!(lab.cloud.creates(), 1);
    assert_eq!(lab.services.run_list(&RunFilter::default()).await.unwrap().total, 1);
}

#[tokio::test]
async fn the_same_key_with_another_form_names_the_field_and_launches_nothing() {
    let lab = Lab::new().await;
    let id = lab.submit("key", lab.draft()).await;
    let changes: [(&str, Change); 9] = [
        (TYPE, |it| it.fields.set(TYPE, "ml.m5.2xlarge")),
        ("ResourceConfig.InstanceCount", |it| it.fields.set("ResourceConfig.InstanceCount", "2")),
        ("StoppingCondition.MaxRuntimeInSeconds", |it| it.fields.set("StoppingCondition.MaxRuntimeInSeconds", "60")),
        ("HyperParameters", |it| it.fields.push_pair("HyperParameters", "lr", "0.1")),
        (METRICS, |it| it.fields.remove(METRICS)),
        ("experiment", |it| "beer".clone_into(&mut it.experiment)),
        ("job_name", |it| "other".clone_into(&mut it.job_name)),
        ("checkpoints", |it| it.checkpoints = false),
        ("Tags", |it| {
            it.fields.set("Tags[0].Key", "team");
            it.fields.set("Tags[0].Value", "a");
        }),
    ];
    for (field, change) in changes {
        let mut draft = lab.draft();
        change(&mut draft);
        let submitted = lab.services.launch_submit("key", draft, Some(upload())).await.unwrap();
        assert_eq!(fields(&submitted), [field]);
        let LaunchSubmitted::Invalid { errors } = submitted else { unreachable!() };
        assert!(errors[0].message.contains(id.as_str()) && errors[0].message.contains("fresh form"), "{errors:?}");
    }
    // What was launched is still what the key shows.
    let kept = lab.services.launch_draft_get("key").await.unwrap().unwrap();
    assert_eq!((kept.run_id, kept.draft.fields.get(TYPE)), (Some(id.clone()), "ml.m5.xlarge"));
    // And the same form once more is the same run.
    assert_eq!(lab.submit("key", lab.draft()).await, id);
    lab.settle().await;
    assert_eq!(lab.cloud.creates(), 1);
}

#[tokio::test]
async fn a_wrong_form_is_kept_with_its_errors_and_launches_once_corrected() {
    let lab = Lab::new().await;
    let mut draft = lab.draft();
    draft.fields.set(TYPE, "ml.m5.huge");
    draft.fields.set("EnableManagedSpotTraining", "true");
    let submitted = lab.services.launch_submit("key", draft.clone(), Some(upload())).await.unwrap();
    assert_eq!(fields(&submitted), [TYPE, WAIT]);
    let kept = lab.services.launch_draft_get("key").await.unwrap().unwrap();
    assert_eq!(kept.draft.fields.get(TYPE), "ml.m5.huge");
    assert_eq!(kept.errors.len(), 2);
    assert_eq!(kept.run_id, None);
    assert!(kept.draft.source_sha256.is_some(), "the upload need not be chosen again");

    // Corrected, without the file: the kept source is used.
    let mut corrected = kept.draft;
    corrected.fields.set(TYPE, "ml.m5.large");
    corrected.fields.set(WAIT, "3600");
    let submitted = lab.services.launch_submit("key", corrected, None).await.unwrap();
    let LaunchSubmitted::Run(id) = submitted else { panic!("{submitted:?}") };
    assert!(lab.run(&id).await.spot);
    lab.settle().await;
    assert_eq!(lab.cloud.creates(), 1);
}

#[tokio::test]
async fn a_form_without_a_source_or_with_a_false_one_says_so() {
    let lab = Lab::new().await;
    let submit = |key: &'static str, change: fn(&mut JobDraft)| {
        let mut draft = lab.draft();
        change(&mut draft);
        let services = lab.services.clone();
        async move { services.launch_submit(key, draft, None).await.unwrap() }
    };
    assert_eq!(fields(&submit("a", |_| ()).await), ["source"]);
    assert_eq!(fields(&submit("b", |it| "upload".clone_into(&mut it.source)).await), ["source_file"]);
    assert_eq!(fields(&submit("c", |it| "sample:none".clone_into(&mut it.source)).await), ["source"]);
    let forged = |it: &mut JobDraft| it.source_sha256 = Some("0".repeat(64));
    assert_eq!(fields(&submit("d", forged).await), ["source"]);
    let wrong_entry = |it: &mut JobDraft| "sample:hello".clone_into(&mut it.source);
    assert_eq!(fields(&submit("e", wrong_entry).await), ["entry_point"]);
    assert_eq!(fields(&lab.services.launch_submit("", lab.draft(), None).await.unwrap()), ["idempotency_key"]);
    lab.settle().await;
    assert_eq!(lab.cloud.creates(), 0);
}

#[tokio::test]
async fn a_bundled_sample_launches_as_it_is() {
    let lab = Lab::new().await;
    let sample = lab.services.launch_samples().remove(0);
    assert_eq!(sample.draft.fields.get("RoleArn"), "arn:aws:iam::000000000000:role/TrainyardLocal");
    let submitted = lab.services.launch_submit("key", sample.draft, None).await.unwrap();
    let LaunchSubmitted::Run(id) = submitted else { panic!("{submitted:?}") };
    lab.settle().await;
    assert_eq!(lab.run(&id).await.launch_state, LaunchState::Submitted);
    assert_eq!(lab.run(&id).await.request["HyperParameters"]["sagemaker_program"], "hello.py");
}

#[tokio::test]
async fn a_single_script_is_the_entry_point_whatever_its_name() {
    let lab = Lab::new().await;
    let mut upload = upload();
    "iris.py".clone_into(&mut upload.file_name);
    let submitted = lab.services.launch_submit("key", lab.draft(), Some(upload)).await.unwrap();
    let LaunchSubmitted::Run(id) = submitted else { panic!("{submitted:?}") };
    assert_eq!(lab.run(&id).await.request["HyperParameters"]["sagemaker_program"], "iris.py");
}

#[tokio::test]
async fn a_script_that_was_typed_is_packed_as_an_upload_is_and_comes_back_with_a_clone() {
    let lab = Lab::new().await;
    let typed = |name: &str, text: &str| JobDraft {
        source: "script".to_owned(),
        script: TypedScript { name: name.to_owned(), text: text.to_owned() },
        ..lab.draft()
    };
    for (key, draft, field) in
        [("a", typed("train.sh", "x = 1"), "script_name"), ("b", typed("train.py", " \n"), "script_text")]
    {
        let submitted = lab.services.launch_submit(key, draft.clone(), None).await.unwrap();
        assert_eq!(fields(&submitted), [field]);
        let kept = lab.services.launch_draft_get(key).await.unwrap().unwrap();
        assert_eq!(kept.draft.script, draft.script, "what was typed is kept");
    }
    let script = std::str::from_utf8(SCRIPT).unwrap();
    let run = lab.run(&lab.submit_without_source("typed", typed("iris.py", script)).await).await;
    assert_eq!(run.request["HyperParameters"]["sagemaker_program"], "iris.py");
    let mut same = upload();
    "iris.py".clone_into(&mut same.file_name);
    let LaunchSubmitted::Run(uploaded) = lab.services.launch_submit("upload", lab.draft(), Some(same)).await.unwrap()
    else {
        panic!("an upload launches")
    };
    assert_eq!(lab.run(&uploaded).await.source_sha256, run.source_sha256, "the same script is the same archive");

    let mut clone = lab.services.launch_clone(&run.id).await.unwrap();
    assert_eq!(clone.script, TypedScript { name: "iris.py".to_owned(), text: script.to_owned() });
    "script".clone_into(&mut clone.source);
    clone.script.text.push_str("print('loss=0.25')\n");
    let changed = lab.run(&lab.submit_without_source("changed", clone).await).await;
    assert_ne!(changed.source_sha256, run.source_sha256);
    lab.settle().await;
    assert_eq!(lab.cloud.creates(), 3);
}

#[tokio::test]
async fn a_broken_upload_is_an_error_at_its_field_and_the_rest_is_kept() {
    let lab = Lab::new().await;
    let mut upload = upload();
    upload.bytes = bytes::Bytes::from_static(b"print('\xff')");
    let submitted = lab.services.launch_submit("key", lab.draft(), Some(upload)).await.unwrap();
    assert_eq!(fields(&submitted), ["source_file"]);
    let kept = lab.services.launch_draft_get("key").await.unwrap().unwrap();
    assert_eq!((kept.draft.experiment.as_str(), kept.draft.source_sha256), ("wine", None));
}

#[tokio::test]
async fn an_engine_that_is_away_is_an_answer_beside_the_form_and_nothing_is_launched() {
    for fault in [Fault::Refused, Fault::Timeout] {
        let lab = Lab::new().await;
        lab.cloud.arm_call("ping", 0, fault);
        let answer = lab.services.launch_submit("key", lab.draft(), Some(upload())).await.unwrap();
        let LaunchSubmitted::Invalid { errors } = answer else { panic!("{fault:?}: {answer:?}") };
        assert_eq!(errors.len(), 1, "{errors:?}");
        assert_eq!(errors[0].field, "engine");
        assert!(errors[0].message.contains("nothing was launched") && !errors[0].message.contains("injected"));
        let kept = lab.services.launch_draft_get("key").await.unwrap().unwrap();
        assert_eq!((kept.draft.experiment.as_str(), kept.run_id), ("wine", None));
        assert_eq!(lab.services.dispatch_once().await.unwrap().claimed, 0);
        // The engine is back: the same form goes out, with the file that was uploaded before.
        let answer = lab.services.launch_submit("key", kept.draft, None).await.unwrap();
        assert!(matches!(answer, LaunchSubmitted::Run(_)), "{answer:?}");
    }
}

#[tokio::test]
async fn a_form_that_was_launched_needs_no_engine_to_be_shown_its_run() {
    let lab = Lab::new().await;
    let id = lab.submit("key", lab.draft()).await;
    lab.cloud.arm_call("ping", 0, Fault::Refused);
    assert_eq!(lab.submit("key", lab.draft()).await, id);
    assert_eq!(lab.cloud.fired(), 0, "it was not asked");
}

#[tokio::test]
async fn a_program_of_the_image_needs_no_source_and_an_archive_in_s3_is_used_where_it_lies() {
    let lab = Lab::new().await;
    let image = JobDraft { source: "image".to_owned(), ..lab.draft() };
    let id = lab.submit_without_source("image", image).await;
    let run = lab.run(&id).await;
    assert_eq!(run.source_sha256, None);
    assert!(run.request["HyperParameters"].get("sagemaker_program").is_none());
    let uri = "s3://team/code/sourcedir.tar.gz";
    let archive = JobDraft { source: "s3".to_owned(), source_uri: uri.to_owned(), ..lab.draft() };
    let run = lab.run(&lab.submit_without_source("s3", archive).await).await;
    assert_eq!(run.request["HyperParameters"]["sagemaker_submit_directory"], uri);
    lab.settle().await;
    assert_eq!(lab.cloud.creates(), 2);
    assert!(lab.cloud.state().objects.is_empty(), "nothing was put into S3");
}

#[tokio::test]
async fn a_clone_is_the_same_job_under_another_name_with_checkpoints_of_its_own() {
    let lab = Lab::new().await;
    let first = lab.run(&lab.submit("first", lab.draft()).await).await;
    let draft = lab.services.launch_clone(&first.id).await.unwrap();
    assert_eq!((draft.job_name.as_str(), draft.experiment.as_str()), ("wine", "wine"));
    assert_eq!(draft.source_sha256, first.source_sha256, "the archive that is held need not be uploaded again");
    let second = lab.run(&lab.submit_without_source("second", draft).await).await;
    assert_ne!(second.job_name, first.job_name);
    let without_own = |run: &domain::run::Run| {
        let mut request = run.request.clone();
        let members = request.as_object_mut().unwrap();
        let own = ["TrainingJobName", "CheckpointConfig", "Tags"].map(|it| members.remove(it).unwrap());
        (request, own)
    };
    let ((first_request, _), (second_request, [_, checkpoints, tags])) = (without_own(&first), without_own(&second));
    assert_eq!(second_request, first_request);
    assert!(checkpoints["S3Uri"].as_str().unwrap().contains(second.job_name.as_str()), "{checkpoints}");
    let parent = tags.as_array().unwrap().iter().find(|it| it["Key"] == "trainyard:parent").unwrap();
    assert_eq!(parent["Value"], first.id.as_str());
    lab.settle().await;
    assert_eq!(lab.cloud.creates(), 2);
}
