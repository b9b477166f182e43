//! Lock files: exact versions, and no host that a package came from, so that any mirror of the registry serves.

use crate::{assert_none, files, read, root};

#[test]
fn npm_lock_files_name_no_host() {
    let locks = files("", "package-lock.json");
    assert!(locks.len() >= 2, "expected the lock files of end2end and crates/xtask/npm, found {locks:?}");
    let mut offenders = Vec::new();
    for lock in &locks {
        if read(lock).contains("\"resolved\"") {
            offenders.push(format!("{} records where packages came from", lock.display()));
        }
        let settings = root().join(lock).with_file_name(".npmrc");
        let has_setting = std::fs::read_to_string(&settings)
            .is_ok_and(|it| it.lines().any(|line| line.trim() == "omit-lockfile-registry-resolved=true"));
        if !has_setting {
            offenders.push(format!("{} must set omit-lockfile-registry-resolved=true", settings.display()));
        }
    }
    assert_none(&offenders, "Lock files work with every mirror:");
}

#[test]
fn outside_packages_have_exact_versions() {
    let mut offenders = Vec::new();
    for manifest in files("", "package.json") {
        let json: serde_json::Value = serde_json::from_str(&read(&manifest)).expect("package.json is JSON");
        for section in ["dependencies", "devDependencies"] {
            for (name, version) in json[section].as_object().into_iter().flatten() {
                if !version.as_str().is_some_and(|it| it.starts_with(|c: char| c.is_ascii_digit())) {
                    offenders.push(format!("{}: {name} {version}", manifest.display()));
                }
            }
        }
    }
    for requirements in files("end2end/python", "requirements.txt") {
        for line in read(&requirements).lines().filter(|it| !it.trim().is_empty() && !it.starts_with('#')) {
            if !line.contains("==") {
                offenders.push(format!("{}: {line}", requirements.display()));
            }
        }
    }
    assert_none(&offenders, "Tools are pinned to one version:");
}

#[test]
fn both_halves_of_wasm_bindgen_have_one_version() {
    let manifest = read("Cargo.toml".as_ref());
    let version_of = |name: &str| {
        let line = manifest.lines().find(|it| it.starts_with(&format!("{name} = "))).unwrap_or_default();
        line.split('"').nth(1).unwrap_or_default().to_owned()
    };
    let library = version_of("wasm-bindgen");
    assert!(library.starts_with('='), "wasm-bindgen must be pinned with `=`, not {library:?}");
    assert_eq!(library, version_of("wasm-bindgen-cli-support"), "the library and its tool speak one format");
}
