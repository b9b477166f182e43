use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::{
    cost::CostFacts,
    costs::{CostRun, Month},
    ids::RunId,
    instance_type::InstanceType,
    quota::WaitPlan,
    run::RunBadge,
    time::Timestamp,
};

const HOUR: i64 = 3_600;

fn month() -> Month {
    Month::new(2026, 11).expect("a month")
}

/// Seconds after the month's beginning.
fn at(seconds: i64) -> Timestamp {
    month().start().plus_seconds(seconds)
}

fn budget(text: &str) -> Result<Budget, String> {
    serde_json::from_str(text).map_err(|err| err.to_string())
}

fn vision() -> Budget {
    budget(
        r#"{"name": "vision", "experiments": "vision-*", "usd_per_month": "10", "hard": true, "message": "Ask ann."}"#,
    )
    .expect("a budget")
}

/// One dollar an hour, with a limit of four hours.
fn run(number: u128, experiment: &str, started_at: Option<Timestamp>, hours: Option<i64>) -> BudgetRun {
    let ended_at = started_at.zip(hours).map(|(at, hours)| at.plus_seconds(hours * HOUR));
    let seconds = hours.map(|it| (it * HOUR).unsigned_abs());
    BudgetRun {
        run: CostRun {
            id: RunId::new(at(0), number),
            job_name: format!("job-{number}"),
            experiment: experiment.to_owned(),
            instance_type: Some("ml.m5.xlarge".to_owned()),
            badge: if hours.is_some() { RunBadge::Completed } else { RunBadge::Running },
            ended_at,
            facts: CostFacts {
                spot: false,
                is_over: hours.is_some(),
                started_at,
                instance_count: 1,
                price_nanousd_per_hour: Some(NanoUsd(NanoUsd::ONE_DOLLAR)),
                training_seconds: seconds,
                billable_seconds: seconds,
            },
            tags: vec![("team".to_owned(), "blue".to_owned())],
        },
        most: most(4 * 3_600),
    }
}

/// One dollar an hour.
fn most(seconds: u64) -> Most {
    Most { per_hour: Some(NanoUsd(NanoUsd::ONE_DOLLAR)), billed_seconds: seconds, span_seconds: seconds }
}

fn dollars(count: i64) -> NanoUsd {
    NanoUsd(count * NanoUsd::ONE_DOLLAR)
}

#[test]
fn what_is_spent_and_what_is_promised_count() {
    let runs = [
        run(1, "vision-a", Some(at(0)), Some(2)),
        run(2, "vision-b", Some(at(9 * HOUR)), None),
        run(3, "vision-c", None, None),
        run(4, "speech", Some(at(0)), Some(3)),
    ];
    let used = BudgetUse::of(&vision(), &runs, month(), at(10 * HOUR));
    // Two hours are over; one of four has passed; four are to come.
    assert_eq!((used.spent, used.committed, used.unpriced), (dollars(3), dollars(7), 0));
    assert_eq!(vision().left(&used), dollars(0));
    assert_eq!(vision().warning(&used), Some(100));
}

#[test]
fn a_job_counts_up_to_its_limit_and_the_months_end() {
    let end = month().end();
    let near = end.plus_seconds(-HOUR);
    let late = run(1, "vision-a", None, None);
    assert_eq!(late.still_possible(month(), near), Some(dollars(1)), "the rest is of the next month");
    let overdue = run(2, "vision-a", Some(at(0)), None);
    assert_eq!(overdue.still_possible(month(), at(5 * HOUR)), Some(dollars(0)), "its limit has passed");
    let over = run(3, "vision-a", Some(at(0)), Some(1));
    assert_eq!(over.still_possible(month(), at(2 * HOUR)), Some(dollars(0)));

    let (next, before) = (month().next().expect("a month"), month().previous().expect("a month"));
    let running = run(4, "vision-a", Some(end.plus_seconds(-3 * HOUR)), None);
    assert_eq!(running.still_possible(next, near), Some(dollars(1)), "what the next month gets of its four hours");
    let unpriced = BudgetRun { most: Most { per_hour: None, ..most(60) }, ..late };
    assert_eq!(unpriced.still_possible(month(), near), None);
    assert_eq!(unpriced.still_possible(before, near), Some(dollars(0)), "nothing is left of a month that is past");
}

