use super::*;
use crate::mlflow::{
    ExperimentCondition, RunCondition, experiment_filter, order::RunOrderKey, run_filter, run_orders, run_search,
};

fn refused<T: std::fmt::Debug>(result: Result<T>) -> String {
    result.expect_err("refused").message
}

fn one(text: &str) -> RunCondition {
    let mut conditions = run_filter(text).unwrap_or_else(|err| panic!("{text}: {err}"));
    assert_eq!(conditions.len(), 1, "{text}");
    conditions.remove(0)
}

#[test]
fn every_kind_of_comparison_is_read() {
    let metric = |key: &str, op, value| RunCondition::Metric { key: key.to_owned(), op, value };
    assert_eq!(one("metrics.loss < 0.5"), metric("loss", NumberOp::Less, 0.5));
    assert_eq!(one("metric.`a b`>=-1e3"), metric("a b", NumberOp::GreaterOrEqual, -1000.0));
    assert_eq!(one("metrics.\"a.b\" != 3"), metric("a.b", NumberOp::NotEqual, 3.0));
    assert_eq!(one("metrics.a.b = .5"), metric("a.b", NumberOp::Equal, 0.5));
    let param = |key: &str, test| RunCondition::Param { key: key.to_owned(), test };
    assert_eq!(one("params.lr = '0.1'"), param("lr", TextTest::Equal("0.1".to_owned())));
    assert_eq!(one("parameter.lr like \"%x\""), param("lr", TextTest::Like("%x".to_owned())));
    assert_eq!(one("param.`my-key` ILIKE 'A%'"), param("my-key", TextTest::ILike("A%".to_owned())));
    assert_eq!(one("params.lr is  null"), RunCondition::ParamIsNull { key: "lr".to_owned(), is_null: true });
    assert_eq!(one("tags.x IS NOT NULL"), RunCondition::TagIsNull { key: "x".to_owned(), is_null: false });
    let RunCondition::Text { test, .. } = one("run_id not in ('a', \"b\",)") else { panic!("a text") };
    assert_eq!(test, TextTest::NotIn(vec!["a".to_owned(), "b".to_owned()]));
    let RunCondition::Tag { key, .. } = one("attributes.`Run name` = 'x'") else { panic!("a tag") };
    assert_eq!(key, "mlflow.runName");
    assert!(matches!(one("created > 12"), RunCondition::Number { value: Number::Integer(12), .. }));
    assert!(matches!(one("datasets.name = 'mnist'"), RunCondition::Dataset { .. }));
    assert_eq!(run_filter("").map(|it| it.len()), Ok(0));
    assert_eq!(run_filter("metrics.a > 1 and tags.b='c' AND params.d != 'e' AND").map(|it| it.len()), Ok(3));
}

#[test]
fn what_mlflow_refuses_is_refused_in_its_words() {
    for (text, expected) in [
        ("metrics.a > 1 OR x", "Invalid clause(s) in filter string: 'OR', 'x'"),
        ("metrics.a > 1 OR metrics.b > 2 OR x", "Invalid clause(s) in filter string: 'OR', 'OR', 'x'"),
        ("METRICS.a > 1", "Invalid entity type 'METRICS'."),
        ("metrics.a > '1'", "Expected numeric value type for metric. Found '1'"),
        ("metrics.a LIKE 1", "Invalid comparator 'LIKE' not one of"),
        ("params.a > '1'", "Invalid comparator '>' not one of"),
        ("params.a = 1", "Expected a quoted string value for parameter (e.g. 'my-value'). Got value 1"),
        ("tags.a = b", "Parameter value is either not quoted or unidentified quote types used for string value b."),
        ("tags.a RLIKE 'b'", "Invalid comparator 'RLIKE'"),
        ("lifecycle_stage = 'active'", "Invalid attribute key 'lifecycle_stage' specified."),
        ("run_name IN ('a')", "Only ['run_id'] attributes support comparison with a list of quoted string values."),
        ("run_id IN (1)", "While parsing a list in the query, expected a non-empty list of string values"),
        ("run_id IN ()", "While parsing a list in the query"),
        ("metrics.a IS NULL", "IS NULL / IS NOT NULL is only supported for tags and params, not for 'metric' 'a'"),
        ("'a' = 'b'", "Invalid comparison clause. Expected 'Identifier' found ''a''"),
        ("metrics.a >", "Invalid clause(s) in filter string: 'metrics.a', '>'"),
        ("metrics.a > 1; metrics.b > 2", "Search filter contained multiple expression"),
        ("dataset.x = 'a'", "Invalid dataset key 'x' specified."),
        ("start_time = 'x'", "Expected numeric value type for numeric attribute: start_time. Found 'x'"),
        ("(metrics.a > 1)", "Invalid clause(s) in filter string"),
        ("NOT metrics.a > 1", "Invalid clause(s) in filter string: 'NOT'"),
    ] {
        let message = refused(run_filter(text));
        assert!(message.starts_with(expected), "{text}: {message}");
    }
}

