//! A log: lines with time, host and colours. The text is hostile; it is shown as text nodes only, in spans whose
//! classes come from `domain::ansi`'s closed set.

use domain::{ansi, log::LogLine};
use leptos::{html, prelude::*};

/// How lines are shown.
#[derive(Clone, Copy)]
pub struct LogLook {
    pub times: RwSignal<bool>,
    pub wrap: RwSignal<bool>,
    /// Keep the end in view.
    pub follow: RwSignal<bool>,
}

impl LogLook {
    pub fn new() -> Self {
        Self { times: RwSignal::new(true), wrap: RwSignal::new(true), follow: RwSignal::new(true) }
    }
}

/// The text of a line as spans. Neighbouring text in one style is one span, plain text has none.
pub fn line_text(text: &str) -> impl IntoView + use<> {
    ansi::spans(text)
        .into_iter()
        .map(|span| {
            let classes = span.classes();
            let class = (!classes.is_empty()).then_some(classes);
            view! { <span class=class>{span.text}</span> }
        })
        .collect_view()
}

#[component]
pub fn LogLines(
    #[prop(into)] lines: Signal<Vec<(u64, LogLine)>>,
    look: LogLook,
    /// Show whose line it is.
    #[prop(into)]
    with_host: Signal<bool>,
    #[prop(optional)] class: &'static str,
) -> impl IntoView {
    let frame = NodeRef::<html::Div>::new();
    Effect::new(move |_| {
        lines.track();
        if look.follow.get()
            && let Some(frame) = frame.get()
        {
            browser::scroll_to_end(&frame);
        }
    });
    // Scrolling up is how people say "wait"; scrolling to the end, how they say "go on".
    let on_scroll = move |_| {
        if let Some(is_at_end) = frame.get_untracked().map(|frame| browser::is_at_end(&frame))
            && look.follow.get_untracked() != is_at_end
        {
            look.follow.set(is_at_end);
        }
    };
    view! {
        <div
            class=format!("log {class}")
            class:no-times=move || !look.times.get()
            class:no-wrap=move || !look.wrap.get()
            class:no-hosts=move || !with_host.get()
            node_ref=frame
            tabindex="0"
            role="region"
            aria-label="Log lines"
            on:scroll=on_scroll
        >
            <For each=move || lines.get() key=|(number, _)| *number children=|(_, line)| view! { <Line line/> }/>
        </div>
    }
}

#[component]
fn Line(line: LogLine) -> impl IntoView {
    let at = line.at.to_civil_seconds();
    let clock = at.get(11..).unwrap_or_default().to_owned();
    let missing = (line.truncated_chars > 0).then(|| format!("… {} more characters", line.truncated_chars));
    view! {
        <div class="log-line">
            <time class="log-time" title=format!("{at} UTC")>{clock}</time>
            <span class="log-host">{line.host}</span>
            <span class="log-text">
                {line_text(&line.text)}
                {missing.map(|it| view! { <em class="log-more">{it}</em> })}
            </span>
        </div>
    }
}

#[cfg(feature = "hydrate")]
mod browser {
    /// Pixels that still count as "at the end".
    const SLACK: i32 = 24;

    pub(super) fn scroll_to_end(frame: &web_sys::HtmlDivElement) {
        frame.set_scroll_top(frame.scroll_height());
    }

    pub(super) fn is_at_end(frame: &web_sys::HtmlDivElement) -> bool {
        frame.scroll_height() - frame.scroll_top() - frame.client_height() < SLACK
    }
}

#[cfg(not(feature = "hydrate"))]
mod browser {
    pub(super) fn scroll_to_end<T>(_: &T) {}

    pub(super) fn is_at_end<T>(_: &T) -> bool {
        true
    }
}
