//! `{ $.level = "error" && $.code >= 400 }`: conditions on the members of messages that are JSON.

use serde_json::Value;

use super::scan::{Comparison, Condition, Scanner};
use super::{Malformed, malformed};

#[derive(Debug)]
pub(in super::super) struct Json {
    condition: Condition<Member>,
}

#[derive(Debug)]
struct Member {
    path: Vec<Step>,
    test: Test,
}

#[derive(Debug)]
enum Step {
    Name(String),
    Index(usize),
    Each,
}

#[derive(Debug)]
enum Test {
    Compares(Comparison),
    IsNull,
    Is(bool),
    NotExists,
}

impl Json {
    pub(super) fn parse(pattern: &str) -> Result<Self, Malformed> {
        let mut scanner = Scanner::new(pattern);
        scanner.take("{");
        let condition = scanner.conditions(&member)?;
        if !scanner.take("}") || !scanner.is_at_end() {
            return malformed("} is missing at the end");
        }
        Ok(Self { condition })
    }

    pub(in super::super) fn matches(&self, message: &str) -> bool {
        let message: Value = match serde_json::from_str(message.trim()) {
            Ok(message @ (Value::Object(_) | Value::Array(_))) => message,
            _ => return false,
        };
        self.condition.holds(&|member| member.holds(&message))
    }
}

fn member(scanner: &mut Scanner) -> Result<Member, Malformed> {
    if !scanner.take("$") {
        return malformed("a member begins with $");
    }
    let mut path = Vec::new();
    loop {
        if scanner.take(".") {
            let ends = |char: char| matches!(char, '.' | '[' | '=' | '!' | '<' | '>' | ')' | '}' | '&' | '|');
            path.push(match scanner.word(ends)? {
                "*" => Step::Each,
                name => Step::Name(name.to_owned()),
            });
        } else if scanner.take("[") {
            if scanner.take("*") {
                path.push(Step::Each);
            } else if scanner.take("'") {
                path.push(Step::Name(scanner.until('\'')?));
            } else if scanner.take("\"") {
                path.push(Step::Name(scanner.until('"')?));
            } else {
                match scanner.word(|char| char == ']')?.parse() {
                    Ok(index) => path.push(Step::Index(index)),
                    Err(_) => return malformed("an index is a number, * or a quoted name"),
                }
            }
            if !scanner.take("]") {
                return malformed("] is missing");
            }
        } else {
            break;
        }
    }
    let test = if scanner.take("NOT EXISTS") {
        Test::NotExists
    } else if scanner.take("IS") {
        match scanner.word(|char| matches!(char, ')' | '}' | '&' | '|'))? {
            "NULL" => Test::IsNull,
            "TRUE" => Test::Is(true),
            "FALSE" => Test::Is(false),
            _ => return malformed("IS is followed by NULL, TRUE or FALSE"),
        }
    } else {
        Test::Compares(scanner.comparison()?)
    };
    Ok(Member { path, test })
}

impl Member {
    fn holds(&self, message: &Value) -> bool {
        let mut found = vec![message];
        for step in &self.path {
            found = found.into_iter().flat_map(|value| step.from(value)).collect();
        }
        match &self.test {
            Test::NotExists => found.is_empty(),
            Test::IsNull => found.iter().any(|value| value.is_null()),
            Test::Is(wanted) => found.iter().any(|value| value.as_bool() == Some(*wanted)),
            Test::Compares(comparison) => found.iter().any(|value| match value {
                Value::String(text) => comparison.holds(text),
                Value::Number(number) => comparison.holds(&number.to_string()),
                Value::Bool(value) => comparison.holds(if *value { "true" } else { "false" }),
                Value::Null | Value::Array(_) | Value::Object(_) => false,
            }),
        }
    }
}

impl Step {
    fn from<'a>(&self, value: &'a Value) -> Vec<&'a Value> {
        match (self, value) {
            (Self::Name(name), Value::Object(members)) => members.get(name).into_iter().collect(),
            (Self::Index(index), Value::Array(items)) => items.get(*index).into_iter().collect(),
            (Self::Each, Value::Array(items)) => items.iter().collect(),
            (Self::Each, Value::Object(members)) => members.values().collect(),
            _ => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_operators_and_logic() {
        let message = r#"{"level":"error","code":404,"user":{"name":"an na","ok":true,"x":null},"list":[1,{"a":"b"}]}"#;
        for (pattern, matches) in [
            (r#"{ $.level = "error" }"#, true),
            (r"{$.level=err*}", true),
            (r#"{ $.level != "error" }"#, false),
            (r"{ $.code >= 400 && $.code < 500 }", true),
            (r"{ ($.code = 500) || ($.user.name = *na) }", true),
            (r"{ $.code = 404.0 }", true),
            (r"{ $.user.ok IS TRUE && $.user.x IS NULL && $.user.y NOT EXISTS }", true),
            (r#"{ $.list[1].a = "b" }"#, true),
            (r"{ $.list[*] = 1 }", true),
            (r"{ $['user'].name = %^an.na$% }", true),
            (r"{ $.missing = 1 }", false),
            (r"{ $.missing != 1 }", false),
        ] {
            assert_eq!(Json::parse(pattern).unwrap().matches(message), matches, "{pattern}");
        }
        assert!(!Json::parse("{ $.a = 1 }").unwrap().matches("a = 1"));
        for wrong in
            ["{", "{}", "{ $.a }", "{ a = 1 }", "{ $.a = 1", "{ $.a = 1 } x", "{ $.a > \"x\" }", "{ $.a IS 1 }"]
        {
            assert!(Json::parse(wrong).is_err(), "{wrong}");
        }
    }
}
