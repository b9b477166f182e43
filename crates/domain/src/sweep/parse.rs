//! The sweep form as it was typed, and its rules.
//!
//! Values of a hyperparameter are a list (`0.1, 0.2, 0.4`), steps (`10 to 50 step 10`) or a range (`0.001 to 0.1 log`).

use std::{cmp::Ordering, collections::BTreeSet};

use serde::{Deserialize, Serialize};

use super::{Dimension, DimensionValues, Goal, MAX_TRIALS, Objective, Strategy, SweepSpec, plan::number};
use crate::{
    job_draft::{FieldError, JobDraft},
    money::NanoUsd,
};

/// Every field of the form, as text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SweepDraft {
    /// Name and values of each hyperparameter; without values it keeps what the job's form says.
    pub parameters: Vec<(String, String)>,
    /// `grid` or `random`.
    pub strategy: String,
    /// Of the random strategy.
    pub trials: String,
    pub seed: String,
    pub max_parallel: String,
    /// In dollars; empty: no cap.
    pub budget_usd: String,
    /// A metric's name; empty: none is the best.
    pub metric: String,
    /// `minimize` or `maximize`.
    pub goal: String,
}

impl Default for SweepDraft {
    fn default() -> Self {
        let text = str::to_owned;
        Self {
            parameters: Vec::new(),
            strategy: text("grid"),
            trials: text("20"),
            seed: text("1"),
            max_parallel: text("2"),
            budget_usd: String::new(),
            metric: String::new(),
            goal: text("minimize"),
        }
    }
}

impl SweepDraft {
    pub const MAX_PARALLEL: u32 = 100;
    /// SageMaker's own limit of hyperparameters.
    const MAX_ROWS: usize = 100;

    /// A row for each hyperparameter of the job's form, and its first metric as the objective.
    pub fn of_job(draft: &JobDraft) -> Self {
        let names = draft.fields.pairs("HyperParameters").into_iter().map(|(name, _)| name);
        let parameters = names.filter(|it| !it.trim().is_empty()).map(|it| (it, String::new())).collect();
        let metric = draft.metric_names().into_iter().next().unwrap_or_default();
        Self { parameters, metric, ..Self::default() }
    }

    /// The form's fields by their names, as a form sends them and a URL holds them.
    pub fn to_pairs(&self) -> Vec<(String, String)> {
        let mut pairs = Vec::new();
        for (row, (name, values)) in self.parameters.iter().enumerate() {
            pairs.push((format!("parameters[{row}].name"), name.clone()));
            pairs.push((format!("parameters[{row}].values"), values.clone()));
        }
        for (name, value) in [
            ("strategy", &self.strategy),
            ("trials", &self.trials),
            ("seed", &self.seed),
            ("max_parallel", &self.max_parallel),
            ("budget_usd", &self.budget_usd),
            ("metric", &self.metric),
            ("goal", &self.goal),
        ] {
            pairs.push((name.to_owned(), value.clone()));
        }
        pairs
    }

    /// `None`: these are no fields of this form. Empty rows are left out, names of other fields are ignored.
    pub fn of_pairs(pairs: &[(String, String)]) -> Option<Self> {
        let get = |name: &str| pairs.iter().find(|(it, _)| it == name).map(|(_, value)| value.clone());
        let strategy = get("strategy")?;
        let text = |name: &str| get(name).unwrap_or_default();
        let parameters = (0..Self::MAX_ROWS)
            .map(|row| (text(&format!("parameters[{row}].name")), text(&format!("parameters[{row}].values"))))
            .filter(|(name, values)| !name.trim().is_empty() || !values.trim().is_empty())
            .collect();
        Some(Self {
            parameters,
            strategy,
            trials: text("trials"),
            seed: text("seed"),
            max_parallel: text("max_parallel"),
            budget_usd: text("budget_usd"),
            metric: text("metric"),
            goal: text("goal"),
        })
    }

