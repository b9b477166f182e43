//! The quote: what a job will likely cost, what it would with managed spot, and on which other types it could run.
//!
//! Invariants:
//! - Every figure names how many past runs it comes from; without a run there is no figure, never a guess.
//! - A likely figure is never above the most that the job can cost, and never more with spot than without.
//! - Storage and a warm pool are in every figure, as they are on the bill.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    Estimate,
    alternatives::{Alternative, alternatives},
    past::{Durations, Likeness, PastRun, Program, only_type},
    savings_permille,
};
use crate::{money::NanoUsd, training_job::TrainingJobRequest};

/// What is known before the job is paid for. What it costs at most needs no history: see [`Estimate`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quote {
    /// `None`: no run like this one has completed.
    pub likely: Option<Likely>,
    /// `None`: no spot run has completed, or there is no likely figure to apply it to.
    pub with_spot: Option<WithSpot>,
    pub alternatives: Vec<Alternative>,
    /// Completed runs of this script by the type they ran on; a type without one is left out.
    pub runs_by_type: BTreeMap<String, u32>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Likely {
    pub likeness: Likeness,
    /// How many past runs the figure comes from.
    pub run_count: u32,
    pub median_seconds: u64,
    pub low_seconds: u64,
    pub high_seconds: u64,
    /// Low and high bound the middle half; otherwise all runs.
    pub is_middle_half: bool,
    /// `None`: unpriced.
    pub amount: Option<NanoUsd>,
    pub low: Option<NanoUsd>,
    pub high: Option<NanoUsd>,
    /// Past runs took longer than this job may.
    pub is_cut_by_max_runtime: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WithSpot {
    /// The spot runs that the savings come from.
    pub run_count: u32,
    pub interrupted_count: u32,
    /// They ran on the same instance type; otherwise on any.
    pub is_same_type: bool,
    /// `1 - Billable / Training` over all of them, in tenths of a percent.
    pub savings_permille: u16,
    /// `None`: unpriced.
    pub amount: Option<NanoUsd>,
}

impl Quote {
    /// `runs`: completed runs of the same image; `spot_runs`: completed spot runs of any program.
    pub fn of(request: &TrainingJobRequest, program: &Program, runs: &[PastRun], spot_runs: &[PastRun]) -> Self {
        let Some((instance_type, count)) = only_type(request) else { return Self::default() };
        let likely = likely(request, program, runs, &instance_type, count);
        let with_spot = likely.as_ref().and_then(|it| with_spot(request, it, spot_runs, &instance_type));
        let mut runs_by_type: BTreeMap<String, u32> = BTreeMap::new();
        for run in runs.iter().filter(|it| Likeness::EntryPoint.holds(program, it)) {
            *runs_by_type.entry(run.instance_type.clone()).or_default() += 1;
        }
        Self { alternatives: alternatives(request, program, runs), likely, with_spot, runs_by_type }
    }
}

fn likely(
    request: &TrainingJobRequest,
    program: &Program,
    runs: &[PastRun],
    instance_type: &str,
    count: u32,
) -> Option<Likely> {
    let (likeness, group) = program.closest(runs, instance_type, count)?;
    let Durations { median, low, high, is_middle_half } = Durations::of(&group)?;
    let max_runtime = u64::from(request.max_runtime_seconds());
    let amount = |seconds: u64| Estimate::lasting(request, seconds.min(max_runtime)).at_most;
    Some(Likely {
        likeness,
        run_count: u32::try_from(group.len()).unwrap_or(u32::MAX),
        median_seconds: median,
        low_seconds: low,
        high_seconds: high,
        is_middle_half,
        amount: amount(median),
        low: amount(low),
        high: amount(high),
        is_cut_by_max_runtime: median > max_runtime,
    })
}

fn with_spot(
    request: &TrainingJobRequest,
    likely: &Likely,
    spot_runs: &[PastRun],
    instance_type: &str,
) -> Option<WithSpot> {
    // Contradicting seconds say nothing about savings.
    let usable = |it: &&PastRun| it.spot && it.training_seconds > 0 && it.billable_seconds <= it.training_seconds;
    let all: Vec<&PastRun> = spot_runs.iter().filter(usable).collect();
    let same: Vec<&PastRun> = all.iter().copied().filter(|it| it.instance_type == instance_type).collect();
    let is_same_type = !same.is_empty();
    let group = if is_same_type { same } else { all };
    let sum = |of: fn(&PastRun) -> u64| group.iter().fold(0_u64, |sum, it| sum.saturating_add(of(it)));
    let (training, billable) = (sum(|it| it.training_seconds), sum(|it| it.billable_seconds));
    let savings_permille = savings_permille(training, billable)?;
    let max_runtime = u64::from(request.max_runtime_seconds());
    let billed = share(likely.median_seconds.min(max_runtime), billable, training);
    let interrupted = group.iter().filter(|it| it.was_interrupted).count();
    Some(WithSpot {
        run_count: u32::try_from(group.len()).unwrap_or(u32::MAX),
        interrupted_count: u32::try_from(interrupted).unwrap_or(u32::MAX),
        is_same_type,
        savings_permille,
        amount: Estimate::lasting(request, billed).at_most,
    })
}

/// `seconds x part / whole`, rounded up: a second that has begun is billed.
fn share(seconds: u64, part: u64, whole: u64) -> u64 {
    let product = u128::from(seconds) * u128::from(part);
    u64::try_from(product.div_ceil(u128::from(whole.max(1)))).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{instance_type::InstanceTypeInfo, training_job::Fields};

    const TYPE: &str = "ml.m5.xlarge";

    fn request(instance_type: &str, max_runtime: u32) -> TrainingJobRequest {
        let mut fields = Fields::default();
        fields.set("ResourceConfig.InstanceType", instance_type);
        fields.set("ResourceConfig.InstanceCount", "2");
        fields.set("ResourceConfig.VolumeSizeInGB", "30");
        fields.set("StoppingCondition.MaxRuntimeInSeconds", max_runtime.to_string());
        fields.to_partial_request()
    }

    fn program() -> Program {
        Program {
            training_image: "image".to_owned(),
            entry_point: Some("train.py".to_owned()),
            source_sha256: Some("a".to_owned()),
        }
    }

    fn past(training_seconds: u64) -> PastRun {
        PastRun {
            training_image: Some("image".to_owned()),
            entry_point: Some("train.py".to_owned()),
            source_sha256: Some("a".to_owned()),
            instance_type: TYPE.to_owned(),
            instance_count: 2,
            spot: false,
            training_seconds,
            billable_seconds: training_seconds,
            was_interrupted: false,
        }
    }

    fn spot(training_seconds: u64, billable_seconds: u64) -> PastRun {
        PastRun { spot: true, billable_seconds, ..past(training_seconds) }
    }

    #[test]
    fn the_closest_group_that_has_a_run_is_used_and_named() {
        let other_source = PastRun { source_sha256: Some("b".to_owned()), ..past(200) };
        let other_script = PastRun { entry_point: Some("eval.py".to_owned()), ..past(300) };
        let other_image = PastRun { training_image: Some("other".to_owned()), ..past(400) };
        let other_type = PastRun { instance_type: "ml.m5.large".to_owned(), ..past(500) };
        let other_count = PastRun { instance_count: 1, ..past(600) };
        let mut runs = vec![other_image, other_type, other_count];
        let of = |runs: &[PastRun]| {
            Quote::of(&request(TYPE, 3_600), &program(), runs, &[])
                .likely
                .map(|it| (it.likeness, it.run_count, it.median_seconds))
        };
        assert_eq!(of(&runs), None);
        runs.push(other_script);
        assert_eq!(of(&runs), Some((Likeness::Image, 1, 300)));
        runs.push(other_source);
        assert_eq!(of(&runs), Some((Likeness::EntryPoint, 1, 200)));
        runs.push(past(100));
        assert_eq!(of(&runs), Some((Likeness::Source, 1, 100)));
    }

    #[test]
    fn a_source_that_is_not_known_is_nobodys() {
        let runs = [PastRun { source_sha256: None, ..past(100) }];
        let nobody = Program { source_sha256: None, ..program() };
        let likely = Quote::of(&request(TYPE, 3_600), &nobody, &runs, &[]).likely.expect("a run");
        assert_eq!(likely.likeness, Likeness::EntryPoint);
    }

    #[test]
    fn median_and_spread() {
        let of = |seconds: &[u64]| {
            let runs: Vec<PastRun> = seconds.iter().map(|it| past(*it)).collect();
            let it = Durations::of(&runs.iter().collect::<Vec<_>>()).expect("runs");
            (it.low, it.median, it.high, it.is_middle_half)
        };
        assert_eq!(of(&[7]), (7, 7, 7, false));
        assert_eq!(of(&[9, 1]), (1, 5, 9, false));
        assert_eq!(of(&[1, 100, 2, 3]), (2, 2, 3, true), "one that is far away moves nothing");
        assert_eq!(Durations::of(&[]), None);
    }

    #[test]
    fn a_spot_runs_time_counts_only_where_there_is_no_other() {
        let runs = [spot(1_000, 300), past(100)];
        assert_eq!(Durations::of(&runs.iter().collect::<Vec<_>>()).map(|it| it.median), Some(100));
        assert_eq!(Durations::of(&[&runs[0]]).map(|it| it.median), Some(1_000));
    }

    #[test]
    fn spot_is_what_this_teams_spot_runs_were_billed() {
        let other_type = PastRun { instance_type: "ml.g5.xlarge".to_owned(), ..spot(1_000, 500) };
        let interrupted = PastRun { was_interrupted: true, ..spot(3_000, 900) };
        let likely = [past(3_600)];
        let of = |spot: &[PastRun]| Quote::of(&request(TYPE, 7_200), &program(), &likely, spot).with_spot;
        let any = of(std::slice::from_ref(&other_type)).expect("a spot run");
        assert_eq!((any.is_same_type, any.savings_permille, any.run_count), (false, 500, 1));
        let same = of(&[other_type, interrupted, spot(1_000, 300)]).expect("spot runs");
        assert_eq!((same.is_same_type, same.savings_permille), (true, 700));
        assert_eq!((same.run_count, same.interrupted_count), (2, 1));
        assert_eq!(same.amount, Estimate::lasting(&request(TYPE, 7_200), 1_080).at_most);
        assert_eq!(of(&[spot(100, 250)]), None, "contradicting seconds");
        assert_eq!(of(&[]), None);
    }

    #[test]
    fn a_run_that_took_longer_than_this_one_may_is_said() {
        let quote = Quote::of(&request(TYPE, 60), &program(), &[past(100)], &[]);
        let likely = quote.likely.expect("a run");
        assert!(likely.is_cut_by_max_runtime);
        assert_eq!(likely.amount, Estimate::of(&request(TYPE, 60)).at_most);
    }

    #[test]
    fn an_unpriced_type_has_a_time_and_no_figure() {
        let name = &InstanceTypeInfo::all().iter().find(|it| it.price.is_none()).expect("an unpriced type").name;
        let run = PastRun { instance_type: name.clone(), ..past(100) };
        let likely = Quote::of(&request(name, 3_600), &program(), &[run], &[]).likely.expect("a run");
        assert_eq!((likely.median_seconds, likely.amount), (100, None));
    }

    #[test]
    fn a_cluster_of_several_types_has_no_quote() {
        let mut fields = Fields::default();
        for (group, name) in ["ml.m5.xlarge", "ml.m5.large"].into_iter().enumerate() {
            fields.set(format!("ResourceConfig.InstanceGroups[{group}].InstanceType"), name);
            fields.set(format!("ResourceConfig.InstanceGroups[{group}].InstanceCount"), "1");
        }
        assert_eq!(Quote::of(&fields.to_partial_request(), &program(), &[past(1)], &[]), Quote::default());
    }

    fn runs() -> impl Strategy<Value = Vec<PastRun>> {
        let one = (any::<bool>(), 0_u64..100_000, 0_u64..100_000, any::<bool>(), any::<bool>());
        let run = one.prop_map(|(is_spot, training, billable, same_source, was_interrupted)| PastRun {
            spot: is_spot,
            billable_seconds: if is_spot { billable } else { training },
            source_sha256: same_source.then(|| "a".to_owned()),
            was_interrupted,
            ..past(training)
        });
        proptest::collection::vec(run, 0..12)
    }

    proptest! {
        /// Low, likely, high and the bound are in order, and spot is never dearer, whatever the runs were.
        #[test]
        fn figures_are_in_order(runs in runs(), spots in runs(), max_runtime in 1_u32..200_000) {
            let request = request(TYPE, max_runtime);
            let quote = Quote::of(&request, &program(), &runs, &spots);
            prop_assert_eq!(quote.likely.is_none(), runs.is_empty());
            let at_most = Estimate::of(&request).at_most.expect("priced");
            if let Some(likely) = &quote.likely {
                let (low, amount, high) = (likely.low.expect("priced"), likely.amount.expect("priced"), likely.high.expect("priced"));
                prop_assert!(NanoUsd(0) <= low && low <= amount && amount <= high && high <= at_most);
                prop_assert!(likely.run_count >= 1);
                if let Some(spot) = &quote.with_spot {
                    prop_assert!(spot.amount.expect("priced") <= amount);
                    prop_assert!(spot.savings_permille <= 1_000 && spot.interrupted_count <= spot.run_count);
                }
            }
        }

        #[test]
        fn the_order_of_runs_changes_nothing(runs in runs(), spots in runs()) {
            let request = request(TYPE, 50_000);
            let quote = Quote::of(&request, &program(), &runs, &spots);
            let reversed = |runs: &[PastRun]| runs.iter().rev().cloned().collect::<Vec<_>>();
            prop_assert_eq!(Quote::of(&request, &program(), &reversed(&runs), &reversed(&spots)), quote);
        }

        /// Wrong seconds give no panic and no negative money.
        #[test]
        fn no_seconds_are_too_wrong(training in any::<u64>(), billable in any::<u64>()) {
            let quote = Quote::of(&request(TYPE, 3_600), &program(), &[past(training)], &[spot(training, billable)]);
            prop_assert!(quote.likely.and_then(|it| it.amount).is_some_and(|it| it >= NanoUsd(0)));
            prop_assert!(quote.with_spot.and_then(|it| it.amount).is_none_or(|it| it >= NanoUsd(0)));
        }

        #[test]
        fn a_share_is_rounded_up_and_never_above_the_whole(seconds in any::<u64>(), part in any::<u64>(), more in 0_u64..1_000) {
            let whole = part.saturating_add(more).max(1);
            let found = share(seconds, part.min(whole), whole);
            prop_assert!(found <= seconds);
            prop_assert!(u128::from(found) * u128::from(whole) >= u128::from(seconds) * u128::from(part));
        }
    }
}
