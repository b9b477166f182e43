//! Python text cut into words for colouring. Not a parser: half-typed text is coloured as far as it can be.
//!
//! The pieces put together are the text again, whatever it is.

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenKind {
    Plain,
    Keyword,
    Text,
    Comment,
    Number,
    Decorator,
    /// The name after `def` or `class`.
    Definition,
}

impl TokenKind {
    /// The CSS class; plain text has none.
    pub const fn class(self) -> Option<&'static str> {
        match self {
            Self::Plain => None,
            Self::Keyword => Some("py-keyword"),
            Self::Text => Some("py-text"),
            Self::Comment => Some("py-comment"),
            Self::Number => Some("py-number"),
            Self::Decorator => Some("py-decorator"),
            Self::Definition => Some("py-definition"),
        }
    }
}

const KEYWORDS: [&str; 38] = [
    "False", "None", "True", "and", "as", "assert", "async", "await", "break", "case", "class", "continue", "def",
    "del", "elif", "else", "except", "finally", "for", "from", "global", "if", "import", "in", "is", "lambda", "match",
    "nonlocal", "not", "or", "pass", "raise", "return", "self", "try", "while", "with", "yield",
];

/// Neighbours of one kind are one piece.
pub fn tokens(text: &str) -> Vec<(TokenKind, &str)> {
    let mut pieces: Vec<(TokenKind, &str)> = Vec::new();
    let mut start = 0;
    let mut end = 0;
    let (mut after_definer, mut at_line_start) = (false, true);
    while end < text.len() {
        let rest = &text[end..];
        let (kind, length) = next(rest, at_line_start);
        let word = &rest[..length];
        let kind =
            if after_definer && kind == TokenKind::Plain && starts_name(word) { TokenKind::Definition } else { kind };
        if !word.trim().is_empty() {
            after_definer = kind == TokenKind::Keyword && matches!(word, "def" | "class");
        }
        at_line_start = word.trim().is_empty() && (at_line_start || word.contains('\n'));
        match pieces.last_mut() {
            Some((last, piece)) if *last == kind => *piece = &text[start..end + length],
            _ => {
                start = end;
                pieces.push((kind, word));
            }
        }
        end += length;
    }
    pieces
}

/// The kind and length of what `text` begins with; it is not empty, and neither is the answer.
fn next(text: &str, is_line_start: bool) -> (TokenKind, usize) {
    let first = text.chars().next().unwrap_or(' ');
    let run = |is: fn(char) -> bool| text.find(|c| !is(c)).unwrap_or(text.len());
    let line = || text.find('\n').unwrap_or(text.len());
    if let Some(length) = text_length(text) {
        return (TokenKind::Text, length);
    }
    match first {
        '#' => (TokenKind::Comment, line()),
        '@' if is_line_start => {
            (TokenKind::Decorator, 1 + text[1..].find(|c| !is_name(c) && c != '.').unwrap_or(text.len() - 1))
        }
        c if c.is_ascii_digit() => (TokenKind::Number, run(|c| is_name(c) || c == '.')),
        c if is_name(c) => {
            let length = run(is_name);
            let kind = if KEYWORDS.contains(&&text[..length]) { TokenKind::Keyword } else { TokenKind::Plain };
            (kind, length)
        }
        c if c.is_whitespace() => (TokenKind::Plain, run(char::is_whitespace)),
        c => (TokenKind::Plain, c.len_utf8()),
    }
}

/// Of a string literal with its prefix and quotes; one that is not closed ends with its line, a long one with the text.
pub(crate) fn text_length(text: &str) -> Option<usize> {
    let prefix = text.bytes().take(3).position(|it| matches!(it, b'"' | b'\''))?;
    if !text[..prefix].chars().all(|c| "rRbBuUfFtT".contains(c)) {
        return None;
    }
    let body = &text[prefix..];
    let is_long = body.starts_with("\"\"\"") || body.starts_with("'''");
    let quote = &body[..if is_long { 3 } else { 1 }];
    let mut at = quote.len();
    while at < body.len() {
        let rest = &body[at..];
        if rest.starts_with(quote) {
            return Some(prefix + at + quote.len());
        }
        if rest.starts_with('\n') && !is_long {
            return Some(prefix + at);
        }
        let escaped = usize::from(rest.starts_with('\\'));
        at += rest.chars().take(1 + escaped).map(char::len_utf8).sum::<usize>();
    }
    Some(text.len())
}

fn is_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn starts_name(word: &str) -> bool {
    word.starts_with(|c: char| is_name(c))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{TokenKind::*, *};

    fn coloured(text: &str) -> Vec<(TokenKind, &str)> {
        tokens(text).into_iter().filter(|(kind, _)| *kind != Plain).collect()
    }

    #[test]
    fn words_have_their_kinds() {
        let text = "@app.route\ndef train(x=1.5e3):  # why\n    return f\"a {x}\" + r'\\' + 'b\\'c'\n";
        let wanted = [
            (Decorator, "@app.route"),
            (Keyword, "def"),
            (Definition, "train"),
            (Number, "1.5e3"),
            (Comment, "# why"),
            (Keyword, "return"),
            (Text, "f\"a {x}\""),
            (Text, "r'\\' + '"),
        ];
        assert_eq!(coloured(text)[..8], wanted);
        assert_eq!(coloured("a @ b"), [], "a matrix product is no decorator");
        assert_eq!(coloured("redefine = imports"), [], "a keyword inside a name is none");
    }

    #[test]
    fn a_long_text_goes_over_lines_and_a_short_one_ends_with_its_line() {
        assert_eq!(coloured("\"\"\"a\n# b\n\"\"\" + 1"), [(Text, "\"\"\"a\n# b\n\"\"\""), (Number, "1")]);
        assert_eq!(coloured("x = 'half\nif"), [(Text, "'half"), (Keyword, "if")]);
        assert_eq!(coloured("'''open\n1"), [(Text, "'''open\n1")]);
    }

    proptest! {
        #[test]
        fn the_pieces_are_the_text(text in "([a-z #@\"'\\\\\n0-9é_.]|def |'''){0,60}") {
            let pieces = tokens(&text);
            prop_assert_eq!(pieces.iter().map(|(_, piece)| *piece).collect::<String>(), text.as_str());
            prop_assert!(pieces.windows(2).all(|pair| pair[0].0 != pair[1].0));
        }
    }
}
