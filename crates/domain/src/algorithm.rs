//! Hyperparameters of the built-in algorithms XGBoost, Linear Learner and K-Means. Sources: `data/README.md`.

use std::sync::OnceLock;

use serde::{Deserialize, Serialize};

/// One hyperparameter as the algorithm's own documentation has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlgorithmHyperparameter {
    /// As the image catalogue names the algorithm.
    pub algorithm: String,
    pub name: String,
    /// `yes`, `no` or `conditional`; the description says when.
    pub required: String,
    /// `int`, `float`, `string`, `enum`, `bool` or `list`.
    #[serde(rename = "type")]
    pub kind: String,
    pub default: String,
    pub min: String,
    pub max: String,
    /// Of an enum, separated by `|`.
    pub choices: String,
    /// Whether a tuning job may search over it.
    pub tunable: String,
    pub description: String,
}

/// All three algorithms' hyperparameters, in the documentation's order.
pub fn algorithm_hyperparameters() -> &'static [AlgorithmHyperparameter] {
    static ALL: OnceLock<Vec<AlgorithmHyperparameter>> = OnceLock::new();
    ALL.get_or_init(|| {
        let table = include_str!("../data/algorithm_hyperparameters.csv");
        csv::Reader::from_reader(table.as_bytes()).into_deserialize().filter_map(Result::ok).collect()
    })
}

impl AlgorithmHyperparameter {
    pub fn is_required(&self) -> bool {
        self.required == "yes"
    }

    /// `whole number, 1 to 100, default 10`; without what is not known.
    pub fn rule_text(&self) -> String {
        let kind = match self.kind.as_str() {
            "int" => "whole number".to_owned(),
            "float" => "number".to_owned(),
            "bool" => self.choices.replace('|', " or "),
            "enum" => self.choices.replace('|', ", "),
            other => other.to_owned(),
        };
        let range = match (Limit::read(&self.min), Limit::read(&self.max)) {
            (None, None) => String::new(),
            (Some(Limit { text: min, is_included: true, .. }), Some(Limit { text: max, is_included: true, .. })) => {
                format!(", {min} to {max}")
            }
            (min, max) => {
                let min = min.map(|it| format!(", {} {}", if it.is_included { "at least" } else { "above" }, it.text));
                let max = max.map(|it| format!(", {} {}", if it.is_included { "at most" } else { "below" }, it.text));
                format!("{}{}", min.unwrap_or_default(), max.unwrap_or_default())
            }
        };
        let default = if self.default.is_empty() { String::new() } else { format!(", default {}", self.default) };
        format!("{kind}{range}{default}")
    }

    /// What is wrong with this value, with the cure. Text and lists are the algorithm's business.
    pub fn value_fault(&self, value: &str) -> Option<String> {
        let value = value.trim();
        let number = value.parse::<f64>().ok().filter(|it| it.is_finite());
        let is_fine = match self.kind.as_str() {
            "int" => value.parse::<i64>().is_ok() && self.is_in_range(number),
            "float" => self.is_in_range(number),
            "enum" | "bool" => false,
            _ => true,
        };
        // Several numbers may also be a word, `auto`.
        let is_choice = self.choices.split('|').any(|it| it == value && !it.is_empty());
        (!is_fine && !is_choice).then(|| format!("{} takes: {}", self.name, self.rule_text()))
    }

    fn is_in_range(&self, value: Option<f64>) -> bool {
        let Some(value) = value else { return false };
        let is_above = |it: Limit| if it.is_included { value >= it.number } else { value > it.number };
        let is_below = |it: Limit| if it.is_included { value <= it.number } else { value < it.number };
        Limit::read(&self.min).is_none_or(is_above) && Limit::read(&self.max).is_none_or(is_below)
    }
}

/// One end of a range; `>0` and `<1` do not belong to it.
struct Limit<'a> {
    text: &'a str,
    number: f64,
    is_included: bool,
}

impl Limit<'_> {
    fn read(limit: &str) -> Option<Limit<'_>> {
        let text = limit.trim_start_matches(['>', '<']);
        text.parse().ok().map(|number| Limit { text, number, is_included: text.len() == limit.len() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(algorithm: &str, name: &str) -> AlgorithmHyperparameter {
        let mut all = algorithm_hyperparameters().iter();
        all.find(|it| it.algorithm == algorithm && it.name == name).cloned().expect("it is in the table")
    }

    #[test]
    fn the_table_is_read_whole_and_every_default_obeys_its_own_rule() {
        let all = algorithm_hyperparameters();
        assert!(all.len() > 100);
        for it in all {
            assert!(it.default.is_empty() || it.value_fault(&it.default).is_none(), "{it:?}");
            assert!(["yes", "no", "conditional"].contains(&it.required.as_str()), "{it:?}");
        }
    }

    #[test]
    fn values_are_judged_by_type_and_range() {
        let rounds = find("xgboost", "num_round");
        assert!(rounds.is_required());
        assert_eq!(rounds.value_fault("100"), None);
        for wrong in ["0", "1.5", "many", ""] {
            assert!(rounds.value_fault(wrong).is_some_and(|it| it.contains("whole number")), "{wrong}");
        }
        assert!(find("xgboost", "eta").value_fault("1.1").is_some());
        assert_eq!(find("kmeans", "k").value_fault("10"), None);
    }

    #[test]
    fn an_open_limit_is_outside() {
        let share = find("xgboost", "subsample");
        assert_eq!(share.rule_text(), "number, above 0, at most 1, default 1");
        assert!(share.value_fault("0").is_some());
        assert_eq!(share.value_fault("0.01").or(share.value_fault("1")), None);
        let quantile = find("linear-learner", "quantile");
        assert!(quantile.value_fault("1").is_some());
        assert_eq!(quantile.value_fault("0.99"), None);
    }

    #[test]
    fn limits_and_spellings_of_the_table_are_all_understood() {
        for it in algorithm_hyperparameters() {
            for limit in [&it.min, &it.max] {
                assert!(limit.is_empty() || Limit::read(limit).is_some(), "{it:?}");
            }
            assert!(!["enum", "bool"].contains(&it.kind.as_str()) || !it.choices.is_empty(), "{it:?}");
        }
    }
}
