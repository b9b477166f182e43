use proptest::prelude::*;

use super::*;
use crate::{
    cost::CostFacts,
    money::NanoUsd,
    run::{RunBadge, fixture},
    time::Timestamp,
};

fn parsed(text: &str) -> Condition {
    Condition::parse(text).unwrap_or_else(|fault| panic!("{text}: {fault}")).expect("a condition")
}

/// What a search is read as, in its own words.
fn read(text: &str) -> String {
    parsed(text).to_string()
}

fn fault(text: &str) -> (usize, usize, String) {
    let fault = Condition::parse(text).expect_err(text);
    (fault.at, fault.length, fault.message)
}

#[test]
fn what_people_write_is_understood() {
    for (text, expected) in [
        ("status = failed", "status = failed"),
        ("STATUS==FAILED", "status = failed"),
        ("status <> 'completed'", "status != completed"),
        ("status in (failed, Stopped)", "status IN (failed, stopped)"),
        ("instance_type = ml.g5.xlarge", "instance_type = ml.g5.xlarge"),
        ("metrics.loss<0.50", "metrics.loss < 0.5"),
        ("metric.loss > -1e-9", "metrics.loss > -1e-9"),
        ("metrics.`val loss` >= 1", "metrics.`val loss` >= 1"),
        ("metrics.\"val loss\" >= 1", "metrics.`val loss` >= 1"),
        ("MIN(metrics.loss) <= .5", "min(metrics.loss) <= 0.5"),
        ("last(metrics.loss) = nan", "metrics.loss = NaN"),
        ("params.lr = 1e-1", "params.lr = 0.1"),
        ("parameters.lr = '1e-1'", "params.lr = '1e-1'"),
        ("params.lr > '1e-1'", "params.lr > 0.1"),
        ("params.`a``b` = 'it''s'", "params.`a``b` = 'it''s'"),
        ("tag.team NOT IN ('a', 'b c')", "tags.team NOT IN (a, 'b c')"),
        ("tags.team not like 'a%'", "tags.team NOT LIKE 'a%'"),
        ("name ilike wine%", "name ILIKE 'wine%'"),
        ("params.lr is not null", "params.lr IS NOT NULL"),
        ("params.lr = null", "params.lr IS NULL"),
        ("params.lr != NULL", "params.lr IS NOT NULL"),
        ("duration > 90", "duration > 90s"),
        ("duration > 5M and duration < 2h", "duration > 5m AND duration < 2h"),
        ("cost >= $0.50", "cost >= $0.5"),
        ("cost > 5", "cost > $5"),
        ("savings > 30", "savings > 30%"),
        ("savings < 30.5%", "savings < 30.5%"),
        ("created >= '2026-11-01'", "created >= '2026-11-01'"),
        ("started < 2026-11-01T12:00:00+01:00", "started < '2026-11-01T11:00:00Z'"),
        ("ended > -7d", "ended > -1w"),
        ("spot = TRUE", "spot = true"),
        ("archived != 0", "archived != false"),
        ("wine", "wine"),
        ("status", "status"),
        ("'two words'", "'two words'"),
        ("wine status = failed", "wine AND status = failed"),
        ("a or b c and d", "a OR b AND c AND d"),
        ("(a or b) c", "(a OR b) AND c"),
        ("not a b", "NOT a AND b"),
        ("not (a b)", "NOT (a AND b)"),
        ("not not ((a))", "NOT NOT a"),
        ("a AND (b AND c)", "a AND (b AND c)"),
        ("name not b", "name AND NOT b"),
    ] {
        assert_eq!(read(text), expected, "{text}");
        assert_eq!(parsed(expected), parsed(text), "{expected}");
    }
    assert_eq!(Condition::parse(" \t\n"), Ok(None));
}

