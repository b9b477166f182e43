//! In what two forms differ, member by member.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::job_draft::{JobDraft, SourceKind};

/// A member, what it was, what it is; an absent side is empty.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    pub what: String,
    pub was: String,
    pub is: String,
}

/// Maps are compared by name, whatever row a name stands in.
const MAPS: [&str; 2] = ["HyperParameters", "Environment"];

/// The form itself is compared, not what becomes of it: the job's name and Trainyard's own tags are left out.
pub fn draft_changes(parent: &JobDraft, now: &JobDraft) -> Vec<Change> {
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
        compare("Entry point", &parent.entry_point, now.script_name());
    }
    let switch = |on: bool| if on { "on" } else { "off" };
    compare("Keep checkpoints", switch(parent.checkpoints), switch(now.checkpoints));
    let quota = |draft: &JobDraft| {
        let it = draft.quota.clone();
        let (is_queue, is_fallback) = (it.choice == "queue", it.choice == "fallback");
        let choice = if is_queue || is_fallback { it.choice } else { "refuse".to_owned() };
        // What another choice hides is no change.
        let hidden = |text: String| if is_fallback { text } else { String::new() };
        [choice, hidden(it.instance_types), hidden(it.on_demand_after_minutes), hidden(it.max_usd_per_hour)]
    };
    let names = ["When a quota is full", "Fallback types", "On-demand after minutes", "Fallback dollars per hour"];
    for (name, (was, is)) in names.iter().zip(quota(parent).iter().zip(quota(now))) {
        compare(name, was, &is);
    }
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

fn source_text(draft: &JobDraft) -> String {
    let hash = draft.source_sha256.as_deref().map(|it| it.get(..12).unwrap_or(it));
    match draft.source.as_str() {
        "s3" => draft.source_uri.clone(),
        "git" => draft.git.words(),
        "script" => format!("a script of {} lines, written here", draft.script.text.lines().count()),
        "" | "upload" => hash.unwrap_or("another upload").to_owned(),
        other => other.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parents_script_in_the_editor_is_a_change_only_once_it_is_changed() {
        let mut parent = JobDraft { source: "upload".to_owned(), ..JobDraft::default() };
        parent.source_sha256 = Some("0".repeat(64));
        let mut now = JobDraft { source: "script".to_owned(), ..parent.clone() };
        assert!(draft_changes(&parent, &now).is_empty());
        now.script.text.push_str("print()\n");
        assert_eq!(draft_changes(&parent, &now).into_iter().map(|it| it.what).collect::<Vec<_>>(), ["Source"]);
    }

    #[test]
    fn how_a_job_waits_is_a_change_as_far_as_it_acts() {
        let mut now = JobDraft::default();
        now.quota.instance_types = "ml.c5.xlarge".to_owned();
        assert!(draft_changes(&JobDraft::default(), &now).is_empty(), "hidden behind the choice");
        now.quota.choice = "fallback".to_owned();
        let found: Vec<String> = draft_changes(&JobDraft::default(), &now).into_iter().map(|it| it.what).collect();
        assert_eq!(found, ["When a quota is full", "Fallback types"]);
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
        assert!(draft_changes(&parent, &parent).is_empty());
        let found: Vec<(String, String, String)> =
            draft_changes(&parent, &now).into_iter().map(|it| (it.what, it.was, it.is)).collect();
        let wanted = [("HyperParameters.lr", "0.1", "0.2"), ("ResourceConfig.InstanceCount", "1", "2")];
        assert_eq!(found, wanted.map(|(what, was, is)| (what.to_owned(), was.to_owned(), is.to_owned())));
    }
}
