//! What is wrong with a search, where, and what to write instead.

use serde::{Deserialize, Serialize};

/// Places count characters of the text from 0; at its end the length is 0.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("at character {}: {message}", .at + 1)]
pub struct SearchFault {
    pub at: usize,
    pub length: usize,
    pub message: String,
}

impl SearchFault {
    pub(crate) fn new(at: usize, length: usize, message: impl Into<String>) -> Self {
        Self { at, length, message: message.into() }
    }
}

/// A text of a stranger in a message: not too much of it.
pub(crate) fn shown(text: &str) -> String {
    const MAX: usize = 40;
    match text.char_indices().nth(MAX) {
        Some((end, _)) => format!("`{}…`", &text[..end]),
        None => format!("`{text}`"),
    }
}

/// `did you mean ..`, of the words that are a slip or two away; `None` when none is.
pub(crate) fn near<'w>(text: &str, words: impl Iterator<Item = &'w str>) -> Option<String> {
    let text = text.to_lowercase();
    let limit = match text.chars().count() {
        3..=5 => 1,
        6..=40 => 2,
        // Of two letters everything is near, and nobody means so long a word.
        _ => return None,
    };
    let is_near = |word: &&str| distance(&text, word) <= limit || text.len() >= 3 && word.starts_with(&text);
    let found: Vec<String> = words.filter(is_near).take(3).map(|it| format!("`{it}`")).collect();
    (!found.is_empty()).then(|| format!("did you mean {}?", found.join(" or ")))
}

/// How many letters must be added, left out or changed (Levenshtein); texts are short here.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, a) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in b.iter().enumerate() {
            let changed = diagonal + usize::from(a != *b);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}
