//! The run at a glance: phases, curves, the machine, the end of the log, the parameters, the result.

use leptos::prelude::*;

use super::{
    Page,
    charts::{ChartGrid, Kind},
    files::ModelLine,
    params::{Hyperparameters, MetricsTable},
    query::Tab,
};
use crate::components::{
    log_view::{LogLines, LogLook},
    timeline::Timeline,
};

/// Lines of the log's end on this tab.
const LOG_LINES: usize = 14;

#[component]
pub(super) fn OverviewTab(page: Page) -> impl IntoView {
    let state = page.state;
    let transitions = Signal::derive(move || state.run.with(|it| it.transitions.clone()));
    let has_phases = Memo::new(move |_| state.run.with(|it| !it.transitions.is_empty()));
    let tail = Signal::derive(move || {
        state
            .log
            .with(|log| log.lines.iter().skip(log.lines.len().saturating_sub(LOG_LINES)).cloned().collect::<Vec<_>>())
    });
    let has_log = Memo::new(move |_| state.log.with(|it| !it.lines.is_empty()));
    let several_hosts = Memo::new(move |_| state.log.with(|it| it.hosts().len() > 1));
    view! {
        <section class="panel" aria-labelledby="phases-title">
            <h2 id="phases-title" class="panel-title">"Phases"</h2>
            {move || if has_phases.get() {
                view! { <Timeline transitions now=state.now/> }.into_any()
            } else {
                view! { <p class="dim">"The engine has not reported a phase yet."</p> }.into_any()
            }}
        </section>
        <ChartGrid page kind=Kind::Algorithm is_compact=true/>
        <ChartGrid page kind=Kind::Instance is_compact=true/>
        <div class="split">
            <div class="split-main">
                <section class="panel" aria-labelledby="log-title">
                    <div class="panel-head">
                        <h2 id="log-title" class="panel-title">"Log"</h2>
                        <a href=move || page.href(|query| query.tab = Tab::Logs) data-noscroll="">"Whole log"</a>
                    </div>
                    {move || if has_log.get() {
                        view! { <LogLines lines=tail look=LogLook::new() with_host=several_hosts class="log-short"/> }.into_any()
                    } else {
                        view! { <p class="dim">"No line yet."</p> }.into_any()
                    }}
                </section>
                <section class="panel" aria-labelledby="hyperparameters-title">
                    <h2 id="hyperparameters-title" class="panel-title">"Hyperparameters"</h2>
                    <Hyperparameters page/>
                </section>
            </div>
            <div class="split-side">
                <section class="panel" aria-labelledby="metrics-title">
                    <h2 id="metrics-title" class="panel-title">"Metrics"</h2>
                    <MetricsTable page/>
                </section>
                <section class="panel" aria-labelledby="model-title">
                    <h2 id="model-title" class="panel-title">"Model"</h2>
                    <ModelLine page/>
                </section>
            </div>
        </div>
    }
}
