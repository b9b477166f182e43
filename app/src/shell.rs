//! The HTML document around the application: head, hashed assets, the two small scripts that the policy's nonce allows.

use leptos::{nonce::use_nonce, prelude::*};
use leptos_meta::MetaTags;

use crate::App;

/// Where the built files are, with their content hashes: `/pkg/trainyard.1a2b3c.js`. The server provides it as context.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assets {
    pub js: String,
    pub wasm: String,
    pub css: String,
    /// `app/assets/favicon.svg`.
    pub icon: String,
}

impl Default for Assets {
    /// The names before hashing, for tests.
    fn default() -> Self {
        Self {
            js: "/pkg/trainyard.js".to_owned(),
            wasm: "/pkg/trainyard_bg.wasm".to_owned(),
            css: "/pkg/trainyard.css".to_owned(),
            icon: "/favicon.svg".to_owned(),
        }
    }
}

/// Runs before the first paint: a chosen theme is there without a flash, and what needs no script is hidden.
const EARLY_SCRIPT: &str = "(function(){var r=document.documentElement;r.classList.add('js');\
try{var t=localStorage.getItem('trainyard.theme');if(t==='dark'||t==='light')r.dataset.theme=t}catch(e){}})()";

/// The whole document. Server only; `leptos_axum` renders it around [`App`].
pub fn shell() -> impl IntoView {
    let assets = use_context::<Assets>().unwrap_or_default();
    // The names are our own build's: letters, digits, dots, slashes, `_` and `-`; `{:?}` quotes them for JavaScript.
    let hydrate = format!(
        "import init,{{hydrate}} from {js:?};init({{module_or_path:{wasm:?}}}).then(hydrate)",
        js = assets.js,
        wasm = assets.wasm
    );
    view! {
        <!DOCTYPE html>
        <html lang="en">
            <head>
                <meta charset="utf-8"/>
                <meta name="viewport" content="width=device-width, initial-scale=1"/>
                <meta name="color-scheme" content="light dark"/>
                <meta name="description" content="Launch SageMaker training jobs, watch them live, see what they cost."/>
                <link rel="icon" type="image/svg+xml" href=assets.icon/>
                <link rel="stylesheet" href=assets.css/>
                <script nonce=use_nonce()>{EARLY_SCRIPT}</script>
                <link rel="modulepreload" href=assets.js/>
                <link rel="preload" href=assets.wasm r#as="fetch" r#type="application/wasm" crossorigin="anonymous"/>
                <script type="module" nonce=use_nonce()>{hydrate}</script>
                <MetaTags/>
            </head>
            <body>
                <App/>
            </body>
        </html>
    }
}