#[test]
fn operators_are_judged_behind_the_orders() {
    let told = |filter, order: &str| refused(run_search(filter, &[order.to_owned()]));
    assert_eq!(told("params.a > '1'", "dataset.name"), "Invalid identifier type 'dataset'");
    assert!(told("params.a > 1", "dataset.name").starts_with("Expected a quoted string value for parameter"));
    assert!(told("params.a > '1'", "start_time").starts_with("Invalid comparator '>' not one of"));
    assert!(told("nope = '1'", "nope").contains("'Run Name'"));
    assert!(!told("", "nope").contains("'Run Name'"));
}

#[test]
fn experiments_have_a_grammar_of_their_own() {
    let filter = |text| experiment_filter(text).map(|mut it| it.remove(0));
    assert_eq!(filter("name LIKE 'a%'"), Ok(ExperimentCondition::Name(TextTest::Like("a%".to_owned()))));
    assert_eq!(filter("experiment_id IN ('1', '2')"), Ok(ExperimentCondition::Id { ids: vec![1, 2], is_in: true }));
    assert_eq!(
        filter("creation_time >= 5"),
        Ok(ExperimentCondition::CreationTime { op: NumberOp::GreaterOrEqual, value: 5 })
    );
    assert!(matches!(filter("tags.`a b` != 'c'"), Ok(ExperimentCondition::Tag { .. })));
    for (text, expected) in [
        ("name like 'a'", "Invalid comparator 'like'"),
        ("name = 'a' OR tags.a = 'b'", "Invalid clause(s) in filter string: OR"),
        ("creation_time LIKE 5", "Invalid comparator 'LIKE' not one of '{'!=', '=', 'ILIKE'"),
        ("metrics.a > 1", "Invalid entity type 'metrics'. Valid entity types are"),
        ("attributes.name = 'a'", "Invalid entity type 'attributes'"),
        ("name IN ('a')", "Only ['experiment_id'] attributes"),
        ("tags.a > 'b'", "Invalid comparator for tag: >"),
        ("experiment_id > '1'", "Invalid comparator for experiment_id: >"),
        ("experiment_id = 'x'", "Invalid experiment ID 'x'."),
        ("creation_time = 1.5", "Invalid value for numeric attribute 'creation_time'"),
        ("name IS NULL", "IS NULL / IS NOT NULL is only supported for tags, not for attribute 'name'"),
    ] {
        let message = refused(filter(text));
        assert!(message.starts_with(expected), "{text}: {message}");
    }
}

#[test]
fn orders_name_a_field_and_a_direction() {
    let texts = |texts: &[&str]| texts.iter().map(ToString::to_string).collect::<Vec<_>>();
    let orders = run_orders(&texts(&["metrics.`a b` DESC", "params.x", "Created asc", "run_id Desc"])).expect("orders");
    let found: Vec<_> = orders.iter().map(|it| (it.key.clone(), it.is_ascending)).collect();
    assert_eq!(
        found,
        [
            (RunOrderKey::Metric("a b".to_owned()), false),
            (RunOrderKey::Param("x".to_owned()), true),
            (RunOrderKey::StartTime, true),
            (RunOrderKey::RunId, false),
        ]
    );
    for (text, expected) in [
        ("metrics.a foo", "Invalid ordering key in order_by clause 'metrics.a foo'."),
        ("metrics.a DESC NULLS LAST", "Invalid order_by clause 'metrics.a DESC NULLS LAST'. Could not be parsed."),
        ("", "Invalid order_by clause ''. Could not be parsed."),
        ("lifecycle_stage", "Invalid attribute key 'lifecycle_stage' specified."),
        ("dataset.name", "Invalid identifier type 'dataset'"),
    ] {
        let message = refused(run_orders(&texts(&[text])));
        assert!(message.starts_with(expected), "{text}: {message}");
    }
    assert!(refused(run_orders(&texts(&["start_time", "created DESC"]))).contains("duplicate fields"));
}

