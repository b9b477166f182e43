use proptest::{prelude::*, string::string_regex};
use serde_json::{Map, Value, json};

use super::{
    Fields, Kind, Node,
    schema::{Rule, root},
};

/// A row of the table: where a form would type it.
struct Member {
    path: String,
    node: &'static Node,
}

/// Every leaf and every list or map of the request.
fn members() -> Vec<Member> {
    fn walk(node: &'static Node, path: &str, found: &mut Vec<Member>) {
        if !path.is_empty() {
            found.push(Member { path: path.to_owned(), node });
        }
        match &node.kind {
            Kind::Structure(members) => {
                for member in members {
                    let below = if path.is_empty() { member.name.clone() } else { format!("{path}.{}", member.name) };
                    walk(member, &below, found);
                }
            }
            Kind::List(item) => walk(item, &format!("{path}[0]"), found),
            Kind::Map { key, value } => {
                walk(key, &format!("{path}[0].name"), found);
                walk(value, &format!("{path}[0].value"), found);
            }
            _ => {}
        }
    }
    let mut found = Vec::new();
    walk(root(), "", &mut found);
    found
}

/// The messages about this member after typing these texts.
fn messages(path: &str, texts: &[(String, String)]) -> Vec<String> {
    let mut fields = Fields::default();
    for (path, text) in texts {
        fields.set(path, text);
    }
    let (_, _, errors) = fields.to_value();
    errors.into_iter().filter(|it| it.field == path).map(|it| it.message).collect()
}

/// What is typed so that this one text is looked at: the other half of a map's row goes along.
fn typed(path: &str, text: &str) -> Vec<(String, String)> {
    let mut texts = vec![(path.to_owned(), text.to_owned())];
    if let Some(row) = path.strip_suffix(".value") {
        texts.push((format!("{row}.name"), "name".to_owned()));
    }
    texts
}

/// A text of so many characters that its rule takes.
fn text_of(rule: &Rule, chars: usize) -> Option<String> {
    let padded = |start: &str, with: &str| {
        chars.checked_sub(start.chars().count()).map(|missing| format!("{start}{}", with.repeat(missing)))
    };
    match rule {
        Rule::Any | Rule::TagText => padded("", "ä"),
        Rule::S3Uri => padded("s3://bucket/", "a"),
        Rule::InstanceType => None,
        Rule::Pattern(regex, example) => {
            let candidates = [padded(example, "a"), padded(example, "0"), padded("", "a")];
            candidates.into_iter().flatten().find(|it| regex.is_match(it))
        }
    }
}

