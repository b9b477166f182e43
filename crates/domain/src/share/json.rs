//! A request as JSON: pretty, in the API's order, with nothing hidden.

use std::fmt::Write as _;

use serde_json::Value;

use super::{fault::Fault, visible::is_hidden};

pub(super) fn pretty(request: &Value) -> String {
    escaped(request, is_hidden)
}

/// Only ASCII: for where the encoding of the reader is not known.
pub(super) fn pretty_ascii(request: &Value) -> String {
    escaped(request, |c| !c.is_ascii() || c == '\u{7f}')
}

/// Characters for which `is_escaped` holds can stand inside strings only: what JSON itself is made of is not among them
/// but for the line feed.
fn escaped(request: &Value, is_escaped: fn(char) -> bool) -> String {
    let plain = format!("{request:#}\n");
    let mut out = String::with_capacity(plain.len());
    for c in plain.chars() {
        if c != '\n' && is_escaped(c) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                let _ = write!(out, "\\u{unit:04x}");
            }
        } else {
            out.push(c);
        }
    }
    out
}

pub(super) fn read(text: &str) -> Result<Value, Fault> {
    serde_json::from_str(text).map_err(|err| {
        let line_start = text.split_inclusive('\n').take(err.line().saturating_sub(1)).map(str::len).sum::<usize>();
        let at = text.floor_char_boundary(line_start + err.column().saturating_sub(1));
        // The place is ours to say.
        let said = err.to_string();
        let what = said.split(" at line ").next().unwrap_or(&said);
        Fault::new(at, format!("this is not JSON: {what}. Mend it here, or paste the text as its tool wrote it."))
    })
}
