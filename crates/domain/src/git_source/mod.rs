//! A git repository as the source of a job: as it is typed, as it is checked, and the commit that a run was made from.
//!
//! Invariants:
//! - No address with a password in it passes: it would stand in a tag that everybody who may describe the job can read.
//! - Nothing that passes begins with a hyphen, so that no program takes it for an option.
//! - An origin's text fits a tag's value (256 characters, and only characters that AWS takes).

mod reference;
mod url;

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{job_draft::FieldError, job_spec::is_tag_text};

pub use reference::commit_of;
pub use url::RepositoryUrl;

/// What is typed. Nothing is checked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct GitSource {
    /// `https://host/path`, `ssh://user@host/path` or `user@host:path`.
    pub url: String,
    /// A branch, a tag or a commit's full hash; empty: the default branch.
    pub reference: String,
    /// The folder that is packed; empty: all of the repository.
    pub folder: String,
    /// The commit that launch has found there; never typed.
    pub commit: Option<String>,
}

/// A place in a repository that may be asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GitPlace {
    pub url: RepositoryUrl,
    /// `None`: the default branch.
    pub reference: Option<String>,
    /// Relative, without a slash at its ends; empty: all of the repository.
    pub folder: String,
}

/// Exactly what a run was made from. Its text is `url@commit:folder`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct GitOrigin {
    pub url: RepositoryUrl,
    /// 40 or 64 hex digits, in lower case.
    pub commit: String,
    pub folder: String,
}

/// The form's fields, as errors name them.
pub mod field {
    pub const URL: &str = "git_url";
    pub const REFERENCE: &str = "git_ref";
    pub const FOLDER: &str = "git_folder";
}

/// A tag's value has 256 characters; a hash and two separators take 66.
const MAX_URL_AND_FOLDER_CHARS: usize = 190;

impl GitSource {
    /// Checks all three fields and names each that is wrong.
    pub fn parse(&self) -> Result<GitPlace, Vec<FieldError>> {
        let mut errors = Vec::new();
        let mut wrong = |field: &str, message: String| errors.push(FieldError::new(field, message));
        let url = RepositoryUrl::parse(&self.url).map_err(|message| wrong(field::URL, message)).ok();
        let reference = reference::parse(&self.reference).map_err(|message| wrong(field::REFERENCE, message)).ok();
        let folder = folder(&self.folder).map_err(|message| wrong(field::FOLDER, message)).ok();
        if let (Some(url), Some(folder)) = (&url, &folder) {
            let chars = url.as_str().chars().count() + folder.chars().count();
            if chars > MAX_URL_AND_FOLDER_CHARS {
                let message = format!(
                    "address and folder have {chars} characters together and may have {MAX_URL_AND_FOLDER_CHARS}, because \
                     they are kept in a tag: name a folder further up"
                );
                wrong(field::FOLDER, message);
            }
        }
        match (url, reference, folder) {
            (Some(url), Some(reference), Some(folder)) if errors.is_empty() => Ok(GitPlace { url, reference, folder }),
            _ => Err(errors),
        }
    }

    /// Where launch found the commit; `None` before it has looked, or for a place that is not right.
    pub fn origin(&self) -> Option<GitOrigin> {
        let place = self.parse().ok()?;
        let commit = commit_of(self.commit.as_deref()?)?;
        Some(place.at(commit))
    }

    /// The same place, at this commit for ever.
    pub fn pin(&mut self) {
        if let Some(commit) = &self.commit {
            self.reference.clone_from(commit);
        }
    }

    /// `https://host/path at main, folder train`, for people.
    pub fn words(&self) -> String {
        let url = self.url.trim();
        let reference = match self.reference.trim() {
            "" => "the default branch",
            reference => reference,
        };
        match self.folder.trim() {
            "" => format!("{url} at {reference}"),
            folder => format!("{url} at {reference}, folder {folder}"),
        }
    }
}

impl GitPlace {
    pub fn at(self, commit: String) -> GitOrigin {
        GitOrigin { url: self.url, commit, folder: self.folder }
    }

    /// The commit, where the reference is one itself: it cannot move, so what was fetched once is right for ever.
    pub fn fixed(&self) -> Option<GitOrigin> {
        let commit = commit_of(self.reference.as_deref()?)?;
        Some(self.clone().at(commit))
    }
}

impl GitOrigin {
    /// What `to_string` has written.
    pub fn parse(text: &str) -> Option<Self> {
        let (rest, folder_text) = text.rsplit_once(':')?;
        let (url, commit) = rest.rsplit_once('@')?;
        let is_same = folder(folder_text).ok()? == folder_text && commit_of(commit)? == commit;
        let url = RepositoryUrl::parse(url).ok()?;
        is_same.then(|| Self { url, commit: commit.to_owned(), folder: folder_text.to_owned() })
    }

    /// The first twelve digits, for people.
    pub fn short_commit(&self) -> &str {
        self.commit.get(..12).unwrap_or(&self.commit)
    }

    /// The commit's page, where the host is known to have one.
    pub fn commit_page(&self) -> Option<String> {
        let (host, path) = self.url.host_and_path();
        let path = path.trim_matches('/');
        let path = path.strip_suffix(".git").unwrap_or(path);
        let between = match host {
            "github.com" => "commit",
            "gitlab.com" => "-/commit",
            "bitbucket.org" => "commits",
            _ => return None,
        };
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "._-/".contains(c);
        path.chars().all(is_plain).then(|| format!("https://{host}/{path}/{between}/{}", self.commit))
    }

    /// The form that launches this commit again.
    pub fn to_source(&self) -> GitSource {
        GitSource {
            url: self.url.as_str().to_owned(),
            reference: self.commit.clone(),
            folder: self.folder.clone(),
            commit: Some(self.commit.clone()),
        }
    }
}

impl fmt::Display for GitOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}:{}", self.url, self.commit, self.folder)
    }
}

impl From<GitOrigin> for String {
    fn from(origin: GitOrigin) -> Self {
        origin.to_string()
    }
}

impl TryFrom<String> for GitOrigin {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text).ok_or_else(|| "not a place in a git repository".to_owned())
    }
}

/// A folder as git names it: `src/train`, without `./` and slashes at its ends.
fn folder(text: &str) -> Result<String, String> {
    let text = text.trim();
    let text = text.strip_prefix("./").unwrap_or(text).trim_end_matches('/');
    if text.is_empty() || text == "." {
        return Ok(String::new());
    }
    let is_plain = |part: &str| !matches!(part, "" | "." | "..") && part.trim() == part;
    if text.starts_with('/') || !text.split('/').all(is_plain) {
        return Err("name a folder inside the repository by its relative path, for example `src/train`; `..` cannot \
                    stand in it"
            .to_owned());
    }
    if text.starts_with('-') || text.contains(':') || !is_tag_text(text) {
        return Err(
            "a folder's path is kept in a tag, so it may have letters, digits, spaces and `_ . / = + - @` only, \
                    and no hyphen at its beginning: name a folder further up, or rename it"
                .to_owned(),
        );
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests;
