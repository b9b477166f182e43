use proptest::prelude::*;

use super::*;
use crate::{job_draft::NameValue, time::Timestamp};

/// A draft without a fault.
fn good() -> JobDraft {
    JobDraft {
        experiment: "Wine quality".to_owned(),
        source: "upload".to_owned(),
        training_image: "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3".to_owned(),
        role_arn: "arn:aws:iam::000000000000:role/TrainyardLocal".to_owned(),
        output_path: "s3://trainyard/runs/".to_owned(),
        hyperparameters: vec![NameValue::new("epochs", "10"), NameValue::new("", "")],
        metric_definitions: vec![NameValue::new("train:loss", "loss=([0-9.]+)")],
        ..JobDraft::default()
    }
}

/// The messages for one field; the test fails when another field is wrong too.
fn errors_of(draft: &JobDraft, field: &str) -> Vec<String> {
    let errors = JobSpec::parse(draft).expect_err("the draft is wrong");
    let others: Vec<_> = errors.iter().filter(|it| it.field != field).collect();
    assert!(others.is_empty(), "other fields are wrong too: {others:?}");
    errors.into_iter().map(|it| it.message).collect()
}

/// One message, and it has every one of these parts.
fn one_error(draft: &JobDraft, field: &str, parts: &[&str]) {
    let errors = errors_of(draft, field);
    assert_eq!(errors.len(), 1, "{errors:?}");
    for part in parts {
        assert!(errors[0].contains(part), "{part:?} in {:?}", errors[0]);
    }
    let (first, last) = (errors[0].chars().next(), errors[0].chars().last());
    assert!(!first.is_some_and(char::is_lowercase) && last == Some('.'), "a sentence: {:?}", errors[0]);
}

fn run_id() -> RunId {
    RunId::new(Timestamp::from_unix_millis(1_795_449_900_000), 42)
}

#[test]
fn a_good_draft_becomes_a_request() {
    let spec = JobSpec::parse(&good()).expect("a good draft");
    assert_eq!(spec.output_path, "s3://trainyard/runs", "without the slash");
    let job_name = spec.job_name(&run_id());
    let request = spec.to_request(&run_id(), &job_name, "s3://trainyard/sources/abc/sourcedir.tar.gz");
    let at = |pointer: &str| request.pointer(pointer).and_then(serde_json::Value::as_str);
    assert_eq!(at("/TrainingJobName"), Some(job_name.as_str()));
    assert_eq!(at("/HyperParameters/epochs"), Some("10"));
    assert_eq!(at("/HyperParameters/sagemaker_program"), Some("train.py"));
    assert_eq!(at("/HyperParameters/sagemaker_submit_directory"), Some("s3://trainyard/sources/abc/sourcedir.tar.gz"));
    assert_eq!(at("/OutputDataConfig/S3OutputPath"), Some("s3://trainyard/runs"));
    assert_eq!(
        at("/CheckpointConfig/S3Uri").map(str::to_owned),
        Some(format!("s3://trainyard/runs/{job_name}/checkpoints"))
    );
    assert_eq!(request["EnableManagedSpotTraining"], false);
    assert!(request.pointer("/StoppingCondition/MaxWaitTimeInSeconds").is_none());
    let tags: Vec<&str> =
        request["Tags"].as_array().expect("tags").iter().filter_map(|it| it["Key"].as_str()).collect();
    assert_eq!(tags, [tag::RUN_ID, tag::EXPERIMENT]);
}

#[test]
fn a_spot_draft_carries_its_wait() {
    let draft = JobDraft { spot: true, max_wait_seconds: "7200".to_owned(), checkpoints: false, ..good() };
    let spec = JobSpec::parse(&draft).expect("a good draft");
    let request = spec.to_request(&run_id(), &spec.job_name(&run_id()), "s3://trainyard/x");
    assert_eq!(request["EnableManagedSpotTraining"], true);
    assert_eq!(request["StoppingCondition"]["MaxWaitTimeInSeconds"], 7_200);
    assert!(request.get("CheckpointConfig").is_none());
}

#[test]
fn an_unknown_instance_type_names_a_near_one() {
    one_error(&JobDraft { instance_type: "ml.m5.xlrge".to_owned(), ..good() }, "instance_type", &["ml.m5.xlarge"]);
    one_error(&JobDraft { instance_type: String::new(), ..good() }, "instance_type", &["pick one from the list"]);
}

#[test]
fn a_job_name_that_is_too_long_or_has_wrong_characters() {
    let long = JobDraft { job_name: "x".repeat(37), ..good() };
    one_error(&long, "job_name", &["at most 63 characters", "shorten it to 36", "37"]);
    assert!(JobSpec::parse(&JobDraft { job_name: "x".repeat(36), ..good() }).is_ok());
    one_error(
        &JobDraft { job_name: "Wine_Quality 1".to_owned(), ..good() },
        "job_name",
        &["hyphens", "`wine-quality-1`"],
    );
    one_error(&JobDraft { job_name: "___".to_owned(), ..good() }, "job_name", &["`run`"]);
}