#[test]
fn a_fault_names_its_place_and_a_cure() {
    for (text, at, length, part) in [
        ("statu = failed", 0, 5, "`statu` is no field: did you mean `status`?"),
        ("wine lr = 1", 5, 2, "params.lr, metrics.lr or tags.lr"),
        ("metric_s.x = 1", 0, 10, "did you mean `metrics`?"),
        ("params. = 1", 0, 7, "a name is missing behind params."),
        ("status = faild", 9, 5, "did you mean `failed`?"),
        ("status = x", 9, 1, "there are queued, running"),
        ("status > failed", 9, 6, "ask with =, != or IN"),
        ("origin = here", 9, 4, "launched, imported"),
        ("é metrics.loss > high", 17, 4, "no number"),
        ("metrics.loss < nan", 15, 3, "nothing is less or more than NaN"),
        ("duration > soon", 11, 4, "90s, 5m, 2h, 3d"),
        ("cost > 1e3", 7, 3, "write 5 or $0.50"),
        ("savings > much", 10, 4, "write 30 or 30%"),
        ("created > yesterday", 10, 9, "-7d for seven days ago"),
        ("spot = maybe", 7, 5, "neither true nor false"),
        ("spot > true", 7, 4, "ask with = or !="),
        ("params.lr > high", 12, 4, "compares parameters and tags as numbers"),
        ("metrics.loss LIKE 'a'", 18, 3, "is no text"),
        ("metrics.loss", 0, 12, "metrics.loss IS NOT NULL"),
        ("min(metrics.loss)", 0, 3, "nothing is asked of min(metrics.loss)"),
        ("min(params.lr) > 1", 4, 9, "min(metrics.NAME)"),
        ("min(metrics.lr > 1", 15, 1, "a `)` is missing"),
        ("'name' = x", 0, 6, "a quoted text is no field"),
        ("`name` = x", 0, 6, "backticks stand around"),
        ("name = 'x", 7, 2, "no end"),
        ("name = ", 7, 0, "a value is missing"),
        ("name = and x", 7, 3, "'and'"),
        ("= 5", 0, 1, "a field is missing"),
        ("cost => 5", 5, 2, "write >="),
        ("a || b", 2, 2, "write OR"),
        ("!spot", 0, 1, "write NOT"),
        ("cost || 5", 5, 2, "write OR"),
        ("status in failed", 10, 6, "IN (a, b)"),
        ("status in (failed", 17, 0, "ends with a `)`"),
        ("status in ()", 11, 1, "no value"),
        ("status is failed", 10, 6, "NULL or NOT NULL"),
        ("cost < null", 5, 1, "IS NULL"),
        ("(a b", 0, 1, "never closed"),
        ("a)", 1, 1, "closes nothing"),
        ("a and", 5, 0, "a condition is missing"),
        ("a or or b", 5, 2, "a condition is missing"),
        ("''", 0, 2, "nothing in these quotes"),
        ("a, b", 1, 1, "a condition is missing before `,`"),
    ] {
        let found = fault(text);
        assert_eq!((found.0, found.1), (at, length), "{text}: {}", found.2);
        assert!(found.2.contains(part), "{text}: {}", found.2);
    }
    let shown = Condition::parse("statu = x").expect_err("no field").to_string();
    assert!(shown.starts_with("at character 1: "), "{shown}");
}

#[test]
fn what_is_too_much_is_refused() {
    let long = fault(&"a".repeat(MAX_CHARS + 1));
    assert_eq!((long.0, long.1), (MAX_CHARS, 1));
    let deep = |count: usize| format!("{}a{}", "(".repeat(count), ")".repeat(count));
    assert_eq!(read(&deep(MAX_DEPTH - 1)), "a");
    assert!(fault(&deep(MAX_DEPTH)).2.contains("too deeply"));
    assert!(fault(&"NOT ".repeat(900)).2.contains("too deeply"));
    assert!(Condition::parse(&"a ".repeat(MAX_TESTS)).is_ok());
    assert!(fault(&"a ".repeat(MAX_TESTS + 1)).2.contains("too many conditions"));
}

