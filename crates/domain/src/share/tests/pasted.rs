//! What people paste.

use super::*;

#[test]
fn every_format_comes_back_with_hostile_values() {
    for (format, from) in ROUND_TRIPS {
        let text = format.render(&job(), "us-east-1").text;
        let (request, seen, _) = request_of(&text);
        assert_eq!(request, job(), "{format:?}\n{text}");
        assert_eq!(seen, from);
        let (request, ..) = request_of(&format!("\u{feff}\n  \n{text}\n\n"));
        assert_eq!(request, job(), "with blanks around it");
    }
}

#[test]
fn a_description_becomes_a_request() {
    let mut description = job();
    description["TrainingJobArn"] = json!("arn:aws:sagemaker:us-east-1:123456789012:training-job/wine-01");
    description["TrainingJobStatus"] = json!("Completed");
    description["CreationTime"] = json!(1_795_449_900.5);
    let mut expected = job();
    expected.as_object_mut().expect("an object").shift_remove("Tags");
    description.as_object_mut().expect("an object").shift_remove("Tags");
    let (request, from, notes) = request_of(&description.to_string());
    assert_eq!((request, from), (expected, PastedFrom::Json));
    assert!(notes[0].contains("`TrainingJobArn`, `TrainingJobStatus`, `CreationTime`"), "{notes:?}");
    assert!(notes[1].contains("tags"), "{notes:?}");
}

#[test]
fn a_description_as_python_prints_it() {
    let (request, from, notes) = request_of(
        "{'TrainingJobName': 'a', 'TrainingJobStatus': 'Completed',\n 'CreationTime': datetime.datetime(2024, 1, 2, 3, \
         tzinfo=tzlocal()), 'SecondaryStatusTransitions': [{'Status': 'x', 'StartTime': datetime.datetime(2024, 1, 2)}],\n \
         'EnableNetworkIsolation': False, 'ResponseMetadata': {'RetryAttempts': 0}}",
    );
    assert_eq!(request, json!({ "TrainingJobName": "a", "EnableNetworkIsolation": false }));
    assert_eq!(from, PastedFrom::Python);
    assert!(notes[0].contains("CreationTime"), "{notes:?}");
}

#[test]
fn code_as_people_write_it() {
    let (request, from, notes) = request_of(
        r#"
import boto3  # it's "here"
name = f"job-{x}"
sm = boto3.Session(region_name='us-east-1').client('sagemaker')
"""create_training_job(TrainingJobName='not this')"""
response = sm.create_training_job(
    TrainingJobName='wine' "-" r'01',  # two parts
    RoleArn=("arn:aws:iam::"
             '000000000000:role/X'),
    AlgorithmSpecification={
        'MetricDefinitions': ({'Name': 'loss', 'Regex': 'loss=(\d+\.\d+)'},),
        'TrainingInputMode': u"File", "ContainerArguments": ['''a
b''', "tab\tü\x41\u00e9\U0001F600\101", "join\
ed"],
    },
    StoppingCondition=dict if False else {} if False else {'MaxRuntimeInSeconds': 1},
)
"#
        .replace("dict if False else {} if False else ", "")
        .as_str(),
    );
    assert_eq!(
        request,
        json!({
            "TrainingJobName": "wine-01",
            "RoleArn": "arn:aws:iam::000000000000:role/X",
            "AlgorithmSpecification": {
                "MetricDefinitions": [{ "Name": "loss", "Regex": r"loss=(\d+\.\d+)" }],
                "TrainingInputMode": "File",
                "ContainerArguments": ["a\nb", "tab\tüAé😀A", "joined"],
            },
            "StoppingCondition": { "MaxRuntimeInSeconds": 1 },
        })
    );
    assert_eq!((from, notes.len()), (PastedFrom::Python, 0));
    let (request, _, notes) = request_of(
        "c.create_training_job(**{'TrainingJobName': 'a'}, EnableNetworkIsolation=True)\nc.create_training_job()",
    );
    assert_eq!(request, json!({ "TrainingJobName": "a", "EnableNetworkIsolation": true }));
    assert!(notes[0].contains("2 calls"), "{notes:?}");
    let (request, ..) =
        request_of("params = {\n  'TrainingJobName': 'a',\n  'ResourceConfig': {'InstanceCount': 0x1_0, 'V': -1.5e3}}");
    assert_eq!(request, json!({ "TrainingJobName": "a", "ResourceConfig": { "InstanceCount": 16, "V": -1500.0 } }));
}

