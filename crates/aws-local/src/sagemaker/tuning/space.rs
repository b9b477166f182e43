//! What a tuning job may choose: named parameters with their ranges, and positions in them.
//!
//! A numeric parameter's position is in 0..=1 along its scale, a categorical one's is the index of its value: strategies
//! work on positions alone. `Auto` scaling is logarithmic when the range spans two powers of ten or more, else linear.
//! An `AutoParameter` gets a range around its hint: a tenth of it to ten times it; both of `true` and `false`; any other
//! text stands as it is. (SageMaker does not publish its own rules for the two.)
//! <https://docs.aws.amazon.com/sagemaker/latest/dg/automatic-model-tuning-define-ranges.html>

use std::collections::BTreeMap;

use serde_json::Value;

use crate::field;
use crate::wire::ApiError;

/// Chosen values by parameter name, as the training job gets them.
pub(super) type Chosen = BTreeMap<String, String>;

/// The most parameters that one tuning job can search.
const MAX_PARAMETERS: usize = 30;

#[derive(Debug, Clone, Copy, PartialEq)]
enum Scale {
    Linear,
    Logarithmic,
    ReverseLogarithmic,
}

#[derive(Debug, Clone, PartialEq)]
enum Range {
    Integer { min: i64, max: i64, scale: Scale },
    Continuous { min: f64, max: f64, scale: Scale },
    Categorical { values: Vec<String> },
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Parameter {
    pub name: String,
    range: Range,
}

/// Parses the range of the parameter with that name.
type Parse = fn(&str, &Value) -> Result<Range, ApiError>;

/// Parses `ParameterRanges`.
pub(super) fn parameters(ranges: &Value, autotune: bool) -> Result<Vec<Parameter>, ApiError> {
    let mut found: Vec<Parameter> = Vec::new();
    let lists: [(&str, Parse); 4] = [
        ("IntegerParameterRanges", integer),
        ("ContinuousParameterRanges", continuous),
        ("CategoricalParameterRanges", categorical),
        ("AutoParameters", |_, entry| Ok(automatic(entry))),
    ];
    for (list, parse) in lists {
        for entry in field::list(ranges, list) {
            let name = field::text(entry, "Name").unwrap_or_default();
            if list == "AutoParameters" && !autotune {
                return refuse(format!("AutoParameters ({name}) need Autotune with Mode Enabled."));
            }
            if found.iter().any(|known| known.name == name) {
                return refuse(format!("The hyperparameter {name:?} has more than one range."));
            }
            found.push(Parameter { name: name.to_owned(), range: parse(name, entry)? });
        }
    }
    if found.len() > MAX_PARAMETERS {
        return refuse(format!(
            "A tuning job can search at most {MAX_PARAMETERS} hyperparameters; this one has {}.",
            found.len()
        ));
    }
    Ok(found)
}

fn refuse<T>(message: String) -> Result<T, ApiError> {
    Err(ApiError::validation(message))
}

fn integer(name: &str, entry: &Value) -> Result<Range, ApiError> {
    let bound = |member: &str| field::integer(entry, member).filter(|value| value.unsigned_abs() <= 1 << 53);
    match (bound("MinValue"), bound("MaxValue")) {
        (Some(min), Some(max)) if min <= max => {
            Ok(Range::Integer { min, max, scale: scale(name, entry, min as f64, max as f64)? })
        }
        _ => refuse(format!("MinValue and MaxValue of {name:?} must be integers, MinValue not above MaxValue.")),
    }
}

fn continuous(name: &str, entry: &Value) -> Result<Range, ApiError> {
    let bound = |member: &str| entry.get(member).and_then(field::number).filter(|value| value.is_finite());
    match (bound("MinValue"), bound("MaxValue")) {
        (Some(min), Some(max)) if min <= max && (max - min).is_finite() => {
            Ok(Range::Continuous { min, max, scale: scale(name, entry, min, max)? })
        }
        _ => refuse(format!("MinValue and MaxValue of {name:?} must be numbers, MinValue not above MaxValue.")),
    }
}

fn categorical(name: &str, entry: &Value) -> Result<Range, ApiError> {
    let values: Vec<String> =
        field::list(entry, "Values").iter().filter_map(Value::as_str).map(str::to_owned).collect();
    let mut distinct = values.clone();
    distinct.sort();
    distinct.dedup();
    if distinct.len() < values.len() {
        return refuse(format!("Values of {name:?} must be different from each other."));
    }
    Ok(Range::Categorical { values })
}

fn automatic(entry: &Value) -> Range {
    let hint = field::text(entry, "ValueHint").unwrap_or_default();
    let scale_of = |low: f64| if low > 0.0 { Scale::Logarithmic } else { Scale::Linear };
    if let Ok(hint) = hint.parse::<i64>()
        && hint.unsigned_abs() <= 1 << 48
    {
        let (one, other) = if hint == 0 { (0, 10) } else { (hint / 10, hint * 10) };
        let min = if hint > 0 { one.max(1) } else { one.min(other) };
        return Range::Integer { min, max: one.max(other), scale: scale_of(min as f64) };
    }
    if let Some(hint) = hint.parse::<f64>().ok().filter(|hint| (hint * 10.0).is_finite()) {
        let (one, other) = if hint == 0.0 { (0.0, 1.0) } else { (hint / 10.0, hint * 10.0) };
        let (min, max) = (one.min(other), one.max(other));
        return Range::Continuous { min, max, scale: scale_of(min) };
    }
    let values = match hint.to_ascii_lowercase().as_str() {
        "true" | "false" => {
            let upper = hint.starts_with(char::is_uppercase);
            if upper { ["True", "False"] } else { ["true", "false"] }.map(str::to_owned).to_vec()
        }
        _ => vec![hint.to_owned()],
    };
    Range::Categorical { values }
}

fn scale(name: &str, entry: &Value, min: f64, max: f64) -> Result<Scale, ApiError> {
    match field::text(entry, "ScalingType") {
        Some("Logarithmic") if min <= 0.0 => {
            refuse(format!("Logarithmic scaling of {name:?} needs a MinValue greater than 0."))
        }
        Some("ReverseLogarithmic") if min < 0.0 || max >= 1.0 => {
            refuse(format!("ReverseLogarithmic scaling of {name:?} needs a range within 0 <= x < 1."))
        }
        Some("Logarithmic") => Ok(Scale::Logarithmic),
        Some("ReverseLogarithmic") => Ok(Scale::ReverseLogarithmic),
        Some("Linear") => Ok(Scale::Linear),
        _ if min > 0.0 && max / min >= 100.0 => Ok(Scale::Logarithmic),
        _ => Ok(Scale::Linear),
    }
}

impl Parameter {
    /// The values of a categorical parameter.
    pub(super) fn values(&self) -> Option<&[String]> {
        match &self.range {
            Range::Categorical { values } => Some(values),
            _ => None,
        }
    }

