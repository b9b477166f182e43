//! Definitions offered out of the script's own print and logging statements. One click makes one a row.

use domain::{job_draft::SourceKind, metric_proposal::MetricProposal};
use leptos::{html, prelude::*, task::spawn_local};

use super::{state::FormState, workbench::DEFINITIONS};
use crate::{
    api::metrics::{ProposalView, ScriptSource, metric_proposal_list},
    components::{
        icon::{Glyph, Icon},
        request_form::RequestForm,
    },
};

/// A longer script was made by a program.
#[cfg(feature = "hydrate")]
const MAX_SCRIPT_BYTES: f64 = 512.0 * 1024.0;

#[derive(Clone, Default, PartialEq)]
enum Offer {
    #[default]
    NotAsked,
    Asked,
    Found(Vec<ProposalView>),
    /// Why there is nothing to choose, and what to do.
    Nothing(String),
}

#[component]
pub(super) fn Proposals(file: NodeRef<html::Input>) -> impl IntoView {
    let state = FormState::of_form();
    let offer = RwSignal::new(Offer::default());
    let ask = move |source: ScriptSource| {
        offer.set(Offer::Asked);
        spawn_local(async move {
            let answer = metric_proposal_list(source).await;
            offer.try_set(match answer {
                Ok(found) if found.is_empty() => {
                    Offer::Nothing("No statement of the script prints a number that looks like a metric.".to_owned())
                }
                Ok(found) => Offer::Found(found),
                Err(error) => Offer::Nothing(error.to_string()),
            });
        });
    };
    let look = move |_| {
        let draft = state.draft.get_untracked();
        match (draft.source_kind(), draft.source_sha256.clone()) {
            (SourceKind::Sample(name), _) => ask(ScriptSource::Sample(name.to_owned())),
            (SourceKind::Script, _) => {
                ask(ScriptSource::Text { file_name: draft.script.name.clone(), text: draft.script.text.clone() });
            }
            (SourceKind::Upload, kept) => match read_chosen(file, ask) {
                Chosen::Reading => {}
                Chosen::Archive => offer.set(Offer::Nothing(
                    "An archive can be looked into once it is uploaded. Choose the script alone, or paste a log."
                        .to_owned(),
                )),
                Chosen::None => match kept {
                    Some(sha256) => ask(ScriptSource::Kept(sha256)),
                    None => offer.set(Offer::Nothing("Choose the script first, in the section above.".to_owned())),
                },
            },
            (SourceKind::Git | SourceKind::S3 | SourceKind::Image, _) => offer.set(Offer::Nothing(
                "Only a sample's or an uploaded script can be looked into. Paste a log of the job instead.".to_owned(),
            )),
        }
    };
    let found = move || match offer.get() {
        Offer::NotAsked => ().into_any(),
        Offer::Asked => view! { <p class="hint">"Reading the script."</p> }.into_any(),
        Offer::Nothing(why) => view! { <p class="hint">{why}</p> }.into_any(),
        Offer::Found(list) => {
            let rows = list.into_iter().map(|it| view! { <Proposed it/> }).collect_view();
            view! { <ul class="proposals" aria-label="Definitions found in the script">{rows}</ul> }.into_any()
        }
    };
    view! {
        <button type="button" class="button is-small" on:click=look>"Find metrics in the script"</button>
        <div role="status">{found}</div>
    }
}

#[component]
fn Proposed(it: ProposalView) -> impl IntoView {
    let form = RequestForm::of_form();
    let ProposalView { path, proposal: MetricProposal { name, regex, line, example, value } } = it;
    let rows = form.rows(DEFINITIONS);
    let (wanted, added) = (regex.clone(), name.clone());
    let is_there = Memo::new(move |_| {
        rows.with(|rows| {
            rows.iter().any(|row| form.text(&format!("{DEFINITIONS}[{row}].Regex")).with(|it| *it == wanted))
        })
    });
    let add = {
        let regex = regex.clone();
        move |_| form.row_fill(DEFINITIONS, [("Name", &added), ("Regex", &regex)])
    };
    view! {
        <li>
            <div>
                <strong>{name.clone()}</strong>
                <code>{regex}</code>
                <small>{format!("{path}, line {line}: ")}<span class="proposal-example">{example}</span>{format!(" gives {value}")}</small>
            </div>
            <button
                type="button" class="button is-quiet is-small"
                aria-label=format!("Add {name}")
                disabled=move || is_there.get()
                on:click=add
            >
                <Glyph icon=Icon::Plus/>
                {move || if is_there.get() { "Added" } else { "Add" }}
            </button>
        </li>
    }
}

/// What the file field holds.
#[cfg_attr(not(feature = "hydrate"), expect(dead_code, reason = "on the server nobody has chosen a file"))]
enum Chosen {
    None,
    Archive,
    /// The text will be handed on.
    Reading,
}

#[cfg(feature = "hydrate")]
fn read_chosen(file: NodeRef<html::Input>, then: impl FnOnce(ScriptSource) + 'static) -> Chosen {
    use leptos::{wasm_bindgen::JsCast as _, web_sys::FileReader};
    use wasm_bindgen::closure::Closure;

    let Some(chosen) = file.get_untracked().and_then(|it| it.files()).and_then(|it| it.get(0)) else {
        return Chosen::None;
    };
    let file_name = chosen.name();
    if !file_name.to_lowercase().ends_with(".py") || chosen.size() > MAX_SCRIPT_BYTES {
        return Chosen::Archive;
    }
    let Ok(reader) = FileReader::new() else { return Chosen::None };
    let done = {
        let reader = reader.clone();
        Closure::once_into_js(move || {
            if let Some(text) = reader.result().ok().and_then(|it| it.as_string()) {
                then(ScriptSource::Text { file_name, text });
            }
        })
    };
    reader.set_onload(Some(done.unchecked_ref()));
    match reader.read_as_text(&chosen) {
        Ok(()) => Chosen::Reading,
        Err(_) => Chosen::None,
    }
}

#[cfg(not(feature = "hydrate"))]
fn read_chosen(_: NodeRef<html::Input>, _: impl FnOnce(ScriptSource) + 'static) -> Chosen {
    Chosen::None
}