#[test]
fn operators_of_the_registry_count_in_any_case() {
    let like = RegistryCondition::Name(TextTest::Like("a%".to_owned()));
    assert_eq!(registered_model_filter("name like 'a%'"), Ok(vec![like.clone(), RegistryCondition::NoPrompt]));
    assert_eq!(model_version_filter("name LIKE 'a%'"), Ok(vec![like, RegistryCondition::NoPrompt]));
    for (text, expected) in [
        ("name > 'a'", "Invalid comparator for attribute: >"),
        ("name = 'a' OR x", "Invalid clause(s) in filter string: OR, x"),
        ("x.a = 'b'", "Invalid entity type 'x'. Valid entity types are ('attribute', 'tag', 'tags')"),
    ] {
        assert_eq!(refused(registered_model_filter(text)), expected, "{text}");
    }
}

#[test]
fn prompts_are_found_by_who_asks_for_them() {
    let tag = |test: &str| format!("tag.`mlflow.prompt.is_prompt` {test}");
    for test in ["!= 'true'", "= 'false'", "LIKE 'true'"] {
        assert_eq!(registered_model_filter(&tag(test)), Ok(vec![RegistryCondition::NoPrompt]), "{test}");
    }
    for test in ["= 'True'", "!= 'false'"] {
        let found = model_version_filter(&tag(test)).expect("read");
        assert!(matches!(found.as_slice(), [RegistryCondition::Tag { .. }]), "{test}");
    }
}

proptest::proptest! {
    /// Whatever somebody types is read or refused, in time that does not explode.
    #[test]
    fn no_text_breaks_the_reader(text in "[a-z.`'\"()=<>!, ;ANDORLIKE0-9é-]{0,80}") {
        let _ = run_filter(&text);
        let _ = experiment_filter(&text);
        let _ = run_orders(&[text]);
    }
}

#[test]
fn time_is_that_of_the_texts_length() {
    use std::time::{Duration, Instant};
    // Each of these was read again from every character on: minutes for this much.
    const COUNT: usize = 60_000;
    let texts = [
        format!("'{}", "\\'".repeat(COUNT / 2)),
        format!("\"{}", "\\\"".repeat(COUNT / 2)),
        format!("tags.`{}", "``".repeat(COUNT / 2)),
        format!("{}.", "a".repeat(COUNT)),
        format!("{}(", "a.".repeat(COUNT / 2)),
        format!("{}a", "1".repeat(COUNT)),
        "(".repeat(COUNT),
        "NOT ".repeat(COUNT / 4),
    ];
    let begin = Instant::now();
    for text in &texts {
        assert!(run_filter(text).is_err());
        assert!(logged_model_filter(text).is_err());
        assert!(run_orders(std::slice::from_ref(text)).is_err());
    }
    assert!(begin.elapsed() < Duration::from_secs(5), "{:?}", begin.elapsed());
    let other = |text: &str| tokens(text).map(|it| it.last().map(Token::shown));
    assert_eq!(other("a = 'b \\' c"), Ok(Some("'b \\' c".to_owned())));
    assert_eq!(refused(run_filter("metrics. = 1abc")), "Invalid clause(s) in filter string: 'metrics.', '=', '1abc'");
}

#[test]
fn logged_models_are_looked_for_with_or_without_quotes() {
    let one = |text| logged_model_filter(text).map(|mut it| it.remove(0));
    let param = LoggedModelCondition::Param { key: "lr".to_owned(), test: TextTest::Equal("0.01".to_owned()) };
    assert_eq!(one("params.lr = 0.01"), Ok(param));
    assert!(matches!(one("creation_time > 5"), Ok(LoggedModelCondition::Time { .. })));
    assert!(matches!(one("name in ('a')"), Ok(LoggedModelCondition::Text { test: TextTest::In(_), .. })));
    for (text, expected) in [
        ("metrics.a LIKE 'x'", "Invalid comparison operator for metrics.a: 'LIKE'."),
        ("foo = 1", "Invalid attribute key 'foo'"),
        ("x.a = 1", "Invalid entity type: 'x'."),
        ("metrics.a > 1 OR x", "Invalid filter string: 'metrics.a > 1 OR x'."),
        ("tags.a IS NULL", "Invalid comparison: tags.a IS NULL."),
    ] {
        let message = refused(one(text));
        assert!(message.starts_with(expected), "{text}: {message}");
    }
}
