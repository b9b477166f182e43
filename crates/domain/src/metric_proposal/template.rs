//! What a statement prints, as text with holes: f-strings, `%`, `.format`, several arguments, dictionaries.

use super::python::{Call, bracketed, literal, split};

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    Text(String),
    Field(Field),
}

/// A hole and what fills it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Field {
    /// As it is written in the script: `losses['train'].item()`
    pub(super) expression: String,
    pub(super) format: Format,
}

/// How Python writes the value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Format {
    pub(super) kind: Kind,
    pub(super) decimals: usize,
    pub(super) width: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Integer,
    Fixed,
    Scientific,
    General,
    Percent,
    /// Nothing says what it is.
    Any,
}

impl Format {
    pub(super) const ANY: Self = Self { kind: Kind::Any, decimals: 0, width: 0 };

    /// Python's format language: `8.4f`, `>10`, `,.2f`, `.3g`, `d`. C's differs in its flags only.
    fn parse(spec: &str) -> Self {
        let spec = spec.trim_start_matches([' ', '+', '-', '#', '<', '>', '^', '=', '0']);
        let width_len = spec.bytes().take_while(u8::is_ascii_digit).count();
        let (width, rest) = spec.split_at(width_len);
        let rest = rest.trim_start_matches([',', '_']);
        let (decimals, rest) = match rest.strip_prefix('.') {
            Some(rest) => {
                let len = rest.bytes().take_while(u8::is_ascii_digit).count();
                (rest[..len].parse().ok(), &rest[len..])
            }
            None => (None, rest),
        };
        let kind = match rest.chars().next() {
            Some('d' | 'i' | 'u') => Kind::Integer,
            Some('f' | 'F') => Kind::Fixed,
            Some('e' | 'E') => Kind::Scientific,
            Some('g' | 'G') => Kind::General,
            Some('%') => Kind::Percent,
            // `{x:.4}` of a number is general.
            None if decimals.is_some() => Kind::General,
            _ => Kind::Any,
        };
        Self { kind, decimals: decimals.unwrap_or(6).min(12), width: width.parse().unwrap_or(0).min(40) }
    }
}

/// The lines that a call prints; empty when it prints nothing that can be known.
pub(super) fn lines_of(call: &Call<'_>) -> Vec<Vec<Piece>> {
    let is_named = |it: &&str| {
        let name = it.len() - it.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || c == '_').len();
        let rest = it[name..].trim_start();
        name > 0 && rest.starts_with('=') && !rest.starts_with("==")
    };
    let positional: Vec<&str> = call.arguments.iter().copied().filter(|it| !is_named(it)).collect();
    let pieces = if call.function() == "print" {
        let separator = call.arguments.iter().find_map(|it| literal(it.strip_prefix("sep=")?));
        let separator = separator.map_or_else(|| " ".to_owned(), |it| it.body);
        let mut pieces = Vec::new();
        for (index, argument) in positional.iter().enumerate() {
            if index > 0 {
                pieces.push(Piece::Text(separator.clone()));
            }
            pieces.extend(template(argument));
        }
        pieces
    } else {
        match positional.split_first() {
            // Loggers fill in by themselves: `info("loss %.4f", loss)`.
            Some((first, values)) if !values.is_empty() => match strings(first) {
                Some((body, false, "")) => percent(&body, values),
                _ => template(first),
            },
            Some((first, _)) => template(first),
            None => Vec::new(),
        }
    };
    lines(joined(pieces))
}

fn template(text: &str) -> Vec<Piece> {
    let text = text.trim();
    let parts = split(text, '+');
    if parts.len() > 1 && parts.iter().any(|it| literal(it).is_some()) {
        return parts.into_iter().flat_map(template).collect();
    }
    if let Some((body, is_f, rest)) = strings(text) {
        if let Some(values) = rest.strip_prefix('%') {
            let values = values.trim();
            return match bracketed(values).filter(|it| values.starts_with('(') && it.len() + 2 == values.len()) {
                Some(inside) => percent(&body, &split(inside, ',')),
                None => percent(&body, &[values]),
            };
        }
        if let Some(call) = rest.strip_prefix(".format") {
            return braces(&body, bracketed(call).map(|it| split(it, ',')));
        }
        return if is_f { braces(&body, None) } else { vec![Piece::Text(body)] };
    }
    if text.starts_with('{') {
        return bracketed(text).map(|it| dictionary(it, '\'')).unwrap_or_default();
    }
    if let Some(call) = text.strip_prefix("json.dumps")
        && let Some(entries) = bracketed(call).map(|it| split(it, ',')[0]).filter(|it| it.starts_with('{'))
    {
        return bracketed(entries).map(|it| dictionary(it, '"')).unwrap_or_default();
    }
    let inside = text.strip_prefix("str").filter(|it| it.starts_with('(')).and_then(bracketed);
    vec![field(inside.unwrap_or(text), Format::ANY)]
}

fn field(expression: &str, format: Format) -> Piece {
    Piece::Field(Field { expression: expression.trim().to_owned(), format })
}

