//! The buckets, or the folders and objects of one place.

use domain::s3_uri::S3Uri;
use leptos::{html, prelude::*};

use super::{S3Browser, S3Pick};
use crate::{
    api::objects::ObjectView,
    components::icon::{Glyph, Icon},
    model::rows::bytes,
};

#[component]
pub(super) fn Entries(browser: S3Browser) -> impl IntoView {
    let frame = NodeRef::<html::Div>::new();
    // What was pressed to come here is gone: the keyboard goes on from the top of the list.
    Effect::new(move |before: Option<Option<S3Uri>>| {
        let place = browser.place.get();
        if before.is_some_and(|it| it != place)
            && let Some(frame) = frame.get_untracked()
        {
            drop(frame.focus());
        }
        place
    });
    let listing = browser.listing;
    let rows = move || {
        let buckets = listing.with(|it| it.buckets.clone());
        let prefix = browser.prefix.get();
        let buckets = buckets
            .into_iter()
            .filter(|it| it.starts_with(prefix.as_str()))
            .filter_map(|name| Some((S3Uri::parse(&format!("s3://{name}/")).ok()?, name)))
            .map(|(at, name)| view! { <Place browser at name/> });
        let folder = browser.place.get();
        let name_of = |at: &S3Uri| {
            let folder = folder.as_ref().map_or("", |it| it.as_str());
            at.as_str().strip_prefix(folder).unwrap_or(at.as_str()).to_owned()
        };
        let page = listing.with(|it| it.page.clone());
        let folders: Vec<_> = page.folders.into_iter().map(|at| (name_of(&at), at)).collect();
        // A folder's own marker has no name here.
        let objects: Vec<_> =
            page.objects.into_iter().map(|it| (name_of(&it.uri), it)).filter(|(name, _)| !name.is_empty()).collect();
        view! {
            {buckets.collect_view()}
            {folders.into_iter().map(|(name, at)| view! { <Place browser at name/> }).collect_view()}
            {objects.into_iter().map(|(name, object)| view! { <Object browser object name/> }).collect_view()}
        }
    };
    let state = move || {
        listing.with(|it| {
            let is_empty = it.buckets.is_empty() && it.page.folders.is_empty() && it.page.objects.is_empty();
            match (&it.error, it.is_loading, is_empty) {
                (Some(_), ..) | (None, false, false) => "",
                (None, true, _) => "Looking into S3 …",
                (None, false, true) => "Nothing here begins with that.",
            }
        })
    };
    let error = move || {
        let message = listing.with(|it| it.error.clone());
        message
            .map(|it| view! { <div class="notice notice-bad" role="alert"><Glyph icon=Icon::Alert/><p>{it}</p></div> })
    };
    let has_more = Memo::new(move |_| listing.with(|it| it.page.next_token.is_some() && !it.is_loading));
    let more = move || {
        has_more.get().then(|| {
            view! {
                <button type="button" class="button is-small" on:click=move |_| browser.load_more()>"More"</button>
            }
        })
    };
    view! {
        <div class="s3-entries" tabindex="-1" node_ref=frame>
            {error}
            <ul aria-label="Contents">{rows}</ul>
            <p class="hint" role="status">{state}</p>
            {more}
        </div>
    }
}

/// A bucket or a folder: pressing it goes there.
#[component]
fn Place(browser: S3Browser, at: S3Uri, name: String) -> impl IntoView {
    view! {
        <li>
            <button type="button" class="s3-entry" on:click=move |_| browser.go(Some(at.clone()))>
                <Glyph icon=Icon::Folder/>
                <span class="s3-name">{name}</span>
            </button>
        </li>
    }
}

/// An object: pressing it chooses it, where an object can be chosen.
#[component]
fn Object(browser: S3Browser, object: ObjectView, name: String) -> impl IntoView {
    let is_of_no_use = move || browser.target.with(|it| it.as_ref().is_some_and(|it| it.pick == S3Pick::Folder));
    let uri = object.uri;
    view! {
        <li>
            <button type="button" class="s3-entry" disabled=is_of_no_use on:click=move |_| browser.choose(&uri)>
                <Glyph icon=Icon::File/>
                <span class="s3-name">{name}</span>
                <span class="s3-size">{bytes(object.size_bytes)}</span>
                <time class="s3-date">{object.modified_at.to_civil_seconds()}</time>
            </button>
        </li>
    }
}
