//! The rules of this repository that no compiler knows. Each test names every offender and the cure, not only the first.
//!
//! To add a rule: a `#[test]` in the module it belongs to, which collects offenders and hands them to `assert_none`.

mod layers;
mod lock_files;
mod migrations;
mod sources;

use std::path::{Path, PathBuf};

/// The root of the clone. Asked of cargo when the test runs: a build cache may outlive the clone that filled it.
fn root() -> PathBuf {
    let folder = std::env::var_os("CARGO_MANIFEST_DIR").expect("cargo says where the crate lies");
    Path::new(&folder).ancestors().nth(2).expect("crates/xtask lies two folders deep").to_path_buf()
}

/// The files below `folder` with this ending, relative to the root; build output and packages are not ours.
fn files(folder: &str, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![root().join(folder)];
    while let Some(folder) = open.pop() {
        let Ok(entries) = std::fs::read_dir(&folder) else { continue };
        for entry in entries.map(|it| it.expect("a readable folder")) {
            let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
            if path.is_dir() {
                if name != "target" && name != "node_modules" && !name.starts_with('.') {
                    open.push(path);
                }
            } else if name.ends_with(ending) {
                found.push(path.strip_prefix(root()).expect("below the root").to_path_buf());
            }
        }
    }
    found.sort();
    found
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|err| panic!("{}: {err}", path.display()))
}

#[track_caller]
fn assert_none(offenders: &[String], rule: &str) {
    assert!(offenders.is_empty(), "{rule}\n  {}", offenders.join("\n  "));
}