/// Literals side by side are one text: its body, whether one of them is an f-string, and what follows.
fn strings(text: &str) -> Option<(String, bool, &str)> {
    let first = literal(text)?;
    let (mut body, mut is_f, mut rest) = (first.body, first.is_f, first.rest.trim_start());
    while let Some(next) = literal(rest) {
        body.push_str(&next.body);
        is_f |= next.is_f;
        rest = next.rest.trim_start();
    }
    Some((body, is_f, rest))
}

/// The holes of an f-string (`values` is `None`) or of `.format(values)`.
fn braces(body: &str, values: Option<Vec<&str>>) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut text = String::new();
    let mut rest = body;
    let mut number = 0;
    while let Some(c) = rest.chars().next() {
        if rest.starts_with("{{") || rest.starts_with("}}") {
            text.push(c);
            rest = &rest[2..];
        } else if let Some(inside) = bracketed(rest).filter(|_| c == '{') {
            rest = &rest[inside.len() + 2..];
            let parts = split(inside, ':');
            let (expression, spec) = (parts[0], inside.get(parts[0].len() + 1..).unwrap_or(""));
            let expression = expression.split('!').next().unwrap_or(expression);
            // `{loss=}` prints its own name.
            let shown = expression.strip_suffix('=').filter(|_| values.is_none());
            if shown.is_some() {
                text.push_str(expression);
            }
            pieces.push(Piece::Text(std::mem::take(&mut text)));
            let named = shown.unwrap_or(expression).trim();
            let value = match &values {
                None => named,
                Some(values) => value_of(values, named, &mut number),
            };
            pieces.push(field(value, Format::parse(spec)));
        } else {
            text.push(c);
            rest = &rest[c.len_utf8()..];
        }
    }
    pieces.push(Piece::Text(text));
    pieces
}

/// The argument of `.format` that `{}`, `{2}` or `{name}` means.
fn value_of<'v>(values: &[&'v str], named: &'v str, number: &mut usize) -> &'v str {
    if named.is_empty() {
        *number += 1;
        return values.get(*number - 1).copied().unwrap_or("");
    }
    match named.parse::<usize>() {
        Ok(index) => values.get(index).copied().unwrap_or(""),
        Err(_) => named,
    }
}

/// C's way: `"loss %.4f" % loss`.
fn percent(body: &str, values: &[&str]) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut text = String::new();
    let mut rest = body;
    let mut values = values.iter();
    while let Some((before, after)) = rest.split_once('%') {
        text.push_str(before);
        if let Some(after) = after.strip_prefix('%') {
            text.push('%');
            rest = after;
            continue;
        }
        let (name, spec) = match after.strip_prefix('(').and_then(|it| it.split_once(')')) {
            Some((name, spec)) => (Some(name), spec),
            None => (None, after),
        };
        let Some(end) = spec.find(|c: char| c.is_ascii_alphabetic()) else {
            text.push('%');
            rest = after;
            continue;
        };
        pieces.push(Piece::Text(std::mem::take(&mut text)));
        let value = name.or_else(|| values.next().copied()).unwrap_or("");
        pieces.push(field(value, Format::parse(&spec[..=end])));
        rest = &spec[end + 1..];
    }
    text.push_str(rest);
    pieces.push(Piece::Text(text));
    pieces
}

/// A dictionary as it is printed: `{'loss': 0.25}`.
fn dictionary(entries: &str, quote: char) -> Vec<Piece> {
    let mut pieces = vec![Piece::Text("{".to_owned())];
    for (index, entry) in split(entries, ',').into_iter().filter(|it| !it.is_empty()).enumerate() {
        let key = literal(entry);
        let Some((key, value)) = key.and_then(|it| Some((it.body, it.rest.trim_start().strip_prefix(':')?))) else {
            continue;
        };
        let comma = if index > 0 { ", " } else { "" };
        pieces.push(Piece::Text(format!("{comma}{quote}{key}{quote}: ")));
        pieces.push(match literal(value.trim()) {
            Some(text) => Piece::Text(format!("{quote}{}{quote}", text.body)),
            None => field(value, Format::ANY),
        });
    }
    pieces.push(Piece::Text("}".to_owned()));
    pieces
}

/// Texts side by side become one, so that a field's label is the piece before it.
fn joined(pieces: Vec<Piece>) -> Vec<Piece> {
    let mut joined: Vec<Piece> = Vec::new();
    for piece in pieces {
        match (joined.last_mut(), piece) {
            (Some(Piece::Text(last)), Piece::Text(text)) => last.push_str(&text),
            (_, Piece::Text(text)) if text.is_empty() => {}
            (_, piece) => joined.push(piece),
        }
    }
    joined
}

/// One print may make several lines of the log.
fn lines(pieces: Vec<Piece>) -> Vec<Vec<Piece>> {
    let mut lines = vec![Vec::new()];
    for piece in pieces {
        let Piece::Text(text) = piece else {
            lines.last_mut().expect("there is one").push(piece);
            continue;
        };
        for (index, part) in text.split(['\n', '\r']).enumerate() {
            if index > 0 {
                lines.push(Vec::new());
            }
            if !part.is_empty() {
                lines.last_mut().expect("there is one").push(Piece::Text(part.to_owned()));
            }
        }
    }
    lines.retain(|it| it.iter().any(|piece| matches!(piece, Piece::Field(_))));
    lines
}
