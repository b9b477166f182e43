//! Jobs that other clients created.

use domain::{
    run::{Run, RunOrigin},
    status::{LaunchState, TrainingJobStatus},
};
use futures::future::join_all;

use crate::{harness::contract, samples::*};

fn imported(number: u32) -> Run {
    Run {
        origin: RunOrigin::Imported,
        launch_state: LaunchState::Submitted,
        status: Some(TrainingJobStatus::InProgress),
        job_arn: Some(arn(number)),
        price: None,
        ..run(number)
    }
}

contract! {
    async fn a_foreign_job_becomes_a_run_once(store) {
        let run = store.run_import(&imported(1)).await.unwrap();
        assert_eq!(run, imported(1));
        let again = Run { id: run_id(2), ..imported(1) };
        assert_eq!(store.run_import(&again).await.unwrap().id, run.id);
        assert_eq!(store.live_last_number().await.unwrap(), 1);
        assert_eq!(store.run_active_list().await.unwrap(), std::slice::from_ref(&run));
        assert_eq!(store.audit_list(&run.id).await.unwrap()[0].action, "run.imported");
    }

    async fn a_run_of_our_own_is_not_imported_over(store) {
        let lease = dispatching(&store, 1).await;
        let known = store.run_import(&imported(1)).await.unwrap();
        assert_eq!((known.id, known.origin, known.launch_state), (lease.run_id, RunOrigin::Launched, LaunchState::Dispatching));
    }

    async fn two_servers_that_find_a_job_at_once_make_one_run(store) {
        let second = store.second().await;
        let finders = (1..=10).map(|number| {
            let store = if number % 2 == 0 { (*store).clone() } else { second.clone() };
            let found = Run { id: run_id(number), ..imported(1) };
            tokio::spawn(async move { store.run_import(&found).await.unwrap().id })
        });
        let ids: Vec<_> = join_all(finders).await.into_iter().map(Result::unwrap).collect();
        assert!(ids.iter().all(|it| *it == ids[0]), "{ids:?}");
    }

    async fn an_imported_run_is_followed_and_stopped_like_any_other(store) {
        let run = store.run_import(&imported(1)).await.unwrap();
        let mut untagged = seen(1, TrainingJobStatus::InProgress, 10);
        untagged.tags = None;
        assert!(store.run_observe(&run.id, &untagged, after(1_100)).await.unwrap().is_some());
        store.run_stop_wish(&run.id, after(1_101)).await.unwrap().unwrap();
        assert_eq!(claim(&store, after(1_101)).await.run_id, run.id);
    }
}