#[test]
fn every_limit_takes_the_value_just_inside_and_refuses_the_one_just_outside() {
    let (mut texts, mut numbers, mut counts) = (0, 0, 0);
    for Member { path, node } in members() {
        match &node.kind {
            Kind::Text(rule) => {
                let Some(max) = node.max else { continue };
                let max = usize::try_from(max).expect("a length");
                let inside = text_of(rule, max).or_else(|| text_of(rule, max / 2));
                let inside = inside.unwrap_or_else(|| match rule {
                    // A pattern that fixes the length: its example is inside.
                    Rule::Pattern(_, example) => example.clone(),
                    _ => panic!("`{path}` has a text that fits"),
                });
                assert_eq!(messages(&path, &typed(&path, &inside)), [""; 0], "{path}: just inside");
                let outside = text_of(rule, max + 1).unwrap_or_else(|| "x".repeat(max + 1));
                let said = messages(&path, &typed(&path, &outside));
                assert_eq!(said.len(), 1, "{path}: just outside");
                assert!(said[0].contains(&max.to_string()) && said[0].contains(&(max + 1).to_string()), "{said:?}");
                texts += 1;
                if let Some(min) = node.min.filter(|it| *it > 1) {
                    let short = "x".repeat(usize::try_from(min).expect("a length") - 1);
                    assert_eq!(messages(&path, &typed(&path, &short)).len(), 1, "{path}: too short");
                }
            }
            Kind::Choice(values) => {
                for value in values {
                    assert!(messages(&path, &typed(&path, value)).iter().all(|it| !it.contains("none of")), "{path}");
                }
                let said = messages(&path, &typed(&path, "no such value"));
                assert!(said.iter().any(|it| values.iter().all(|value| it.contains(value))), "{path}: {said:?}");
                texts += 1;
            }
            Kind::Integer => {
                for (limit, outside) in [(node.min, -1), (node.max, 1)] {
                    let Some(limit) = limit else { continue };
                    let in_range = |said: Vec<String>| said.iter().all(|it| !it.contains("whole number"));
                    assert!(in_range(messages(&path, &typed(&path, &limit.to_string()))), "{path}: {limit}");
                    let said = messages(&path, &typed(&path, &(limit + outside).to_string()));
                    assert!(said.iter().any(|it| it.contains("whole number")), "{path}: {said:?}");
                    numbers += 1;
                }
                assert!(!messages(&path, &typed(&path, "1.5")).is_empty(), "{path}");
            }
            Kind::Boolean => assert_eq!(messages(&path, &typed(&path, "maybe")).len(), 1, "{path}"),
            Kind::List(item) => {
                let (Some(max), Kind::Text(rule)) = (node.max, &item.kind) else { continue };
                let rows = |count: i64| -> Vec<(String, String)> {
                    let text = match rule {
                        Rule::Pattern(_, example) => example.clone(),
                        _ => "text".to_owned(),
                    };
                    (0..count).map(|row| (format!("{path}[{row}]"), text.clone())).collect()
                };
                assert_eq!(messages(&path, &rows(max)), [""; 0], "{path}");
                assert!(messages(&path, &rows(max + 1))[0].contains("remove 1"), "{path}");
                counts += 1;
            }
            Kind::Map { .. } => {
                let Some(max) = node.max else { continue };
                let rows = |count: i64| -> Vec<(String, String)> {
                    (0..count).map(|row| (format!("{path}[{row}].name"), format!("name{row}"))).collect()
                };
                assert_eq!(messages(&path, &rows(max)), [""; 0], "{path}");
                assert!(messages(&path, &rows(max + 1))[0].contains("remove 1"), "{path}");
                counts += 1;
            }
            Kind::Structure(_) => {}
        }
    }
    assert!(texts > 80 && numbers >= 15 && counts >= 14, "{texts} {numbers} {counts}");
}

/// Values of a node's own type and limits: strings by their patterns, lists and maps of one to three elements.
fn values(node: &'static Node) -> BoxedStrategy<Value> {
    match &node.kind {
        Kind::Boolean => any::<bool>().prop_map(Value::from).boxed(),
        Kind::Integer => {
            let (min, max) = (node.min.unwrap_or(i64::MIN), node.max.unwrap_or(i64::MAX));
            (min..=max).prop_map(Value::from).boxed()
        }
        Kind::Choice(choices) => proptest::sample::select(choices.clone()).prop_map(Value::from).boxed(),
        Kind::Text(rule) => texts(node, rule).prop_map(Value::from).boxed(),
        Kind::List(item) => {
            let min = usize::try_from(node.min.unwrap_or(0)).expect("a count");
            let max = usize::try_from(node.max.unwrap_or(3).min(3)).expect("a count");
            proptest::collection::vec(values(item), min..=max).prop_map(Value::from).boxed()
        }
        Kind::Map { key, value } => {
            let (Kind::Text(key_rule), Kind::Text(value_rule)) = (&key.kind, &value.kind) else {
                panic!("maps are of texts")
            };
            let entry = (texts(key, key_rule), texts(value, value_rule).prop_map(Value::from));
            proptest::collection::vec(entry, 0..=3)
                .prop_map(|entries| Value::Object(entries.into_iter().collect::<Map<_, _>>()))
                .boxed()
        }
        Kind::Structure(members) => {
            let optional = members.iter().map(|member| {
                let value = values(member);
                if member.is_required {
                    value.prop_map(Some).boxed()
                } else {
                    proptest::option::weighted(0.3, value).boxed()
                }
            });
            let names: Vec<String> = members.iter().map(|it| it.name.clone()).collect();
            optional
                .collect::<Vec<_>>()
                .prop_map(move |values| {
                    let set = names.iter().zip(values).filter_map(|(name, value)| Some((name.clone(), value?)));
                    Value::Object(set.collect())
                })
                .boxed()
        }
    }
}

