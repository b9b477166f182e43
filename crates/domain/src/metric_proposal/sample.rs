//! A line as the script would print it, with numbers made up: every field gets another one, so that a regex that finds
//! the wrong number is found out.

use super::{
    template::{Field, Kind, Piece},
    words::{is_counter, is_metric, label_of, name_of_expression, name_of_label},
};

/// A line and the number of each field, as far as it is one.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Sample {
    pub(super) text: String,
    pub(super) values: Vec<Option<f64>>,
}

pub(super) fn sample(pieces: &[Piece]) -> Sample {
    let mut sample = Sample { text: String::new(), values: Vec::new() };
    let mut before = "";
    for piece in pieces {
        match piece {
            Piece::Text(text) => {
                sample.text.push_str(text);
                before = text;
            }
            Piece::Field(field) => {
                let text = number(field, before, sample.values.len());
                sample.values.push(text.trim().trim_end_matches('%').parse().ok());
                sample.text.push_str(&text);
                before = "";
            }
        }
    }
    sample
}

/// A number as the field's format writes it; a word where no number is to be expected.
fn number(field: &Field, before: &str, index: usize) -> String {
    let whole = index + 1;
    let value = whole as f64 + 0.2345;
    let (decimals, width) = (field.format.decimals, field.format.width);
    let text = match field.format.kind {
        Kind::Integer => whole.to_string(),
        Kind::Fixed => format!("{value:.decimals$}"),
        Kind::Percent => format!("{:.decimals$}%", value * 10.0),
        Kind::Scientific => scientific(value / 1e4, decimals),
        Kind::General => value.to_string(),
        Kind::Any => {
            let names = [name_of_label(label_of(before)), name_of_expression(&field.expression)];
            if names.iter().any(|it| is_metric(it)) {
                value.to_string()
            } else if names.iter().any(|it| is_counter(it)) {
                whole.to_string()
            } else {
                "text".to_owned()
            }
        }
    };
    format!("{text:>width$}")
}

/// `1.2345e-04`: Python writes the sign and two digits of the exponent.
fn scientific(value: f64, decimals: usize) -> String {
    let text = format!("{value:.decimals$e}");
    match text.split_once("e-") {
        Some((mantissa, exponent)) => format!("{mantissa}e-{exponent:0>2}"),
        None => text.replace('e', "e+0"),
    }
}