    /// Checks every field and names all that are wrong.
    pub fn parse(&self, draft: &JobDraft) -> Result<SweepSpec, Vec<FieldError>> {
        let mut errors = Vec::new();
        let dimensions = self.dimensions(&mut errors);
        let mut count = |field: &str, text: &str, max: u32, what: &str| {
            let value = text.trim().parse::<u32>().ok().filter(|it| (1..=max).contains(it));
            if value.is_none() {
                errors.push(FieldError::new(field, format!("{what} is a whole number from 1 to {max}.")));
            }
            value.unwrap_or(1)
        };
        let max_parallel =
            count("max_parallel", &self.max_parallel, Self::MAX_PARALLEL, "the number of trials at a time");
        let strategy = match self.strategy.as_str() {
            "random" => {
                let trials = count("trials", &self.trials, MAX_TRIALS as u32, "the number of trials");
                let seed = self.seed.trim().parse::<u64>();
                if seed.is_err() {
                    errors.push(FieldError::new(
                        "seed",
                        "the seed is a whole number: the same seed draws the same trials.",
                    ));
                }
                Strategy::Random { trials, seed: seed.unwrap_or_default() }
            }
            _ => Strategy::Grid,
        };
        if strategy == Strategy::Grid {
            grid_rules(&dimensions, &mut errors);
        }
        let budget = match self.budget_usd.trim() {
            "" => None,
            text => match NanoUsd::parse(text.trim_start_matches('$')) {
                Ok(budget) if budget > NanoUsd(0) => Some(budget),
                _ => {
                    let message =
                        "the budget is an amount of dollars above 0, for example `25` or `2.50`; empty for none.";
                    errors.push(FieldError::new("budget_usd", message));
                    None
                }
            },
        };
        let goal = if self.goal == "maximize" { Goal::Maximize } else { Goal::Minimize };
        let metric = self.metric.trim();
        let objective = (!metric.is_empty()).then(|| Objective { metric: metric.to_owned(), goal });
        if errors.is_empty() {
            let draft = draft.clone();
            Ok(SweepSpec { draft, strategy, dimensions, max_parallel, budget, objective })
        } else {
            Err(errors)
        }
    }

    fn dimensions(&self, errors: &mut Vec<FieldError>) -> Vec<Dimension> {
        let mut dimensions: Vec<Dimension> = Vec::new();
        for (row, (name, text)) in self.parameters.iter().enumerate() {
            let (name, text) = (name.trim(), text.trim());
            if text.is_empty() {
                continue;
            }
            if name.is_empty() {
                errors.push(FieldError::new(
                    format!("parameters[{row}].name"),
                    "name the hyperparameter that has these values.",
                ));
                continue;
            }
            if dimensions.iter().any(|it| it.name == name) {
                errors.push(FieldError::new(
                    format!("parameters[{row}].name"),
                    "this hyperparameter has values in another row already.",
                ));
                continue;
            }
            match values(text) {
                Ok(values) => dimensions.push(Dimension { name: name.to_owned(), values }),
                Err(message) => errors.push(FieldError::new(format!("parameters[{row}].values"), message)),
            }
        }
        if dimensions.is_empty() && errors.is_empty() {
            let message = "give at least one hyperparameter several values, for example `0.1, 0.2, 0.4`.";
            errors.push(FieldError::new("parameters[0].values", message));
        }
        dimensions
    }
}

fn grid_rules(dimensions: &[Dimension], errors: &mut Vec<FieldError>) {
    let mut trials: usize = 1;
    for dimension in dimensions {
        match &dimension.values {
            DimensionValues::List(values) => trials = trials.saturating_mul(values.len()),
            DimensionValues::Range { .. } => errors.push(FieldError::new(
                "strategy",
                format!(
                    "a grid needs the values of {} one by one: list them, add a step (`1 to 9 step 2`), or choose random.",
                    dimension.name
                ),
            )),
        }
    }
    if trials > MAX_TRIALS {
        let message = format!(
            "these are {trials} combinations, and a sweep has at most {MAX_TRIALS}: take fewer values, or choose random."
        );
        errors.push(FieldError::new("strategy", message));
    }
}

fn values(text: &str) -> Result<DimensionValues, String> {
    let words: Vec<&str> = text.split_whitespace().collect();
    match words.as_slice() {
        [min, "to", max] => range(min, max, false),
        [min, "to", max, "log"] => range(min, max, true),
        [min, "to", max, "step", step] => steps(min, max, step),
        [_, "to", ..] => Err("a range reads `0.001 to 0.1`, `0.001 to 0.1 log` or `10 to 50 step 10`.".to_owned()),
        _ => {
            let (mut list, mut seen) = (Vec::new(), BTreeSet::new());
            for value in text.split(',').map(str::trim).filter(|it| !it.is_empty()) {
                if seen.insert(value) {
                    list.push(value.to_owned());
                }
            }
            match list.len() {
                0 => Err("list values with commas between them.".to_owned()),
                count if count > MAX_TRIALS => {
                    Err(format!("these are {count} values, and a sweep has at most {MAX_TRIALS} trials: take fewer."))
                }
                _ => Ok(DimensionValues::List(list)),
            }
        }
    }
}

fn bounds(min: &str, max: &str) -> Result<(f64, f64), String> {
    let number = |text: &str| {
        let value = text.parse::<f64>().ok().filter(|it| it.is_finite());
        value.ok_or_else(|| format!("`{text}` is not a number: a range goes from one number to another."))
    };
    let (low, high) = (number(min)?, number(max)?);
    match low.total_cmp(&high) {
        Ordering::Less => Ok((low, high)),
        Ordering::Equal => Err(format!("the range begins where it ends: write `{min}` alone for one value.")),
        Ordering::Greater => Err(format!("the range begins above its end: write `{max} to {min}`.")),
    }
}