fn texts(node: &'static Node, rule: &'static Rule) -> BoxedStrategy<String> {
    let (min, max) = (node.min.unwrap_or(0), node.max.unwrap_or(40));
    let fits = move |it: &String| {
        let chars = i64::try_from(it.chars().count()).expect("a length");
        chars >= min && chars <= max
    };
    let texts = match rule {
        // Lone carriage returns, quotes, the escape's own beginning: everything but NUL, which no form carries.
        Rule::Any => prop_oneof![any::<String>(), Just("json:x".to_owned()), "[ \"'\\r\\n\\t]{0,4}"].boxed(),
        Rule::TagText => "[\\pL0-9 _.:/=+@-]{0,20}".boxed(),
        Rule::S3Uri => "s3://[a-z0-9][a-z0-9-]{2,20}(/[a-zA-Z0-9._-]{1,9}){0,3}/?".boxed(),
        Rule::InstanceType => Just("ml.g5.xlarge".to_owned()).boxed(),
        Rule::Pattern(regex, example) => {
            let inner = regex.as_str().strip_prefix("^(?:").and_then(|it| it.strip_suffix(")$")).expect("anchored");
            // ASCII, as the API means them.
            let inner = inner.replace("\\d", "[0-9]").replace("\\w", "[A-Za-z0-9_]").replace("[\\S]", "[!-~]");
            let example = example.clone();
            match string_regex(&inner) {
                Ok(strategy) => prop_oneof![strategy, Just(example)].boxed(),
                Err(_) => Just(example).boxed(),
            }
        }
    };
    texts.prop_filter("inside its limits", move |it| fits(it) && !it.contains('\0')).boxed()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, max_local_rejects: 1_000_000, ..ProptestConfig::default() })]

    /// Any request whose members are each valid, taken apart and put together, is the same request.
    #[test]
    fn a_request_survives_the_form(request in values(root())) {
        let fields = Fields::read(&request).expect("it can be taken apart");
        let (again, _, errors) = fields.to_value();
        prop_assert_eq!(errors, vec![]);
        prop_assert_eq!(again, request);
    }

    /// Whatever is put into fields of whatever name: an answer, never a panic.
    #[test]
    fn any_fields_are_answered(entries in proptest::collection::vec((any::<String>(), any::<String>()), 0..8)) {
        let mut fields = Fields::default();
        for (path, text) in entries {
            fields.set(path, text);
        }
        prop_assert!(fields.to_request().is_err(), "a role is missing at least");
    }
}

/// `end2end/fixtures/requests`: requests of AWS's documentation, examples and SDKs; its README names the sources.
#[test]
fn requests_out_of_the_world_survive_the_form() {
    let folder = std::env::var("CARGO_MANIFEST_DIR").expect("cargo says where the crate lies");
    let folder = format!("{folder}/../../end2end/fixtures/requests");
    let mut count = 0;
    for entry in std::fs::read_dir(folder).expect("the folder of examples") {
        let path = entry.expect("an entry").path();
        if path.extension().is_none_or(|it| it != "json") {
            continue;
        }
        let name = path.file_stem().and_then(|it| it.to_str()).expect("a name").to_owned();
        let text = std::fs::read_to_string(&path).expect("a file");
        let request: Value = serde_json::from_str(&text).expect("JSON");
        let fields = Fields::read(&request).unwrap_or_else(|errors| panic!("{name}: {errors:?}"));
        let (again, _, errors) = fields.to_value();
        assert_eq!((again, errors), (request, vec![]), "{name}");
        let errors = fields.to_request().err().unwrap_or_default();
        assert_eq!(errors, vec![], "{name}");
        count += 1;
    }
    assert!(count >= 20, "{count}");
}

#[test]
fn what_is_no_member_or_of_a_wrong_type_is_named() {
    let request = json!({
        "RoleArn": 7,
        "Colour": "red",
        "ResourceConfig": { "InstanceCount": "two", "Size": 1 },
        "HyperParameters": { "epochs": 3 },
        "InputDataConfig": { "ChannelName": "train" },
        "EnableManagedSpotTraining": "yes",
    });
    let errors = Fields::read(&request).expect_err("much is wrong");
    let fields: Vec<&str> = errors.iter().map(|it| it.field.as_str()).collect();
    let wanted = [
        "Colour",
        "EnableManagedSpotTraining",
        "HyperParameters",
        "InputDataConfig",
        "ResourceConfig.InstanceCount",
        "ResourceConfig.Size",
        "RoleArn",
    ];
    let mut sorted = fields.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, wanted);
    assert!(errors.iter().any(|it| it.field == "HyperParameters" && it.message.contains("`epochs`")));
}

