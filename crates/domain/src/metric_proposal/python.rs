//! As much of Python as it takes to find calls and their arguments: strings, brackets, comments. Nothing is run, and
//! what is no Python is passed over.
//!
//! One call is read up to [`MAX_CALL_BYTES`], so that a hostile script costs no more than a long one.

use crate::python_text::text_length;

/// A statement that prints a line is shorter than this.
const MAX_CALL_BYTES: usize = 8 * 1024;

/// A call with its arguments as they are written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Call<'s> {
    /// From 1.
    pub(super) line: usize,
    /// `print`, `self.log`, `logging.info`
    pub(super) callee: &'s str,
    pub(super) arguments: Vec<&'s str>,
}

impl Call<'_> {
    /// The name after the last dot.
    pub(super) fn function(&self) -> &str {
        self.callee.rsplit('.').next().unwrap_or(self.callee)
    }
}

/// Every call whose callee `is_wanted`, in the order of the script; at most `max`.
pub(super) fn calls_in(script: &str, max: usize, is_wanted: impl Fn(&str) -> bool) -> Vec<Call<'_>> {
    let mut calls = Vec::new();
    let (mut at, mut line) = (0, 1);
    while let Some(c) = script[at..].chars().next() {
        let start = at;
        if c == '#' {
            at += script[at..].find('\n').unwrap_or(script.len() - at);
        } else if let Some(end) = string_end(script, at) {
            at = end;
        } else if c.is_alphabetic() || c == '_' {
            let callee = dotted_name(&script[at..]);
            at += callee.len();
            let open = at + script[at..].len() - script[at..].trim_start_matches(' ').len();
            if script[open..].starts_with('(')
                && is_wanted(callee)
                && let Some(inside) = bracketed(&script[open..])
            {
                let arguments = split(inside, ',').into_iter().filter(|it| !it.is_empty()).collect();
                calls.push(Call { line, callee, arguments });
                if calls.len() == max {
                    break;
                }
            }
        } else {
            at += c.len_utf8();
        }
        line += script[start..at].matches('\n').count();
    }
    calls
}

fn dotted_name(text: &str) -> &str {
    let end = text.find(|c: char| !c.is_alphanumeric() && c != '_' && c != '.').unwrap_or(text.len());
    &text[..end]
}

/// What stands between the bracket at the beginning and the one that closes it.
pub(super) fn bracketed(text: &str) -> Option<&str> {
    if !text.starts_with(['(', '[', '{']) {
        return None;
    }
    let text = &text[..text.floor_char_boundary(MAX_CALL_BYTES)];
    let mut depth = 0_usize;
    let mut at = 0;
    while at < text.len() {
        let c = text[at..].chars().next()?;
        if let Some(next) = passed_over(text, at) {
            at = next;
            continue;
        }
        match c {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return Some(&text[1..at]);
                }
            }
            _ => {}
        }
        at += c.len_utf8();
    }
    None
}

/// The parts between separators that stand in no string and no bracket, trimmed.
pub(super) fn split(text: &str, separator: char) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut depth, mut start, mut at) = (0_usize, 0, 0);
    while let Some(c) = text[at..].chars().next() {
        if let Some(next) = passed_over(text, at) {
            at = next;
            continue;
        }
        match c {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth = depth.saturating_sub(1),
            c if c == separator && depth == 0 => {
                parts.push(text[start..at].trim());
                start = at + c.len_utf8();
            }
            _ => {}
        }
        at += c.len_utf8();
    }
    parts.push(text[start..].trim());
    parts
}

/// The end of the string or comment that begins here.
fn passed_over(text: &str, at: usize) -> Option<usize> {
    if text[at..].starts_with('#') {
        return Some(at + text[at..].find('\n').unwrap_or(text.len() - at));
    }
    // A prefix belongs to a string only at the beginning of a word.
    let is_inside_word = text[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_');
    if is_inside_word && !text[at..].starts_with(['"', '\'']) {
        return None;
    }
    string_end(text, at)
}

/// The end of the string literal that begins here.
fn string_end(text: &str, at: usize) -> Option<usize> {
    text_length(&text[at..]).map(|it| at + it)
}

/// One string literal, its escapes read unless it is raw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Literal<'s> {
    pub(super) body: String,
    pub(super) is_f: bool,
    /// What follows it.
    pub(super) rest: &'s str,
}

pub(super) fn literal(text: &str) -> Option<Literal<'_>> {
    let prefix_len = text.bytes().take(2).take_while(|it| b"rRuUbBfF".contains(it)).count();
    let (prefix, quoted) = text.split_at(prefix_len);
    let quote = quoted.chars().next().filter(|it| matches!(it, '"' | '\''))?;
    let has = |letter: char| prefix.chars().any(|it| it.eq_ignore_ascii_case(&letter));
    let triple = [quote; 3].iter().collect::<String>();
    let (is_long, mut rest) = match quoted.strip_prefix(triple.as_str()) {
        Some(rest) => (true, rest),
        None => (false, &quoted[1..]),
    };
    let mut body = String::new();
    loop {
        let end = if is_long { rest.strip_prefix(triple.as_str()) } else { rest.strip_prefix(quote) };
        if let Some(rest) = end {
            return Some(Literal { body, is_f: has('f'), rest });
        }
        let mut chars = rest.chars();
        match chars.next()? {
            '\n' if !is_long => return None,
            '\\' => {
                let next = chars.next()?;
                let known = if has('r') { None } else { escaped(next) };
                match known {
                    Some(text) => body.push_str(text),
                    None => body.extend(['\\', next]),
                }
            }
            c => body.push(c),
        }
        rest = chars.as_str();
    }
}

const fn escaped(c: char) -> Option<&'static str> {
    Some(match c {
        'n' => "\n",
        'r' => "\r",
        't' => "\t",
        '\\' => "\\",
        '\'' => "'",
        '"' => "\"",
        '\n' => "",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_found_with_their_lines_and_arguments() {
        let script = "# print(1)\nx = 'print(2)'\nprint(\"a, b\", f(1, 2), sep='')\nlog.info(\n  'x',  # why\n  y)\n";
        let calls = calls_in(script, 9, |it| it == "print" || it.strip_suffix(".info").is_some());
        let found: Vec<_> = calls.iter().map(|it| (it.line, it.function(), it.arguments.clone())).collect();
        assert_eq!(
            found,
            [(3, "print", vec!["\"a, b\"", "f(1, 2)", "sep=''"]), (4, "info", vec!["'x'", "# why\n  y"])]
        );
    }

    #[test]
    fn literals_of_every_kind() {
        let body = |text: &str| literal(text).map(|it| (it.body, it.is_f, it.rest.to_owned()));
        let found = |body: &str, is_f: bool, rest: &str| Some((body.to_owned(), is_f, rest.to_owned()));
        assert_eq!(body("'a\\tb' % x"), found("a\tb", false, " % x"));
        assert_eq!(body("rf'\\d{x}'"), found("\\d{x}", true, ""));
        assert_eq!(body("\"\"\"a\n\"b\"\"\"\""), found("a\n\"b", false, "\""));
        assert_eq!(body("'no end\n'"), None);
        assert_eq!(body("name"), None);
    }
}