#[test]
fn a_job_that_was_not_reported_counts_with_the_time_it_took() {
    let mut silent = run(1, "vision-a", Some(at(0)), Some(3));
    (silent.run.facts.training_seconds, silent.run.facts.billable_seconds) = (None, None);
    let used = BudgetUse::of(&vision(), &[silent], month(), at(10 * HOUR));
    assert_eq!((used.spent, used.unpriced), (dollars(3), 0));
}

#[test]
fn a_spot_job_that_waits_is_never_more_than_its_whole_bill() {
    let mut spot = run(1, "vision-a", Some(at(0)), None);
    spot.run.facts.spot = true;
    spot.most.span_seconds = 120 * 3_600;
    let used = BudgetUse::of(&vision(), &[spot.clone()], month(), at(96 * HOUR));
    assert_eq!(used.total(), dollars(4), "four hours can be billed, however long it takes");
    let used = BudgetUse::of(&vision(), &[spot], month(), at(HOUR));
    assert_eq!((used.spent, used.committed), (dollars(1), dollars(3)));
}

#[test]
fn the_dearest_form_of_a_job_counts_and_its_warm_pool() {
    let wanted = json!({
        "ResourceConfig": { "InstanceType": "ml.m5.xlarge", "InstanceCount": 2, "KeepAlivePeriodInSeconds": 600 },
        "StoppingCondition": { "MaxRuntimeInSeconds": 3_600 },
    });
    let own = Most::of(&wanted, None);
    assert_eq!((own.per_hour, own.billed_seconds), (Some(NanoUsd(460_000_000)), 4_200));
    let mut plan = WaitPlan { max_per_hour: Some(dollars(1)), ..WaitPlan::default() };
    plan.instance_types.push(InstanceType::parse("ml.m5.2xlarge").expect("a type"));
    assert_eq!(Most::of(&wanted, Some(&plan)).per_hour, Some(NanoUsd(922_000_000)));

    let preferred = |names: &[&str]| {
        let names: Vec<Value> = names.iter().map(|it| json!({ "InstanceType": it })).collect();
        Most::of(&json!({ "ResourceConfig": { "InstanceCount": 2, "InstancePreferences": names } }), None).per_hour
    };
    assert_eq!(preferred(&["ml.m5.xlarge", "ml.m5.2xlarge"]), Some(NanoUsd(922_000_000)));
    assert_eq!(preferred(&["ml.m5.xlarge", "ml.no.such"]), None);
    let groups = json!([
        { "InstanceGroupName": "a", "InstanceType": "ml.m5.xlarge", "InstanceCount": 1 },
        { "InstanceGroupName": "b", "InstanceType": "ml.m5.2xlarge", "InstanceCount": 1 },
    ]);
    let mixed = Most::of(&json!({ "ResourceConfig": { "InstanceGroups": groups } }), None);
    assert_eq!(mixed.per_hour, Some(NanoUsd(230_000_000 + 461_000_000)));
}

#[test]
fn what_does_not_fit_is_refused_with_its_figures_and_the_cure() {
    let used = BudgetUse { spent: dollars(5), committed: dollars(3), unpriced: 0 };
    let refusal = |used: &BudgetUse, job| vision().refusal(used, job, month());
    assert_eq!(refusal(&used, Some(dollars(2))), None, "to the last nano-dollar");
    let why = refusal(&used, Some(NanoUsd(dollars(2).0 + 1))).expect("a refusal");
    for part in [
        "`vision`",
        "$10.00 for November 2026",
        "$2.00 left",
        "$5.00 spent",
        "$3.00 still possible",
        "lower",
        "Ask ann.",
    ] {
        assert!(why.contains(part), "{part} in {why}");
    }
    assert!(why.contains("can cost $2.000000001 in"), "what differs is seen: {why}");
    assert!(refusal(&used, None).expect("a refusal").contains("not known"));
    let full = BudgetUse { spent: dollars(11), committed: dollars(0), unpriced: 2 };
    let why = refusal(&full, Some(dollars(1))).expect("a refusal");
    assert!(why.contains("$0.00 left") && why.contains("2 of unknown cost") && !why.contains("lower"), "{why}");
}

