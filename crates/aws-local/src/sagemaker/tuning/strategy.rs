//! What to try next. Everything is computed from the seed, the number of the training job and what is known so far, so a
//! tuner that was killed proposes the same again.
//!
//! - `Random` and `Hyperband` draw each parameter evenly along its scale; Hyperband's other half is in `halting`.
//! - `Grid` counts through all combinations, the last parameter fastest.
//! - `Bayesian` is TPE, the tree-structured Parzen estimator (Bergstra et al., 2011), per parameter, after a few random
//!   draws. SageMaker's own Bayesian search models the objective with a Gaussian process; both choose where improvement
//!   on the results so far is most likely. Training jobs that still run count as the worst result so far, so that parallel
//!   ones look elsewhere.

use rand_tpe::rngs::StdRng;
use rand_tpe::{RngExt as _, SeedableRng as _};
use tpe::density_estimation::DefaultEstimatorBuilder;
use tpe::{TpeOptimizerBuilder, categorical_range, histogram_estimator, parzen_estimator, range};

use super::plan::Strategy;
use super::space::{Chosen, Parameter};

/// Results that Bayesian search wants before it leaves random draws.
const RANDOM_FIRST: usize = 5;
/// The share of results that TPE takes for good ones, and its draws from them, of which it takes the most promising. Few
/// draws explore more; tuning jobs are short.
const GOOD_SHARE: f64 = 0.1;
const CANDIDATES: usize = 8;
/// Draws that are thrown away because they were tried already.
const REDRAWS: usize = 20;
/// Positions of TPE are below 1.
const BELOW_ONE: f64 = 1.0 - 1e-9;

/// What is known when the next training job is to be chosen.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// Finished ones, with their losses: the objective, negated where it is to be maximised.
    pub results: Vec<(Chosen, f64)>,
    pub running: Vec<Chosen>,
}

