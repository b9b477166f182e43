//! Searches: what the database finds is held against what the same condition says of each run here.

use std::{cmp::Ordering, collections::BTreeMap};

use domain::{
    ids::{ExperimentName, JobName},
    money::NanoUsd,
    run::{Run, RunOrigin, RunPrice},
    run_search::*,
    series::{IngestBatch, NewPoint, SeriesKey, SeriesSource},
    status::{LaunchState, TrainingJobStatus, Wish},
    time::Timestamp,
};
use serde_json::json;
use store::Store;

use crate::{
    harness::{TestStore, contract},
    samples::*,
};

const NOW: Timestamp = Timestamp::from_unix_micros(NOON.unix_micros() + 100_000_000_000);

/// Values that are there or not, numbers or not, and full of signs that mean something to SQL.
const PARAMS: [&str; 9] = ["0.1", "1e-1", "10", "9", "adam", "Adam", "it's", "50%_\\*?[a]", "🚂 é"];
const LOSSES: [f64; 7] = [0.5, -1.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 0.25, 1e300];

async fn fill(store: &TestStore) {
    for number in 0..60_u32 {
        let at = |seconds: i64| after(i64::from(number)).plus_seconds(seconds);
        let mut it = Run {
            launch_state: LaunchState::Submitted,
            wish: Wish::Run,
            spot: number % 2 == 0,
            instance_count: number % 4 + 1,
            instance_type: (number % 5 != 0).then(|| format!("ml.{}5.xlarge", ["m", "g", "c"][number as usize % 3])),
            origin: if number % 3 == 0 { RunOrigin::Imported } else { RunOrigin::Launched },
            price: (number % 7 != 0).then(|| RunPrice {
                price_nanousd_per_hour: NanoUsd(230_000_001 * i64::from(number % 3 + 1)),
                ..run(number).price.unwrap()
            }),
            started_at: (number % 6 != 0).then(|| at(30)),
            hyperparameters: BTreeMap::from([("epochs".to_owned(), number.to_string())]),
            ..run(number)
        };
        if number % 4 == 0 {
            it.experiment = ExperimentName::parse("Iris é_%").unwrap();
            it.job_name = JobName::parse(&format!("Iris-{number}")).unwrap();
        }
        it.status = Some(
            [TrainingJobStatus::InProgress, TrainingJobStatus::Completed, TrainingJobStatus::Failed]
                [number as usize % 3]
                .clone(),
        );
        if it.is_over() && number % 11 != 0 {
            it.ended_at = Some(at(30 + i64::from(number) * 100));
            it.training_seconds = Some(u64::from(number) * 100);
            it.billable_seconds = (number % 5 != 1).then(|| u64::from(number) * if number % 9 == 0 { 130 } else { 37 });
        }
        if number % 8 != 7 {
            it.hyperparameters.insert("l r`\"'".to_owned(), PARAMS[number as usize % PARAMS.len()].to_owned());
        }
        it.request = json!({ "Tags": [
            { "Key": "team", "Value": if number % 2 == 0 { "blue" } else { "Red" } },
            { "Key": "trainyard:own", "Value": "hidden" },
            { "Key": if number % 3 == 0 { "note" } else { "other" }, "Value": PARAMS[(number as usize + 3) % PARAMS.len()] },
        ]});
        store.run_import(&it).await.unwrap();
        let mut series = Vec::new();
        let mut add = |source, host: &str, name: &str, values: &[f64]| {
            let points = values.iter().map(|it| NewPoint { step: None, at: at(40), value: *it }).collect();
            series.push((SeriesKey { name: name.to_owned(), source, host: host.to_owned() }, points));
        };
        let loss = LOSSES[number as usize % LOSSES.len()];
        if number % 5 != 0 {
            add(SeriesSource::CloudWatch, "", "val'loss", &[99.0]);
            add(SeriesSource::Mlflow, "", "val'loss", &[loss, loss]);
        }
        if number % 10 == 1 {
            add(SeriesSource::Log, "algo-2", "val'loss", &[98.0]);
            add(SeriesSource::Log, "algo-1", "val'loss", &[f64::from(number), loss]);
        }
        add(SeriesSource::Instance, "algo-2", "CPU", &[1.0]);
        add(SeriesSource::Instance, "algo-1", "CPU", &[f64::from(number), 50.0]);
        store.series_ingest(&IngestBatch { run_id: it.id, series, cursor: None }, at(50)).await.unwrap();
    }
    store.run_archive(&[run_id(1), run_id(2), run_id(4)], true, NOW).await.unwrap();
}

