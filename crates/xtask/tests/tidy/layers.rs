//! Who may use whom, read from `cargo metadata`. The table is that of `crates/README.md`.

use std::{collections::BTreeMap, process::Command};

use serde::Deserialize;

use crate::{assert_none, root};

/// For each of our packages, which of ours it may depend on in any way but for tests.
const MAY_USE: [(&str, &[&str]); 10] = [
    ("domain", &[]),
    ("charts", &["domain"]),
    ("store", &["domain"]),
    ("services", &["domain", "store"]),
    ("aws", &["domain", "services"]),
    ("aws-local", &[]),
    ("app", &["domain", "charts", "services"]),
    ("frontend", &["app"]),
    ("server", &["app", "aws", "aws-local", "domain", "services", "store"]),
    ("xtask", &[]),
];

/// What only some of our packages may name. An ending `*` stands for any rest.
const ONLY_IN: [(&str, &[&str]); 12] = [
    ("aws-sdk-*", &["aws"]),
    ("aws-config", &["aws"]),
    ("aws-smithy-*", &["aws"]),
    ("sqlx", &["store"]),
    ("axum", &["server", "aws-local"]),
    ("leptos", &["app", "server"]),
    ("leptos_axum", &["app", "server"]),
    ("leptos_meta", &["app"]),
    ("leptos_router", &["app"]),
    ("plotters", &["charts"]),
    ("web-sys", &["app"]),
    ("s3s*", &["aws-local"]),
];

/// `domain` and `charts` run in the browser and know neither runtime nor clock nor network.
const NEVER_IN_THE_CORE: [&str; 10] =
    ["tokio", "axum", "hyper", "reqwest", "sqlx", "leptos", "rand", "tracing", "web-sys", "js-sys"];

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    dependencies: Vec<Dependency>,
    features: BTreeMap<String, Vec<String>>,
}

#[derive(Deserialize)]
struct Dependency {
    name: String,
    /// `None` for a normal one, else `dev` or `build`.
    kind: Option<String>,
    optional: bool,
}

/// Our own packages with what their manifests say.
fn packages() -> Vec<Package> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
        .current_dir(root())
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice::<Metadata>(&output.stdout).expect("cargo metadata prints JSON").packages
}

/// Dependencies that end up in the product: not those of tests.
fn used(package: &Package) -> impl Iterator<Item = &str> {
    package.dependencies.iter().filter(|it| it.kind.as_deref() != Some("dev")).map(|it| it.name.as_str())
}

fn matches(pattern: &str, name: &str) -> bool {
    pattern.strip_suffix('*').map_or(pattern == name, |start| name.starts_with(start))
}

#[test]
fn our_crates_use_each_other_as_the_table_says() {
    let packages = packages();
    let ours: Vec<&str> = packages.iter().map(|it| it.name.as_str()).collect();
    let mut offenders = Vec::new();
    for package in &packages {
        // Test support is used by tests only, and may use what it supports.
        if package.name == "testkit" {
            continue;
        }
        let Some((_, allowed)) = MAY_USE.iter().find(|(name, _)| *name == package.name) else {
            offenders.push(format!("`{}` is not in the table: say what it may use", package.name));
            continue;
        };
        for used in used(package).filter(|it| ours.contains(it) && !allowed.contains(it)) {
            offenders.push(format!("`{}` must not use `{used}`", package.name));
        }
    }
    assert_none(&offenders, "The layers of crates/README.md:");
}

#[test]
fn each_outside_crate_is_named_only_where_it_belongs() {
    let mut offenders = Vec::new();
    for package in packages().iter().filter(|it| it.name != "testkit") {
        for used in used(package) {
            for (pattern, owners) in ONLY_IN.iter().filter(|(pattern, _)| matches(pattern, used)) {
                if !owners.contains(&package.name.as_str()) {
                    offenders.push(format!("`{}` names `{used}`; only {owners:?} may name `{pattern}`", package.name));
                }
            }
        }
    }
    assert_none(&offenders, "Each outside crate has its place:");
}

#[test]
fn the_core_stays_free_of_runtime_and_network() {
    let packages = packages();
    let core = packages.iter().filter(|it| ["domain", "charts"].contains(&it.name.as_str()));
    let offenders: Vec<String> = core
        .flat_map(|package| used(package).map(move |used| (package, used)))
        .filter(|(_, used)| NEVER_IN_THE_CORE.contains(used))
        .map(|(package, used)| format!("`{}` must not use `{used}`", package.name))
        .collect();
    assert_none(&offenders, "domain and charts are plain data and arithmetic:");
}

#[test]
fn the_browser_build_of_app_has_no_server_side() {
    let packages = packages();
    let app = packages.iter().find(|it| it.name == "app").expect("the package app");
    let server_side = ["services", "leptos_axum"];
    let mut offenders = Vec::new();
    for name in server_side {
        let is_optional = app.dependencies.iter().all(|it| it.name != name || it.optional);
        let features_with_it = app.features.iter().filter(|(_, list)| list.contains(&format!("dep:{name}")));
        let names: Vec<&str> = features_with_it.map(|(feature, _)| feature.as_str()).collect();
        if !is_optional || names.iter().any(|it| *it != "ssr") {
            offenders.push(format!("`{name}` must be optional and come with the feature `ssr` alone, not {names:?}"));
        }
    }
    assert_none(&offenders, "app is compiled twice, and the browser gets no server code:");
}
