//! Looking for a place in S3: a dialog that a Browse button beside a field opens, and that writes what is chosen into it.
//!
//! There is one dialog per form, outside of it, so that nothing in it is sent with the form. The field works by typing,
//! too: without script there is no button.

mod dialog;
mod entries;

use std::time::Duration;

use domain::s3_uri::S3Uri;
use leptos::{prelude::*, task::spawn_local};

use super::field::FormErrors;
use crate::api::objects::{FolderPage, PlaceView, object_list};

pub use dialog::S3Dialog;

const TYPING_PAUSE: Duration = Duration::from_millis(250);

/// What a field can hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum S3Pick {
    /// A folder or an object.
    Any,
    /// A place to write below: a folder, without the slash at its end.
    Folder,
}

/// The field that a choice goes into.
#[derive(Clone)]
struct Target {
    field: String,
    label: &'static str,
    value: RwSignal<String>,
    errors: FormErrors,
    pick: S3Pick,
}

/// The dialog's state, which the form provides to its fields.
#[derive(Clone, Copy)]
pub struct S3Browser {
    target: RwSignal<Option<Target>>,
    /// The folder that is shown; `None`: the buckets.
    place: RwSignal<Option<S3Uri>>,
    /// What the names shown begin with.
    prefix: RwSignal<String>,
    listing: RwSignal<Listing>,
}

#[derive(Clone, Default, PartialEq)]
struct Listing {
    is_loading: bool,
    /// At the top.
    buckets: Vec<String>,
    /// Anywhere else.
    page: FolderPage,
    error: Option<String>,
}

impl S3Browser {
    pub fn new() -> Self {
        Self {
            target: RwSignal::new(None),
            place: RwSignal::new(None),
            prefix: RwSignal::new(String::new()),
            listing: RwSignal::new(Listing::default()),
        }
    }

    /// Opens the dialog at the place that the field names.
    fn open(self, target: Target) {
        let place = target.value.with_untracked(|it| S3Uri::parse(it).ok()).map(|it| match target.pick {
            // What is written without its slash is a folder all the same.
            S3Pick::Folder => as_folder(&it),
            S3Pick::Any => it.folder(),
        });
        self.target.set(Some(target));
        self.go(place);
    }

    fn close(self) {
        self.target.set(None);
    }

    fn go(self, place: Option<S3Uri>) {
        self.prefix.set(String::new());
        self.place.set(place);
        self.load();
    }

    fn choose(self, uri: &S3Uri) {
        if let Some(target) = self.target.get_untracked() {
            let text = match target.pick {
                S3Pick::Any => uri.as_str(),
                S3Pick::Folder => uri.as_str().trim_end_matches('/'),
            };
            target.value.set(text.to_owned());
            target.errors.touch.run(target.field);
        }
        self.close();
    }

    /// The first page of what is wanted now. Of buckets all are there: they are narrowed where they are shown.
    fn load(self) {
        self.listing.set(Listing { is_loading: true, ..Listing::default() });
        self.ask(None);
    }

    fn load_more(self) {
        let token = self.listing.with_untracked(|it| it.page.next_token.clone());
        self.listing.update(|it| it.is_loading = true);
        self.ask(token);
    }

    fn type_prefix(self, text: String) {
        self.prefix.set(text.clone());
        if self.place.with_untracked(Option::is_none) {
            return;
        }
        set_timeout(
            move || {
                if self.prefix.try_with_untracked(|it| *it == text) == Some(true) {
                    self.load();
                }
            },
            TYPING_PAUSE,
        );
    }

    /// The place with what was typed behind it; `None` is the list of buckets.
    fn wanted(self) -> Result<Option<S3Uri>, PageClosed> {
        let place = self.place.try_get_untracked().ok_or(PageClosed)?;
        let prefix = self.prefix.try_get_untracked().ok_or(PageClosed)?;
        Ok(place.map(|it| S3Uri::parse(&format!("{}{prefix}", it.as_str())).unwrap_or(it)))
    }

    fn ask(self, token: Option<String>) {
        let Ok(wanted) = self.wanted() else { return };
        spawn_local(async move {
            let answer = object_list(wanted.clone(), token.clone()).await;
            // Somebody has gone on meanwhile, or closed the page.
            if self.wanted() != Ok(wanted) {
                return;
            }
            self.listing.update(|it| {
                it.is_loading = false;
                match answer {
                    Ok(PlaceView::Buckets(buckets)) => it.buckets = buckets,
                    Ok(PlaceView::Folder(page)) if token.is_some() => {
                        it.page.folders.extend(page.folders);
                        it.page.objects.extend(page.objects);
                        it.page.next_token = page.next_token;
                    }
                    Ok(PlaceView::Folder(page)) => it.page = page,
                    Ok(PlaceView::Refused(message)) => it.error = Some(message),
                    Err(error) => it.error = Some(error.to_string()),
                }
            });
        });
    }
}

/// The page that the dialog was on is gone, and its signals with it.
#[derive(Debug, PartialEq, Eq)]
struct PageClosed;

fn as_folder(uri: &S3Uri) -> S3Uri {
    if uri.as_str().ends_with('/') {
        return uri.clone();
    }
    S3Uri::parse(&format!("{}/", uri.as_str())).unwrap_or_else(|_| uri.folder())
}

/// Opens the form's dialog for a field. Outside of such a form there is none.
#[component]
pub fn BrowseButton(
    #[prop(into)] field: String,
    label: &'static str,
    value: RwSignal<String>,
    errors: FormErrors,
    pick: S3Pick,
) -> impl IntoView {
    use_context::<S3Browser>().map(|browser| {
        let open = move |_| browser.open(Target { field: field.clone(), label, value, errors, pick });
        view! {
            <button
                type="button" class="button browse needs-js" aria-haspopup="dialog"
                aria-label=format!("Browse S3 for: {label}") on:click=open
            >
                "Browse"
            </button>
        }
    })
}