#[test]
fn a_budget_of_a_tag_is_about_runs_that_carry_it() {
    let blue = budget(r#"{"name": "blue", "tag": "team = blue", "usd_per_month": "1.5"}"#).expect("a budget");
    assert!(blue.is_about("anything", &[("team".to_owned(), "blue".to_owned())]));
    assert!(!blue.is_about("anything", &[("team".to_owned(), "red".to_owned())]));
    assert_eq!((blue.limit, blue.is_hard, blue.warn_at_percent), (NanoUsd(1_500_000_000), false, vec![80, 100]));
}

#[test]
fn a_budget_that_could_not_be_kept_is_named() {
    for (text, part) in [
        (r#"{"name": " ", "usd_per_month": "1"}"#, "a name"),
        (r#"{"name": "a", "experiments": "", "usd_per_month": "1"}"#, "experiments ="),
        (r#"{"name": "a", "usd_per_month": "0"}"#, "above 0"),
        (r#"{"name": "a", "usd_per_month": "1e3"}"#, "above 0"),
        (r#"{"name": "a", "usd_per_month": "1", "tag": "team"}"#, "tag ="),
        (r#"{"name": "a", "usd_per_month": "1", "tag": "aws:team=x"}"#, "tag ="),
        (r#"{"name": "a", "usd_per_month": "1", "tag": "trainyard:run=x"}"#, "tag ="),
        (r#"{"name": "a", "usd_per_month": "1", "warn_at_percent": [0]}"#, "1 to 100"),
        (r#"{"name": "a", "usd_per_month": "1", "limit": "2"}"#, "unknown field"),
        (r#"{"name": "a", "usd_per_month": "1", "message": "a\nb"}"#, "line break"),
    ] {
        let fault = budget(text).expect_err(text);
        assert!(fault.contains(part), "{part} in {fault}");
    }
    let kept = vision();
    assert_eq!(budget(&serde_json::to_string(&kept).expect("JSON")), Ok(kept));
}

proptest! {
    #[test]
    fn jobs_that_were_let_in_never_spend_more_than_the_limit(
        jobs in proptest::collection::vec((0_i64..700, 1_u32..90_000, 0_i64..90_000), 1..30),
    ) {
        let budget = vision();
        let mut runs: Vec<BudgetRun> = Vec::new();
        let mut jobs = jobs;
        jobs.sort_unstable();
        for (number, (hour, max_runtime_seconds, runs_for)) in jobs.into_iter().enumerate() {
            let now = at(hour * HOUR);
            for it in &mut runs {
                let ended = it.run.ended_at.is_some_and(|ended| ended <= now);
                it.run.facts.is_over = ended;
            }
            let used = BudgetUse::of(&budget, &seen(&runs, now), month(), now);
            let mut job = run(number as u128, "vision-a", None, None);
            job.most = most(u64::from(max_runtime_seconds));
            if budget.refusal(&used, job.still_possible(month(), now), month()).is_some() {
                continue;
            }
            let seconds = runs_for.min(i64::from(max_runtime_seconds));
            job.run.facts.started_at = Some(now);
            job.run.ended_at = Some(now.plus_seconds(seconds));
            job.run.facts.training_seconds = Some(seconds.unsigned_abs());
            job.run.facts.billable_seconds = Some(seconds.unsigned_abs());
            runs.push(job);
        }
        let end = month().end();
        for it in &mut runs {
            it.run.facts.is_over = true;
        }
        let used = BudgetUse::of(&budget, &runs, month(), end.plus_seconds(100_000));
        prop_assert!(used.spent <= budget.limit, "{} of {}", used.spent, budget.limit);
        prop_assert_eq!(used.committed, NanoUsd(0));
    }
}

/// The runs as they are known at a moment: the end of one that is not over is not.
fn seen(runs: &[BudgetRun], now: Timestamp) -> Vec<BudgetRun> {
    let mut seen = runs.to_vec();
    for it in &mut seen {
        if it.run.ended_at.is_some_and(|ended| ended > now) {
            it.run.ended_at = None;
            it.run.facts.training_seconds = None;
            it.run.facts.billable_seconds = None;
        }
    }
    seen
}
