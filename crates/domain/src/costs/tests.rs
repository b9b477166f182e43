use proptest::prelude::*;

use super::*;
use crate::{cost::CostFacts, ids::RunId, money::NanoUsd, run::RunBadge, time::Timestamp};

fn month(text: &str) -> Month {
    Month::parse(text).expect("a month")
}

fn at(text: &str) -> Timestamp {
    Timestamp::parse_rfc3339(text).expect("a moment")
}

/// On `ml.m5.xlarge` at $0.23 an hour.
fn run(number: u128, from: &str, to: &str, billable_seconds: u64) -> CostRun {
    let (from, to) = (at(from), at(to));
    CostRun {
        id: RunId::new(from, number),
        job_name: format!("job-{number}"),
        experiment: if number.is_multiple_of(2) { "even" } else { "odd" }.to_owned(),
        instance_type: Some("ml.m5.xlarge".to_owned()),
        badge: RunBadge::Completed,
        ended_at: Some(to),
        facts: CostFacts {
            spot: false,
            is_over: true,
            started_at: Some(from),
            instance_count: 1,
            price_nanousd_per_hour: Some(NanoUsd(230_000_000)),
            training_seconds: Some(billable_seconds),
            billable_seconds: Some(billable_seconds),
        },
        tags: Vec::new(),
    }
}

fn review(runs: &[CostRun], text: &str, grouping: &CostGrouping, filter: &CostFilter) -> CostReview {
    CostReview::of(runs, month(text), grouping, filter, at("2026-12-31T00:00:00Z"))
}

#[test]
fn months_are_civil_and_meet_each_other() {
    let november = month("2026-11");
    assert_eq!((november.start(), november.end()), (at("2026-11-01T00:00:00Z"), at("2026-12-01T00:00:00Z")));
    assert_eq!((november.day_count(), month("2024-02").day_count()), (30, 29));
    assert_eq!(month("2026-12").next(), Some(month("2027-01")));
    assert_eq!(month("2027-01").previous(), Some(month("2026-12")));
    assert_eq!(Month::of(at("2026-11-30T23:59:59.999999Z")), november);
    assert_eq!((november.to_string(), november.words()), ("2026-11".to_owned(), "November 2026".to_owned()));
    for wrong in ["", "2026", "2026-13", "2026-00", "2026-1", "11-2026", "2026-11-01", "+026-11", "9999-01"] {
        assert_eq!(Month::parse(wrong), None, "{wrong}");
    }
}

/// Two hours over the end of October, at $0.23 an hour: an hour in each month.
#[test]
fn a_run_over_a_months_end_is_cut_there() {
    let runs = [run(1, "2026-10-31T23:00:00Z", "2026-11-01T01:00:00Z", 7_200)];
    let none = CostFilter::new();
    let (october, november) = ("2026-10", "2026-11");
    for text in [october, november] {
        let review = review(&runs, text, &CostGrouping::Experiment, &none);
        assert_eq!((review.total.settled, review.total.runs), (NanoUsd(230_000_000), 1), "{text}");
    }
    let review = review(&runs, november, &CostGrouping::Experiment, &none);
    assert_eq!(review.previous.map(|it| it.settled), Some(NanoUsd(230_000_000)));
    assert_eq!(review.days[0].settled, NanoUsd(230_000_000));
    assert!(review.days[1..].iter().all(|it| *it == Spend::default()));
}

#[test]
fn the_unknown_is_counted_and_never_zero_dollars() {
    let mut unpriced = run(1, "2026-11-02T00:00:00Z", "2026-11-02T01:00:00Z", 3_600);
    unpriced.facts.price_nanousd_per_hour = None;
    let mut running = run(3, "2026-12-30T23:00:00Z", "2026-12-30T23:00:00Z", 0);
    (running.ended_at, running.facts.is_over, running.facts.billable_seconds) = (None, false, None);
    let none = CostFilter::new();
    let november = review(&[unpriced.clone()], "2026-11", &CostGrouping::Experiment, &none);
    assert_eq!((november.total.runs, november.total.unpriced, november.total.total()), (1, 1, NanoUsd(0)));
    let december = review(&[unpriced, running], "2026-12", &CostGrouping::Run, &none);
    assert_eq!((december.total.running, december.total.settled), (NanoUsd(230_000_000), NanoUsd(0)));
    assert_eq!(december.groups[0].label, "job-3");
}