/// Everything that the tests ask about.
fn fields() -> Vec<Field> {
    let mut fields = Field::BUILT_IN.to_vec();
    let named = "params.`l r``\"'`, params.epochs, params.none, tags.team, tags.note, tags.none, tags.`trainyard:own`, metrics.none, \
                 metrics.CPU, first(metrics.CPU)";
    fields.extend(Field::parse_list(named).unwrap());
    fields.extend(Stat::ALL.map(|stat| Field::metric("val'loss", stat)));
    fields
}

async fn everything(store: &Store) -> Vec<ListedRun> {
    let all = Condition::parse("archived = true OR archived = false").unwrap();
    let page = store.run_search(all.as_ref(), &[], &fields(), NOW, 0, 500).await.unwrap();
    assert_eq!((page.total, page.rows.len()), (60, 60));
    page.rows
}

/// What a condition says of a run, by the words of the language's description.
fn holds(condition: &Condition, run: &ListedRun) -> bool {
    match condition {
        Condition::And(list) => list.iter().all(|it| holds(it, run)),
        Condition::Or(list) => list.iter().any(|it| holds(it, run)),
        Condition::Not(inner) => !holds(inner, run),
        Condition::NameContains(part) => {
            run.job_name.as_str().to_ascii_lowercase().contains(&part.to_ascii_lowercase())
        }
        Condition::Test { field, test } => {
            let value = run.value(field, NOW);
            let Some(value) = value else { return *test == Test::Null { is_not: false } };
            match test {
                Test::Null { is_not } => *is_not,
                Test::Compare { op, value: operand } => compares(&value, *op, operand),
                Test::In { values, is_not } => values.iter().any(|it| compares(&value, Op::Equal, it)) != *is_not,
                Test::Like { pattern, is_case_ignored, is_not } => {
                    let fold = |text: &str| if *is_case_ignored { text.to_ascii_lowercase() } else { text.to_owned() };
                    let text: Vec<char> = fold(&value.to_string()).chars().collect();
                    is_like(&text, &fold(pattern).chars().collect::<Vec<_>>()) != *is_not
                }
            }
        }
    }
}

fn is_like(text: &[char], pattern: &[char]) -> bool {
    match pattern {
        [] => text.is_empty(),
        ['%', rest @ ..] => (0..=text.len()).any(|at| is_like(&text[at..], rest)),
        ['_', rest @ ..] => !text.is_empty() && is_like(&text[1..], rest),
        [c, rest @ ..] => text.first() == Some(c) && is_like(&text[1..], rest),
    }
}

fn compares(value: &Value, op: Op, operand: &Operand) -> bool {
    let by = |order: Option<Ordering>| match op {
        Op::Equal => order == Some(Ordering::Equal),
        Op::NotEqual => order != Some(Ordering::Equal),
        Op::Less => order == Some(Ordering::Less),
        Op::LessOrEqual => matches!(order, Some(Ordering::Less | Ordering::Equal)),
        Op::Greater => order == Some(Ordering::Greater),
        Op::GreaterOrEqual => matches!(order, Some(Ordering::Greater | Ordering::Equal)),
    };
    match (value, operand) {
        (Value::Text(text), Operand::Text(other)) => by(Some(text.as_str().cmp(other))),
        (Value::Text(text), Operand::Number(number)) => by(number_of(text).and_then(|it| it.partial_cmp(number))),
        (Value::Number(it), Operand::NotANumber) => by(it.is_nan().then_some(Ordering::Equal)),
        (Value::Number(it) | Value::Percent(it), Operand::Number(number) | Operand::Percent(number)) => {
            by(it.partial_cmp(number))
        }
        (Value::Seconds(it), Operand::Seconds(seconds)) => by((*it as f64).partial_cmp(seconds)),
        (Value::Dollars(it), Operand::Dollars(dollars)) => by(Some(it.cmp(dollars))),
        (Value::Flag(it), Operand::Flag(flag)) => by(Some(it.cmp(flag))),
        (Value::Time(at), operand) => {
            let (from, to) = operand.moments(NOW).unwrap();
            by(Some(if *at < from {
                Ordering::Less
            } else if *at >= to {
                Ordering::Greater
            } else {
                Ordering::Equal
            }))
        }
        other => panic!("{other:?} are not compared"),
    }
}

