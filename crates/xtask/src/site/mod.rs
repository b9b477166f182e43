//! The site: everything that the browser loads besides the pages themselves.
//!
//! Its folder holds `manifest.json` (plain name -> name with its content's hash) and `pkg/` with the files under their
//! hashed names, each beside its `.br` and `.gz` where these are smaller. A hashed name never changes its content, so the
//! server lets browsers keep these files for ever. Icons are there by their plain names too, because browsers ask for
//! `/favicon.ico` unasked. The server binary embeds the folder (release) or reads it (debug).

mod client;
mod compress;
mod publish;
mod styles;

use std::{
    fs::File,
    path::{Path, PathBuf},
};

use anyhow::Context;

use self::publish::SiteFile;
use crate::{cargo::Mode, places::Places, say, stamp::files_below};

/// The base of the client's file names: `trainyard.js`, `trainyard_bg.wasm`, `trainyard.css`.
pub(crate) const NAME: &str = "trainyard";

/// Builds the client and the styles and publishes them; returns the site's folder.
pub(crate) fn build(places: &Places, mode: Mode) -> anyhow::Result<PathBuf> {
    let work = places.work(mode);
    std::fs::create_dir_all(&work).with_context(|| format!("cannot create {}", work.display()))?;
    let _alone = wait_alone(&work)?;
    let client = client::build(places, mode)?;
    let css = styles::bundle(&places.root.join("style/main.css"), mode)?;

    let hashed_only = |name: String, bytes| SiteFile { name, bytes, has_plain_name: false };
    let mut files = vec![
        hashed_only(format!("{NAME}.js"), client.js),
        hashed_only(format!("{NAME}_bg.wasm"), client.wasm),
        hashed_only(format!("{NAME}.css"), css.into_bytes()),
    ];
    let assets = places.root.join("app/assets");
    for asset in files_below(&assets)? {
        let bytes = std::fs::read(assets.join(&asset))?;
        let name = asset.to_string_lossy().replace('\\', "/");
        files.push(SiteFile { name, bytes, has_plain_name: true });
    }
    let site = places.site(mode);
    let report = publish::publish(&site, &work, &files, mode)?;
    say::note(&format!("{} in {}", report, places.shown(&site)));
    Ok(site)
}

/// Two builds at a time would write the same files: the later one waits. The lock ends with the returned file.
fn wait_alone(work: &Path) -> anyhow::Result<File> {
    let path = work.join("lock");
    let file = File::create(&path).with_context(|| format!("cannot create {}", path.display()))?;
    if file.try_lock().is_err() {
        say::note("waiting for another `cargo x` that builds the site");
        file.lock().with_context(|| format!("cannot lock {}", path.display()))?;
    }
    Ok(file)
}
