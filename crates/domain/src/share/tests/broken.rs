//! What cannot be read: the place, and the cure.

use super::*;

pub(super) const BEGINNINGS: [&str; 12] = [
    "{",
    "[",
    "{'",
    "TrainingJobName: ",
    "create_training_job(",
    "create_training_job(RoleArn=",
    "aws sagemaker create-training-job ",
    "aws sagemaker create-training-job --tags ",
    "aws sagemaker create-training-job --cli-input-json \"$(cat <<",
    "arn:aws:sagemaker:",
    "a = {",
    "---\n",
];

/// The error of `text` is at `line:column` and has every one of these parts.
fn refused(text: &str, place: (usize, usize), parts: &[&str]) {
    let err = match read(text) {
        Err(err) => err,
        Ok(it) => panic!("{text} was read: {it:?}"),
    };
    assert_eq!((err.line, err.column), place, "{err}\n{text}");
    for part in parts {
        assert!(err.message.contains(part), "{part:?} in {err}");
    }
}

#[test]
fn nothing_that_is_known() {
    refused("", (1, 1), &["nothing here", "Paste"]);
    refused("  hello", (1, 3), &["none of what can be read", "boto3", "ARN"]);
    refused("[1]", (1, 1), &["no training job", "`TrainingJobName`"]);
    refused("{\"a\": 1}", (1, 1), &["no training job"]);
    refused("arn:aws:iam::123456789012:role/X", (1, 1), &["no training job's", "training-job/name"]);
    refused("arn:aws:sagemaker:us-east-1:1234:training-job/a", (1, 1), &["no training job's"]);
    refused("import x\ntrainer = ModelTrainer(\n", (2, 11), &["SageMaker SDK", "ARN"]);
    refused("resource \"aws_sagemaker_training_job\" \"a\" {\n}", (1, 1), &["Terraform", "ARN"]);
    refused(&"x".repeat(1024 * 1024 + 1), (1, 1024 * 1024 + 1), &["1048577 bytes", "Paste the job alone"]);
}

#[test]
fn json_with_a_fault() {
    refused("{\n  \"TrainingJobName\": \"a\"\n  \"RoleArn\": 1\n}", (3, 3), &["not JSON", "expected `,` or `}`"]);
    let deep = format!("{{\"TrainingJobName\": {}", "[".repeat(100_000));
    refused(&deep, (1, 147), &["recursion limit"]);
}

#[test]
fn yaml_with_a_fault() {
    refused("TrainingJobName: a\nTrainingJobName: b", (2, 1), &["`TrainingJobName` is there twice", "Keep one"]);
    refused("TrainingJobName: &x a\nRoleArn: *x", (2, 10), &["`RoleArn` is an alias", "Write the value"]);
    refused("RoleArn: !Ref Role", (1, 10), &["`RoleArn` has the tag", "Write the value"]);
    refused("RoleArn: a\n---\nRoleArn: b", (2, 1), &["second YAML document"]);
    refused("ResourceConfig:\n  InstanceCount: 010", (2, 18), &["`ResourceConfig.InstanceCount`", "leading zero"]);
    refused("Tags: [a\nb: c", (2, 2), &["not YAML"]);
    refused("RoleArn: a\n  b: c\n", (2, 4), &["not YAML"]);
    refused(&format!("Tags: {}", "[".repeat(200)), (1, 55), &["nested more than 48"]);
    refused(&format!("Tags:\n{}", "- ".repeat(5_000)), (2, 97), &["nested more than 48"]);
}

