use proptest::prelude::*;

use super::*;
use crate::{
    instance_type::InstanceTypeInfo,
    run::{RunPrice, fixture},
    status::{LaunchState, TrainingJobStatus},
    training_job::{Fields, TrainingJobRequest},
};

const START: Timestamp = Timestamp::from_unix_millis(1_790_000_000_000);

/// A finished run at 0.23 dollars an hour.
fn finished(spot: bool, training: u64, billable: u64) -> Run {
    Run {
        spot,
        status: Some(TrainingJobStatus::Completed),
        started_at: Some(START),
        ended_at: Some(START.plus_seconds(i64::try_from(training).expect("small"))),
        training_seconds: Some(training),
        billable_seconds: Some(billable),
        ..fixture::run()
    }
}

#[test]
fn a_finished_spot_run_has_total_and_savings() {
    let cost = finished(true, 3_600, 1_080).cost(START);
    assert_eq!(cost.state, CostState::Final);
    assert_eq!(cost.total, Some(NanoUsd(69_000_000)));
    assert_eq!(cost.spot_savings, Some(NanoUsd(161_000_000)));
    assert_eq!(cost.spot_savings_permille, Some(700));
    assert_eq!(cost.savings_percent_text().as_deref(), Some("70%"));
    assert_eq!((cost.problem, cost.is_upper_bound, cost.label()), (None, false, "final"));
}

#[test]
fn an_on_demand_run_has_no_savings() {
    let cost = finished(false, 3_600, 3_600).cost(START);
    assert_eq!(cost.total, Some(NanoUsd(230_000_000)));
    assert_eq!((cost.spot_savings, cost.spot_savings_permille), (None, None));
}

#[test]
fn more_billable_than_training_seconds_is_flagged_never_negative() {
    let cost = finished(true, 100, 250).cost(START);
    assert_eq!(cost.problem, Some(CostProblem::BillableExceedsTraining));
    assert_eq!(cost.total, Some(NanoUsd::parse("0.230000000").expect("money").per_hour_times(250, 1)));
    assert_eq!((cost.spot_savings, cost.spot_savings_permille), (None, None));
    assert!(cost.explanation().contains("contradicts itself"));
}

#[test]
fn a_running_spot_run_is_an_upper_bound() {
    let run =
        Run { status: Some(TrainingJobStatus::InProgress), started_at: Some(START), spot: true, ..fixture::run() };
    let cost = run.cost(START.plus_seconds(1_800));
    assert_eq!((cost.state, cost.total, cost.is_upper_bound), (CostState::Running, Some(NanoUsd(115_000_000)), true));
    assert!(cost.explanation().starts_with("An upper bound"));
    let on_demand = Run { spot: false, ..run }.cost(START.plus_seconds(1_800));
    assert_eq!((on_demand.is_upper_bound, on_demand.label()), (false, "so far"));
}

#[test]
fn a_clock_behind_the_engine_costs_nothing_yet() {
    let run = Run { status: Some(TrainingJobStatus::InProgress), started_at: Some(START), ..fixture::run() };
    assert_eq!(run.cost(START.plus_seconds(-5)).total, Some(NanoUsd(0)));
}

#[test]
fn absent_is_not_zero() {
    let waiting = fixture::run().cost(START);
    assert_eq!((waiting.state, waiting.total), (CostState::NotStarted, None));
    let rejected = Run { launch_state: LaunchState::Rejected, status: None, ..fixture::run() }.cost(START);
    assert_eq!((rejected.state, rejected.total), (CostState::NotStarted, Some(NanoUsd(0))));
    let unpriced = Run { price: None, ..finished(true, 100, 30) }.cost(START);
    assert_eq!((unpriced.state, unpriced.total), (CostState::Unpriced, None));
    assert_eq!(unpriced.spot_savings_permille, Some(700), "seconds need no price");
    let silent = Run { billable_seconds: None, ..finished(true, 100, 30) }.cost(START);
    assert_eq!((silent.state, silent.total), (CostState::NotReported, None));
}

#[test]
fn summaries_of_older_writers_are_read() {
    let text = r#"{"state":"final","total":5,"spot_savings":null,"spot_savings_permille":null}"#;
    let cost: CostSummary = serde_json::from_str(text).expect("fields added later have defaults");
    assert_eq!((cost.is_upper_bound, cost.problem), (false, None));
}

/// The request that these texts make, complete or not.
fn request(texts: &[(&str, &str)]) -> TrainingJobRequest {
    let mut fields = Fields::default();
    for (path, text) in texts {
        fields.set(*path, *text);
    }
    fields.to_partial_request()
}

