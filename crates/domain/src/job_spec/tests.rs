use proptest::prelude::*;

use super::*;
use crate::time::Timestamp;

/// A draft without a fault.
fn good() -> JobDraft {
    with(&[("HyperParameters[0].name", "epochs"), ("HyperParameters[0].value", "10")])
}

/// A draft without a fault, then these texts.
fn with(texts: &[(&str, &str)]) -> JobDraft {
    let mut draft = JobDraft { experiment: "Wine quality".to_owned(), ..JobDraft::default() };
    let image = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3";
    let base = [
        ("AlgorithmSpecification.TrainingImage", image),
        ("RoleArn", "arn:aws:iam::000000000000:role/TrainyardLocal"),
        ("OutputDataConfig.S3OutputPath", "s3://trainyard/runs"),
        ("AlgorithmSpecification.MetricDefinitions[0].Name", "train:loss"),
        ("AlgorithmSpecification.MetricDefinitions[0].Regex", "loss=([0-9.]+)"),
    ];
    for (path, text) in base.iter().chain(texts) {
        draft.fields.set(*path, *text);
    }
    draft
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
    assert!(request.get("EnableManagedSpotTraining").is_none());
    assert!(request.pointer("/StoppingCondition/MaxWaitTimeInSeconds").is_none());
    let tags: Vec<&str> =
        request["Tags"].as_array().expect("tags").iter().filter_map(|it| it["Key"].as_str()).collect();
    assert_eq!(tags, [tag::RUN_ID, tag::EXPERIMENT]);
}

const SPOT: (&str, &str) = ("EnableManagedSpotTraining", "true");
const WAIT: &str = "StoppingCondition.MaxWaitTimeInSeconds";

#[test]
fn a_spot_draft_carries_its_wait() {
    let draft = JobDraft { checkpoints: false, ..with(&[SPOT, (WAIT, "7200")]) };
    let spec = JobSpec::parse(&draft).expect("a good draft");
    let request = spec.to_request(&run_id(), &spec.job_name(&run_id()), "s3://trainyard/x");
    assert_eq!(request["EnableManagedSpotTraining"], true);
    assert_eq!(request["StoppingCondition"]["MaxWaitTimeInSeconds"], 7_200);
    assert!(request.get("CheckpointConfig").is_none());
}

#[test]
fn an_unknown_instance_type_names_a_near_one() {
    const TYPE: &str = "ResourceConfig.InstanceType";
    one_error(&with(&[(TYPE, "ml.m5.xlrge")]), TYPE, &["ml.m5.xlarge"]);
    one_error(&with(&[(TYPE, "")]), TYPE, &["pick a type from the list"]);
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
    let spot = |wait: &str| with(&[SPOT, (WAIT, wait)]);
    one_error(&spot(""), WAIT, &["needs a maximum wait", "3600 seconds or more"]);
    one_error(&spot("3599"), WAIT, &["3599 s", "at least", "3600 s"]);
    one_error(&spot("soon"), WAIT, &["whole number"]);
    assert!(JobSpec::parse(&spot("3600")).is_ok());
    assert!(
        JobSpec::parse(&with(&[(WAIT, "nonsense")])).is_ok(),
        "the hidden field of an on-demand job is not looked at"
    );
}

#[test]
fn too_many_hyperparameters() {
    let rows = |count: usize| {
        let mut draft = with(&[]);
        for row in 0..count {
            draft.fields.push_pair("HyperParameters", &format!("p{row}"), "1");
        }
        draft
    };
    let most = JobSpec::parse(&rows(98)).expect("the most that is allowed");
    let request = most.to_request(&run_id(), &most.job_name(&run_id()), "s3://trainyard/x");
    assert_eq!(request["HyperParameters"].as_object().map(serde_json::Map::len), Some(100), "SageMaker's own limit");
    one_error(&rows(101), "HyperParameters", &["At most 98", "SageMaker allows 100", "101", "remove 3"]);
    let own = JobDraft { source: "image".to_owned(), ..rows(100) };
    assert!(JobSpec::parse(&own).is_ok(), "without a script all 100 are free");
}

#[test]
fn rows_with_wrong_names() {
    let rows = |list: &str, rows: &[(&str, &str)]| {
        let mut draft = with(&[]);
        for (row, (name, value)) in rows.iter().enumerate() {
            draft.fields.set(format!("{list}[{row}].name"), *name);
            draft.fields.set(format!("{list}[{row}].value"), *value);
        }
        draft
    };
    let parameters = |pairs: &[(&str, &str)]| rows("HyperParameters", pairs);
    one_error(&parameters(&[("lr", "1"), (" lr ", "2")]), "HyperParameters[1].name", &["`lr`", "twice", "keep one"]);
    one_error(&parameters(&[("", "2")]), "HyperParameters[0].name", &["no name"]);
    one_error(&parameters(&[(&"x".repeat(257), "1")]), "HyperParameters[0].name", &["256", "257"]);
    one_error(&parameters(&[("sagemaker_program", "x")]), "HyperParameters[0].name", &["belong to SageMaker"]);
    one_error(&parameters(&[("p", &"ä".repeat(2_501))]), "HyperParameters[0].value", &["2500", "2501"]);
    assert!(JobSpec::parse(&parameters(&[("p", &"ä".repeat(2_500))])).is_ok(), "characters are counted, not bytes");
    one_error(&rows("Environment", &[("1A-B", "x")]), "Environment[0].name", &["OMP_NUM_THREADS"]);
    let tag = |key: &str, value: &str| with(&[("Tags[0].Key", key), ("Tags[0].Value", value)]);
    one_error(&tag("trainyard:run-id", "x"), "Tags[0].Key", &["reserved"]);
    one_error(&tag("team", "a#b"), "Tags[0].Value", &["letters"]);
}