/// The choice for training job `number` (from 0) of its definition.
pub(super) fn propose(strategy: Strategy, parameters: &[Parameter], known: &Known, seed: u64, number: usize) -> Chosen {
    let mixed = seed ^ (number as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let mut random = StdRng::seed_from_u64(mixed);
    if strategy == Strategy::Grid {
        return combination(parameters, number);
    }
    let tried =
        |chosen: &Chosen| known.running.contains(chosen) || known.results.iter().any(|(result, _)| result == chosen);
    let draw = |random: &mut StdRng| match strategy {
        Strategy::Bayesian if known.results.len() >= RANDOM_FIRST => likely(parameters, known, random),
        _ => drawn(parameters, random),
    };
    let mut chosen = draw(&mut random);
    for _ in 0..REDRAWS {
        if !tried(&chosen) {
            break;
        }
        chosen = draw(&mut random);
    }
    chosen
}

/// How many combinations a grid has; `None` beyond all bounds.
pub(super) fn combinations(parameters: &[Parameter]) -> Option<usize> {
    parameters.iter().try_fold(1_usize, |count, it| count.checked_mul(it.values().map_or(1, <[String]>::len)))
}

fn combination(parameters: &[Parameter], number: usize) -> Chosen {
    let mut rest = number;
    let mut chosen = Chosen::new();
    for parameter in parameters.iter().rev() {
        let count = parameter.values().map_or(1, <[String]>::len).max(1);
        chosen.insert(parameter.name.clone(), parameter.text((rest % count) as f64));
        rest /= count;
    }
    chosen
}

fn drawn(parameters: &[Parameter], random: &mut StdRng) -> Chosen {
    parameters.iter().map(|parameter| (parameter.name.clone(), parameter.text(even(parameter, random)))).collect()
}

fn even(parameter: &Parameter, random: &mut StdRng) -> f64 {
    match parameter.values() {
        Some(values) => random.random_range(0..values.len().max(1)) as f64,
        None => random.random(),
    }
}

fn likely(parameters: &[Parameter], known: &Known, random: &mut StdRng) -> Chosen {
    let worst = known.results.iter().map(|(_, loss)| *loss).fold(f64::NEG_INFINITY, f64::max);
    let told: Vec<(&Chosen, f64)> = known
        .results
        .iter()
        .map(|(chosen, loss)| (chosen, *loss))
        .chain(known.running.iter().map(|chosen| (chosen, worst)))
        .collect();
    parameters
        .iter()
        .map(|parameter| {
            let position = asked(parameter, &told, random).unwrap_or_else(|| even(parameter, random));
            (parameter.name.clone(), parameter.text(position))
        })
        .collect()
}

/// TPE's answer for one parameter; `None` when it has no room to choose.
fn asked(parameter: &Parameter, told: &[(&Chosen, f64)], random: &mut StdRng) -> Option<f64> {
    let (estimator, bounds): (DefaultEstimatorBuilder, _) = match parameter.values() {
        Some(values) => (histogram_estimator(), categorical_range(values.len()).ok()?),
        None => (parzen_estimator(), range(0.0, 1.0).ok()?),
    };
    let mut optimizer =
        TpeOptimizerBuilder::new().gamma(GOOD_SHARE).candidates(CANDIDATES).build(estimator, bounds).ok()?;
    for (chosen, loss) in told {
        // A result of an earlier tuning job may lie outside of this one's range: it says nothing about this parameter.
        if let Some(position) = chosen.get(&parameter.name).and_then(|text| parameter.position(text)) {
            let position = if parameter.values().is_some() { position } else { position.min(BELOW_ONE) };
            optimizer.tell(position, *loss).ok()?;
        }
    }
    optimizer.ask(random).ok()
}

#[cfg(test)]
mod tests {
    use super::super::space::parameters;
    use super::*;
    use serde_json::json;

    fn space() -> Vec<Parameter> {
        let ranges = json!({
            "ContinuousParameterRanges": [{ "Name": "x", "MinValue": "-5", "MaxValue": "5", "ScalingType": "Linear" }],
            "CategoricalParameterRanges": [{ "Name": "kind", "Values": ["a", "b", "c"] }],
        });
        parameters(&ranges, false).unwrap()
    }

    /// Least at x = 2 with kind b.
    fn loss(chosen: &Chosen) -> f64 {
        (chosen["x"].parse::<f64>().unwrap() - 2.0).powi(2) + if chosen["kind"] == "b" { 0.0 } else { 3.0 }
    }

    fn best_of(strategy: Strategy, seed: u64, jobs: usize) -> f64 {
        let mut known = Known::default();
        for number in 0..jobs {
            let chosen = propose(strategy, &space(), &known, seed, number);
            let loss = loss(&chosen);
            known.results.push((chosen, loss));
        }
        known.results.iter().map(|(_, loss)| *loss).fold(f64::INFINITY, f64::min)
    }

    #[test]
    fn bayesian_search_finds_the_optimum_better_than_chance() {
        let median = |strategy| {
            let mut best: Vec<f64> = (0..41).map(|seed| best_of(strategy, seed, 30)).collect();
            best.sort_by(f64::total_cmp);
            best[20]
        };
        let (bayesian, random) = (median(Strategy::Bayesian), median(Strategy::Random));
        assert!(bayesian < random / 4.0, "bayesian {bayesian}, random {random}");
    }

    #[test]
    fn the_same_seed_proposes_the_same() {
        for strategy in [Strategy::Random, Strategy::Bayesian, Strategy::Hyperband] {
            assert!((best_of(strategy, 7, 12) - best_of(strategy, 7, 12)).abs() < f64::EPSILON);
        }
        let first = |seed| propose(Strategy::Random, &space(), &Known::default(), seed, 0);
        assert_ne!(first(1), first(2));
    }

    #[test]
    fn a_grid_has_every_combination_once() {
        let ranges = json!({ "CategoricalParameterRanges": [
            { "Name": "a", "Values": ["1", "2", "3"] }, { "Name": "b", "Values": ["x", "y"] }] });
        let grid = parameters(&ranges, false).unwrap();
        assert_eq!(combinations(&grid), Some(6));
        let all: std::collections::BTreeSet<_> =
            (0..6).map(|number| propose(Strategy::Grid, &grid, &Known::default(), 0, number)).collect();
        assert_eq!(all.len(), 6);
    }
}
