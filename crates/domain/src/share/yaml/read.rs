//! Reading YAML: one document, no aliases, scalars typed by what the API expects where they stand.
//!
//! Where SageMaker wants text, `10`, `1e3` or `yes` without quotes is the text as it was typed. Elsewhere the rules of
//! YAML 1.2's core schema hold.

use saphyr_parser::{Event, Parser, ScalarStyle, StrInput};
use serde_json::{Map, Value};

use crate::share::{
    fault::{Fault, MAX_DEPTH, Path, too_deep},
    members::Kind,
};

pub(in crate::share) fn read(text: &str) -> Result<Value, Fault> {
    document(text).map_err(|it| {
        // The parser counts characters; to find a byte for each event would take the square of the text's length.
        let at = text.char_indices().nth(it.at).map_or(text.len(), |(at, _)| at);
        Fault { at, ..it }
    })
}

/// Places in its faults are characters.
fn document(text: &str) -> Result<Value, Fault> {
    let mut reader = Reader { parser: Parser::new_from_str(text) };
    let mut value = Value::Null;
    let mut documents = 0;
    loop {
        let (event, at) = reader.next()?;
        match event {
            Event::StreamEnd => return Ok(value),
            Event::Nothing | Event::StreamStart | Event::DocumentEnd => {}
            Event::DocumentStart(_) if documents == 0 => documents += 1,
            Event::DocumentStart(_) => {
                return Err(Fault::new(at, "a second YAML document begins here. Paste one training job at a time."));
            }
            event => value = reader.node(event, at, &Path::default(), Some(Kind::request()))?,
        }
    }
}

struct Reader<'a> {
    parser: Parser<'a, StrInput<'a>>,
}

impl<'a> Reader<'a> {
    /// The next event and the character at which it begins.
    fn next(&mut self) -> Result<(Event<'a>, usize), Fault> {
        match self.parser.next_event() {
            Some(Ok((event, span))) => Ok((event, span.start.index())),
            Some(Err(err)) => Err(Fault::new(
                err.marker().index(),
                format!("this is not YAML: {}. Check the indentation and the quotes here.", err.info()),
            )),
            None => Ok((Event::StreamEnd, 0)),
        }
    }

    fn node(&mut self, event: Event<'a>, at: usize, path: &Path, kind: Option<Kind>) -> Result<Value, Fault> {
        if path.depth() > MAX_DEPTH {
            return Err(too_deep(at));
        }
        match event {
            Event::Scalar(text, style, _, tag) => {
                let is_text = match tag {
                    Some(tag) if tag.is_yaml_core_schema() && tag.suffix == "str" => true,
                    Some(tag) => {
                        return Err(Fault::new(
                            at,
                            format!("`{path}` has the tag `{tag}`, which is no value. Write the value itself."),
                        ));
                    }
                    None => style != ScalarStyle::Plain,
                };
                if is_text { Ok(Value::String(text.into_owned())) } else { plain(&text, at, path, kind) }
            }
            Event::SequenceStart(_, None) => {
                let mut items = Vec::new();
                loop {
                    let (event, at) = self.next()?;
                    if event == Event::SequenceEnd {
                        return Ok(Value::Array(items));
                    }
                    items.push(self.node(event, at, &path.item(items.len()), kind.and_then(Kind::of_item))?);
                }
            }
            Event::MappingStart(_, None) => self.mapping(path, kind),
            Event::Alias(_) => Err(Fault::new(
                at,
                format!("`{path}` is an alias (`*name`). Write the value itself here; aliases are not followed."),
            )),
            _ => Err(Fault::new(
                at,
                format!("`{path}` has a tag (`!name`), which is no value. Write the value itself without it."),
            )),
        }
    }

