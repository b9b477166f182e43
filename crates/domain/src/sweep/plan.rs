//! The plan of a sweep: what each trial is launched with.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{MAX_TRIALS, Strategy, SweepSpec, Trial};

/// One swept hyperparameter.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Dimension {
    pub name: String,
    pub values: DimensionValues,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum DimensionValues {
    /// These, as they were typed.
    List(Vec<String>),
    /// Any number between them, both included.
    Range { min: f64, max: f64, is_log: bool, is_integer: bool },
}

/// A drawn combination that was drawn before is drawn again this often, then left out.
const REDRAWS: usize = 50;

impl SweepSpec {
    /// Every trial in order. `uniform` draws from [0, 1) and is asked by the random strategy only.
    pub fn plan(&self, mut uniform: impl FnMut() -> f64) -> Vec<Trial> {
        let combinations = match self.strategy {
            Strategy::Grid => self.grid(),
            Strategy::Random { trials, .. } => self.random(trials as usize, &mut uniform),
        };
        (0..)
            .zip(combinations)
            .map(|(number, values)| {
                let names = self.dimensions.iter().map(|it| it.name.clone());
                Trial { number, parameters: names.zip(values).collect(), run_id: None }
            })
            .collect()
    }

    /// The last dimension changes fastest.
    fn grid(&self) -> Vec<Vec<String>> {
        let mut combinations = vec![Vec::new()];
        for dimension in &self.dimensions {
            // A range has no end of values; `SweepDraft::parse` lets a grid have lists only.
            let DimensionValues::List(values) = &dimension.values else { continue };
            combinations = combinations
                .iter()
                .flat_map(|head: &Vec<String>| {
                    values.iter().map(move |value| head.iter().chain([value]).cloned().collect())
                })
                .take(MAX_TRIALS)
                .collect();
        }
        combinations
    }

    fn random(&self, trials: usize, uniform: &mut impl FnMut() -> f64) -> Vec<Vec<String>> {
        let (mut seen, mut combinations) = (BTreeSet::new(), Vec::new());
        for _ in 0..trials.min(MAX_TRIALS) {
            for _ in 0..REDRAWS {
                let drawn: Vec<String> = self.dimensions.iter().map(|it| it.values.draw(uniform())).collect();
                if seen.insert(drawn.clone()) {
                    combinations.push(drawn);
                    break;
                }
            }
        }
        combinations
    }
}

impl DimensionValues {
    /// `at` is in [0, 1).
    fn draw(&self, at: f64) -> String {
        match self {
            Self::List(values) => {
                let index = (at * values.len() as f64) as usize;
                values.get(index.min(values.len().saturating_sub(1))).cloned().unwrap_or_default()
            }
            Self::Range { min, max, is_log, is_integer } => {
                let value = if *is_log {
                    (min.ln() + at * (max.ln() - min.ln())).exp()
                } else if *is_integer {
                    // Each number has the same share, the last one too.
                    (min + at * (max - min + 1.0)).floor()
                } else {
                    min + at * (max - min)
                };
                let value = value.clamp(*min, *max);
                // Six digits are more than any training can tell apart, and read better in a table than seventeen.
                if *is_integer { format!("{}", value.round() as i64) } else { number(value, 5) }
            }
        }
    }
}

/// A number in its shortest text, after so many digits behind the first.
pub(super) fn number(value: f64, digits: usize) -> String {
    let rounded: f64 = format!("{value:.digits$e}").parse().unwrap_or(value);
    rounded.to_string()
}

#[cfg(test)]
mod tests {
    use proptest::{prop_assert, prop_assert_eq, proptest};

    use super::*;
    use crate::job_draft::JobDraft;

    fn spec(strategy: Strategy, dimensions: Vec<(&str, DimensionValues)>) -> SweepSpec {
        let dimensions =
            dimensions.into_iter().map(|(name, values)| Dimension { name: name.to_owned(), values }).collect();
        SweepSpec { draft: JobDraft::default(), strategy, dimensions, max_parallel: 1, budget: None, objective: None }
    }

    fn list(values: &[&str]) -> DimensionValues {
        DimensionValues::List(values.iter().map(|it| (*it).to_owned()).collect())
    }

    #[test]
    fn a_grid_is_every_combination_once() {
        let plan = spec(Strategy::Grid, vec![("a", list(&["1", "2"])), ("b", list(&["x", "y", "z"]))]).plan(|| 0.0);
        let values: Vec<String> =
            plan.iter().map(|it| it.parameters.iter().map(|(_, value)| value.as_str()).collect()).collect();
        assert_eq!(values, ["1x", "1y", "1z", "2x", "2y", "2z"]);
        assert_eq!(plan[5].number, 5);
    }

    #[test]
    fn what_is_drawn_twice_is_launched_once() {
        let mut state = 0_u32;
        let uniform = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            f64::from(state) / (f64::from(u32::MAX) + 1.0)
        };
        let strategy = Strategy::Random { trials: 10, seed: 1 };
        assert_eq!(spec(strategy, vec![("a", list(&["1", "2", "3"]))]).plan(uniform).len(), 3);
    }

    proptest! {
        #[test]
        fn draws_stay_in_their_range(min in 1e-6..1.0_f64, span in 1e-6..10.0_f64, at in 0.0..1.0_f64, is_log: bool) {
            let max = min + span;
            let drawn = DimensionValues::Range { min, max, is_log, is_integer: false }.draw(at);
            let value: f64 = drawn.parse().expect("a number");
            // The text is rounded to six digits.
            prop_assert!(value >= min * (1.0 - 1e-5) && value <= max * (1.0 + 1e-5), "{drawn}");
        }

        #[test]
        fn whole_numbers_are_whole_and_both_ends_are_drawn(min in -50_i32..50, span in 0_i32..20) {
            let (low, high) = (f64::from(min), f64::from(min + span));
            let range = DimensionValues::Range { min: low, max: high, is_log: false, is_integer: true };
            prop_assert_eq!(range.draw(0.0), min.to_string());
            prop_assert_eq!(range.draw(0.999_999), (min + span).to_string());
        }
    }
}
