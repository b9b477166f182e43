//! Rules for source files.

use std::path::Path;

use crate::{assert_none, files, read};

const RUST_FOLDERS: [&str; 4] = ["app", "crates", "frontend", "server"];

/// A file longer than this has more than one subject.
const MAX_LINES: usize = 600;

/// Where colours have their names: the page's own, and the sixteen that a terminal has.
const PALETTES: [&str; 2] = ["style/tokens.css", "style/components/ansi.css"];

fn rust_files() -> impl Iterator<Item = (String, String)> {
    RUST_FOLDERS.into_iter().flat_map(|folder| files(folder, ".rs")).map(|path| (shown(&path), read(&path)))
}

fn shown(path: &Path) -> String {
    path.to_string_lossy().replace('\\', "/")
}

/// Lines that hold `needle`, as `path:line`. This folder's own files speak of what they forbid.
fn lines_with(needle: impl Fn(&str) -> bool) -> Vec<String> {
    rust_files()
        .filter(|(path, _)| !path.starts_with("crates/xtask/tests/"))
        .flat_map(|(path, text)| {
            let hits = text.lines().enumerate().filter(|(_, line)| needle(line));
            hits.map(|(index, line)| format!("{path}:{} {}", index + 1, line.trim())).collect::<Vec<_>>()
        })
        .collect()
}

#[test]
fn every_rust_file_says_what_it_is() {
    // `tests.rs` beside a module is part of that module and of what its header says.
    let described = |path: &str, text: &str| text.starts_with("//! ") || path.ends_with("/tests.rs");
    let without: Vec<String> =
        rust_files().filter(|(path, text)| !described(path, text)).map(|(path, _)| path).collect();
    assert_none(&without, "The first line of a file is `//! What this is and what holds in it.`:");
}

#[test]
fn no_file_has_more_than_one_subject() {
    let code = rust_files().chain(
        files("style", ".css").into_iter().chain(files("end2end", ".ts")).map(|path| (shown(&path), read(&path))),
    );
    let long: Vec<String> = code
        .filter(|(_, text)| text.lines().count() > MAX_LINES)
        .map(|(path, text)| format!("{path}: {} lines", text.lines().count()))
        .collect();
    assert_none(&long, &format!("At most {MAX_LINES} lines a file; split by meaning:"));
}

#[test]
fn lints_are_answered_and_not_silenced() {
    let silenced = lines_with(|line| {
        let line = line.trim_start();
        line.starts_with("#[allow(") || line.starts_with("#![allow(")
    });
    assert_none(&silenced, "Use `#[expect(lint, reason = \"...\")]`, which fails when it is no longer needed:");
}

#[test]
fn nothing_is_left_for_later() {
    let later = lines_with(|line| {
        ["todo!(", "unimplemented!(", "TODO", "FIXME", "XXX"].iter().any(|mark| {
            // A word of its own: not `EXXXAMPLE`.
            line.match_indices(mark).any(|(at, _)| {
                let before = line[..at].chars().next_back();
                let after = line[at + mark.len()..].chars().next();
                let is_word = |it: Option<char>| it.is_some_and(|c| c.is_alphanumeric() || c == '_');
                !is_word(before) && (mark.ends_with('(') || !is_word(after))
            })
        })
    });
    assert_none(&later, "Finish it, or open an issue:");
}

#[test]
fn no_test_is_ignored() {
    let ignored = lines_with(|line| line.trim_start().starts_with("#[ignore"));
    assert_none(&ignored, "A test that does not run tests nothing:");
}

#[test]
fn colours_are_tokens() {
    let is_colour = |line: &str| {
        let code = line.split("/*").next().unwrap_or_default();
        let has_hex = code.match_indices('#').any(|(at, _)| {
            let digits = code[at + 1..].chars().take_while(char::is_ascii_hexdigit).count();
            let next = code[at + 1 + digits..].chars().next();
            let ends = next.is_none_or(|c| !c.is_alphanumeric() && c != '-' && c != '_');
            [3, 4, 6, 8].contains(&digits) && ends && code[..at].contains(':')
        });
        has_hex || ["rgb(", "rgba(", "hsl(", "oklch("].iter().any(|it| code.contains(it))
    };
    let mut offenders = Vec::new();
    for path in files("style", ".css").iter().filter(|it| !PALETTES.contains(&shown(it).as_str())) {
        for (index, line) in read(path).lines().enumerate().filter(|(_, line)| is_colour(line)) {
            offenders.push(format!("{}:{} {}", shown(path), index + 1, line.trim()));
        }
    }
    assert_none(&offenders, "Colours are written once, in style/tokens.css; elsewhere `var(--name)`:");
}