    fn mapping(&mut self, path: &Path, kind: Option<Kind>) -> Result<Value, Fault> {
        let mut map = Map::new();
        loop {
            let key = match self.next()? {
                (Event::MappingEnd, _) => return Ok(Value::Object(map)),
                (Event::Scalar(key, _, _, _), at) if !map.contains_key(key.as_ref()) => (key, at),
                (Event::Scalar(key, _, _, _), at) => {
                    return Err(Fault::new(at, format!("`{}` is there twice. Keep one.", path.member(&key))));
                }
                (_, at) => {
                    return Err(Fault::new(at, format!("a key in `{path}` is not text. Write a name and a colon.")));
                }
            };
            let (event, at) = self.next()?;
            let value = self.node(event, at, &path.member(&key.0), kind.and_then(|it| it.of_member(&key.0)))?;
            map.insert(key.0.into_owned(), value);
        }
    }
}

fn plain(text: &str, at: usize, path: &Path, kind: Option<Kind>) -> Result<Value, Fault> {
    match (kind, text) {
        (_, "" | "~" | "null" | "Null" | "NULL") => Ok(Value::Null),
        (Some(Kind::Text), _) => Ok(Value::String(text.to_owned())),
        (_, "true" | "True" | "TRUE") | (Some(Kind::Flag), "yes" | "Yes" | "YES" | "on" | "On" | "ON") => {
            Ok(Value::Bool(true))
        }
        (_, "false" | "False" | "FALSE") | (Some(Kind::Flag), "no" | "No" | "NO" | "off" | "Off" | "OFF") => {
            Ok(Value::Bool(false))
        }
        _ => number(text, at, path),
    }
}

/// A number of the core schema, or text.
fn number(text: &str, at: usize, path: &Path) -> Result<Value, Fault> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let is_whole = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    if is_whole && digits.len() > 1 && digits.starts_with('0') {
        return Err(Fault::new(
            at,
            format!(
                "`{path}` is `{text}`, a number with a leading zero: versions of YAML differ about it. Write it without \
                 the zero, or in quotes if it is text."
            ),
        ));
    }
    let radix = digits.strip_prefix("0x").map(|it| (16, it)).or_else(|| digits.strip_prefix("0o").map(|it| (8, it)));
    let whole = match radix {
        Some((radix, rest)) if digits == text && !rest.is_empty() && rest.chars().all(|c| c.is_digit(radix)) => {
            Some(i128::from_str_radix(rest, radix).unwrap_or(i128::MAX))
        }
        _ if is_whole => Some(text.parse::<i128>().unwrap_or(i128::MAX)),
        _ => None,
    };
    if let Some(whole) = whole {
        let number = u64::try_from(whole).map(Value::from).or_else(|_| i64::try_from(whole).map(Value::from));
        return number.map_err(|_| too_large(text, at, path));
    }
    if is_float(digits) {
        let number = text.parse().ok().and_then(serde_json::Number::from_f64);
        return number.map(Value::Number).ok_or_else(|| too_large(text, at, path));
    }
    if matches!(digits, ".inf" | ".Inf" | ".INF" | ".nan" | ".NaN" | ".NAN") {
        return Err(too_large(text, at, path));
    }
    Ok(Value::String(text.to_owned()))
}

fn too_large(text: &str, at: usize, path: &Path) -> Fault {
    Fault::new(at, format!("`{path}` is `{text}`, which no number of JSON can be. Write it in quotes if it is text."))
}

/// `1.5`, `.5`, `1.`, `1e3`, `1.5e-3`.
fn is_float(text: &str) -> bool {
    let (mantissa, exponent) = match text.find(['e', 'E']) {
        Some(at) => (&text[..at], Some(&text[at + 1..])),
        None => (text, None),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let are_digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    are_digits(whole)
        && are_digits(fraction)
        && !(whole.is_empty() && fraction.is_empty())
        && exponent.is_none_or(|it| {
            let digits = it.strip_prefix(['-', '+']).unwrap_or(it);
            !digits.is_empty() && are_digits(digits)
        })
}
