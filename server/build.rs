//! Says where the built site is: `TRAINYARD_SITE_DIR`, or `site` in the target folder. `cargo x build` fills it; a plain
//! `cargo check` gets an empty one, and a server built so says that its pages have no script and no style.

use std::{env, fs, path::PathBuf};

fn main() {
    println!("cargo:rerun-if-env-changed=TRAINYARD_SITE_DIR");
    let dir = env::var_os("TRAINYARD_SITE_DIR").map(PathBuf::from).or_else(|| {
        // <target>/<profile>/build/server-<hash>/out
        let out = PathBuf::from(env::var_os("OUT_DIR")?);
        Some(out.ancestors().nth(4)?.join("site"))
    });
    let Some(dir) = dir else { return };
    if let Err(failure) = fs::create_dir_all(&dir) {
        println!("cargo:warning=the site folder {} cannot be created: {failure}", dir.display());
    }
    println!("cargo:rustc-env=TRAINYARD_SITE_DIR={}", dir.display());
    // The embedding macro sees files once: a new build of the site must run it again. Samples likewise.
    println!("cargo:rerun-if-changed={}", dir.display());
    // Without `..`: in development builds the embedding crate compares it with the real paths of files.
    let workspace =
        env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from).and_then(|it| Some(it.parent()?.to_path_buf()));
    if let Some(jobs) = workspace.map(|it| it.join("end2end/jobs")) {
        println!("cargo:rustc-env=TRAINYARD_JOBS_DIR={}", jobs.display());
        println!("cargo:rerun-if-changed={}", jobs.display());
    }
    println!("cargo:rerun-if-changed=build.rs");
}
