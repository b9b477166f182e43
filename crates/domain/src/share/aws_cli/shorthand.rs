//! The AWS CLI's shorthand: `InstanceType=ml.m5.large,InstanceCount=1`, with lists `[a,b]` and structures `{A=1}` inside.
//!
//! It has no types; they come from the API.

use serde_json::{Map, Value};

use crate::share::{
    cursor::Cursor,
    fault::{Fault, MAX_DEPTH, Path, too_deep},
    members::Kind,
};

/// `key=value,...` as `kind` says; faults are places in `text`.
pub(super) fn read(text: &str, kind: Kind, path: &Path) -> Result<Value, Fault> {
    let mut reader = Reader { cursor: Cursor::new(text) };
    let value = reader.pairs(None, kind, path)?;
    if reader.cursor.at < text.len() {
        return Err(reader.unexpected(path));
    }
    Ok(value)
}

/// Text without a type as the type that the API wants.
pub(super) fn typed(text: &str, kind: Option<Kind>, at: usize, path: &Path) -> Result<Value, Fault> {
    match kind {
        Some(Kind::Integer) => text.trim().parse::<i64>().map(Value::from).map_err(|_| {
            Fault::new(at, format!("`{path}` is `{text}`, but SageMaker takes a whole number. Write it in digits."))
        }),
        Some(Kind::Flag) => match text.to_ascii_lowercase().as_str() {
            "true" => Ok(Value::Bool(true)),
            "false" => Ok(Value::Bool(false)),
            _ => Err(Fault::new(at, format!("`{path}` is `{text}`, but SageMaker takes `true` or `false`."))),
        },
        Some(Kind::List(item)) => Ok(Value::Array(vec![typed(text, Some(Kind::of(item)), at, &path.item(0))?])),
        Some(Kind::Structure(_) | Kind::Map) => Err(Fault::new(
            at,
            format!("`{path}` is `{text}`, but SageMaker takes members. Write them as `Name=value` or as JSON."),
        )),
        Some(Kind::Text) | None => Ok(Value::String(text.to_owned())),
    }
}

struct Reader<'a> {
    cursor: Cursor<'a>,
}

