//! What a run's inputs were: written once, and asked for as long as it is missing.

use domain::{
    capsule::{Capsule, ManifestBuilder, ManifestObject},
    time::Timestamp,
};

use crate::{harness::contract, samples::*};

fn capsule(at: Timestamp) -> Capsule {
    let mut builder = ManifestBuilder::new("train", "s3://bucket/train/");
    builder.push(ManifestObject { key: "train/\u{e9} '\0".to_owned(), size_bytes: 7, e_tag: "ab".to_owned() });
    Capsule { recorded_at: at, channels: vec![builder.finish()] }
}

contract! {
    async fn the_first_capsule_of_a_run_stays(store) {
        let run = requested(&store, 1).await;
        assert_eq!(store.capsule_get(&run.id).await.unwrap(), None);
        assert!(store.capsule_put(&run.id, &capsule(NOON)).await.unwrap());
        assert!(!store.capsule_put(&run.id, &capsule(after(5))).await.unwrap());
        assert_eq!(store.capsule_get(&run.id).await.unwrap(), Some(capsule(NOON)));
    }

    async fn it_is_missing_until_it_is_there_or_the_run_is_too_old(store) {
        let (first, second) = (requested(&store, 1).await, requested(&store, 2).await);
        let ids = |runs: Vec<domain::run::Run>| runs.into_iter().map(|it| it.id).collect::<Vec<_>>();
        let missing = ids(store.capsule_missing_list(first.created_at, 10).await.unwrap());
        assert_eq!(missing, [second.id.clone(), first.id.clone()], "the newest first");
        assert_eq!(store.capsule_missing_list(first.created_at, 1).await.unwrap().len(), 1);
        store.capsule_put(&second.id, &capsule(NOON)).await.unwrap();
        assert_eq!(ids(store.capsule_missing_list(first.created_at, 10).await.unwrap()), [first.id]);
        assert!(store.capsule_missing_list(after(1_000_000), 10).await.unwrap().is_empty());
    }

    async fn a_capsule_needs_its_run(store) {
        let run = new_run(1).run;
        assert!(store.capsule_put(&run.id, &capsule(NOON)).await.is_err());
    }
}