#[test]
fn spot_needs_a_wait_that_is_not_below_the_runtime() {
    let spot = |wait: &str| JobDraft { spot: true, max_wait_seconds: wait.to_owned(), ..good() };
    one_error(&spot(""), "max_wait_seconds", &["needs a maximum wait", "3600 seconds or more"]);
    one_error(&spot("3599"), "max_wait_seconds", &["3599 s", "at least", "3600 s"]);
    one_error(&spot("soon"), "max_wait_seconds", &["whole number of seconds"]);
    assert!(JobSpec::parse(&spot("3600")).is_ok());
    let on_demand = JobDraft { max_wait_seconds: "nonsense".to_owned(), ..good() };
    assert!(JobSpec::parse(&on_demand).is_ok(), "the hidden field of an on-demand job is not looked at");
}

#[test]
fn too_many_hyperparameters() {
    let rows = |count: usize| (0..count).map(|it| NameValue::new(format!("p{it}"), "1")).collect();
    let most = JobSpec::parse(&JobDraft { hyperparameters: rows(98), ..good() }).expect("the most that is allowed");
    let request = most.to_request(&run_id(), &most.job_name(&run_id()), "s3://trainyard/x");
    assert_eq!(request["HyperParameters"].as_object().map(serde_json::Map::len), Some(100), "SageMaker's own limit");
    one_error(
        &JobDraft { hyperparameters: rows(101), ..good() },
        "hyperparameters",
        &["At most 98", "SageMaker allows 100", "101", "remove 3"],
    );
}

#[test]
fn a_hyperparameter_value_that_is_too_long() {
    let with =
        |chars: usize| JobDraft { hyperparameters: vec![NameValue::new("prompt", "ä".repeat(chars))], ..good() };
    one_error(&with(2_501), "hyperparameters[0].value", &["2500", "2501", "file"]);
    assert!(JobSpec::parse(&with(2_500)).is_ok(), "characters are counted, not bytes");
}

#[test]
fn rows_with_wrong_names() {
    let with = |rows: Vec<NameValue>| JobDraft { hyperparameters: rows, ..good() };
    let twice = with(vec![NameValue::new("lr", "1"), NameValue::new(" lr ", "2")]);
    one_error(&twice, "hyperparameters[1].name", &["`lr`", "twice", "keep one"]);
    one_error(&with(vec![NameValue::new("", "2")]), "hyperparameters[0].name", &["no name"]);
    let nameless = with(vec![NameValue::new("", "1"), NameValue::new(" ", "2")]);
    let errors = JobSpec::parse(&nameless).expect_err("wrong");
    assert!(errors.iter().all(|it| it.message.contains("no name")), "not called duplicates too: {errors:?}");
    one_error(&with(vec![NameValue::new("x".repeat(257), "1")]), "hyperparameters[0].name", &["256", "257"]);
    one_error(
        &with(vec![NameValue::new("sagemaker_program", "x")]),
        "hyperparameters[0].name",
        &["belong to SageMaker"],
    );
    let environment = JobDraft { environment: vec![NameValue::new("1A-B", "x")], ..good() };
    one_error(&environment, "environment[0].name", &["letters, digits"]);
    let tags = JobDraft { tags: vec![NameValue::new("trainyard:run-id", "x")], ..good() };
    one_error(&tags, "tags[0].name", &["reserved"]);
    let tags = JobDraft { tags: vec![NameValue::new("team", "a#b")], ..good() };
    one_error(&tags, "tags[0].value", &["letters"]);
}

#[test]
fn wrong_metric_definitions() {
    let with = |rows: Vec<NameValue>| JobDraft { metric_definitions: rows, ..good() };
    one_error(
        &with(vec![NameValue::new("loss", "loss=[0-9]+")]),
        "metric_definitions[0].value",
        &["no group", "parentheses"],
    );
    one_error(
        &with(vec![NameValue::new("loss", "loss=([0-9]+")]),
        "metric_definitions[0].value",
        &["Not a valid regular expression"],
    );
    one_error(&with(vec![NameValue::new("", "loss=(.)")]), "metric_definitions[0].name", &["1 to 255"]);
    one_error(&with(vec![NameValue::new("loss", "")]), "metric_definitions[0].value", &["1 to 500"]);
    let twice = with(vec![NameValue::new("loss", "a(.)"), NameValue::new("loss", "b(.)")]);
    one_error(&twice, "metric_definitions[1].name", &["twice"]);
    let many = with((0..41).map(|it| NameValue::new(format!("m{it}"), "(.)")).collect());
    one_error(&many, "metric_definitions", &["At most 40", "41"]);
}

