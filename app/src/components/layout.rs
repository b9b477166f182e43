//! The frame around every page: skip link, navigation, what the server drives, the connection light, the theme.

use leptos::prelude::*;
use leptos_router::components::A;

use crate::{
    api::site::{EngineKind, Site, site_get},
    components::{
        basket::{BasketBar, provide_basket},
        icon::{Glyph, Icon, Mark},
        theme::ThemeToggle,
    },
    live::{Connection, connection},
    paths,
};

/// What every page may ask: the server's engine.
#[derive(Clone, Copy)]
pub struct SiteContext(Resource<Option<Site>>);

/// Whether jobs run on this machine and nothing is billed. Await it where a page awaits its data, so that server and
/// browser render the same.
pub async fn is_local_engine(site: Option<SiteContext>) -> bool {
    match site {
        Some(SiteContext(site)) => site.await.is_some_and(|it| it.engine == EngineKind::Local),
        None => false,
    }
}

#[component]
pub fn Layout(children: Children) -> impl IntoView {
    let site = Resource::new_blocking(|| (), |()| async { site_get().await.ok() });
    provide_context(SiteContext(site));
    provide_basket();
    view! {
        <a class="skip-link" href="#main">"Skip to the page's content"</a>
        <div class="frame">
            <header class="yard">
                <a class="brand" href=paths::OVERVIEW aria-label="Trainyard, overview">
                    <Mark/>
                    <span class="wordmark">"Trainyard"</span>
                </a>
                <nav class="nav" aria-label="Pages">
                    <A href=paths::OVERVIEW exact=true><Glyph icon=Icon::Overview/>"Overview"</A>
                    <A href=paths::RUNS><Glyph icon=Icon::Runs/>"Runs"</A>
                    <A href=paths::EXPERIMENTS><Glyph icon=Icon::Experiments/>"Experiments"</A>
                    <A href=paths::SWEEPS><Glyph icon=Icon::Sweeps/>"Sweeps"</A>
                    <A href=paths::COMPARE><Glyph icon=Icon::Compare/>"Compare"</A>
                    <A href=paths::COSTS><Glyph icon=Icon::Costs/>"Costs"</A>
                </nav>
                <a class="button is-primary yard-launch" href=paths::LAUNCH><Glyph icon=Icon::Launch/>"Launch"</a>
                <div class="yard-foot">
                    <Suspense>
                        {move || Suspend::new(async move { site.await.map(|site| view! { <Engine site/> }) })}
                    </Suspense>
                    <div class="yard-tools">
                        <ConnectionLight/>
                        <ThemeToggle/>
                    </div>
                </div>
            </header>
            <main id="main" tabindex="-1">{children()}</main>
            <BasketBar/>
        </div>
    }
}

#[component]
fn Engine(site: Site) -> impl IntoView {
    let (name, title) = match site.engine {
        EngineKind::Local => {
            ("Local engine", "Jobs really run, on this machine; prices are what SageMaker would ask, nothing is billed")
        }
        EngineKind::Aws => ("Amazon SageMaker", "Jobs run on AWS and are billed there"),
    };
    view! {
        <p class="engine" title=title>
            <Glyph icon=Icon::Cpu/>
            <span>
                <strong>{name}</strong>
                <span class="engine-place">{site.region}" · "{site.account}</span>
            </span>
        </p>
    }
}

#[component]
fn ConnectionLight() -> impl IntoView {
    let connection = connection();
    let class = move || match connection.get() {
        Connection::Off => "light is-off needs-js",
        Connection::Connecting => "light is-connecting",
        Connection::Live => "light is-live",
        Connection::Lost => "light is-lost",
    };
    let word = move || match connection.get() {
        Connection::Off => "Not live",
        Connection::Connecting => "Connecting",
        Connection::Live => "Live",
        Connection::Lost => "Reconnecting",
    };
    view! { <span class=class role="status" aria-live="polite">{word}</span> }
}