#[test]
fn rules_between_members_name_where_they_were_typed() {
    let base = [
        ("RoleArn", "arn:aws:iam::123456789012:role/Training"),
        ("OutputDataConfig.S3OutputPath", "s3://bucket/out"),
        ("AlgorithmSpecification.TrainingImage", "image"),
        ("AlgorithmSpecification.TrainingInputMode", "File"),
        ("ResourceConfig.InstanceType", "ml.m5.xlarge"),
        ("ResourceConfig.InstanceCount", "1"),
    ];
    let errors = |more: &[(&str, &str)]| -> Vec<String> {
        let mut fields = Fields::default();
        for (path, text) in base.iter().chain(more) {
            fields.set(*path, *text);
        }
        fields.to_request().err().unwrap_or_default().into_iter().map(|it| it.field).collect()
    };
    assert_eq!(errors(&[]), [""; 0]);
    let spot = ("EnableManagedSpotTraining", "true");
    let wait = ("StoppingCondition.MaxWaitTimeInSeconds", "86400");
    assert_eq!(errors(&[spot]), [wait.0]);
    assert_eq!(errors(&[spot, wait]), [""; 0]);
    assert_eq!(errors(&[spot, (wait.0, "86399")]), [wait.0], "the service's default runtime is a day");
    let keep = "ResourceConfig.KeepAlivePeriodInSeconds";
    assert_eq!(errors(&[spot, wait, (keep, "60")]), [keep]);
    assert_eq!(
        errors(&[("AlgorithmSpecification.AlgorithmName", "xgboost")]),
        ["AlgorithmSpecification.TrainingImage"]
    );
    assert_eq!(errors(&[("ResourceConfig.InstanceCount", "0")]), ["ResourceConfig.InstanceCount"]);
    // Row 3 of the form is the first that says anything.
    let channel = |member: &str| format!("InputDataConfig[3].{member}");
    let (name, uri, kind) = (
        channel("ChannelName"),
        channel("DataSource.S3DataSource.S3Uri"),
        channel("DataSource.S3DataSource.S3DataType"),
    );
    let good = [(name.as_str(), "train"), (uri.as_str(), "s3://bucket/train/"), (kind.as_str(), "S3Prefix")];
    assert_eq!(errors(&good), [""; 0]);
    assert_eq!(
        errors(&[&good[..], &[("InputDataConfig[3].CompressionType", "Gzip")]].concat()),
        ["InputDataConfig[3].CompressionType"]
    );
    let twice = [
        ("InputDataConfig[5].ChannelName", "train"),
        ("InputDataConfig[5].DataSource.S3DataSource.S3Uri", "s3://bucket/b/"),
        ("InputDataConfig[5].DataSource.S3DataSource.S3DataType", "S3Prefix"),
    ];
    assert_eq!(errors(&[&good[..], &twice].concat()), ["InputDataConfig[5].ChannelName"]);
    let system = [
        ("InputDataConfig[0].ChannelName", "data"),
        ("InputDataConfig[0].InputMode", "Pipe"),
        ("InputDataConfig[0].DataSource.FileSystemDataSource.FileSystemId", "fs-0123456789abcdef0"),
        ("InputDataConfig[0].DataSource.FileSystemDataSource.FileSystemAccessMode", "ro"),
        ("InputDataConfig[0].DataSource.FileSystemDataSource.FileSystemType", "EFS"),
        ("InputDataConfig[0].DataSource.FileSystemDataSource.DirectoryPath", "/data"),
    ];
    assert_eq!(errors(&system), ["InputDataConfig[0].InputMode", "VpcConfig.Subnets"]);
    let groups = [
        ("ResourceConfig.InstanceGroups[0].InstanceGroupName", "a"),
        ("ResourceConfig.InstanceGroups[0].InstanceType", "ml.m5.xlarge"),
        ("ResourceConfig.InstanceGroups[0].InstanceCount", "2"),
    ];
    assert_eq!(errors(&groups), ["ResourceConfig.InstanceType"]);
}