#[test]
fn an_estimate_is_the_most_that_a_job_can_cost() {
    let of = |texts: &[(&str, &str)]| {
        let base = [
            ("ResourceConfig.InstanceType", "ml.m5.xlarge"),
            ("ResourceConfig.InstanceCount", "3"),
            ("StoppingCondition.MaxRuntimeInSeconds", "5400"),
        ];
        Estimate::of(&request(&[&base[..], texts].concat()))
    };
    let price = InstanceTypeInfo::find("ml.m5.xlarge").and_then(|it| it.price.clone()).expect("a priced type");
    let hourly = price.price_nanousd_per_hour.0;
    let estimate = of(&[("EnableManagedSpotTraining", "true")]);
    assert_eq!((estimate.at_most, estimate.label()), (Some(NanoUsd(hourly * 3 * 3 / 2)), "at most"));
    assert!(estimate.explanation().contains("waiting for capacity is not billed"));
    assert_eq!(estimate.lines[0].what, "3 × ml.m5.xlarge");
    for part in [price.date.as_str(), "1 h 30 min"] {
        assert!(estimate.lines[0].how.contains(part), "{part:?} in {:?}", estimate.lines[0].how);
    }
    let with_all = of(&[("ResourceConfig.VolumeSizeInGB", "720"), ("ResourceConfig.KeepAlivePeriodInSeconds", "1800")]);
    // 720 GB cost $0.14 an hour; storage lies there while the pool is kept.
    let storage = 140_000_000 * 3 * 2;
    assert_eq!(with_all.at_most, Some(NanoUsd(hourly * 3 * 2 + storage)));
    let groups = Estimate::of(&request(&[
        ("ResourceConfig.InstanceGroups[0].InstanceType", "ml.m5.xlarge"),
        ("ResourceConfig.InstanceGroups[0].InstanceCount", "2"),
        ("ResourceConfig.InstanceGroups[1].InstanceType", "ml.m5.xlarge"),
        ("ResourceConfig.InstanceGroups[1].InstanceCount", "1"),
        ("StoppingCondition.MaxRuntimeInSeconds", "3600"),
    ]));
    assert_eq!((groups.at_most, groups.lines.len()), (Some(NanoUsd(hourly * 3)), 2));
    let day = Estimate::of(&request(&[("ResourceConfig.InstanceType", "ml.m5.xlarge")]));
    assert_eq!(day.at_most, Some(NanoUsd(hourly * 24)), "SageMaker's own limit, when none is given");
}

#[test]
fn a_type_without_a_price_is_unpriced() {
    let all = InstanceTypeInfo::all();
    let unpriced = all.iter().find(|it| it.price.is_none()).expect("the table has types without a price");
    let estimate = Estimate::of(&request(&[("ResourceConfig.InstanceType", &unpriced.name)]));
    assert_eq!((estimate.at_most, estimate.label()), (None, "unpriced"));
    assert!(!estimate.lines[0].how.contains('$'));
    assert_eq!(Estimate::of(&request(&[])).at_most, None, "nothing is chosen");
}

proptest! {
    /// Billed and saved parts make up the on-demand cost exactly.
    #[test]
    fn total_and_savings_sum_to_on_demand(
        price in 0_i64..100_000_000_000, training in 0_u64..3_000_000, share in 0.0..=1.0_f64, count in 1_u32..=100,
    ) {
        let billable = (training as f64 * share) as u64;
        let mut run = finished(true, training, billable);
        run.instance_count = count;
        run.price = Some(RunPrice { price_nanousd_per_hour: NanoUsd(price), ..run.price.expect("priced") });
        let cost = run.cost(START);
        let (total, savings) = (cost.total.expect("final"), cost.spot_savings.expect("spot"));
        prop_assert_eq!(total + savings, NanoUsd(price).per_hour_times(training, count));
        prop_assert!(savings >= NanoUsd(0));
    }

    #[test]
    fn savings_permille_identities(training in 1_u64..=u64::MAX, share in 0.0..=1.0_f64) {
        let billable = ((training as f64 * share) as u64).min(training);
        let permille = u128::from(savings_permille(training, billable).expect("a saving"));
        prop_assert!(permille <= 1_000);
        // |permille / 1000 - saved / training| is at most half a permille.
        let saved = u128::from(training - billable);
        let gap = (permille * u128::from(training)).abs_diff(saved * 1_000);
        prop_assert!(2 * gap <= u128::from(training) + 1);
        prop_assert_eq!(savings_permille(training, training), Some(0));
        prop_assert_eq!(savings_permille(training, 0), Some(1_000));
        prop_assert_eq!(savings_permille(0, billable.max(1)), None);
        prop_assert_eq!(savings_permille(0, 0), None);
    }

    /// No seconds, however wrong, give negative money or a panic.
    #[test]
    fn no_reported_seconds_are_negative_money(training in any::<u64>(), billable in any::<u64>(), spot: bool) {
        let run = Run { training_seconds: Some(training), billable_seconds: Some(billable), ..finished(spot, 1, 1) };
        let cost = run.cost(START);
        prop_assert!(cost.total.is_none_or(|it| it >= NanoUsd(0)));
        prop_assert!(cost.spot_savings.is_none_or(|it| it >= NanoUsd(0)));
        prop_assert_eq!(cost.problem.is_some(), billable > training);
    }
}
