//! What each format looks like.

use super::*;
use crate::training_job::root;

fn short() -> Value {
    json!({
        "StoppingCondition": { "MaxRuntimeInSeconds": 600 },
        "TrainingJobName": "wine-01",
        "HyperParameters": { "lr": "1e-3", "note": "it's ${HOME}" },
        "ResourceConfig": { "VolumeSizeInGB": 30, "InstanceType": "ml.m5.large" },
        "Tags": [{ "Key": "team", "Value": "vision" }],
        "EnableManagedSpotTraining": true,
    })
}

fn text(format: ShareFormat) -> String {
    format.render(&short(), "eu-west-1").text
}

#[test]
fn json_and_yaml_are_in_the_order_of_the_api() {
    let json = text(ShareFormat::Json);
    assert!(json.starts_with("{\n  \"TrainingJobName\": \"wine-01\",\n  \"HyperParameters\": {"), "{json}");
    assert_eq!(
        text(ShareFormat::Yaml),
        "TrainingJobName: wine-01\n\
         HyperParameters:\n  lr: \"1e-3\"\n  note: \"it's ${HOME}\"\n\
         ResourceConfig:\n  InstanceType: ml.m5.large\n  VolumeSizeInGB: 30\n\
         StoppingCondition:\n  MaxRuntimeInSeconds: 600\n\
         Tags:\n  - Key: team\n    Value: vision\n\
         EnableManagedSpotTraining: true\n"
    );
}

#[test]
fn yaml_quotes_what_yaml_would_take_for_something_else() {
    for text in
        ["yes", "No", "ON", "n", "null", "1e3", "0123", "12:30", "2024-01-01", "~", "", " a", "a ", "a: b", "a #b"]
    {
        let rendered = ShareFormat::Yaml.render(&json!({ "RoleArn": text }), "x").text;
        assert_eq!(rendered, format!("RoleArn: \"{text}\"\n"));
    }
    for text in ["ml.m5.large", "s3://bucket/a-b_c", "arn:aws:iam::1:role/X", "two words", "nobody"] {
        let rendered = ShareFormat::Yaml.render(&json!({ "RoleArn": text }), "x").text;
        assert_eq!(rendered, format!("RoleArn: {text}\n"));
    }
}

#[test]
fn the_command_has_the_request_in_single_quotes() {
    let text = text(ShareFormat::AwsCli);
    let first = "aws sagemaker create-training-job --region eu-west-1 --cli-input-json '{\n";
    assert!(text.starts_with(first) && text.ends_with("\n}'\n"), "{text}");
    let odd = ShareFormat::AwsCli.render(&short(), "a'; rm -rf / #").text;
    assert!(odd.contains(r"--region 'a'\''; rm -rf / #' --cli"), "{odd}");
    // Nothing in a request ends the quotes.
    let hostile = ShareFormat::AwsCli.render(&job(), "us-east-1");
    assert!(hostile.text.is_ascii() && hostile.notes.is_empty());
    assert_eq!(hostile.text.matches('\'').count(), 2);
    let long = ShareFormat::AwsCli.render(&json!({ "RoleArn": "x".repeat(140_000) }), "us-east-1");
    assert!(long.notes[0].contains("131071") && long.notes[0].contains("file://job.json"), "{:?}", long.notes);
}

#[test]
fn the_script_for_boto3_runs_as_it_is() {
    assert_eq!(
        text(ShareFormat::Boto3),
        "import boto3\n\n\
         client = boto3.client(\"sagemaker\", region_name=\"eu-west-1\")\n\n\
         response = client.create_training_job(\n    TrainingJobName=\"wine-01\",\n    HyperParameters={\n        \
         \"lr\": \"1e-3\",\n        \"note\": \"it's ${HOME}\",\n    },\n    ResourceConfig={\n        \
         \"InstanceType\": \"ml.m5.large\",\n        \"VolumeSizeInGB\": 30,\n    },\n    StoppingCondition={\n        \
         \"MaxRuntimeInSeconds\": 600,\n    },\n    Tags=[\n        {\n            \"Key\": \"team\",\n            \
         \"Value\": \"vision\",\n        },\n    ],\n    EnableManagedSpotTraining=True,\n)\n\
         print(response[\"TrainingJobArn\"])\n"
    );
}

