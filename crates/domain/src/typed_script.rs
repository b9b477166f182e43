//! A script that is written in the form itself: its name, its text, and what both may be.

use serde::{Deserialize, Serialize};

/// What the editor begins with: it runs as it is.
const STARTER: &str = include_str!("../data/starter.py");

/// As typed; [`TypedScript::fault_of_name`] and [`TypedScript::fault_of_text`] judge it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TypedScript {
    /// `train.py`
    pub name: String,
    pub text: String,
}

impl Default for TypedScript {
    fn default() -> Self {
        Self { name: "train.py".to_owned(), text: STARTER.to_owned() }
    }
}

impl TypedScript {
    /// A longer one belongs into an archive.
    pub const MAX_BYTES: usize = 256 * 1024;
    const MAX_NAME_CHARS: usize = 255;

    pub fn fault_of_name(&self) -> Option<String> {
        let name = self.name.trim();
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
        let is_name = name.len() > ".py".len()
            && name.len() <= Self::MAX_NAME_CHARS
            && name.strip_suffix(".py").is_some()
            && name.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
            && name.chars().all(is_plain);
        (!is_name).then(|| {
            "name the script, for example `train.py`: letters, digits and `. _ -`, and `.py` at the end".to_owned()
        })
    }

    pub fn fault_of_text(&self) -> Option<String> {
        if self.text.trim().is_empty() {
            return Some("the script is empty: write or paste the code that the job runs".to_owned());
        }
        if self.text.len() > Self::MAX_BYTES {
            return Some(format!(
                "the script has {} KiB and at most {} are taken here: upload it as a file instead",
                self.text.len().div_ceil(1024),
                Self::MAX_BYTES / 1024
            ));
        }
        self.text.contains('\0').then(|| "the script has a null character in it: paste it again as text".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_starter_is_a_script_already() {
        let script = TypedScript::default();
        assert_eq!((script.fault_of_name(), script.fault_of_text()), (None, None));
    }

    #[test]
    fn a_name_is_a_python_file_without_a_folder() {
        let fault = |name: &str| TypedScript { name: name.to_owned(), ..TypedScript::default() }.fault_of_name();
        assert_eq!(fault(" my-train_2.py "), None);
        for name in ["", ".py", "train", "train.sh", "src/train.py", "-x.py", "größe.py", "a b.py"] {
            assert!(fault(name).is_some_and(|it| it.contains("`train.py`")), "{name}");
        }
    }

    #[test]
    fn a_text_has_bounds() {
        let fault = |text: String| TypedScript { text, ..TypedScript::default() }.fault_of_text();
        assert!(fault(" \n".to_owned()).is_some_and(|it| it.contains("empty")));
        assert_eq!(fault("#".repeat(TypedScript::MAX_BYTES)), None);
        assert!(fault("#".repeat(TypedScript::MAX_BYTES + 1)).is_some_and(|it| it.contains("upload")));
    }
}