/// Missing last, NaN before them; then by value.
fn compares_in_order(a: &ListedRun, b: &ListedRun, orders: &[Order]) -> Ordering {
    for order in orders {
        let key = |run: &ListedRun| {
            let value = run.value(&order.field, NOW);
            let is_named = matches!(order.field, Field::Param(_) | Field::Tag(_));
            let number = value
                .as_ref()
                .and_then(|it| if is_named || !matches!(it, Value::Text(_)) { it.as_f64() } else { None });
            let exact = match &value {
                Some(Value::Dollars(it)) => it.0,
                Some(Value::Time(it)) => it.unix_micros(),
                Some(Value::Flag(it)) => i64::from(*it),
                _ => 0,
            };
            let class = match (&value, number) {
                (None, _) => 3,
                (Some(_), Some(number)) => i32::from(number.is_nan()),
                (Some(Value::Text(_)), None) => 2,
                (Some(_), None) => 0,
            };
            let text = match value {
                Some(Value::Text(text)) => text,
                _ => String::new(),
            };
            (class, exact, number.filter(|it| !it.is_nan()).unwrap_or_default(), text)
        };
        let (a, b) = (key(a), key(b));
        let by_value = a.1.cmp(&b.1).then(a.2.total_cmp(&b.2)).then_with(|| a.3.cmp(&b.3));
        let found = a.0.cmp(&b.0).then(if order.is_ascending { by_value } else { by_value.reverse() });
        if found != Ordering::Equal {
            return found;
        }
    }
    b.id.cmp(&a.id)
}

/// Every field with every operator that it takes, and values that it has, nearly has and has not.
fn searches() -> Vec<String> {
    let mut searches: Vec<String> = [
        "",
        "iris",
        "IRIS-1",
        "'%'",
        "_",
        "wine NOT iris",
        "'\\'",
        "NOT '🚂'",
        "name = 'Iris-8'",
        "name > 'J'",
        "name != 'Iris-8'",
        "experiment = 'Iris é_%'",
        "experiment LIKE 'Iris _\\_%'",
        "experiment LIKE 'iris%'",
        "experiment ILIKE 'iris%'",
        "experiment NOT ILIKE 'IRIS%'",
        "status = failed",
        "status != failed",
        "status IN (failed, running)",
        "status NOT IN (failed, running)",
        "origin = imported",
        "instance_type = ml.g5.xlarge",
        "instance_type LIKE '%5%'",
        "NOT instance_type = ml.g5.xlarge",
        "instance_type != ml.g5.xlarge",
        "instance_type > 'ml.f'",
        "instance_type IS NULL",
        "spot = true",
        "spot != true",
        "archived = true",
        "archived = false AND spot = true",
        "NOT archived = true",
        "created >= '2026-11-23'",
        "created = '2026-11-23'",
        "created != '2026-11-23'",
        "created <= '2026-11-22'",
        "created > '2026-11-23'",
        "started > '2026-11-23T16:05:40Z'",
        "started <= '2026-11-23T16:05:40Z'",
        "started = '2026-11-23T16:05:31Z'",
        "started > -99970s",
        "ended IS NULL",
        "ended < -96000s",
        "started IN ('2026-11-23T16:05:31Z', '2026-11-22')",
        "NOT started < '2027-01-01'",
        "(status = failed OR spot = true) AND NOT (params.epochs > 30 OR metrics.`val'loss` = 0.5)",
        "params.`l r``\"'` IN (0.1, adam, '9')",
        "params.`l r``\"'` NOT IN (0.1, adam, '9')",
        "NOT params.`l r``\"'` IN (0.1, adam)",
        "params.`l r``\"'` LIKE '%\\*?[a]'",
        "params.`l r``\"'` LIKE '_dam'",
        "params.`l r``\"'` ILIKE 'ADAM'",
        "params.`l r``\"'` NOT LIKE '%a%'",
        "tags.team = blue AND tags.note IS NULL",
        "tags.`trainyard:own` IS NOT NULL",
        "metrics.CPU = 50",
        "first(metrics.CPU) >= 30",
    ]
    .map(str::to_owned)
    .into();
    let mut add = |field: &str, values: &[&str], ops: &[&str]| {
        for value in values {
            searches.extend(ops.iter().map(|op| format!("{field} {op} {value}")));
        }
        searches.push(format!("NOT {field} IN ({})", values.join(", ")));
        searches.push(format!("{field} NOT IN ({})", values.join(", ")));
        searches.push(format!("{field} IS NULL"));
        searches.push(format!("{field} IS NOT NULL"));
    };
    let all = ["=", "!=", "<", "<=", ">", ">="];
    add("params.`l r``\"'`", &["0.1", "9", "'10'", "1e400"], &all[..2]);
    add("params.`l r``\"'`", &["0.1", "'9'", "-1"], &all[2..]);
    add("params.`l r``\"'`", &["adam", "'it''s'", "'50%_\\*?[a]'", "'🚂 é'", "''"], &all[..2]);
    add("params.none", &["1", "x"], &all[..2]);
    add("duration", &["0", "400s", "2900", "1h", "100000"], &all);
    add("training_seconds", &["0", "400s", "0.5"], &all);
    add("billable_seconds", &["370", "6240"], &all);
    add("cost", &["0", "$0.000000001", "0.035458334", "1", "12.5"], &all[1..]);
    add("cost", &["0", "1.5"], &all);
    add("savings", &["63", "63.0%", "30", "0", "62.9"], &all);
    add("instance_count", &["2", "2.5"], &all);
    add("metrics.`val'loss`", &["0.5", "-inf", "inf", "1e300", "98"], &all);
    add("metrics.`val'loss`", &["nan", "0.5"], &all[..2]);
    for stat in ["min", "max", "first", "count"] {
        add(&format!("{stat}(metrics.`val'loss`)"), &["0.5", "2", "-inf", "21"], &all);
    }
    add("min(metrics.`val'loss`)", &["nan", "0.5"], &all[..2]);
    searches
}