fn range(min: &str, max: &str, is_log: bool) -> Result<DimensionValues, String> {
    let (low, high) = bounds(min, max)?;
    if is_log && low <= 0.0 {
        return Err("a logarithmic range begins above 0.".to_owned());
    }
    let is_integer = min.parse::<i64>().is_ok() && max.parse::<i64>().is_ok();
    Ok(DimensionValues::Range { min: low, max: high, is_log, is_integer })
}

fn steps(min: &str, max: &str, step: &str) -> Result<DimensionValues, String> {
    let (low, high) = bounds(min, max)?;
    let size = step.parse::<f64>().ok().filter(|it| it.is_finite() && *it > 0.0);
    let size = size.ok_or_else(|| format!("`{step}` is no step: a step is a number above 0."))?;
    // Half a step of slack is too much, and none loses the end to rounding.
    let count = ((high - low) / size + 1e-9).floor();
    if count >= MAX_TRIALS as f64 {
        return Err(format!("these are more than {MAX_TRIALS} values: take a larger step."));
    }
    // Eleven digits: what adding up steps leaves behind them is no part of the value.
    let values = (0..=count as u32).map(|it| number(low + f64::from(it) * size, 11));
    Ok(DimensionValues::List(values.collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(text: &str) -> Vec<String> {
        match values(text) {
            Ok(DimensionValues::List(list)) => list,
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn lists_steps_and_ranges_are_told_apart() {
        assert_eq!(list("adam, sgd,adam ,"), ["adam", "sgd"]);
        assert_eq!(list("10 to 50 step 20"), ["10", "30", "50"]);
        assert_eq!(list("0.1 to 0.3 step 0.1"), ["0.1", "0.2", "0.3"]);
        assert_eq!(list("1e-5 to 3e-5 step 1e-5"), ["0.00001", "0.00002", "0.00003"]);
        assert!(values(&format!("1.{} to 3 step 1", "0".repeat(70_000))).is_ok(), "however it is written");
        let log = DimensionValues::Range { min: 0.001, max: 0.1, is_log: true, is_integer: false };
        assert_eq!(values("0.001 to 0.1 log"), Ok(log));
        let whole = DimensionValues::Range { min: 2.0, max: 8.0, is_log: false, is_integer: true };
        assert_eq!(values("2 to 8"), Ok(whole));
        for wrong in ["5 to 1", "5 to 5", "0 to 1 log", "1 to x", "1 to 5 step 0", "1 to 5 by 2", "0 to 1 step 0.00001"]
        {
            assert!(values(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn every_wrong_field_is_named() {
        let wrong = SweepDraft {
            parameters: vec![("lr".to_owned(), "0.1 to 0.2".to_owned()), (String::new(), "1".to_owned())],
            max_parallel: "0".to_owned(),
            budget_usd: "-1".to_owned(),
            ..SweepDraft::default()
        };
        let errors = wrong.parse(&JobDraft::default()).expect_err("wrong");
        let fields: Vec<&str> = errors.iter().map(|it| it.field.as_str()).collect();
        assert_eq!(fields, ["parameters[1].name", "max_parallel", "strategy", "budget_usd"]);
        let none = SweepDraft::default().parse(&JobDraft::default()).expect_err("nothing is swept");
        assert_eq!(none[0].field, "parameters[0].values");
    }

    #[test]
    fn what_was_typed_survives_the_url() {
        let form = SweepDraft {
            parameters: vec![("lr".to_owned(), "0.1, 0.2".to_owned()), ("x".to_owned(), String::new())],
            seed: "not a number".to_owned(),
            ..SweepDraft::default()
        };
        assert_eq!(SweepDraft::of_pairs(&form.to_pairs()), Some(form));
        assert_eq!(SweepDraft::of_pairs(&[("draft".to_owned(), "key".to_owned())]), None);
    }

    #[test]
    fn a_grid_has_an_end() {
        let many = (0..30).map(|it| it.to_string()).collect::<Vec<_>>().join(",");
        let draft = SweepDraft {
            parameters: vec![("a".to_owned(), many.clone()), ("b".to_owned(), many)],
            ..SweepDraft::default()
        };
        let errors = draft.parse(&JobDraft::default()).expect_err("900");
        assert!(errors[0].message.contains("900 combinations"), "{errors:?}");
        let random = SweepDraft { strategy: "random".to_owned(), ..draft };
        assert_eq!(random.parse(&JobDraft::default()).map(|it| it.max_parallel), Ok(2));
    }
}
