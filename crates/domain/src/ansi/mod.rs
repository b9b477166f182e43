//! Hostile log text made safe to show: a line becomes spans of plain text with colours, and nothing else.
//!
//! Invariants, held by property tests:
//! - No output text has a control character, a bidirectional override or an invisible character.
//! - Only SGR ("select graphic rendition", ECMA-48 8.3.117) has an effect. Every other complete escape sequence
//!   (cursor moves, OSC 8 links, OSC 52 clipboard, window titles, DCS) vanishes; a broken one is shown as `␛`.
//! - `\r` overwrites the line, as progress bars expect: the last part that has text is kept.
//! - Time is linear in the text's length, whatever the text is.
//!
//! A page shows `Span::text` as text only, and maps `Style` to classes: `ansi-fg-<0..15>`, `ansi-bg-<0..15>`,
//! `ansi-bold`, `ansi-dim`, `ansi-italic`, `ansi-underline`, `ansi-inverse`, `ansi-escaped` (see `Span::classes`).

mod escape;
mod style;

use std::borrow::Cow;

pub use style::{AnsiColor, Style};

use escape::{Escape, read_escape};

/// Tab stops are every eight columns, as in terminals.
const TAB_COLUMNS: usize = 8;

/// A piece of a line in one style.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    pub text: String,
    pub style: Style,
    /// The text stands for characters that must not be printed as they are: `␛`, `‹U+202E›`.
    pub escaped: bool,
}

impl Span {
    /// The span's CSS classes, separated by spaces; empty for plain text.
    pub fn classes(&self) -> String {
        let mut classes = self.style.classes();
        if self.escaped {
            classes.push("ansi-escaped".to_owned());
        }
        classes.join(" ")
    }
}

/// One log line as spans. Neighbours with the same style are one span; an empty line has none.
pub fn spans(line: &str) -> Vec<Span> {
    let mut writer = Writer::default();
    let mut rest = line.trim_end_matches(['\n', '\r']);
    while let Some(c) = rest.chars().next() {
        rest = &rest[c.len_utf8()..];
        match c {
            '\u{1b}' => match read_escape(rest) {
                (Escape::Sgr(parameters), after) => {
                    writer.style.apply_sgr(parameters);
                    rest = after;
                }
                (Escape::Ignored, after) => rest = after,
                (Escape::Broken, after) => {
                    writer.push_escaped("␛");
                    rest = after;
                }
            },
            '\r' => writer.overwrites = true,
            '\t' => writer.push_tab(),
            _ if is_invisible(c) => {}
            _ if is_bidi_control(c) || ('\u{80}'..='\u{9f}').contains(&c) => {
                writer.push_escaped(&format!("‹U+{:04X}›", u32::from(c)));
            }
            '\0'..='\u{1f}' => writer.push_escaped(control_picture(u32::from(c) + 0x2400)),
            '\u{7f}' => writer.push_escaped("␡"),
            _ => writer.push_char(c),
        }
    }
    writer.spans
}

/// The line's text as a person sees it, without colours. Borrowed when there is nothing to change.
pub fn plain_text(line: &str) -> Cow<'_, str> {
    let is_clean = |c: char| !c.is_control() && !is_invisible(c) && !is_bidi_control(c);
    if line.chars().all(is_clean) {
        return Cow::Borrowed(line);
    }
    Cow::Owned(spans(line).into_iter().map(|it| it.text).collect())
}

#[derive(Default)]
struct Writer {
    spans: Vec<Span>,
    style: Style,
    column: usize,
    /// A `\r` was read: the next text begins the line anew.
    overwrites: bool,
}

impl Writer {
    fn push_char(&mut self, c: char) {
        let mut buffer = [0; 4];
        self.push(c.encode_utf8(&mut buffer), 1, false);
    }

    fn push_escaped(&mut self, text: &str) {
        self.push(text, text.chars().count(), true);
    }

    fn push_tab(&mut self) {
        if self.overwrites {
            self.column = 0;
        }
        let columns = TAB_COLUMNS - self.column % TAB_COLUMNS;
        self.push(&"        "[..columns], columns, false);
    }

    fn push(&mut self, text: &str, columns: usize, escaped: bool) {
        if std::mem::take(&mut self.overwrites) {
            self.spans.clear();
            self.column = 0;
        }
        self.column += columns;
        match self.spans.last_mut() {
            Some(last) if last.style == self.style && last.escaped == escaped => last.text.push_str(text),
            _ => self.spans.push(Span { text: text.to_owned(), style: self.style, escaped }),
        }
    }
}

/// `␀` to `␟`, by code point.
fn control_picture(code: u32) -> &'static str {
    const PICTURES: &str = "␀␁␂␃␄␅␆␇␈␉␊␋␌␍␎␏␐␑␒␓␔␕␖␗␘␙␚␛␜␝␞␟";
    let start = code.saturating_sub(0x2400) as usize * 3;
    PICTURES.get(start..start + 3).unwrap_or("�")
}

/// Characters that reorder the text around them (Unicode UAX #9) or break the line.
fn is_bidi_control(c: char) -> bool {
    matches!(c,
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{206f}' | '\u{2028}' | '\u{2029}')
}

/// Characters without width, which can hide a difference between two texts.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200d}' | '\u{2060}'..='\u{2065}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
        | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests;
