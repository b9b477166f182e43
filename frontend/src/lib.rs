//! The browser's entry: takes over the page that the server rendered. Everything else is in `app`.

use wasm_bindgen::prelude::wasm_bindgen;

/// Called by the page's module script once the WASM is there.
#[wasm_bindgen]
pub fn hydrate() {
    app::hydrate();
}
