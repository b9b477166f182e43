//! Reading Python: the arguments of `create_training_job(...)`, or a dictionary alone.
//!
//! Nothing is run: a value must be a literal. Names and calls are errors that say which argument to write out; only
//! inside what a description has and a request has not (`CreationTime=datetime.datetime(...)`) are they stepped over.

use serde_json::{Map, Value};

use super::{
    number::number,
    strings::{skip_string, strings},
};
use crate::share::{
    cursor::Cursor,
    fault::{Fault, MAX_DEPTH, Path, too_deep},
};
use crate::training_job::is_answer_only;

/// The request, and what to say about how it was read.
pub(in crate::share) fn read(text: &str) -> Result<(Value, Vec<String>), Fault> {
    let mut cursor = Cursor::new(text);
    let calls = calls(text)?;
    if let Some(first) = calls.first() {
        cursor.at = *first;
        let mut notes = Vec::new();
        if calls.len() > 1 {
            notes.push(format!("The code has {} calls of `create_training_job`; this is the first.", calls.len()));
        }
        return arguments(&mut cursor).map(|it| (it, notes));
    }
    // `request = {...}`, or the dictionary alone.
    cursor.skip_blanks_and_comments();
    let start = cursor.at;
    let name = cursor.name();
    cursor.skip_blanks_and_comments();
    if name.is_empty() || !cursor.eat("=") {
        cursor.at = start;
    }
    let value = expression(&mut cursor, &Path::default())?;
    cursor.skip_blanks_and_comments();
    if !cursor.rest().is_empty() {
        return Err(Fault::new(
            cursor.at,
            "after the dictionary comes more code. Paste the dictionary alone, or the call `create_training_job(...)`.",
        ));
    }
    Ok((value, Vec::new()))
}

/// Whether the code calls the API, strings and comments aside.
pub(in crate::share) fn looks_like_python(text: &str) -> bool {
    match calls(text) {
        Ok(places) => !places.is_empty(),
        Err(_) => text.contains("create_training_job("),
    }
}

/// The places after `create_training_job(`.
fn calls(text: &str) -> Result<Vec<usize>, Fault> {
    let mut cursor = Cursor::new(text);
    let mut found = Vec::new();
    let mut previous = "";
    loop {
        cursor.skip_blanks_and_comments();
        if cursor.is_at_string() {
            skip_string(&mut cursor, &Path::default())?;
            continue;
        }
        match cursor.name() {
            "" if cursor.bump().is_none() => return Ok(found),
            "" => {}
            name => {
                cursor.skip_blanks_and_comments();
                if name == "create_training_job" && previous != "def" && cursor.eat("(") {
                    found.push(cursor.at);
                }
                previous = name;
            }
        }
    }
}

/// Up to the closing parenthesis: `Name=value` and `**{...}`.
fn arguments(cursor: &mut Cursor<'_>) -> Result<Value, Fault> {
    let mut map = Map::new();
    loop {
        cursor.skip_blanks_and_comments();
        if cursor.eat(")") {
            return Ok(Value::Object(map));
        }
        let at = cursor.at;
        if cursor.rest().is_empty() {
            return Err(Fault::new(at, "the code ends before `)`. Paste it whole."));
        }
        if cursor.eat("**") {
            cursor.skip_blanks_and_comments();
            if cursor.peek() != Some('{') {
                return Err(Fault::new(
                    at,
                    format!(
                        "the arguments are in `{}`, and what that is stands elsewhere in your code. Paste the dictionary \
                         itself: `create_training_job(**{{...}})`, or only `{{...}}`.",
                        cursor.sample()
                    ),
                ));
            }
            let Value::Object(more) = expression(cursor, &Path::default())? else { continue };
            for (name, value) in more {
                insert(&mut map, &name, value, at, &Path::default())?;
            }
        } else {
            let name = cursor.name();
            cursor.skip_blanks_and_comments();
            if name.is_empty() || !cursor.eat("=") || cursor.peek() == Some('=') {
                cursor.at = at;
                return Err(Fault::new(
                    at,
                    format!(
                        "`{}` is not an argument of `create_training_job`: boto3 takes `Name=value` only. Write it so, \
                         for example `RoleArn=\"arn:aws:iam::123456789012:role/Training\"`.",
                        cursor.sample()
                    ),
                ));
            }
            let path = Path::default().member(name);
            let value = expression(cursor, &path)?;
            insert(&mut map, name, value, at, &Path::default())?;
        }
        end_of_item(cursor, ')', &Path::default())?;
    }
}