#[test]
fn code_with_what_is_no_literal() {
    refused(
        "c.create_training_job(\n    RoleArn=role,\n)",
        (2, 13),
        &["`RoleArn` is `role`", "Write the value itself"],
    );
    refused("create_training_job(TrainingJobName=f'a-{b}')", (1, 37), &["`TrainingJobName` is an f-string"]);
    refused("create_training_job(**params)", (1, 21), &["in `params`", "Paste the dictionary itself"]);
    refused("create_training_job(name, RoleArn='a')", (1, 21), &["`name` is not an argument", "Name=value"]);
    refused(
        "create_training_job(StoppingCondition={'MaxRuntimeInSeconds': 60 * 60})",
        (1, 66),
        &["`StoppingCondition.MaxRuntimeInSeconds`", "`* 60`", "does not calculate"],
    );
    refused(
        "create_training_job(Tags=[{'Key': 'a', 'Value': get('b', 1)}])",
        (1, 49),
        &["`Tags[0].Value` is `get('b'`"],
    );
    refused("create_training_job(RoleArn='a', RoleArn='b')", (1, 34), &["`RoleArn` is there twice"]);
    refused("create_training_job(RoleArn='a\n')", (1, 29), &["has no end"]);
    refused("create_training_job(RoleArn='a'", (1, 32), &["ends before `)`"]);
    refused("create_training_job(HyperParameters={'a': '\\ud83d'})", (1, 44), &["half of a character"]);
    refused("create_training_job(HyperParameters={'a': 1j})", (1, 43), &["`HyperParameters.a` is `1j`", "no number"]);
    refused("create_training_job(HyperParameters={a: 1})", (1, 38), &["a key in `HyperParameters`", "quotes"]);
    for open in ["[", "(", "{'a':"] {
        let deep = format!("create_training_job(A={}", open.repeat(100_000));
        let err = read(&deep).expect_err("too deep");
        assert!(err.message.contains("nested more than 48"), "{err}");
    }
}

#[test]
fn commands_with_what_only_a_shell_knows() {
    let refused = |rest: &str, column: usize, parts: &[&str]| {
        let text = format!("aws sagemaker create-training-job \\\n  {rest}");
        refused(&text, (2, column + 2), parts);
    };
    refused("--role-arn $ROLE", 12, &["`$ROLE`", "Write its value"]);
    refused("--role-arn \"a$(id)\"", 14, &["`$(id`", "only your shell"]);
    refused("--role-arn `id`", 12, &["only your shell"]);
    refused("--cli-input-json file://job.json", 18, &["`file://job.json`", "Paste what is in it"]);
    refused("--cli-input-json '{\"a\": }'", 25, &["not JSON"]);
    refused("--cli-input-json '[]'", 19, &["no request"]);
    refused("--role x", 1, &["`--role` is no option"]);
    refused("--role-arn a b", 14, &["second"]);
    refused("x --role-arn a", 1, &["`x` belongs to no option"]);
    refused("--role-arn", 1, &["has no value"]);
    refused("--role-arn 'a", 12, &["has no end"]);
    refused("--resource-config InstanceCount=two", 33, &["`ResourceConfig.InstanceCount`", "whole number"]);
    refused("--resource-config Count=2", 19, &["`ResourceConfig.Count` is no member"]);
    refused("--hyper-parameters a=1,2", 22, &["comma", "double quotes"]);
    refused("--hyper-parameters a", 20, &["`Name=value` pairs"]);
}

#[test]
fn here_documents_with_a_fault() {
    let command = "aws sagemaker create-training-job --cli-input-json file:///dev/stdin";
    refused(
        &format!(
            "{command} <<EOF
{{\"RoleArn\": \"$R\"}}
EOF"
        ),
        (2, 1),
        &["would fill in", "`<<'EOF'`"],
    );
    refused(
        &format!(
            "{command} <<'EOF'
{{}}
"
        ),
        (2, 1),
        &["no end", "`EOF`"],
    );
    refused(
        &format!(
            "{command} <<'EOF'
{{\"RoleArn\":
  x}}
EOF
"
        ),
        (3, 3),
        &["not JSON"],
    );
    refused(&format!("{command} << $(x)"), (1, 73), &["odd delimiter"]);
}

/// Neither the stack nor the time runs out.
#[test]
fn a_command_that_is_nested_without_end() {
    for text in ["[{a=".repeat(50_000), "$(cat <<".repeat(50_000), "\"$(cat <<'a\n".repeat(20_000)] {
        let text = format!("aws sagemaker create-training-job --debug-hook-config HookParameters={text}");
        assert!(read(&text).is_err());
    }
}
