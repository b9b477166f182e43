//! Requests of every kind go out and come back: properties here, what texts look like and what is refused in the modules.

use proptest::{collection::vec, prelude::*, sample::select};
use serde_json::{Map, Value, json};

use super::{members::Kind, *};

mod broken;
mod pasted;
mod rendered;

/// What has been seen to break a shell, a parser or a template, and what looks like something else.
const HOSTILE: [&str; 44] = [
    "",
    " ",
    "  a  ",
    "yes",
    "No",
    "on",
    "null",
    "~",
    "true",
    "1e3",
    "0123",
    "0x1F",
    "1_000",
    "12:30:45",
    "2024-01-01",
    ".inf",
    "-",
    "--x",
    "- a",
    "a: b",
    "a #b",
    "#a",
    "*a",
    "&a",
    "!a",
    "%a",
    "@a",
    "`id`",
    "$(id)",
    "${HOME}",
    "%{if true}",
    "$${a}",
    "\"",
    "'",
    "'''",
    "\"\"\"",
    "it's \"so\"",
    "back\\slash\\",
    "EOF\nJSON\n",
    "\r\n\ttab",
    "\u{0}\u{7}\u{1b}[31m",
    "ä € 😀 ❤\u{fe0f}",
    "\u{202e}rtl\u{2028}\u{feff}\u{85}",
    "{{ jinja }} {# c #}",
];

/// A job as Trainyard makes them, with everything hostile in its values.
fn job() -> Value {
    let hostile: Map<String, Value> =
        HOSTILE.iter().enumerate().map(|(index, text)| (format!("p{index}"), Value::from(*text))).collect();
    let mut hyperparameters = hostile;
    hyperparameters.insert("sagemaker_program".to_owned(), "train.py".into());
    hyperparameters.insert("sagemaker_submit_directory".to_owned(), "s3://bucket/sourcedir.tar.gz".into());
    json!({
        "Tags": [{ "Value": "vision", "Key": "team" }],
        "TrainingJobName": "wine-01",
        "HyperParameters": hyperparameters,
        "Environment": { "HF_HOME": "/tmp/it's" },
        "AlgorithmSpecification": {
            "MetricDefinitions": [{ "Name": "train:loss", "Regex": r#"loss=([0-9.eE+-]+)\s"?'"# }],
            "TrainingImage": "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3",
            "TrainingInputMode": "File",
            "EnableSageMakerMetricsTimeSeries": true,
        },
        "RoleArn": "arn:aws:iam::000000000000:role/TrainyardLocal",
        "InputDataConfig": [{
            "ChannelName": "train",
            "DataSource": { "S3DataSource": { "S3DataType": "S3Prefix", "S3Uri": "s3://bucket/data" } },
        }],
        "OutputDataConfig": { "S3OutputPath": "s3://bucket/runs" },
        "ResourceConfig": { "InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 30 },
        "StoppingCondition": { "MaxRuntimeInSeconds": 600 },
        "EnableManagedSpotTraining": false,
    })
}

/// The request that was read; the test fails when it was something else.
fn request_of(text: &str) -> (Value, PastedFrom, Vec<String>) {
    match read(text) {
        Ok(Pasted::Request { request, from, notes }) => (request, from, notes),
        Ok(Pasted::Arn(arn)) => panic!("an ARN: {arn:?}"),
        Err(err) => panic!("{err}\n{text}"),
    }
}

/// The formats that come back, and what they are read as.
const ROUND_TRIPS: [(ShareFormat, PastedFrom); 4] = [
    (ShareFormat::Json, PastedFrom::Json),
    (ShareFormat::Yaml, PastedFrom::Yaml),
    (ShareFormat::AwsCli, PastedFrom::AwsCli),
    (ShareFormat::Boto3, PastedFrom::Python),
];

fn text() -> BoxedStrategy<String> {
    let mixed = (select(&HOSTILE[..]), any::<String>()).prop_map(|(a, b)| format!("{a}{b}"));
    prop_oneof![select(&HOSTILE[..]).prop_map(str::to_owned), any::<String>(), "[ -~]{0,20}", mixed].boxed()
}

fn any_json() -> BoxedStrategy<Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..3).prop_map(Value::from),
            vec((text(), inner), 0..3).prop_map(|it| Value::Object(it.into_iter().collect())),
        ]
    })
    .boxed()
}