#[test]
fn wrong_metric_definitions() {
    const LIST: &str = "AlgorithmSpecification.MetricDefinitions";
    let (name, regex) = (format!("{LIST}[0].Name"), format!("{LIST}[0].Regex"));
    let metric = |with_name: &str, with_regex: &str| with(&[(&name, with_name), (&regex, with_regex)]);
    one_error(&metric("loss", "loss=[0-9]+"), &regex, &["no group", "parentheses"]);
    one_error(&metric("loss", "loss=([0-9]+"), &regex, &["Not a valid regular expression"]);
    one_error(&metric("", "loss=(.)"), &name, &["required"]);
    one_error(&metric("loss", ""), &regex, &["required"]);
    let second = [(format!("{LIST}[1].Name"), "train:loss"), (format!("{LIST}[1].Regex"), "b(.)")];
    let twice = with(&second.each_ref().map(|(path, text)| (path.as_str(), *text)));
    one_error(&twice, &format!("{LIST}[1].Name"), &["twice"]);
    let mut many = with(&[]);
    for row in 0..41 {
        many.fields.set(format!("{LIST}[{row}].Name"), format!("m{row}"));
        many.fields.set(format!("{LIST}[{row}].Regex"), "(.)");
    }
    one_error(&many, LIST, &["At most 40", "41"]);
}

#[test]
fn single_fields() {
    one_error(&JobDraft { experiment: "  ".to_owned(), ..good() }, "experiment", &["1 to 120", "for example"]);
    for path in ["", "/train.py", "../train.py", "a/../b.py", "a//b.py", "train me.py", "$(rm).py", "./train.py"] {
        one_error(&JobDraft { entry_point: path.to_owned(), ..good() }, "entry_point", &["`train.py`"]);
    }
    let role = "RoleArn";
    for arn in ["", "TrainyardLocal", "arn:aws:iam::12:role/X", "arn:aws:s3:::bucket-of-many-things"] {
        let errors = errors_of(&with(&[(role, arn)]), role);
        assert!(errors.iter().all(|it| it.contains("complete it") || it.contains("arn:aws:iam::123456789012:role/")));
        assert_eq!(errors.len(), 1, "{arn}: {errors:?}");
    }
    let output = "OutputDataConfig.S3OutputPath";
    for uri in ["", "/tmp", "s3://", "s3://AB", "s3://bucket//x"] {
        one_error(&with(&[(output, uri)]), output, &["`s3://my-bucket/experiments`"]);
    }
    for (path, text, part) in [
        ("ResourceConfig.InstanceCount", "0", "at least 1"),
        ("ResourceConfig.VolumeSizeInGB", "1.5", "whole number"),
        ("StoppingCondition.MaxRuntimeInSeconds", "2419201", "2419200"),
    ] {
        one_error(&with(&[(path, text)]), path, &[part]);
    }
    let archive = |uri: &str| JobDraft { source: "s3".to_owned(), source_uri: uri.to_owned(), ..good() };
    one_error(&archive("s3://bucket/train.py"), "source_uri", &["sourcedir.tar.gz"]);
    assert!(JobSpec::parse(&archive("s3://bucket/code/sourcedir.tar.gz")).is_ok());
}

#[test]
fn every_wrong_field_is_named_at_once() {
    let draft = JobDraft {
        experiment: String::new(),
        entry_point: String::new(),
        ..with(&[("ResourceConfig.InstanceType", "x")])
    };
    let fields: Vec<String> = JobSpec::parse(&draft).expect_err("wrong").into_iter().map(|it| it.field).collect();
    assert_eq!(fields, ["experiment", "entry_point", "ResourceConfig.InstanceType"]);
}

/// Form -> request -> form -> request: what was launched can be cloned.
#[test]
fn the_form_of_a_request_makes_the_same_request() {
    let spec = JobSpec::parse(&good()).expect("a good draft");
    let name = spec.job_name(&run_id());
    let source = "s3://trainyard/sources/abc/sourcedir.tar.gz";
    let request = spec.to_request(&run_id(), &name, source);
    let mut draft = JobDraft::of_request(&request).expect("a request that we made");
    assert_eq!((draft.source.as_str(), draft.source_uri.as_str()), ("s3", source));
    assert_eq!((draft.experiment.as_str(), draft.entry_point.as_str()), ("Wine quality", "train.py"));
    assert_eq!(draft.job_name, name.as_str(), "the whole name: clone shortens it");
    draft.job_name = "wine-quality".to_owned();
    let again = JobSpec::parse(&draft).expect("the same form");
    assert_eq!(again.to_request(&run_id(), &name, "unused"), request);
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
    fn any_draft_is_parsed_or_refused(texts in proptest::collection::vec(any::<String>(), 4), paths: Vec<(String, String)>) {
        let text = |index: usize| texts[index].clone();
        let mut draft =
            JobDraft { experiment: text(0), job_name: text(1), entry_point: text(2), source: text(3), ..good() };
        for (path, text) in paths {
            draft.fields.set(path, text);
        }
        if let Err(errors) = JobSpec::parse(&draft) {
            prop_assert!(errors.iter().all(|it| it.message.ends_with(['.', '?', '!'])));
        }
    }
}