/// After an item: a comma, or the bracket that closes (which is left).
fn end_of_item(cursor: &mut Cursor<'_>, close: char, path: &Path) -> Result<(), Fault> {
    cursor.skip_blanks_and_comments();
    if cursor.eat(",") || cursor.peek() == Some(close) {
        return Ok(());
    }
    if cursor.rest().is_empty() {
        return Err(Fault::new(cursor.at, format!("the code ends before `{close}`. Paste it whole.")));
    }
    Err(Fault::new(
        cursor.at,
        format!(
            "in `{path}` there is `{}` after a value: this reader does not calculate. Write the result, and a comma \
             between values.",
            cursor.sample()
        ),
    ))
}

fn insert(map: &mut Map<String, Value>, name: &str, value: Value, at: usize, path: &Path) -> Result<(), Fault> {
    if map.insert(name.to_owned(), value).is_some() {
        return Err(Fault::new(at, format!("`{}` is there twice. Keep one.", path.member(name))));
    }
    Ok(())
}

fn expression(cursor: &mut Cursor<'_>, path: &Path) -> Result<Value, Fault> {
    cursor.skip_blanks_and_comments();
    let at = cursor.at;
    if path.depth() > MAX_DEPTH {
        return Err(too_deep(at));
    }
    if cursor.is_at_string() {
        return strings(cursor, path).map(Value::String);
    }
    match cursor.peek() {
        Some('{') => {
            cursor.at += 1;
            dictionary(cursor, path)
        }
        Some('[') => {
            cursor.at += 1;
            items(cursor, ']', path).map(|(items, _)| Value::Array(items))
        }
        Some('(') => {
            cursor.at += 1;
            // Parentheses around one value are no tuple.
            let (mut items, has_comma) = items(cursor, ')', path)?;
            Ok(if items.len() == 1 && !has_comma { items.remove(0) } else { Value::Array(items) })
        }
        Some(c) if c.is_ascii_digit() || "+-.".contains(c) => number(cursor, path),
        _ => match cursor.name() {
            "True" => Ok(Value::Bool(true)),
            "False" => Ok(Value::Bool(false)),
            "None" => Ok(Value::Null),
            _ => {
                cursor.at = at;
                not_a_literal(cursor, path)
            }
        },
    }
}

fn not_a_literal(cursor: &mut Cursor<'_>, path: &Path) -> Result<Value, Fault> {
    if path.first().is_some_and(is_answer_only) {
        return skip_expression(cursor, path).map(|()| Value::Null);
    }
    let sample = cursor.sample();
    if sample.is_empty() {
        return Err(Fault::new(cursor.at, format!("the code ends where `{path}` has its value. Paste it whole.")));
    }
    Err(Fault::new(
        cursor.at,
        format!(
            "`{path}` is `{sample}`, and only your code knows what that is. Write the value itself in its place, as text \
             in quotes or as a number."
        ),
    ))
}

/// Steps over anything up to the comma or the bracket that ends it.
fn skip_expression(cursor: &mut Cursor<'_>, path: &Path) -> Result<(), Fault> {
    let mut open = 0_usize;
    loop {
        cursor.skip_blanks_and_comments();
        if cursor.is_at_string() {
            skip_string(cursor, path)?;
            continue;
        }
        match cursor.peek() {
            None => return Err(Fault::new(cursor.at, format!("the code ends inside `{path}`. Paste it whole."))),
            Some(',' | ')' | ']' | '}') if open == 0 => return Ok(()),
            Some('(' | '[' | '{') => open += 1,
            Some(')' | ']' | '}') => open -= 1,
            _ => {}
        }
        if cursor.name().is_empty() {
            cursor.bump();
        }
    }
}

/// Up to `close`; whether there was a comma.
fn items(cursor: &mut Cursor<'_>, close: char, path: &Path) -> Result<(Vec<Value>, bool), Fault> {
    let mut items = Vec::new();
    let mut has_comma = false;
    loop {
        cursor.skip_blanks_and_comments();
        if cursor.peek() == Some(close) {
            cursor.at += 1;
            return Ok((items, has_comma));
        }
        let item = path.item(items.len());
        items.push(expression(cursor, &item)?);
        end_of_item(cursor, close, &item)?;
        has_comma = has_comma || cursor.text[..cursor.at].ends_with(',');
    }
}

fn dictionary(cursor: &mut Cursor<'_>, path: &Path) -> Result<Value, Fault> {
    let mut map = Map::new();
    loop {
        cursor.skip_blanks_and_comments();
        if cursor.eat("}") {
            return Ok(Value::Object(map));
        }
        let at = cursor.at;
        if !cursor.is_at_string() {
            return Err(Fault::new(
                at,
                format!("a key in `{path}` is `{}`. Write it as text in quotes.", cursor.sample()),
            ));
        }
        let key = strings(cursor, path)?;
        let member = path.member(&key);
        if !cursor.eat(":") {
            return Err(Fault::new(
                cursor.at,
                format!("after the key `{member}` there is no colon. Add it, and a value."),
            ));
        }
        let value = expression(cursor, &member)?;
        insert(&mut map, &key, value, at, path)?;
        end_of_item(cursor, '}', &member)?;
    }
}
