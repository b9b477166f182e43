//! The browser client: `frontend` compiled to WASM, bound to JavaScript, made small.
//!
//! wasm-bindgen runs as a library of exactly the version that the client is compiled with (`Cargo.toml` pins both).
//! `wasm-opt` is the npm package `binaryen`, pinned in `npm/`: Debian's own is older and silently writes a file that
//! browsers refuse. It reads the features it may use from the module itself, so no `--all-features` here.

use std::{fs, path::Path};

use anyhow::{Context, bail};

use super::NAME;
use crate::{
    cargo::{self, Mode},
    needs,
    places::Places,
    say, shell, stamp,
};

/// The two files that a page loads.
pub(super) struct Client {
    pub(super) js: Vec<u8>,
    pub(super) wasm: Vec<u8>,
}

pub(super) fn build(places: &Places, mode: Mode) -> anyhow::Result<Client> {
    needs::wasm_target(places)?;
    say::step(&format!("Compiling the browser client ({})", mode.client_profile()));
    shell::run(cargo::client(places, "build", mode).args(["-p", "frontend", "--lib"]))?;
    let compiled = places.client_target().join(cargo::WASM_TARGET).join(mode.client_folder()).join("frontend.wasm");

    let bound = places.work(mode).join("bound");
    bind(&compiled, &bound, mode)?;
    let js = bound.join(format!("{NAME}.js"));
    let wasm = bound.join(format!("{NAME}_bg.wasm"));
    let small = match mode {
        Mode::Release => optimise(places, &wasm)?,
        Mode::Dev => None,
    };
    let wasm = small.unwrap_or(wasm);
    Ok(Client { js: read(&js)?, wasm: read(&wasm)? })
}

/// Writes `trainyard.js` and `trainyard_bg.wasm` into `bound`.
fn bind(compiled: &Path, bound: &Path, mode: Mode) -> anyhow::Result<()> {
    let inputs = stamp::Inputs::new("wasm-bindgen 0.2.130").bytes(mode.name().as_bytes()).file(compiled)?.finish();
    let stamp = bound.with_extension("stamp");
    if stamp::is_done(&stamp, &inputs, &[bound]) {
        return Ok(());
    }
    say::step("Binding the client to JavaScript (wasm-bindgen as a library)");
    if bound.exists() {
        fs::remove_dir_all(bound)?;
    }
    let mut bindgen = wasm_bindgen_cli_support::Bindgen::new();
    bindgen.input_path(compiled).out_name(NAME).typescript(false).omit_default_module_path(true);
    bindgen.remove_name_section(mode == Mode::Release).remove_producers_section(mode == Mode::Release);
    bindgen.web(true)?.generate(bound).context("wasm-bindgen failed")?;
    if bound.join("snippets").exists() {
        bail!(
            "a dependency of `frontend` brings JavaScript files of its own ({}/snippets), which this build does not \
             publish: do without it, or teach `site::publish` to",
            bound.display()
        );
    }
    stamp::mark_done(&stamp, &inputs)
}

/// The optimised module beside the input; nothing where Node is missing, which costs bytes but no function.
fn optimise(places: &Places, wasm: &Path) -> anyhow::Result<Option<std::path::PathBuf>> {
    let Some(tool) = needs::wasm_opt(places)? else {
        return Ok(None);
    };
    let small = wasm.with_file_name(format!("{NAME}_opt.wasm"));
    let version = fs::read(places.root.join("crates/xtask/npm/package-lock.json"))?;
    let inputs = stamp::Inputs::new("wasm-opt -Oz").bytes(&version).file(wasm)?.finish();
    let stamp = small.with_extension("stamp");
    if stamp::is_done(&stamp, &inputs, &[&small]) {
        return Ok(Some(small));
    }
    say::step("Making the client small (wasm-opt -Oz)");
    shell::run(shell::command(tool).arg("-Oz").arg(wasm).arg("-o").arg(&small))?;
    stamp::mark_done(&stamp, &inputs)?;
    Ok(Some(small))
}

fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("cannot read {}", path.display()))
}
