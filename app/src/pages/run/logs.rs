//! The log tab: follow or pause, search in the whole log, one host or all.
//!
//! Search and host are in the URL; the form works without script. With script, what is typed is searched after a pause.

use domain::log::LogLine;
use leptos::prelude::*;
use leptos_router::{NavigateOptions, hooks::use_navigate};

use super::{Page, query::Tab};
use crate::{
    api::run::{MAX_LOG_LINES, run_log_search},
    components::{
        log_view::{LogLines, LogLook},
        search_form::SearchForm,
    },
    model::rows::grouped_digits,
    paths,
};

type Numbered = (u64, LogLine);

#[component]
pub(super) fn LogsTab(page: Page) -> impl IntoView {
    let state = page.state;
    let look = LogLook::new();
    let search = Memo::new(move |_| page.query.with(|it| it.search.clone()));
    let host = Memo::new(move |_| page.query.with(|it| it.host.clone()));
    let hosts = Memo::new(move |_| state.log.with(super::state::LogBuffer::hosts));
    let found = Resource::new_blocking(
        move || search.get(),
        move |text| async move {
            if text.is_empty() {
                return Ok(None);
            }
            run_log_search(page.id.get_value(), text).await.map(Some)
        },
    );
    let several_hosts = Memo::new(move |_| hosts.with(|it| it.len() > 1));
    let tail = Signal::derive(move || state.log.with(|log| of_host(log.lines.iter().cloned(), &host.get())));
    let body = move || {
        Suspend::new(async move {
            match found.await {
                Ok(None) => view! { <Tail page lines=tail look with_host=several_hosts/> }.into_any(),
                Ok(Some(found)) => {
                    let numbered = found.lines.into_iter().enumerate().map(|(number, line)| (number as u64, line));
                    let lines = of_host(numbered, &host.get_untracked());
                    let note = match (lines.is_empty(), found.has_earlier) {
                        (true, _) => "No line contains this.".to_owned(),
                        (false, false) => format!("{} lines contain this.", grouped_digits(lines.len() as u64)),
                        (false, true) => {
                            format!("The first {} lines that contain this.", grouped_digits(lines.len() as u64))
                        }
                    };
                    look.follow.set(false);
                    view! {
                        <p class="log-note" role="status">{note}</p>
                        <LogLines lines=Signal::stored(lines) look with_host=several_hosts/>
                    }
                    .into_any()
                }
                Err(error) => view! { <crate::components::fault::Fault error/> }.into_any(),
            }
        })
    };
    view! {
        <section class="panel panel-log" aria-label="Log">
            <Tools page look hosts/>
            {move || state.log_error.get().map(|it| view! { <p class="notice notice-warn">{it}</p> })}
            <Transition>{body}</Transition>
        </section>
    }
}

fn of_host(lines: impl Iterator<Item = Numbered>, host: &str) -> Vec<Numbered> {
    lines.filter(|(_, line)| host.is_empty() || line.host == host).collect()
}

#[component]
fn Tail(page: Page, lines: Signal<Vec<Numbered>>, look: LogLook, with_host: Memo<bool>) -> impl IntoView {
    let log = page.state.log;
    let is_empty = Memo::new(move |_| lines.with(Vec::is_empty));
    let note = move || {
        let (dropped, has_earlier, count) = log.with(|it| (it.dropped, it.has_earlier, it.lines.len()));
        let mut note = String::new();
        if has_earlier {
            note = format!(
                "The last {} lines; a page holds {} at most. Search finds the earlier ones.",
                grouped_digits(count as u64),
                grouped_digits(u64::from(MAX_LOG_LINES))
            );
        }
        if dropped > 0 {
            note = format!("{note} {} lines came too fast to be shown live.", grouped_digits(dropped));
        }
        (!note.is_empty()).then(|| view! { <p class="log-note">{note}</p> })
    };
    view! {
        {note}
        {move || if is_empty.get() {
            view! { <p class="dim log-empty">"No line yet."</p> }.into_any()
        } else {
            view! { <LogLines lines look with_host/> }.into_any()
        }}
    }
}

#[component]
fn Tools(page: Page, look: LogLook, hosts: Memo<Vec<String>>) -> impl IntoView {
    let query = page.query.get_untracked();
    let navigate = use_navigate();
    let typed = StoredValue::new(0_u64);
    let on_input = move |event| {
        let text = event_target_value(&event);
        let navigate = navigate.clone();
        typed.update_value(|it| *it += 1);
        let number = typed.get_value();
        set_timeout(
            move || {
                // Only the last of a burst of keys searches.
                if typed.try_get_value() == Some(number) {
                    let href = page.href(|query| query.search = text);
                    navigate(&href, NavigateOptions { replace: true, scroll: false, ..NavigateOptions::default() });
                }
            },
            std::time::Duration::from_millis(300),
        );
    };
    let host_links = move || {
        let hosts = hosts.get();
        (hosts.len() > 1).then(|| {
            let all = std::iter::once(String::new()).chain(hosts);
            let links = all
                .map(|host| {
                    let word = if host.is_empty() { "All hosts".to_owned() } else { host.clone() };
                    let is_current = page.query.with(|it| it.host == host);
                    let href = page.href(|query| query.host = host);
                    view! { <a href=href aria-current=is_current.then_some("true") data-noscroll="">{word}</a> }
                })
                .collect_view();
            view! { <div class="segmented" role="group" aria-label="Host">{links}</div> }
        })
    };
    view! {
        <div class="log-tools">
            <SearchForm action=page.id.with_value(paths::run) class="log-search" fields=&["tab", "host", "q"]>
                <input type="hidden" name="tab" value=Tab::Logs.as_str()/>
                <input type="hidden" name="host" value=query.host.clone()/>
                <input
                    type="search"
                    name="q"
                    aria-label="Search the whole log"
                    placeholder="Search the whole log"
                    value=query.search
                    maxlength="200"
                    autocomplete="off"
                    on:input=on_input
                />
                <button type="submit" class="button is-small no-js-only">"Search"</button>
            </SearchForm>
            {host_links}
            <div class="log-toggles needs-js">
                <Toggle label="Follow" value=look.follow/>
                <Toggle label="Times" value=look.times/>
                <Toggle label="Wrap" value=look.wrap/>
            </div>
        </div>
    }
}

#[component]
fn Toggle(label: &'static str, value: RwSignal<bool>) -> impl IntoView {
    view! {
        <button
            type="button"
            class="button is-small is-toggle"
            aria-pressed=move || if value.get() { "true" } else { "false" }
            on:click=move |_| value.update(|it| *it = !*it)
        >
            {label}
        </button>
    }
}