#[test]
fn single_fields() {
    one_error(&JobDraft { experiment: "  ".to_owned(), ..good() }, "experiment", &["1 to 120", "for example"]);
    for path in ["", "/train.py", "../train.py", "a/../b.py", "a//b.py", "train me.py", "$(rm).py", "./train.py"] {
        one_error(&JobDraft { entry_point: path.to_owned(), ..good() }, "entry_point", &["`train.py`"]);
    }
    one_error(&JobDraft { training_image: "a b".to_owned(), ..good() }, "training_image", &["1 to 255"]);
    for arn in ["", "TrainyardLocal", "arn:aws:iam::12:role/X", "arn:aws:s3:::bucket-of-many-things"] {
        one_error(&JobDraft { role_arn: arn.to_owned(), ..good() }, "role_arn", &["arn:aws:iam::123456789012:role/"]);
    }
    for uri in ["", "/tmp", "s3://", "s3://AB", "https://bucket/x", "s3://bucket//x"] {
        one_error(
            &JobDraft { output_path: uri.to_owned(), ..good() },
            "output_path",
            &["`s3://my-bucket/experiments`"],
        );
    }
    one_error(&JobDraft { instance_count: "0".to_owned(), ..good() }, "instance_count", &["from 1 to 100"]);
    one_error(&JobDraft { volume_size_gb: "1.5".to_owned(), ..good() }, "volume_size_gb", &["whole number of GB"]);
    one_error(&JobDraft { max_runtime_seconds: "2419201".to_owned(), ..good() }, "max_runtime_seconds", &["2419200"]);
}

#[test]
fn every_wrong_field_is_named_at_once() {
    let draft =
        JobDraft { experiment: String::new(), instance_type: "x".to_owned(), entry_point: String::new(), ..good() };
    let fields: Vec<String> = JobSpec::parse(&draft).expect_err("wrong").into_iter().map(|it| it.field).collect();
    assert_eq!(fields, ["experiment", "entry_point", "instance_type"]);
}

#[test]
fn equal_requests_have_equal_fingerprints() {
    let one = serde_json::json!({ "b": 1, "a": { "d": [1, { "z": 1, "y": 2 }], "c": null } });
    let other = serde_json::json!({ "a": { "c": null, "d": [1, { "y": 2, "z": 1 }] }, "b": 1 });
    assert_eq!(fingerprint(&one), fingerprint(&other));
    assert_eq!(canonical(&one).to_string(), r#"{"a":{"c":null,"d":[1,{"y":2,"z":1}]},"b":1}"#);
    assert_ne!(fingerprint(&one), fingerprint(&serde_json::json!({ "b": 2 })));
    assert_eq!(fingerprint(&one).len(), 64);
}

proptest! {
    /// Whatever was typed, a job's name is valid, ends with its run's id and never changes.
    #[test]
    fn job_names_are_valid_and_unique(job_name in "[a-zA-Z0-9]([a-zA-Z0-9-]{0,34}[a-zA-Z0-9])?", experiment in "\\PC{1,40}", random: u128) {
        for draft in [JobDraft { job_name, ..good() }, JobDraft { experiment, ..good() }] {
            let Ok(spec) = JobSpec::parse(&draft) else { continue };
            let id = RunId::new(Timestamp::from_unix_millis(1_795_449_900_000), random);
            let name = spec.job_name(&id);
            prop_assert!(JobName::parse(name.as_str()).is_ok());
            prop_assert!(name.as_str().ends_with(&id.as_str().to_ascii_lowercase()));
            prop_assert_eq!(spec.job_name(&id), name);
        }
    }

    /// Any text in any field is refused with a field's name, or accepted; it never panics.
    #[test]
    fn any_draft_is_parsed_or_refused(texts in proptest::collection::vec(any::<String>(), 12), spot: bool) {
        let text = |index: usize| texts[index].clone();
        let rows = vec![NameValue::new(text(8), text(9)), NameValue::new(text(10), text(11))];
        let draft = JobDraft {
            experiment: text(0), job_name: text(1), entry_point: text(2), training_image: text(3), role_arn: text(4),
            output_path: text(5), instance_type: text(6), max_wait_seconds: text(7), spot,
            hyperparameters: rows.clone(), metric_definitions: rows.clone(), environment: rows.clone(), tags: rows,
            ..JobDraft::default()
        };
        if let Err(errors) = JobSpec::parse(&draft) {
            prop_assert!(errors.iter().all(|it| !it.field.is_empty() && it.message.ends_with(['.', '?', '!'])));
        }
    }
}