impl Reader<'_> {
    fn unexpected(&self, path: &Path) -> Fault {
        Fault::new(
            self.cursor.at,
            format!(
                "in `{path}`, the shorthand does not go on like this. Write `Name=value` pairs with commas between them, \
                 or write JSON in single quotes."
            ),
        )
    }

    /// `key=value,key=value` up to the end or to `close`, which is left.
    fn pairs(&mut self, close: Option<char>, kind: Kind, path: &Path) -> Result<Value, Fault> {
        if path.depth() > MAX_DEPTH {
            return Err(too_deep(self.cursor.at));
        }
        let mut map = Map::new();
        loop {
            self.cursor.skip(char::is_whitespace);
            let start = self.cursor.at;
            let Some(length) = key_length(self.cursor.rest()) else { return Err(self.unexpected(path)) };
            let key = self.cursor.rest()[..length].trim().to_owned();
            let member = path.member(&key);
            self.cursor.at += length + 1;
            if key.ends_with('@') {
                return Err(Fault::new(
                    start,
                    format!("`{member}` would be read from a file. Write its content in its place."),
                ));
            }
            let of_member = kind.of_member(&key);
            if of_member.is_none() && matches!(kind, Kind::Structure(_)) {
                return Err(Fault::new(
                    start,
                    format!("`{member}` is no member that CreateTrainingJob has. Mend its name or remove it."),
                ));
            }
            let value = self.value(close, of_member, &member)?;
            if map.insert(key, value).is_some() {
                return Err(Fault::new(start, format!("`{member}` is there twice. Keep one.")));
            }
            self.cursor.skip(char::is_whitespace);
            if !self.cursor.eat(",") {
                return Ok(Value::Object(map));
            }
        }
    }

    fn value(&mut self, close: Option<char>, kind: Option<Kind>, path: &Path) -> Result<Value, Fault> {
        if path.depth() > MAX_DEPTH {
            return Err(too_deep(self.cursor.at));
        }
        self.cursor.skip(char::is_whitespace);
        if self.cursor.eat("[") {
            return self.list(kind.and_then(Kind::of_item), path);
        }
        if self.cursor.eat("{") {
            // `Tags={Key=a}` is a list of one, as the CLI has it.
            let item = kind.and_then(Kind::of_item);
            self.cursor.skip(char::is_whitespace);
            let value = if self.cursor.eat("}") {
                Value::Object(Map::new())
            } else {
                let value = self.pairs(Some('}'), item.or(kind).unwrap_or(Kind::Map), path)?;
                if !self.cursor.eat("}") {
                    return Err(self.unexpected(path));
                }
                value
            };
            return Ok(if item.is_some() { Value::Array(vec![value]) } else { value });
        }
        let at = self.cursor.at;
        let first = self.scalar(close, path)?;
        // `Key=a,b,Other=c`: what has no name of its own goes on with the list.
        let mut texts = vec![(first, at)];
        while self.cursor.rest().starts_with(',') && key_length(&self.cursor.rest()[1..]).is_none() {
            self.cursor.at += 1;
            let at = self.cursor.at;
            texts.push((self.scalar(close, path)?, at));
        }
        match (kind, texts.len()) {
            (Some(Kind::List(item)), _) => {
                let items = texts.iter().enumerate();
                items.map(|(index, (text, at))| typed(text, Some(Kind::of(item)), *at, &path.item(index))).collect()
            }
            (_, 1) => typed(&texts[0].0, kind, at, path),
            _ => Err(Fault::new(
                at,
                format!("`{path}` has a comma, which the shorthand takes for a list. Put the value in double quotes."),
            )),
        }
    }

    fn list(&mut self, kind: Option<Kind>, path: &Path) -> Result<Value, Fault> {
        let mut items = Vec::new();
        loop {
            self.cursor.skip(char::is_whitespace);
            if self.cursor.eat("]") {
                return Ok(Value::Array(items));
            }
            let item = path.item(items.len());
            let value = if self.cursor.rest().starts_with(['[', '{']) {
                self.value(Some(']'), kind, &item)?
            } else {
                let at = self.cursor.at;
                let text = self.scalar(Some(']'), &item)?;
                typed(&text, kind, at, &item)?
            };
            items.push(value);
            self.cursor.skip(char::is_whitespace);
            if !self.cursor.eat(",") && !self.cursor.rest().starts_with(']') {
                return Err(self.unexpected(path));
            }
        }
    }

    /// Text up to a comma or the bracket that closes; quotes keep both.
    fn scalar(&mut self, close: Option<char>, path: &Path) -> Result<String, Fault> {
        let start = self.cursor.at;
        let quote = self.cursor.rest().chars().next().filter(|c| ['"', '\''].contains(c));
        self.cursor.at += usize::from(quote.is_some());
        let mut text = String::new();
        let mut chars = self.cursor.text[self.cursor.at..].char_indices();
        let mut end = self.cursor.text.len();
        let mut is_closed = quote.is_none();
        while let Some((offset, c)) = chars.next() {
            match (c, quote) {
                (c, Some(quote)) if c == quote => {
                    end = self.cursor.at + offset + 1;
                    is_closed = true;
                    break;
                }
                ('\\', _) => {
                    // A backslash keeps the mark after it from having a meaning; any other backslash is itself.
                    let next = chars.clone().next().map(|(_, c)| c);
                    match next {
                        Some(c) if Some(c) == quote || c == '\\' || (quote.is_none() && c == ',') => {
                            text.push(c);
                            chars.next();
                        }
                        _ => text.push('\\'),
                    }
                }
                (c, None) if c == ',' || Some(c) == close => {
                    end = self.cursor.at + offset;
                    break;
                }
                (c, _) => text.push(c),
            }
        }
        if !is_closed {
            return Err(Fault::new(start, format!("in `{path}`, the quote that begins here has no end. Close it.")));
        }
        self.cursor.at = end;
        Ok(if quote.is_some() { text } else { text.trim_end().to_owned() })
    }
}

/// How long the name before `=` is; nothing when what follows is no `name=`.
fn key_length(text: &str) -> Option<usize> {
    let end = text.find(|c: char| !(c.is_ascii_alphanumeric() || "-_.#/:@ ".contains(c)))?;
    (text[end..].starts_with('=') && !text[..end].trim().is_empty()).then_some(end)
}
