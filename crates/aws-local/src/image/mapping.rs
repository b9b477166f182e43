//! What the user's configuration says about images: a pattern, and one of a Python, requirements, or the image itself.
//!
//! ```toml
//! [[image]]
//! image = "my-training:*"                  # a repository, repository:tag or whole name; `*` and `?` are wildcards
//! requirements = ["torch==2.5.1", "einops"] # or: python = "/opt/conda/bin/python"   or: container = true
//! ```
//!
//! Invariant: a mapping that exists is valid; it is made by [`ImageMapping::new`] and by nothing else.

use std::path::PathBuf;

use regex::Regex;
use serde::{Deserialize, Serialize};

use super::ImageUri;

/// A rule for images.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub struct ImageMapping {
    pattern: String,
    target: ImageTarget,
}

/// What a mapped image is on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ImageTarget {
    /// The absolute path of an interpreter.
    Python(PathBuf),
    /// Lines of a `requirements.txt`, installed over this machine's Python.
    Requirements(Vec<String>),
    /// The image itself, by Docker or Podman.
    Container,
}

/// Why a mapping is not valid.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MappingError {
    #[error("image: the pattern {pattern:?} is empty or holds a blank; write a repository such as \"my-training:*\"")]
    Pattern { pattern: String },
    #[error("image: {pattern:?} needs exactly one of python, requirements and container = true")]
    Target { pattern: String },
    #[error("image: the python of {pattern:?} is {}, which is not an absolute path", python.display())]
    Python { pattern: String, python: PathBuf },
    #[error("image: the requirement {line:?} of {pattern:?} is not one line of a requirements.txt")]
    Requirement { pattern: String, line: String },
}

impl ImageMapping {
    pub fn new(pattern: &str, target: ImageTarget) -> Result<ImageMapping, MappingError> {
        let pattern = pattern.to_owned();
        if pattern.is_empty() || pattern.chars().any(|c| c.is_whitespace() || c.is_control()) {
            return Err(MappingError::Pattern { pattern });
        }
        match &target {
            ImageTarget::Python(python) if !python.is_absolute() => {
                let python = python.clone();
                return Err(MappingError::Python { pattern, python });
            }
            ImageTarget::Requirements(lines) => {
                if let Some(line) =
                    lines.iter().find(|line| line.trim().is_empty() || line.contains(['\n', '\r', '\0']))
                {
                    return Err(MappingError::Requirement { pattern, line: line.clone() });
                }
            }
            ImageTarget::Python(_) | ImageTarget::Container => {}
        }
        Ok(ImageMapping { pattern, target })
    }

    pub fn target(&self) -> &ImageTarget {
        &self.target
    }

    /// The pattern may mean the repository, the repository with its tag, or the whole name.
    pub(super) fn matches(&self, uri: &ImageUri) -> bool {
        let escaped = regex::escape(&self.pattern).replace(r"\*", ".*").replace(r"\?", ".");
        let Ok(pattern) = Regex::new(&format!("^(?:{escaped})$")) else { return false };
        let tagged = uri.tag.as_ref().map(|tag| format!("{}:{tag}", uri.repository));
        pattern.is_match(&uri.repository)
            || pattern.is_match(uri.as_str())
            || tagged.is_some_and(|tagged| pattern.is_match(&tagged))
    }
}

/// A mapping as it is written in a file.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    image: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    python: Option<PathBuf>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    requirements: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    container: bool,
}

impl TryFrom<Written> for ImageMapping {
    type Error = MappingError;

    fn try_from(written: Written) -> Result<ImageMapping, MappingError> {
        let target = match (written.python, written.requirements, written.container) {
            (Some(python), None, false) => ImageTarget::Python(python),
            (None, Some(lines), false) => ImageTarget::Requirements(lines),
            (None, None, true) => ImageTarget::Container,
            _ => return Err(MappingError::Target { pattern: written.image }),
        };
        ImageMapping::new(&written.image, target)
    }
}

impl From<ImageMapping> for Written {
    fn from(mapping: ImageMapping) -> Written {
        let mut written = Written { image: mapping.pattern, python: None, requirements: None, container: false };
        match mapping.target {
            ImageTarget::Python(python) => written.python = Some(python),
            ImageTarget::Requirements(lines) => written.requirements = Some(lines),
            ImageTarget::Container => written.container = true,
        }
        written
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{ImageMapping, ImageUri};

    fn parse(value: Value) -> Result<ImageMapping, String> {
        serde_json::from_value(value).map_err(|error| error.to_string())
    }

    #[test]
    fn patterns_match_repositories_tags_and_whole_names() {
        let uri =
            ImageUri::parse("000000000000.dkr.ecr.us-east-1.amazonaws.com/my-training:1.0-gpu").expect("an image");
        for (pattern, matches) in [
            ("my-training", true),
            ("my-*", true),
            ("my-training:1.?-gpu", true),
            ("000000000000.dkr.ecr.*/my-training:*", true),
            ("my-training:2*", false),
            ("training", false),
            ("my.training", false),
        ] {
            let mapping = parse(json!({"image": pattern, "container": true})).expect("a mapping");
            assert_eq!(mapping.matches(&uri), matches, "{pattern}");
            let written = serde_json::to_value(&mapping).expect("written");
            assert_eq!(parse(written), Ok(mapping));
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (value, word) in [
            (json!({"image": "x"}), "exactly one of"),
            (json!({"image": "x", "container": true, "python": "/p"}), "exactly one of"),
            (json!({"image": "", "container": true}), "pattern"),
            (json!({"image": "x", "python": "python3"}), "absolute"),
            (json!({"image": "x", "requirements": ["a\nb"]}), "one line"),
            (json!({"image": "x", "pyhton": "/p"}), "pyhton"),
        ] {
            let message = parse(value).expect_err("refused");
            assert!(message.contains(word), "{message}");
        }
    }
}