fn of_kind(kind: Kind) -> BoxedStrategy<Value> {
    match kind {
        Kind::Text => text().prop_map(Value::from).boxed(),
        Kind::Integer => any::<i64>().prop_map(Value::from).boxed(),
        Kind::Flag => any::<bool>().prop_map(Value::from).boxed(),
        Kind::Map => vec((text(), text()), 0..4)
            .prop_map(|it| Value::Object(it.into_iter().map(|(key, value)| (key, value.into())).collect()))
            .boxed(),
        Kind::List(item) => vec(of_kind(Kind::of(item)), 0..3).prop_map(Value::from).boxed(),
        Kind::Structure(node) => {
            let members = node.members().iter();
            let members: Vec<_> = members.map(|it| prop::option::weighted(0.3, of_kind(Kind::of(it)))).collect();
            members
                .prop_map(|values| {
                    let named = node.members().iter().zip(values);
                    Value::Object(named.filter_map(|(member, it)| Some((member.name.clone(), it?))).collect())
                })
                .boxed()
        }
    }
}

/// Any request that SageMaker's types allow, with a member that it does not have.
fn any_request() -> BoxedStrategy<Value> {
    (of_kind(Kind::request()), text(), text(), any_json())
        .prop_map(|(mut request, name, unknown, value)| {
            request["TrainingJobName"] = name.into();
            request[format!("Zz{unknown}")] = value;
            request
        })
        .boxed()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, ..ProptestConfig::default() })]

    #[test]
    fn what_is_rendered_is_read_again(request in any_request()) {
        for (format, from) in ROUND_TRIPS {
            let shared = format.render(&request, "us-east-1");
            match read(&shared.text) {
                Ok(Pasted::Request { request: again, from: seen, .. }) => {
                    prop_assert_eq!(seen, from);
                    prop_assert_eq!(&again, &request, "{}", shared.text);
                }
                other => prop_assert!(false, "{other:?}\n{}", shared.text),
            }
        }
    }

    #[test]
    fn every_format_takes_every_request(request in prop_oneof![any_request(), any_json()], region in text()) {
        for format in ShareFormat::ALL {
            let shared = format.render(&request, &region);
            prop_assert!(shared.notes.iter().all(|it| it.ends_with('.')));
            // What a person cannot see is not in the text.
            prop_assert!(shared.text.chars().all(|c| c == '\n' || !visible::is_hidden(c)), "{}", shared.text);
        }
    }

    #[test]
    fn any_text_is_read_or_refused(text in any::<String>(), from in select(&broken::BEGINNINGS[..])) {
        for text in [text.clone(), format!("{from}{text}")] {
            if let Err(err) = read(&text) {
                prop_assert!(err.message.ends_with(['.', ')']) && err.line > 0 && err.column > 0, "{}", err);
            }
        }
    }

    /// A rendered text that was cut or changed at some place.
    #[test]
    fn a_damaged_text_is_read_or_refused(cut in 0_usize..4000, insert in text(), (format, _) in select(&ROUND_TRIPS[..])) {
        let text = format.render(&job(), "us-east-1").text;
        let at = text.floor_char_boundary(cut % text.len());
        for text in [text[..at].to_owned(), format!("{}{insert}{}", &text[..at], &text[at..])] {
            if let Err(err) = read(&text) {
                prop_assert!(err.line <= text.matches('\n').count() + 1, "{}", err);
            }
        }
    }
}
