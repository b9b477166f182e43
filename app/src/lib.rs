//! Trainyard's user interface, compiled twice: with `ssr` into the server, with `hydrate` into the browser's WASM.
//!
//! Invariants:
//! - The route table below is the site map; links are made by `paths` only.
//! - Every page is complete without WASM: links are links, forms are plain forms, state worth sharing is in the URL.
//! - Text from outside (logs, failure reasons, names) reaches the DOM as text nodes; `inner_html` is for the SVG that
//!   our own `charts` crate made, and nothing else.
//! - No inline style attribute and no inline script without the nonce: the policy forbids both.
//!
//! The server provides these contexts: [`Assets`], `services::Services` and Leptos' nonce.

// Modules are private, so `pub` inside them means "for the rest of this crate".
#![expect(unreachable_pub, reason = "components and their props are `pub` by convention, in private modules")]
// Views nest types deeply; the compiler's default of 128 is too low for a whole page.
#![recursion_limit = "256"]

pub mod api;
mod components;
mod live;
mod model;
mod pages;
pub mod paths;
mod shell;
#[cfg(all(test, feature = "ssr"))]
mod ssr_tests;

pub use shell::{Assets, shell};

use leptos::prelude::*;
use leptos_meta::{Title, provide_meta_context};
use leptos_router::{
    SsrMode,
    components::{FlatRoutes, Route, Router},
    path,
};

use crate::components::layout::Layout;

/// The application: the frame around every page, and the site map.
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    live::provide_live();
    // Async: the answer is complete before it is sent, so that it can be read with no script at all.
    view! {
        <Title formatter=|title: String| if title.is_empty() { "Trainyard".to_owned() } else { format!("{title} · Trainyard") }/>
        <Router>
            <Layout>
                <FlatRoutes fallback=pages::not_found::NotFound>
                    <Route path=path!("/") view=pages::overview::Overview ssr=SsrMode::Async/>
                    <Route path=path!("/launch") view=pages::launch::Launch ssr=SsrMode::Async/>
                    <Route path=path!("/presets") view=pages::presets::Presets ssr=SsrMode::Async/>
                    <Route path=path!("/experiments") view=pages::experiments::Experiments ssr=SsrMode::Async/>
                    <Route path=path!("/runs") view=pages::runs::Runs ssr=SsrMode::Async/>
                    <Route path=path!("/compare") view=pages::compare::Compare ssr=SsrMode::Async/>
                    <Route path=path!("/costs") view=pages::costs::Costs ssr=SsrMode::Async/>
                    <Route path=path!("/runs/mlflow") view=pages::mlflow::MlflowRuns ssr=SsrMode::Async/>
                    <Route path=path!("/runs/mlflow/:id") view=pages::mlflow::MlflowRun ssr=SsrMode::Async/>
                    <Route path=path!("/sweeps") view=pages::sweep::Sweeps ssr=SsrMode::Async/>
                    <Route path=path!("/sweeps/new") view=pages::sweep::SweepNew ssr=SsrMode::Async/>
                    <Route path=path!("/sweeps/:id") view=pages::sweep::SweepPage ssr=SsrMode::Async/>
                    <Route path=path!("/runs/:id/relaunch") view=pages::relaunch::Relaunch ssr=SsrMode::Async/>
                    <Route path=path!("/runs/:id/diff") view=pages::diff::Diff ssr=SsrMode::Async/>
                    <Route path=path!("/runs/:id") view=pages::run::RunPage ssr=SsrMode::Async/>
                </FlatRoutes>
            </Layout>
        </Router>
    }
}

/// Takes over the server's page in the browser.
#[cfg(feature = "hydrate")]
pub fn hydrate() {
    console_error_panic_hook::set_once();
    leptos::mount::hydrate_body(App);
}