#[test]
fn the_model_trainer_says_what_it_cannot() {
    let shared = ShareFormat::ModelTrainer.render(&job(), "us-east-1");
    for part in [
        "base_job_name=\"wine-01\"",
        "role=\"arn:aws:iam::000000000000:role/TrainyardLocal\"",
        "compute=Compute(\n        instance_type=\"ml.m5.large\",",
        "enable_managed_spot_training=False",
        "stopping_condition=StoppingCondition(\n        max_runtime_in_seconds=600,",
        "trainer.with_metric_definitions([\n    MetricDefinition(\n        name=\"train:loss\",",
        "data_source=DataSource(\n                s3_data_source=S3DataSource(",
        "\"sagemaker_submit_directory\": \"s3://bucket/sourcedir.tar.gz\"",
        "Tag(\n            key=\"team\",",
    ] {
        assert!(shared.text.contains(part), "{part}\n{}", shared.text);
    }
    let noted = |field: &str| shared.notes.iter().any(|it| it.starts_with(&format!("`{field}`")));
    assert!(noted("TrainingJobName") && noted("AlgorithmSpecification.EnableSageMakerMetricsTimeSeries"));
    assert!(noted("HyperParameters.sagemaker_submit_directory"), "{:?}", shared.notes);
}

/// Each member of the API is in the script or in a note.
#[test]
fn nothing_is_dropped_silently() {
    for format in [ShareFormat::ModelTrainer, ShareFormat::Terraform] {
        for member in root().members() {
            visit(format, std::slice::from_ref(&member.name), Kind::of(member));
        }
        let unknown = json!({ "TrainingJobName": "a", "NewMember": "b7f3" });
        assert!(format.render(&unknown, "r").notes.iter().any(|it| it.starts_with("`NewMember`")));
    }
}

/// A request that has this one member, with a value that is found again.
fn visit(format: ShareFormat, path: &[String], kind: Kind) {
    let leaf = match kind {
        Kind::Structure(node) => {
            for member in node.members() {
                visit(format, &[path, std::slice::from_ref(&member.name)].concat(), Kind::of(member));
            }
            return;
        }
        Kind::List(item) if path != ["Tags"] && !item.members().is_empty() => {
            for member in item.members() {
                visit(format, &[path, &["[]".to_owned(), member.name.clone()]].concat(), Kind::of(member));
            }
            return;
        }
        Kind::List(item) if !item.members().is_empty() => json!([{ "Key": "b7f3", "Value": "b7f3" }]),
        Kind::List(_) => json!(["b7f3"]),
        Kind::Map => json!({ "b7f3": "b7f3" }),
        Kind::Text => json!("b7f3"),
        Kind::Integer => json!(7_393),
        Kind::Flag => json!(true),
    };
    let request =
        path.iter().rev().fold(leaf, |inner, step| if step == "[]" { json!([inner]) } else { json!({ step: inner }) });
    let shared = format.render(&request, "r");
    let last = model_trainer::snake(&path[path.len() - 1]);
    let is_said =
        shared.text.contains("b7f3") || shared.text.contains("7393") || shared.text.contains(&format!("{last}=True"));
    let is_said = is_said || (format == ShareFormat::Terraform && shared.text.contains("= true"));
    let spoken = path.join(".").replace(".[]", "[0]");
    let is_noted = shared.notes.iter().any(|it| {
        it.contains("left out") && it.split('`').nth(1).is_some_and(|it| spoken.starts_with(it))
            || it.starts_with("`TrainingJobName`")
    });
    assert!(is_said != is_noted || path == ["TrainingJobName"], "{format:?} {spoken}: {shared:?}");
}

#[test]
fn terraform_gets_a_resource() {
    let shared = ShareFormat::Terraform.render(&short(), "eu-west-1");
    let resource = "resource \"aws_sagemaker_training_job\" \"this\" {\n  training_job_name = \"wine-01\"\n  \
                    hyper_parameters = {\n    \"lr\"   = \"1e-3\"\n    \"note\" = \"it's $${HOME}\"\n  }\n  \
                    tags = {\n    \"team\" = \"vision\"\n  }\n  enable_managed_spot_training = true\n\n  \
                    resource_config {\n    instance_type     = \"ml.m5.large\"\n    volume_size_in_gb = 30\n  }\n\n  \
                    stopping_condition {\n    max_runtime_in_seconds = 600\n  }\n}\n";
    assert!(shared.text.contains(resource), "{}", shared.text);
    assert!(shared.text.contains("  region = \"eu-west-1\"\n"), "{}", shared.text);
    assert!(shared.notes.iter().any(|it| it.contains("terraform destroy")), "{:?}", shared.notes);
    let tricky = json!({ "HyperParameters": { "a": "$${x} %{if} %%{y} $ % {" } });
    let text = ShareFormat::Terraform.render(&tricky, "r").text;
    assert!(text.contains(r#""$\u0024{x} %%{if} %\u0025{y} $ % {""#), "{text}");
}

#[test]
fn formats_have_words() {
    for format in ShareFormat::ALL {
        assert_eq!(ShareFormat::parse(format.as_str()), Some(format));
        assert!(!format.title().is_empty() && !format.extension().is_empty());
    }
    assert_eq!(ShareFormat::parse("toml"), None);
}