    /// The value at a position, as text.
    pub(super) fn text(&self, position: f64) -> String {
        match &self.range {
            Range::Integer { min, max, scale } => {
                // Half a step beyond both ends, so that the ends are as likely as the rest.
                let value = scale.value(position, *min as f64 - 0.5, *max as f64 + 0.5).round();
                (value as i64).clamp(*min, *max).to_string()
            }
            Range::Continuous { min, max, scale } => scale.value(position, *min, *max).clamp(*min, *max).to_string(),
            Range::Categorical { values } => values
                .get((position.max(0.0) as usize).min(values.len().saturating_sub(1)))
                .cloned()
                .unwrap_or_default(),
        }
    }

    /// The position of a value; `None` when it is not in the range.
    pub(super) fn position(&self, text: &str) -> Option<f64> {
        match &self.range {
            Range::Integer { min, max, scale } => {
                let value: i64 = text.parse().ok().filter(|value| (*min..=*max).contains(value))?;
                Some(scale.position(value as f64, *min as f64 - 0.5, *max as f64 + 0.5))
            }
            Range::Continuous { min, max, scale } => {
                let value: f64 = text.parse().ok().filter(|value| (*min..=*max).contains(value))?;
                Some(scale.position(value, *min, *max))
            }
            Range::Categorical { values } => values.iter().position(|value| value == text).map(|index| index as f64),
        }
    }
}

impl Scale {
    fn bend(self, value: f64) -> f64 {
        match self {
            Self::Linear => value,
            // An integer's range begins half a step below its least value, which may be the pole itself.
            Self::Logarithmic => value.max(f64::MIN_POSITIVE).ln(),
            Self::ReverseLogarithmic => -(1.0 - value).max(f64::MIN_POSITIVE).ln(),
        }
    }

