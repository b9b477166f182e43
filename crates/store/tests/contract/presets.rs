//! Presets: one name for one preset, a record of what was done to it, and its archive stays.

use domain::{
    ids::{PresetId, PresetName},
    job_draft::JobDraft,
    preset::{Preset, PresetForm},
};
use store::{NewSource, PresetOutcome};

use crate::{harness::contract, samples::*};

fn preset(number: u128, name: &str) -> Preset {
    let mut draft = JobDraft { experiment: "wine ' \u{1F377}".to_owned(), ..JobDraft::default() };
    draft.fields.push_pair("Environment", "HF_TOKEN", "secret");
    let created_at = after(i64::try_from(number).unwrap());
    Preset {
        id: PresetId::new(created_at, number),
        name: PresetName::parse(name).unwrap(),
        form: PresetForm::of(draft),
        created_at,
        updated_at: created_at,
    }
}

contract! {
    async fn a_preset_is_kept_as_it_was_made_and_a_name_belongs_to_one(store) {
        assert!(store.preset_list().await.unwrap().is_empty());
        let (wine, iris) = (preset(1, "wine"), preset(2, "Iris 🌸 '%"));
        assert_eq!(store.preset_get(&wine.id).await.unwrap(), None);
        for it in [&wine, &iris] {
            assert_eq!(store.preset_insert(it).await.unwrap(), PresetOutcome::Done);
        }
        assert_eq!(store.preset_insert(&preset(3, "wine")).await.unwrap(), PresetOutcome::NameTaken);
        assert_eq!(store.preset_get(&wine.id).await.unwrap().as_ref(), Some(&wine));
        assert_eq!(store.preset_list().await.unwrap(), [iris, wine], "by name, capitals first on both databases");
    }

    async fn a_preset_is_renamed_and_deleted_and_all_of_it_is_on_record(store) {
        let (wine, iris) = (preset(1, "wine"), preset(2, "iris"));
        store.preset_insert(&wine).await.unwrap();
        store.preset_insert(&iris).await.unwrap();
        let name = |text: &str| PresetName::parse(text).unwrap();
        assert_eq!(store.preset_rename(&wine.id, &name("iris"), after(9)).await.unwrap(), PresetOutcome::NameTaken);
        assert_eq!(store.preset_rename(&wine.id, &name("red"), after(9)).await.unwrap(), PresetOutcome::Done);
        assert_eq!(store.preset_rename(&wine.id, &name("red"), after(9)).await.unwrap(), PresetOutcome::Done, "its own");
        let renamed = store.preset_get(&wine.id).await.unwrap().unwrap();
        assert_eq!(renamed, Preset { name: name("red"), updated_at: after(9), ..wine.clone() });

        assert_eq!(store.preset_delete(&wine.id, after(10)).await.unwrap(), PresetOutcome::Done);
        assert_eq!(store.preset_delete(&wine.id, after(11)).await.unwrap(), PresetOutcome::Missing);
        assert_eq!(store.preset_rename(&wine.id, &name("x"), after(11)).await.unwrap(), PresetOutcome::Missing);
        assert_eq!(store.preset_list().await.unwrap(), [iris]);
        let audit = store.audit_list(&wine.id).await.unwrap();
        let audit: Vec<_> = audit.iter().map(|it| (it.action.as_str(), it.detail.as_str())).collect();
        let expected = [
            ("preset.created", "wine"), ("preset.renamed", "red"), ("preset.renamed", "red"), ("preset.deleted", "red"),
        ];
        assert_eq!(audit, expected);
    }

    async fn the_archive_of_a_preset_is_not_forgotten(store) {
        let source = NewSource {
            sha256: "ab".repeat(32),
            file_name: "train.py".to_owned(),
            entries: Vec::new(),
            bytes: vec![1],
        };
        store.source_put(&source, NOON).await.unwrap();
        let mut kept = preset(1, "wine");
        kept.form.draft.source_sha256 = Some(source.sha256.clone());
        store.preset_insert(&kept).await.unwrap();
        assert_eq!(store.source_prune(after(50)).await.unwrap(), 0);
        store.preset_delete(&kept.id, after(51)).await.unwrap();
        assert_eq!(store.source_prune(after(52)).await.unwrap(), 1);
    }
}
