//! A metric definition: a name and a regex whose first group is the number, as SageMaker applies them to log lines.

use std::ops::Range;

use serde::{Deserialize, Serialize};

/// Checked on construction. Source: `AlgorithmSpecification.MetricDefinitions`, at most 40 per job.
#[derive(Clone, Debug)]
pub struct MetricDefinition {
    name: String,
    regex: regex_lite::Regex,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
pub enum MetricDefinitionError {
    #[error("a metric has a name of 1 to 255 characters, for example `train:loss`")]
    Name,
    #[error("a metric regex has 1 to 500 characters; this one has {0}, for example `loss=([0-9.]+)`")]
    RegexLength(usize),
    #[error("not a valid regular expression: {0}. Escape characters that stand for themselves, for example `\\[`")]
    RegexSyntax(String),
    #[error("the regex has no group: put parentheses around the number, for example `loss=([0-9.]+)`")]
    NoGroup,
}

const MAX_SEARCHED_BYTES: usize = 16 * 1024;

/// What a definition makes of a line.
#[derive(Clone, Debug, PartialEq)]
pub enum Look {
    NoMatch,
    /// The regex matches, but its first group is no number; empty when the group took no part.
    NoNumber {
        group: String,
    },
    /// `at`: the bytes of the group.
    Number {
        value: f64,
        at: Range<usize>,
    },
}

impl MetricDefinition {
    pub const MAX_PER_JOB: usize = 40;

    pub fn parse(name: &str, regex: &str) -> Result<Self, MetricDefinitionError> {
        let name_chars = name.chars().count();
        if name_chars == 0 || name_chars > 255 {
            return Err(MetricDefinitionError::Name);
        }
        let regex_chars = regex.chars().count();
        if regex_chars == 0 || regex_chars > 500 {
            return Err(MetricDefinitionError::RegexLength(regex_chars));
        }
        let regex = regex_lite::Regex::new(regex).map_err(|err| MetricDefinitionError::RegexSyntax(err.to_string()))?;
        if regex.captures_len() < 2 {
            return Err(MetricDefinitionError::NoGroup);
        }
        Ok(Self { name: name.to_owned(), regex })
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    pub fn regex_text(&self) -> &str {
        self.regex.as_str()
    }

    /// The number in this line, if the regex matches and its group is a number (`nan` and `inf` included).
    pub fn value_in(&self, line: &str) -> Option<f64> {
        match self.look_at(line) {
            Look::Number { value, .. } => Some(value),
            Look::NoMatch | Look::NoNumber { .. } => None,
        }
    }

    /// What the regex makes of this line, and where.
    pub fn look_at(&self, line: &str) -> Look {
        let Some(captures) = self.regex.captures(line) else { return Look::NoMatch };
        let group = captures.get(1).map(|it| it.range());
        let text = group.clone().and_then(|it| line.get(it)).unwrap_or_default();
        match (text.trim().parse(), group) {
            (Ok(value), Some(at)) => Look::Number { value, at },
            _ => Look::NoNumber { group: text.to_owned() },
        }
    }

    /// So much of a line is searched: a megabyte without a line break is no metric.
    pub fn searched_part(line: &str) -> &str {
        &line[..line.floor_char_boundary(MAX_SEARCHED_BYTES)]
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn value(regex: &str, line: &str) -> Option<f64> {
        MetricDefinition::parse("m", regex).expect("a valid definition").value_in(line)
    }

    #[test]
    fn the_first_group_is_the_value() {
        assert_eq!(value("loss=([0-9.]+)", "epoch=3 loss=0.25 acc=0.9"), Some(0.25));
        assert_eq!(value("'loss': (\\S+?),", "{'loss': 4.5e-05, 'epoch': 1.0}"), Some(4.5e-5));
        assert_eq!(value("(?i)LOSS: *(-?[\\d.]+) (x)", "loss:  -1.5 x"), Some(-1.5));
        assert_eq!(value("train-rmse:(.*)$", "[12]#011train-rmse:0.5"), Some(0.5));
    }

    #[test]
    fn nan_and_infinity_are_values() {
        assert!(value("loss=(\\S+)", "loss=nan").is_some_and(f64::is_nan));
        assert_eq!(value("loss=(\\S+)", "loss=-inf"), Some(f64::NEG_INFINITY));
        assert_eq!(value("loss=(\\S+)", "loss=Infinity"), Some(f64::INFINITY));
    }

    #[test]
    fn what_is_no_number_is_no_value() {
        assert_eq!(value("loss=(\\S+)", "loss=low"), None);
        assert_eq!(value("loss=(\\S+)", "accuracy=1"), None);
        assert_eq!(value("loss=(x)?", "loss="), None, "the group took no part");
    }

    #[test]
    fn a_look_says_where_the_number_is_or_what_stands_there_instead() {
        let look = |regex: &str, line: &str| MetricDefinition::parse("m", regex).expect("valid").look_at(line);
        assert_eq!(look("é=(\\S+)", "é=0.5"), Look::Number { value: 0.5, at: 3..6 });
        assert_eq!(look("loss=(\\S+)", "loss=low"), Look::NoNumber { group: "low".to_owned() });
        assert_eq!(look("loss=(x)?", "loss="), Look::NoNumber { group: String::new() });
        assert_eq!(look("loss=(x)", "acc=1"), Look::NoMatch);
        assert_eq!(MetricDefinition::searched_part(&"é".repeat(20_000)).len(), 16 * 1024);
    }

    #[test]
    fn each_wrong_definition_has_its_error() {
        let error = |name: &str, regex: &str| MetricDefinition::parse(name, regex).expect_err("wrong");
        assert_eq!(error("", "(.)"), MetricDefinitionError::Name);
        assert_eq!(error(&"x".repeat(256), "(.)"), MetricDefinitionError::Name);
        assert_eq!(error("m", ""), MetricDefinitionError::RegexLength(0));
        assert_eq!(error("m", &"a".repeat(501)), MetricDefinitionError::RegexLength(501));
        assert_eq!(error("m", "loss=.*"), MetricDefinitionError::NoGroup);
        assert_eq!(error("m", "loss=(?:.*)"), MetricDefinitionError::NoGroup, "this group does not capture");
        assert!(matches!(error("m", "loss=("), MetricDefinitionError::RegexSyntax(_)));
        assert!(matches!(error("m", "(a{1000}){1000}"), MetricDefinitionError::RegexSyntax(_)), "too large to build");
    }

    proptest! {
        #[test]
        fn any_regex_is_parsed_or_refused(name in any::<String>(), regex in any::<String>(), line in any::<String>()) {
            if let Ok(definition) = MetricDefinition::parse(&name, &regex) {
                let _ = definition.value_in(&line);
                prop_assert_eq!(definition.regex_text(), regex);
            }
        }

        /// What a script prints is what is stored, to the last bit.
        #[test]
        fn printed_floats_survive(number in any::<f64>()) {
            let read = value("loss=(\\S+)", &format!("loss={number}")).expect("a number");
            prop_assert!(read.to_bits() == number.to_bits() || (read.is_nan() && number.is_nan()));
        }
    }
}