    fn unbend(self, bent: f64) -> f64 {
        match self {
            Self::Linear => bent,
            Self::Logarithmic => bent.exp(),
            Self::ReverseLogarithmic => 1.0 - (-bent).exp(),
        }
    }

    fn value(self, position: f64, min: f64, max: f64) -> f64 {
        let (low, high) = (self.bend(min), self.bend(max));
        self.unbend(low + position * (high - low))
    }

    fn position(self, value: f64, min: f64, max: f64) -> f64 {
        let (low, high) = (self.bend(min), self.bend(max));
        if high > low { ((self.bend(value) - low) / (high - low)).clamp(0.0, 1.0) } else { 0.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn one(list: &str, entry: Value) -> Result<Parameter, ApiError> {
        parameters(&json!({ list: [entry] }), true).map(|mut found| found.remove(0))
    }

    fn number(list: &str, min: &str, max: &str, scaling: &str) -> Result<Parameter, ApiError> {
        one(list, json!({ "Name": "x", "MinValue": min, "MaxValue": max, "ScalingType": scaling }))
    }

    #[test]
    fn positions_follow_the_scale_and_come_back() {
        let at_half = |scaling: &str, min: &str, max: &str| {
            number("ContinuousParameterRanges", min, max, scaling).unwrap().text(0.5).parse::<f64>().unwrap()
        };
        assert!((at_half("Linear", "0", "10") - 5.0).abs() < 1e-9);
        assert!((at_half("Logarithmic", "0.0001", "1") - 0.01).abs() < 1e-9);
        assert!((at_half("Auto", "0.0001", "1") - 0.01).abs() < 1e-9);
        assert!((at_half("ReverseLogarithmic", "0.9", "0.9999") - (1.0 - 10f64.powf(-2.5))).abs() < 1e-9);
        for scaling in ["Linear", "Logarithmic"] {
            let parameter = number("IntegerParameterRanges", "1", "64", scaling).unwrap();
            assert_eq!((parameter.text(0.0), parameter.text(1.0)), ("1".to_owned(), "64".to_owned()));
            for value in ["1", "7", "64"] {
                assert_eq!(parameter.text(parameter.position(value).unwrap()), value);
            }
            assert_eq!(parameter.position("65"), None);
        }
    }

    #[test]
    fn hints_become_ranges() {
        let auto = |hint: &str| one("AutoParameters", json!({ "Name": "x", "ValueHint": hint })).unwrap();
        assert_eq!((auto("20").text(0.0), auto("20").text(1.0)), ("2".to_owned(), "200".to_owned()));
        for (position, wanted) in [(0.0, 0.05), (0.5, 0.5), (1.0, 5.0)] {
            assert!((auto("0.5").text(position).parse::<f64>().unwrap() - wanted).abs() < 1e-9);
        }
        assert_eq!(auto("True").values().unwrap(), ["True", "False"]);
        assert_eq!(auto("adam").values().unwrap(), ["adam"]);
    }

    #[test]
    fn impossible_ranges_are_refused() {
        for (list, min, max, scaling) in [
            ("IntegerParameterRanges", "2", "1", "Linear"),
            ("IntegerParameterRanges", "0.5", "1", "Linear"),
            ("IntegerParameterRanges", "0", "9", "Logarithmic"),
            ("ContinuousParameterRanges", "nan", "1", "Linear"),
            ("ContinuousParameterRanges", "0", "1", "ReverseLogarithmic"),
        ] {
            assert!(number(list, min, max, scaling).is_err(), "{list} {min} {max} {scaling}");
        }
        assert!(one("CategoricalParameterRanges", json!({ "Name": "x", "Values": ["a", "a"] })).is_err());
    }
}