#[test]
fn fields_are_read_in_lists() {
    let list = Field::parse_list("cost, metrics.`a, b`,count(metrics.loss) ,Tags.team").expect("fields");
    let shown: Vec<String> = list.iter().map(ToString::to_string).collect();
    assert_eq!(shown, ["cost", "metrics.`a, b`", "count(metrics.loss)", "tags.team"]);
    let labels: Vec<String> = list.iter().map(Field::label).collect();
    assert_eq!(labels, ["Cost", "a, b", "count loss", "team"]);
    assert_eq!(Field::parse_list(" "), Ok(Vec::new()));
    assert_eq!(Field::parse_list("cost,").expect_err("a hole").at, 5);
    assert_eq!(Field::parse_list("cost spot").expect_err("no comma").at, 5);
    assert!(Field::parse("params.a b").expect_err("two words").message.contains("quotes"));
    let many = "cost,".repeat(MAX_FIELDS) + "cost";
    assert!(Field::parse_list(&many).expect_err("too many").message.contains("too many fields"));
    for field in Field::BUILT_IN {
        assert_eq!(Field::parse(&field.to_string()).as_ref(), Ok(field));
    }
}

#[test]
fn orders_are_read_in_lists() {
    let list = Order::parse_list("metrics.loss DESC, created asc,name").expect("orders");
    let shown: Vec<String> = list.iter().map(ToString::to_string).collect();
    assert_eq!(shown, ["metrics.loss desc", "created", "name"]);
    assert_eq!(Order::parse_list("created down").expect_err("no order").at, 8);
    assert_eq!(Order::parse_list(""), Ok(Vec::new()));
}

#[test]
fn a_search_says_what_it_mentions() {
    let condition = parsed("wine AND NOT (archived = true OR min(metrics.loss) > 1)");
    assert!(condition.mentions(&Field::Archived));
    assert!(condition.mentions(&Field::metric("loss", Stat::Min)));
    assert!(!condition.mentions(&Field::metric("loss", Stat::Last)));
}

fn listed() -> ListedRun {
    let run = fixture::run();
    ListedRun {
        id: run.id.clone(),
        experiment: run.experiment.clone(),
        job_name: run.job_name.clone(),
        badge: run.badge(),
        origin: run.origin,
        instance_type: run.instance_type.clone(),
        facts: CostFacts::of_run(&run),
        created_at: run.created_at,
        ended_at: None,
        updated_at: run.updated_at,
        is_archived: false,
        params: vec![("lr".to_owned(), "0.1".to_owned())],
        tags: vec![("team".to_owned(), "blue".to_owned())],
        metrics: vec![MetricSummary {
            name: "loss".to_owned(),
            last: f64::NAN,
            first: 2.0,
            min: Some(1.0),
            max: None,
            count: 3,
        }],
    }
}

#[test]
fn a_listed_run_has_a_value_for_each_field() {
    let mut run = listed();
    let now = run.created_at.plus_seconds(7_200);
    let shown = |run: &ListedRun, text: &str| {
        run.value(&Field::parse(text).expect("a field"), now).map(|it| it.to_string()).unwrap_or_default()
    };
    assert_eq!(shown(&run, "duration"), "", "it has not begun");
    run.facts.started_at = Some(run.created_at.plus_seconds(3_600));
    for (field, expected) in [
        ("name", "wine-1"),
        ("status", "running"),
        ("origin", "launched"),
        ("instance_count", "1"),
        ("spot", "false"),
        ("duration", "3600"),
        ("cost", "0.23"),
        ("savings", ""),
        ("params.lr", "0.1"),
        ("tags.team", "blue"),
        ("tags.other", ""),
        ("metrics.loss", "NaN"),
        ("min(metrics.loss)", "1"),
        ("max(metrics.loss)", ""),
        ("first(metrics.loss)", "2"),
        ("count(metrics.loss)", "3"),
        ("metrics.other", ""),
    ] {
        assert_eq!(shown(&run, field), expected, "{field}");
    }
    let ended = crate::run::Run {
        status: Some(crate::status::TrainingJobStatus::Completed),
        started_at: run.facts.started_at,
        ended_at: Some(run.created_at.plus_seconds(3_700)),
        spot: true,
        training_seconds: Some(100),
        billable_seconds: Some(30),
        ..fixture::run()
    };
    run.update(&ended);
    assert_eq!((run.badge, shown(&run, "duration")), (RunBadge::Completed, "100".to_owned()));
    assert_eq!(shown(&run, "savings"), "70");
    let text = serde_json::to_string(&run).expect("serializable");
    let back: ListedRun = serde_json::from_str(&text).expect("parsable");
    assert!(back.metrics[0].last.is_nan());
}