#[test]
fn a_step_into_a_group_shows_its_sum_again() {
    let mut runs: Vec<CostRun> = (0..10)
        .map(|it| run(it, "2026-11-03T00:00:00Z", "2026-11-03T02:00:00Z", 100 * (u64::try_from(it).unwrap_or(0) + 1)))
        .collect();
    runs[3].tags.push(("team".to_owned(), "vision".to_owned()));
    let by_experiment = review(&runs, "2026-11", &CostGrouping::Experiment, &CostFilter::new());
    for group in &by_experiment.groups {
        let filter = vec![(CostGrouping::Experiment, group.key.clone().expect("few groups"))];
        let inside = review(&runs, "2026-11", &CostGrouping::Run, &filter);
        assert_eq!(inside.total, group.spend);
        assert_eq!(inside.groups.iter().map(|it| it.spend.settled).sum::<NanoUsd>(), group.spend.settled);
    }
    let by_tag = review(&runs, "2026-11", &CostGrouping::Tag("team".to_owned()), &CostFilter::new());
    assert_eq!(by_tag.tag_keys, ["team"]);
    let keys: Vec<_> = by_tag.groups.iter().map(|it| (it.key.as_deref(), it.spend.runs)).collect();
    assert_eq!(keys, [(Some(""), 9), (Some("vision"), 1)], "without the tag is a line of its own");
}

#[test]
fn groups_are_read_back_from_their_text() {
    for grouping in [
        CostGrouping::Experiment,
        CostGrouping::InstanceType,
        CostGrouping::Market,
        CostGrouping::Status,
        CostGrouping::Run,
        CostGrouping::Tag("cost:center".to_owned()),
    ] {
        assert_eq!(CostGrouping::parse(&grouping.to_string()), Some(grouping));
    }
    for wrong in ["", "tag:", "x", "run:1"] {
        assert_eq!(CostGrouping::parse(wrong), None);
    }
}

proptest! {
    /// Whatever the runs, months sum to the whole, days and groups to their month.
    #[test]
    fn nothing_is_lost_or_counted_twice(
        runs in proptest::collection::vec((0_i64..20_000_000, 0_i64..6_000_000, 0_u64..9_000_000, 1_i64..99_999_999_999), 0..12),
    ) {
        let start = at("2026-06-15T00:00:00Z");
        let runs: Vec<CostRun> = (0..).zip(runs).map(|(number, (from, length, billable, price))| {
            let mut run = run(number, "2026-06-15T00:00:00Z", "2026-06-15T00:00:00Z", billable);
            run.facts.started_at = Some(start.plus_seconds(from));
            run.ended_at = Some(start.plus_seconds(from + length));
            run.facts.price_nanousd_per_hour = Some(NanoUsd(price));
            run
        }).collect();
        let whole: NanoUsd = runs.iter().filter_map(|it| it.facts.summary(start).total).sum();
        let mut sum = NanoUsd(0);
        let mut next = Some(month("2026-06"));
        while let Some(month) = next.filter(|it| *it <= Month::parse("2027-06").expect("a month")) {
            let review = CostReview::of(&runs, month, &CostGrouping::Experiment, &CostFilter::new(), start);
            sum = sum + review.total.settled;
            prop_assert_eq!(review.days.iter().map(|it| it.settled).sum::<NanoUsd>(), review.total.settled);
            prop_assert_eq!(review.groups.iter().map(|it| it.spend.settled).sum::<NanoUsd>(), review.total.settled);
            next = month.next();
        }
        prop_assert_eq!(sum, whole);
    }
}