#[test]
fn yaml_as_people_write_it() {
    let (request, from, notes) = request_of(
        "# my job\n---\nTrainingJobName: wine\nHyperParameters:\n  epochs: 10\n  lr: 1e-3\n  shuffle: yes\n  version: 0123\n\
         ResourceConfig: {InstanceType: ml.m5.large, InstanceCount: 2}\nEnableNetworkIsolation: no\n\
         Tags:\n- Key: team\n  Value: 1.10\nEnvironment:\n  SCRIPT: |\n    a\n    b\n",
    );
    assert_eq!(
        request,
        json!({
            "TrainingJobName": "wine",
            "HyperParameters": { "epochs": "10", "lr": "1e-3", "shuffle": "yes", "version": "0123" },
            "ResourceConfig": { "InstanceType": "ml.m5.large", "InstanceCount": 2 },
            "EnableNetworkIsolation": false,
            "Tags": [{ "Key": "team", "Value": "1.10" }],
            "Environment": { "SCRIPT": "a\nb\n" },
        })
    );
    assert_eq!((from, notes.len()), (PastedFrom::Yaml, 0));
    let (request, from, _) = request_of("{TrainingJobName: a, RetryStrategy: {MaximumRetryAttempts: 3}}");
    assert_eq!(request, json!({ "TrainingJobName": "a", "RetryStrategy": { "MaximumRetryAttempts": 3 } }));
    assert_eq!(from, PastedFrom::Yaml);
}

#[test]
fn commands_as_people_write_them() {
    let (request, from, notes) = request_of(
        r#"set -e
NAME=$(date +%s)  # a comment
aws s3 cp "$SOURCE" s3://bucket/
$ AWS_PROFILE=dev aws --region eu-west-1 sagemaker create-training-job --training-job-name wine \
    --hyper-parameters epochs=10,lr=0.1,"note='a,b'",path=s3://bucket/x=y \
    --algorithm-specification TrainingImage=image:1,TrainingInputMode=File,ContainerArguments=a,b,MetricDefinitions=[{Name=loss,Regex=loss}] \
    --input-data-config '[{"ChannelName": "train"}]' --resource-config InstanceType=ml.m5.large,InstanceCount=1 \
    --vpc-config Subnets=a,b,SecurityGroupIds=c --tags Key=team,Value=vision 'Key=note,Value=two words' \
    --stopping-condition=MaxRuntimeInSeconds=600 --enable-managed-spot-training --no-enable-network-isolation \
    --environment '{"A": "it'\''s"}' --no-cli-pager > out.json && echo "done $?"
"#,
    );
    assert_eq!(
        request,
        json!({
            "TrainingJobName": "wine",
            "HyperParameters": { "epochs": "10", "lr": "0.1", "note": "a,b", "path": "s3://bucket/x=y" },
            "AlgorithmSpecification": {
                "TrainingImage": "image:1",
                "TrainingInputMode": "File",
                "ContainerArguments": ["a", "b"],
                "MetricDefinitions": [{ "Name": "loss", "Regex": "loss" }],
            },
            "InputDataConfig": [{ "ChannelName": "train" }],
            "ResourceConfig": { "InstanceType": "ml.m5.large", "InstanceCount": 1 },
            "VpcConfig": { "Subnets": ["a", "b"], "SecurityGroupIds": ["c"] },
            "Tags": [{ "Key": "team", "Value": "vision" }, { "Key": "note", "Value": "two words" }],
            "StoppingCondition": { "MaxRuntimeInSeconds": 600 },
            "EnableManagedSpotTraining": true,
            "EnableNetworkIsolation": false,
            "Environment": { "A": "it's" },
        })
    );
    assert_eq!(from, PastedFrom::AwsCli);
    assert!(notes[0].starts_with("`--region`, `--no-cli-pager`: left out"), "{notes:?}");
}

#[test]
fn an_input_of_the_command_in_every_kind_of_quote() {
    for command in [
        r#"aws sagemaker create-training-job --cli-input-json '{"TrainingJobName": "it'\''s"}' --role-arn r"#,
        r#"aws sagemaker create-training-job --role-arn r --cli-input-json "{\"TrainingJobName\": \"it's\"}""#,
        "aws sagemaker create-training-job --role-arn r --cli-input-json \"$(cat <<'EOF'\n{\"TrainingJobName\": \"it's\"}\nEOF\n)\"",
        "aws sagemaker create-training-job --cli-input-json file:///dev/stdin --role-arn r <<-END\n\t{\"TrainingJobName\": \"it's\"}\n\tEND\n",
        "cat > x <<EOF\n$HOME\nEOF\naws sagemaker create-training-job --role-arn r --cli-input-yaml \"TrainingJobName: it's\"",
    ] {
        let (request, ..) = request_of(command);
        assert_eq!(request, json!({ "TrainingJobName": "it's", "RoleArn": "r" }), "{command}");
    }
}

#[test]
fn an_arn_is_for_the_server_to_describe() {
    let text = "arn:aws-cn:sagemaker:cn-north-1:123456789012:training-job/wine-01";
    let Ok(Pasted::Arn(arn)) = read(&format!(" {text}\n")) else { panic!("an ARN") };
    assert_eq!((arn.text.as_str(), arn.region.as_str(), arn.account.as_str()), (text, "cn-north-1", "123456789012"));
    assert_eq!(arn.job_name.as_str(), "wine-01");
}
