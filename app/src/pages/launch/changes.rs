//! What a clone changes, while it is being changed: the members that differ from the parent run's.

use std::collections::BTreeSet;

use domain::job_draft::{JobDraft, SourceKind};
use leptos::prelude::*;

use super::state::FormState;
use crate::{api::launch::ParentForm, paths};

/// A member, what it was, what it is; an absent side is empty.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Change {
    what: String,
    was: String,
    is: String,
}

/// Maps are compared by name, whatever row a name stands in.
const MAPS: [&str; 2] = ["HyperParameters", "Environment"];

fn changes(parent: &JobDraft, now: &JobDraft) -> Vec<Change> {
    let mut list = Vec::new();
    let mut compare = |what: &str, was: &str, is: &str| {
        if was.trim() != is.trim() {
            list.push(Change { what: what.to_owned(), was: was.to_owned(), is: is.to_owned() });
        }
    };
    compare("Experiment", &parent.experiment, &now.experiment);
    // The parent's own script in the editor is no change as long as it is as it was.
    if now.source_kind() == SourceKind::Script && parent.source_sha256.is_some() && now.script == parent.script {
        compare("Entry point", &parent.entry_point, &now.script.name);
    } else {
        compare("Source", &source_text(parent), &source_text(now));
        compare("Entry point", &parent.entry_point, entry_point(now));
    }
    let switch = |on: bool| if on { "on" } else { "off" };
    compare("Keep checkpoints", switch(parent.checkpoints), switch(now.checkpoints));
    for map in MAPS {
        let (was, is) = (parent.fields.pairs(map), now.fields.pairs(map));
        let value = |pairs: &[(String, String)], name: &str| {
            pairs.iter().find(|(it, _)| it.trim() == name).map(|(_, value)| value.clone()).unwrap_or_default()
        };
        let names: BTreeSet<&str> = was.iter().chain(&is).map(|(name, _)| name.trim()).collect();
        for name in names.into_iter().filter(|it| !it.is_empty()) {
            compare(&format!("{map}.{name}"), &value(&was, name), &value(&is, name));
        }
    }
    let is_map = |path: &&str| MAPS.iter().any(|map| path.starts_with(map));
    let paths: BTreeSet<&str> = parent.fields.iter().chain(now.fields.iter()).map(|(path, _)| path).collect();
    for path in paths.into_iter().filter(|it| !is_map(it)) {
        compare(path, parent.fields.get(path), now.fields.get(path));
    }
    list
}

fn entry_point(draft: &JobDraft) -> &str {
    if draft.source_kind() == SourceKind::Script { &draft.script.name } else { &draft.entry_point }
}

fn source_text(draft: &JobDraft) -> String {
    let hash = draft.source_sha256.as_deref().map(|it| &it[..it.len().min(12)]);
    match draft.source.as_str() {
        "s3" => draft.source_uri.clone(),
        "script" => format!("a script of {} lines, written here", draft.script.text.lines().count()),
        "" | "upload" => hash.unwrap_or("another upload").to_owned(),
        other => other.to_owned(),
    }
}

#[component]
pub(super) fn Changes(parent: StoredValue<Option<ParentForm>>) -> impl IntoView {
    let state = FormState::of_form();
    let of_form = Memo::new(move |_| {
        let of = |parent: &ParentForm| state.draft.with(|now| changes(&parent.draft, now));
        parent.with_value(|it| it.as_ref().map(of).unwrap_or_default())
    });
    parent.with_value(|it| {
        it.as_ref().map(|it| {
            let rows = move || {
                let row = |it: Change| {
                    let text = |it: String| if it.is_empty() { "not set".to_owned() } else { it };
                    view! {
                        <li>
                            <strong>{it.what}</strong>
                            <del>{text(it.was)}</del>
                            <ins>{text(it.is)}</ins>
                        </li>
                    }
                };
                of_form.get().into_iter().map(row).collect_view()
            };
            let count = move || match of_form.with(Vec::len) {
                0 => "Nothing is changed yet: this would be the same job again.".to_owned(),
                1 => "1 change".to_owned(),
                count => format!("{count} changes"),
            };
            view! {
                <section class="changes" aria-labelledby="s-changes" aria-live="polite">
                    <h2 id="s-changes">"Clone of "<a href=paths::run(&it.run)>{it.draft.job_name.clone()}</a></h2>
                    <p class="hint">{count}</p>
                    <ul>{rows}</ul>
                </section>
            }
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parents_script_in_the_editor_is_a_change_only_once_it_is_changed() {
        let mut parent = JobDraft { source: "upload".to_owned(), ..JobDraft::default() };
        parent.source_sha256 = Some("0".repeat(64));
        let mut now = JobDraft { source: "script".to_owned(), ..parent.clone() };
        assert!(changes(&parent, &now).is_empty());
        now.script.text.push_str("print()\n");
        assert_eq!(changes(&parent, &now).into_iter().map(|it| it.what).collect::<Vec<_>>(), ["Source"]);
    }

    #[test]
    fn only_what_differs_is_a_change_and_rows_of_maps_have_names() {
        let mut parent = JobDraft::default();
        parent.fields.push_pair("HyperParameters", "epochs", "3");
        parent.fields.push_pair("HyperParameters", "lr", "0.1");
        let mut now = JobDraft::default();
        now.fields.push_pair("HyperParameters", "lr", "0.2");
        now.fields.push_pair("HyperParameters", "epochs", "3");
        now.fields.set("ResourceConfig.InstanceCount", "2");
        assert!(changes(&parent, &parent).is_empty());
        let found: Vec<(String, String, String)> =
            changes(&parent, &now).into_iter().map(|it| (it.what, it.was, it.is)).collect();
        let wanted = [("HyperParameters.lr", "0.1", "0.2"), ("ResourceConfig.InstanceCount", "1", "2")];
        assert_eq!(found, wanted.map(|(what, was, is)| (what.to_owned(), was.to_owned(), is.to_owned())));
    }
}
