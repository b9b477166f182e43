//! Branches, tags and hashes, by git's own rules of a name (`git check-ref-format`).

const MAX_CHARS: usize = 200;

/// `None`: the default branch. The message says the rule and the cure.
pub(super) fn parse(text: &str) -> Result<Option<String>, String> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    if text.starts_with('-') {
        return Err(
            "a branch, tag or commit does not begin with a hyphen: leave it empty for the default branch".to_owned()
        );
    }
    if text.chars().count() > MAX_CHARS || !is_name(text) {
        return Err("name a branch or a tag as git does, for example `main` or `v1.2`, or give a commit's full hash; \
                    ranges, `~` and `^` are not taken"
            .to_owned());
    }
    Ok(Some(commit_of(text).unwrap_or_else(|| text.to_owned())))
}

/// A full hash in lower case: SHA-1 has 40 digits, SHA-256 has 64.
pub fn commit_of(text: &str) -> Option<String> {
    let is_hash = matches!(text.len(), 40 | 64) && text.bytes().all(|it| it.is_ascii_hexdigit());
    is_hash.then(|| text.to_ascii_lowercase())
}

/// <https://git-scm.com/docs/git-check-ref-format>, with one level allowed.
fn is_name(text: &str) -> bool {
    let is_part =
        |part: &str| !part.is_empty() && !part.starts_with('.') && !part.to_ascii_lowercase().ends_with(".lock");
    text != "@"
        && !text.ends_with('.')
        && !text.contains("..")
        && !text.contains("@{")
        && !text.contains(|c: char| c.is_control() || c.is_whitespace() || "~^:?*[\\".contains(c))
        && text.split('/').all(is_part)
}
