//! Forms as typed, archives as uploaded, settings as first written.

use domain::{
    git_source::GitOrigin,
    job_draft::{FieldError, JobDraft},
};
use futures::future::join_all;
use store::{NewSource, SourceEntry, StoredDraft};

use crate::{harness::contract, samples::*};

contract! {
    async fn a_draft_is_kept_as_typed_and_knows_its_run(store) {
        assert!(store.draft_get("key-1").await.unwrap().is_none());
        let mut draft = JobDraft { experiment: "  wine\0 ' \u{1F377}".to_owned(), ..JobDraft::default() };
        draft.fields.push_pair("HyperParameters", "", "no name");
        let errors = vec![FieldError::new("HyperParameters[0].name", "name it.")];
        store.draft_put("key-1", &draft, &errors, NOON).await.unwrap();
        let expected = StoredDraft { draft: draft.clone(), errors, run_id: None };
        assert_eq!(store.draft_get("key-1").await.unwrap(), Some(expected));
        draft.checkpoints = !draft.checkpoints;
        store.draft_put("key-1", &draft, &[], after(1)).await.unwrap();
        let run = requested(&store, 1).await;
        let expected = StoredDraft { draft, errors: Vec::new(), run_id: Some(run.id) };
        assert_eq!(store.draft_get("key-1").await.unwrap(), Some(expected));
        assert!(store.draft_get("key-2\0").await.unwrap().is_none());
    }

    async fn an_archive_is_kept_once_byte_for_byte(store) {
        let source = NewSource {
            sha256: "ab".repeat(32),
            file_name: "trainé.py".to_owned(),
            entries: vec![SourceEntry { path: "train.py".to_owned(), size_bytes: 12 }],
            bytes: (0..=255).cycle().take(3_000_000).collect(),
        };
        assert!(store.source_get(&source.sha256).await.unwrap().is_none());
        store.source_put(&source, NOON).await.unwrap();
        let again = NewSource { file_name: "other.py".to_owned(), ..source.clone() };
        store.source_put(&again, after(5)).await.unwrap();
        let stored = store.source_get(&source.sha256).await.unwrap().unwrap();
        assert_eq!(stored.bytes, source.bytes);
        assert_eq!(stored.meta, store.source_meta_get(&source.sha256).await.unwrap().unwrap());
        assert_eq!((stored.meta.file_name.as_str(), stored.meta.size_bytes), ("trainé.py", 3_000_000));
        assert_eq!((stored.meta.entries, stored.meta.created_at), (source.entries, NOON));
    }

    async fn old_forms_and_archives_that_nothing_names_are_forgotten(store) {
        let archive = |digit: &str| NewSource {
            sha256: digit.repeat(64),
            file_name: "train.py".to_owned(),
            entries: Vec::new(),
            bytes: vec![1],
        };
        for digit in ["a", "b", "c"] {
            store.source_put(&archive(digit), NOON).await.unwrap();
        }
        let form = |digit: &str| JobDraft { source_sha256: Some(digit.repeat(64)), ..JobDraft::default() };
        store.draft_put("old", &form("a"), &[], NOON).await.unwrap();
        store.draft_put("new", &form("b"), &[], after(100)).await.unwrap();
        // Kept by its form, until that is too old as well.
        assert_eq!(store.source_prune(after(50)).await.unwrap(), 1, "c, which nothing names");
        assert_eq!(store.draft_prune(after(50)).await.unwrap(), 1);
        assert_eq!(store.source_prune(after(50)).await.unwrap(), 1, "a, whose form is gone");
        assert!(store.draft_get("new").await.unwrap().is_some() && store.draft_get("old").await.unwrap().is_none());
        let mut run = new_run(1);
        run.run.source_sha256 = Some("b".repeat(64));
        store.run_request(&run).await.unwrap();
        assert_eq!(store.draft_prune(after(200)).await.unwrap(), 1);
        assert_eq!(store.source_prune(after(200)).await.unwrap(), 0, "a run names it");
    }

    async fn a_commit_has_one_archive_and_is_forgotten_with_it(store) {
        let origin = |folder: &str| GitOrigin::parse(&format!("https://host/team/a@{}:{folder}", "0".repeat(40))).unwrap();
        let archive = |digit: &str| NewSource {
            sha256: digit.repeat(64),
            file_name: "a.tar.gz".to_owned(),
            entries: Vec::new(),
            bytes: vec![1, 2],
        };
        assert!(store.git_source_get(&origin("")).await.unwrap().is_none());
        store.git_source_put(&origin(""), &archive("a"), NOON).await.unwrap();
        store.git_source_put(&origin("sub"), &archive("a"), NOON).await.unwrap();
        store.git_source_put(&origin(""), &archive("b"), after(1)).await.unwrap();
        for folder in ["", "sub"] {
            let kept = store.git_source_get(&origin(folder)).await.unwrap().unwrap();
            assert_eq!((kept.meta.sha256, kept.bytes), ("a".repeat(64), vec![1, 2]));
        }
        assert!(store.git_source_get(&origin("other")).await.unwrap().is_none());
        assert_eq!(store.source_prune(after(50)).await.unwrap(), 2);
        assert!(store.git_source_get(&origin("")).await.unwrap().is_none(), "it went with its archive");
    }

    async fn a_setting_belongs_to_its_first_writer(store) {
        assert!(store.setting_get("install_id").await.unwrap().is_none());
        let writers = (0..10).map(|number| {
            let store = (*store).clone();
            tokio::spawn(async move { store.setting_put_if_absent("install_id", &format!("id-{number}")).await.unwrap() })
        });
        let values: Vec<_> = join_all(writers).await.into_iter().map(Result::unwrap).collect();
        assert!(values.iter().all(|it| *it == values[0]), "{values:?}");
        assert_eq!(store.setting_get("install_id").await.unwrap(), Some(values[0].clone()));
    }
}