contract! {
    async fn what_is_found_is_what_the_condition_says(store) {
        fill(&store).await;
        let runs = everything(&store).await;
        let mut found_something = 0;
        for text in &searches() {
            let condition = Condition::parse(text).unwrap_or_else(|fault| panic!("{text}: {fault}"));
            let is_listed = |run: &&ListedRun| {
                !run.is_archived || condition.as_ref().is_some_and(|it| it.mentions(&Field::Archived))
            };
            let expected: Vec<String> = runs
                .iter()
                .filter(is_listed)
                .filter(|run| condition.as_ref().is_none_or(|it| holds(it, run)))
                .map(|it| it.id.to_string())
                .collect();
            let page = store.run_search(condition.as_ref(), &[], &[], NOW, 0, 500).await.unwrap();
            let found: Vec<String> = page.rows.iter().map(|it| it.id.to_string()).collect();
            assert_eq!(found, expected, "{text}");
            assert_eq!(page.total as usize, expected.len(), "{text}");
            found_something += usize::from(!expected.is_empty() && expected.len() < 57);
        }
        assert!(found_something > 150, "only {found_something} searches tell runs apart");
    }

    async fn orders_are_kept_and_pages_join(store) {
        fill(&store).await;
        let mut runs = everything(&store).await;
        runs.retain(|it| !it.is_archived);
        let mut orders: Vec<String> = fields().iter().map(ToString::to_string).collect();
        orders.extend(orders.clone().iter().map(|it| format!("{it} desc")));
        orders.push("status, metrics.`val'loss` desc, params.epochs, cost, tags.note, spot, min(metrics.CPU), started".to_owned());
        for text in orders {
            let orders = Order::parse_list(&text).unwrap();
            runs.sort_by(|a, b| compares_in_order(a, b, &orders));
            let expected: Vec<&str> = runs.iter().map(|it| it.id.as_str()).collect();
            let ids = store.run_search_ids(None, &orders, NOW, 1_000).await.unwrap();
            assert_eq!(ids.iter().map(domain::ids::RunId::as_str).collect::<Vec<_>>(), expected, "{text}");
            let page = store.run_search(None, &orders, &[], NOW, 20, 7).await.unwrap();
            assert_eq!(page.rows.iter().map(|it| it.id.as_str()).collect::<Vec<_>>(), expected[20..27], "{text}");
        }
        let beyond = store.run_search(None, &[], &[], NOW, u64::MAX, 7).await.unwrap();
        assert_eq!((beyond.total, beyond.rows.len()), (57, 0));
    }

    async fn a_row_has_what_was_asked_for_and_no_more(store) {
        fill(&store).await;
        let one = Condition::parse("name = 'wine-none' OR params.epochs = 11").unwrap();
        let columns = Field::parse_list("min(metrics.`val'loss`), metrics.`val'loss`, params.epochs, tags.team, cost, params.epochs").unwrap();
        let page = store.run_search(one.as_ref(), &[], &columns, NOW, 0, 5).await.unwrap();
        let [run] = &page.rows[..] else { panic!("{page:?}") };
        assert_eq!(run.params, [("epochs".to_owned(), "11".to_owned())]);
        assert_eq!(run.tags, [("team".to_owned(), "Red".to_owned())]);
        let [loss] = &run.metrics[..] else { panic!("{run:?}") };
        assert_eq!((loss.name.as_str(), loss.count), ("val'loss", 2), "the log of the first host, not another way");
        assert_eq!(loss.first.to_bits(), 11.0_f64.to_bits());
        let stored = store.run_get(&run.id).await.unwrap().unwrap();
        assert_eq!(run.value(&Field::Cost, NOW), stored.cost(NOW).total.map(Value::Dollars));
        let listed = store.run_listed(&[run_id(3), run_id(999), run_id(2)], &columns).await.unwrap();
        assert_eq!(listed.iter().map(|it| it.id.clone()).collect::<Vec<_>>(), [run_id(3), run_id(2)]);
    }

    async fn groups_are_found_again_by_their_search(store) {
        fill(&store).await;
        let by = Field::parse_list("params.`l r``\"'`, status, spot, instance_type").unwrap();
        let columns = Field::parse_list("metrics.CPU, cost, params.epochs, first(metrics.`val'loss`)").unwrap();
        let text = "wine OR iris";
        let condition = Condition::parse(text).unwrap();
        let page = store.run_group_list(condition.as_ref(), &by, &columns, NOW, 500).await.unwrap();
        assert_eq!((page.run_total, page.groups.len() as u64), (57, page.group_total));
        assert_eq!(page.groups.iter().map(|it| it.count).sum::<u64>(), 57);
        for group in &page.groups {
            let search = group_search(text, &by, &group.values);
            let condition = Condition::parse(&search).unwrap();
            let found = store.run_search(condition.as_ref(), &[], &columns, NOW, 0, 500).await.unwrap();
            assert_eq!(found.total, group.count, "{search}");
            let of_column = |field: &Field| Statistics::of(found.rows.iter().filter_map(|it| it.value(field, NOW)?.as_f64()));
            for (field, statistics) in columns.iter().zip(&group.statistics) {
                let expected = of_column(field);
                assert_eq!(statistics.map(|it| it.n), expected.map(|it| it.n), "{search}: {field}");
            }
        }
        for field in fields() {
            let page = store.run_group_list(None, std::slice::from_ref(&field), &[], NOW, 500).await.unwrap();
            for group in page.groups {
                let search = group_search("", std::slice::from_ref(&field), &group.values);
                let condition = Condition::parse(&search).unwrap();
                let found = store.run_search(condition.as_ref(), &[], &[], NOW, 0, 1).await.unwrap();
                assert_eq!(found.total, group.count, "{search}");
            }
        }
        let few = store.run_group_list(None, &by[..1], &[], NOW, 2).await.unwrap();
        assert_eq!((few.groups.len(), few.group_total), (2, 10));
        assert!(few.groups[0].count >= few.groups[1].count);
    }

    async fn the_names_of_fields_are_listed(store) {
        assert_eq!(store.run_field_names().await.unwrap(), RunFieldNames::default());
        fill(&store).await;
        let names = store.run_field_names().await.unwrap();
        assert_eq!(names.params, ["epochs", "l r`\"'"]);
        assert_eq!(names.tags, ["note", "other", "team"]);
        assert_eq!(names.metrics, ["CPU", "val'loss"]);
    }

    /// As many tests, orders and columns as a search may have: databases have limits of their own.
    async fn the_largest_search_is_answered(store) {
        fill(&store).await;
        let tests: Vec<String> = (0..MAX_TESTS).map(|number| match number % 4 {
            0 => format!("params.p{number}<1"),
            1 => format!("metrics.m{number}>1"),
            2 => format!("tags.t{number}=a"),
            _ => "cost<1".to_owned(),
        }).collect();
        for joint in [" ", " OR "] {
            let condition = Condition::parse(&tests.join(joint)).unwrap();
            let orders: Vec<Order> = (0..20).map(|it| Order { field: Field::metric(format!("m{it}"), Stat::Min), is_ascending: true }).collect();
            let columns: Vec<Field> = (0..2_000).map(|it| Field::Param(format!("p{it}"))).collect();
            let page = store.run_search(condition.as_ref(), &orders, &columns, NOW, 0, 500).await.unwrap();
            assert_eq!(page.total > 0, joint == " OR ");
        }
        for field in ["name", "params.epochs", "created", "cost"] {
            let many = format!("{field} NOT IN ({})", vec!["1d"; 900].join(",").replace("1d", if field == "created" { "-1d" } else { "9" }));
            let condition = Condition::parse(&many).unwrap_or_else(|fault| panic!("{field}: {fault}"));
            assert!(store.run_search(condition.as_ref(), &[], &[], NOW, 0, 1).await.unwrap().total > 0, "{field}");
        }
    }
}
