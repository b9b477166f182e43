//! The same job on cheaper instance types, with what is known of their speed.
//!
//! Invariants: an alternative costs less per hour than the chosen type and has GPUs if and only if that one has; a type
//! whose price is stale is not proposed; "likely" stands only where this script has run on it.

use serde::{Deserialize, Serialize};

use super::{
    Estimate,
    past::{Durations, Likeness, PastRun, Program, only_type},
};
use crate::{
    instance_type::InstanceTypeInfo,
    money::NanoUsd,
    training_job::{Fields, TrainingJobRequest},
};

/// So many are proposed.
pub const MAX_ALTERNATIVES: usize = 3;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alternative {
    pub instance_type: String,
    pub price_nanousd_per_hour: NanoUsd,
    /// Completed runs of this script on as many instances of this type. 0: its speed is not known.
    pub run_count: u32,
    pub median_seconds: Option<u64>,
    pub likely: Option<NanoUsd>,
    pub at_most: Option<NanoUsd>,
}

/// The types that this script has run on first come into the list, then the next cheaper ones; dearest first.
pub(super) fn alternatives(request: &TrainingJobRequest, program: &Program, runs: &[PastRun]) -> Vec<Alternative> {
    let Some((chosen, count)) = only_type(request) else { return Vec::new() };
    let Some(chosen) = InstanceTypeInfo::find(&chosen) else { return Vec::new() };
    let Some(chosen_price) = price_of(chosen) else { return Vec::new() };
    let has_gpu = |it: &InstanceTypeInfo| it.gpu_count.is_some_and(|count| count > 0);
    let is_cheaper = |it: &&InstanceTypeInfo| {
        let is_stale = it.price.as_ref().is_some_and(|it| it.confidence == "stale");
        !is_stale && price_of(it).is_some_and(|price| price < chosen_price) && has_gpu(it) == has_gpu(chosen)
    };
    let mut found: Vec<(&InstanceTypeInfo, NanoUsd, Vec<&PastRun>)> = InstanceTypeInfo::all()
        .iter()
        .filter(is_cheaper)
        .filter_map(|it| Some((it, price_of(it)?, runs_on(it, program, runs, count))))
        .collect();
    found.sort_by_key(|(_, price, group)| (group.is_empty(), std::cmp::Reverse(*price)));
    found.truncate(MAX_ALTERNATIVES);
    found.sort_by_key(|(_, price, _)| std::cmp::Reverse(*price));
    found.into_iter().filter_map(|(info, price, group)| alternative(info, price, &group, request)).collect()
}

/// This script's runs on the type. Another script on it says nothing about this one's speed.
fn runs_on<'r>(info: &InstanceTypeInfo, program: &Program, runs: &'r [PastRun], count: u32) -> Vec<&'r PastRun> {
    let closest = program.closest(runs, &info.name, count).filter(|(likeness, _)| *likeness != Likeness::Image);
    closest.map(|(_, group)| group).unwrap_or_default()
}

fn price_of(info: &InstanceTypeInfo) -> Option<NanoUsd> {
    info.price.as_ref().map(|it| it.price_nanousd_per_hour)
}

fn alternative(
    info: &InstanceTypeInfo,
    price: NanoUsd,
    group: &[&PastRun],
    request: &TrainingJobRequest,
) -> Option<Alternative> {
    let request = on_type(request, &info.name)?;
    let median = Durations::of(group).map(|it| it.median);
    let cut = |seconds: u64| seconds.min(u64::from(request.max_runtime_seconds()));
    Some(Alternative {
        instance_type: info.name.clone(),
        price_nanousd_per_hour: price,
        run_count: u32::try_from(group.len()).unwrap_or(u32::MAX),
        median_seconds: median,
        likely: median.and_then(|it| Estimate::lasting(&request, cut(it)).at_most),
        at_most: Estimate::of(&request).at_most,
    })
}

/// The same request on another type; `None` unless it names its type in the one plain place.
fn on_type(request: &TrainingJobRequest, instance_type: &str) -> Option<TrainingJobRequest> {
    request.as_value().pointer("/ResourceConfig/InstanceType")?;
    let mut fields = Fields::read(request.as_value()).ok()?;
    fields.set("ResourceConfig.InstanceType", instance_type);
    Some(fields.to_partial_request())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(instance_type: &str) -> TrainingJobRequest {
        let mut fields = Fields::default();
        fields.set("ResourceConfig.InstanceType", instance_type);
        fields.set("ResourceConfig.InstanceCount", "1");
        fields.to_partial_request()
    }

    fn program() -> Program {
        Program { training_image: "image".to_owned(), entry_point: None, source_sha256: None }
    }

    fn past(instance_type: &str, training_seconds: u64) -> PastRun {
        PastRun {
            training_image: Some("image".to_owned()),
            entry_point: None,
            source_sha256: None,
            instance_type: instance_type.to_owned(),
            instance_count: 1,
            spot: false,
            training_seconds,
            billable_seconds: training_seconds,
            was_interrupted: false,
        }
    }

    #[test]
    fn they_are_cheaper_of_the_same_kind_and_dearest_first() {
        for info in InstanceTypeInfo::all() {
            let found = alternatives(&request(&info.name), &program(), &[]);
            assert!(found.len() <= MAX_ALTERNATIVES);
            assert!(found.is_sorted_by_key(|it| std::cmp::Reverse(it.price_nanousd_per_hour)));
            for it in &found {
                let other = InstanceTypeInfo::find(&it.instance_type).expect("a type");
                assert!(price_of(other) < price_of(info), "{} for {}", it.instance_type, info.name);
                assert_eq!(other.gpu_count.unwrap_or(0) > 0, info.gpu_count.unwrap_or(0) > 0);
                assert_eq!((it.run_count, it.likely), (0, None), "nothing is guessed");
                assert!(it.at_most.is_some());
            }
        }
        assert_eq!(alternatives(&request("ml.m5.xlarge"), &program(), &[]).len(), MAX_ALTERNATIVES);
        assert_eq!(alternatives(&request("ml.no.such"), &program(), &[]), []);
    }

    #[test]
    fn a_type_that_the_script_has_run_on_comes_in_with_its_speed() {
        // Far below the next cheaper ones.
        let runs = [past("ml.m5.large", 1_800), past("ml.m5.4xlarge", 60)];
        let found = alternatives(&request("ml.m5.2xlarge"), &program(), &runs);
        let known = found.iter().find(|it| it.instance_type == "ml.m5.large").expect("it is proposed");
        assert_eq!((known.run_count, known.median_seconds), (1, Some(1_800)));
        assert_eq!(known.likely, Some(known.price_nanousd_per_hour.per_hour_times(1_800, 1)));
        assert!(found.iter().all(|it| it.instance_type != "ml.m5.4xlarge"), "it costs more per hour");
    }

    #[test]
    fn another_script_says_nothing_about_the_speed() {
        let other = PastRun { entry_point: Some("other.py".to_owned()), ..past("ml.m5.large", 10) };
        let found = alternatives(&request("ml.m5.2xlarge"), &program(), &[other]);
        assert!(found.iter().all(|it| it.median_seconds.is_none()));
    }
}