#[test]
fn groups_have_statistics_and_a_search_of_their_own() {
    let by = [Field::Param("lr".to_owned()), Field::Status];
    let mut groups = RunGroups::default();
    let status = || Some(Value::Text("failed".to_owned()));
    for (lr, loss) in
        [(Some("0.1"), 1.0), (Some("0.1"), 3.0), (None, 5.0), (Some("0.1"), f64::NAN), (Some("it's"), 7.0)]
    {
        let lr = lr.map(|it| Value::Text(it.to_owned()));
        groups.add(vec![lr, status()], &[Some(Value::Number(loss)), status(), None]);
    }
    let page = groups.finish(2);
    assert_eq!((page.run_total, page.group_total, page.groups.len()), (5, 3, 2));
    let first = &page.groups[0];
    assert_eq!(first.count, 3);
    let expected = Statistics { n: 2, mean: 2.0, std: 2.0_f64.sqrt(), min: 1.0, max: 3.0 };
    assert_eq!(first.statistics, [Some(expected), None, None]);
    let single = page.groups[1].statistics[0].expect("a number");
    assert_eq!((single.n, single.std.to_bits()), (1, 0.0_f64.to_bits()));
    assert_eq!(group_search("wine", &by, &first.values), "wine AND params.lr = '0.1' AND status = failed");
    assert_eq!(group_search("a or b", &by[..1], &[None]), "(a OR b) AND params.lr IS NULL");
    assert_eq!(group_search(" ", &by[..1], &[None]), "params.lr IS NULL");
    assert_eq!(group_search("", &[], &[]), "");
}

#[test]
fn statistics_lose_nothing_to_a_large_offset() {
    let found = Statistics::of([1e9 + 4.0, 1e9 + 7.0, 1e9 + 13.0, 1e9 + 16.0]).expect("numbers");
    assert!((found.std - 30.0_f64.sqrt()).abs() < 1e-6, "{found:?}");
    assert_eq!(Statistics::of([f64::NAN]), None);
}

fn any_field() -> impl Strategy<Value = Field> {
    let stat = proptest::sample::select(Stat::ALL.to_vec());
    prop_oneof![
        proptest::sample::select(Field::BUILT_IN.to_vec()),
        ".{1,12}".prop_map(Field::Param),
        "[a-z` ./]{1,8}".prop_map(Field::Tag),
        (".{1,12}", stat).prop_map(|(name, stat)| Field::Metric { name, stat }),
    ]
}

fn any_number() -> impl Strategy<Value = f64> {
    prop_oneof![-1e6..1e6_f64, proptest::num::f64::NORMAL, (-100_i32..100).prop_map(f64::from)]
}

fn any_operand(field: &Field, op: Op) -> BoxedStrategy<Operand> {
    let word =
        |words: Vec<&'static str>| proptest::sample::select(words).prop_map(|it| Operand::Text(it.to_owned())).boxed();
    let is_order = op.is_order();
    match field.kind() {
        FieldKind::Text => match field {
            Field::Status => word(RunBadge::ALL.map(RunBadge::as_str).to_vec()),
            Field::Origin => word(vec!["launched", "imported"]),
            Field::Param(_) | Field::Tag(_) if is_order => any_number().prop_map(Operand::Number).boxed(),
            Field::Param(_) | Field::Tag(_) => {
                prop_oneof![any_number().prop_map(Operand::Number), ".*".prop_map(Operand::Text)].boxed()
            }
            _ => prop_oneof![".*", "[a-z]{2,4}", "-?[0-9.]{1,3}"].prop_map(Operand::Text).boxed(),
        },
        FieldKind::Number if is_order => any_number().prop_map(Operand::Number).boxed(),
        FieldKind::Number => prop_oneof![
            any_number().prop_map(Operand::Number),
            Just(Operand::NotANumber),
            Just(Operand::Number(f64::NEG_INFINITY))
        ]
        .boxed(),
        FieldKind::Seconds => any_number().prop_map(Operand::Seconds).boxed(),
        FieldKind::Dollars => (-i64::MAX..i64::MAX).prop_map(|it| Operand::Dollars(NanoUsd(it))).boxed(),
        FieldKind::Percent => any_number().prop_map(Operand::Percent).boxed(),
        FieldKind::Time => prop_oneof![
            (0_i64..253_402_300_799_999_999).prop_map(|it| Operand::Time(Timestamp::from_unix_micros(it))),
            (0_i64..2_900_000).prop_map(|it| Operand::Day(Timestamp::from_unix_micros(it * 86_400_000_000))),
            (0..10_000_000_i32).prop_map(|it| Operand::Ago(f64::from(it))),
        ]
        .boxed(),
        FieldKind::Flag => any::<bool>().prop_map(Operand::Flag).boxed(),
    }
}

