//! Text inside the SVG: hostile names cleaned and escaped.

use domain::ansi;

/// More of a name than this says nothing to a reader.
const MAX_CHARS: usize = 200;

/// A name as readers see it: no control, reordering or invisible characters, not endless. Not escaped.
pub(crate) fn cleaned(text: &str) -> String {
    let plain = ansi::plain_text(text);
    match plain.char_indices().nth(MAX_CHARS) {
        Some((end, _)) => format!("{}…", &plain[..end]),
        None => plain.into_owned(),
    }
}

/// For element content and attribute values in double quotes.
pub(crate) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            // Not characters of XML 1.0.
            '\u{fffe}' | '\u{ffff}' => escaped.push('\u{fffd}'),
            _ => escaped.push(c),
        }
    }
    escaped
}