fn any_test() -> impl Strategy<Value = Condition> {
    let ops = vec![Op::Equal, Op::NotEqual, Op::Less, Op::LessOrEqual, Op::Greater, Op::GreaterOrEqual];
    (any_field(), proptest::sample::select(ops), any::<bool>(), 0..4).prop_flat_map(|(field, op, is_not, kind)| {
        let has_order = !matches!(field, Field::Status | Field::Origin) && field.kind() != FieldKind::Flag;
        let op = if has_order { op } else { Op::NotEqual };
        let test = match kind {
            0 => any_operand(&field, op).prop_map(move |value| Test::Compare { op, value }).boxed(),
            1 => proptest::collection::vec(any_operand(&field, Op::Equal), 1..4)
                .prop_map(move |values| Test::In { values, is_not })
                .boxed(),
            2 if field.kind() == FieldKind::Text => (".*", any::<bool>())
                .prop_map(move |(pattern, is_case_ignored)| Test::Like { pattern, is_case_ignored, is_not })
                .boxed(),
            _ => Just(Test::Null { is_not }).boxed(),
        };
        test.prop_map(move |test| Condition::Test { field: field.clone(), test })
    })
}

fn any_condition() -> impl Strategy<Value = Condition> {
    let name = prop_oneof![".{1,10}", "[a-z]{1,4}"].prop_map(Condition::NameContains);
    prop_oneof![4 => any_test(), 1 => name].prop_recursive(4, 16, 3, |inner| {
        let list = proptest::collection::vec(inner.clone(), 2..4);
        prop_oneof![
            list.clone().prop_map(Condition::And),
            list.prop_map(Condition::Or),
            inner.prop_map(|it| Condition::Not(Box::new(it))),
        ]
    })
}

proptest! {
    #[test]
    fn a_field_is_read_as_it_was_written(field in any_field()) {
        prop_assert_eq!(Field::parse(&field.to_string()), Ok(field));
    }

    #[test]
    fn a_condition_is_read_as_it_was_written(condition in any_condition()) {
        let text = condition.to_string();
        prop_assume!(text.chars().count() <= MAX_CHARS);
        prop_assert_eq!(Condition::parse(&text), Ok(Some(condition)), "{}", text);
    }

    #[test]
    fn orders_are_read_as_they_were_written(field in any_field(), is_ascending in any::<bool>()) {
        let order = Order { field, is_ascending };
        prop_assert_eq!(Order::parse_list(&order.to_string()), Ok(vec![order]));
    }

    /// A fault lies in the text, and nothing panics.
    #[test]
    fn any_text_is_read_or_refused(text in ".{0,40}", words in proptest::collection::vec(
        proptest::sample::select(vec![
            "(", ")", "and", "or", "NOT ", "in", " is ", "null", "like", "=", "<", "!=", "min(", "metrics.a", "params.`b`", "'c'", ",",
            "cost", " ", "-7d", "1e9", "created", "é", "\"",
        ]), 0..20))
    {
        for text in [text, words.concat(), words.join(" ")] {
            let length = text.chars().count();
            let faults = [
                Condition::parse(&text).err(), Field::parse(&text).err(), Field::parse_list(&text).err(), Order::parse_list(&text).err(),
            ];
            for fault in faults.into_iter().flatten() {
                prop_assert!(fault.at + fault.length <= length, "{:?} in {:?}", fault, text);
            }
        }
    }
}
