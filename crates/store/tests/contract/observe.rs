//! Observations add; they never take back.

use domain::{
    run::{FinalMetric, RunBadge},
    status::{LaunchState, TrainingJobStatus, Transition},
};

use crate::{harness::contract, samples::*};

contract! {
    async fn a_job_is_followed_to_its_end(store) {
        let run = submitted(&store, 1).await;
        let running = store.run_observe(&run.id, &seen(1, TrainingJobStatus::InProgress, 40), after(1_050)).await.unwrap();
        let running = running.unwrap();
        assert_eq!((running.badge(), running.started_at), (RunBadge::Running, Some(after(1_030))));
        assert_eq!(running.secondary_status.as_deref(), Some("Training"));

        let mut end = seen(1, TrainingJobStatus::Completed, 100);
        end.ended_at = Some(after(1_090));
        end.training_seconds = Some(60);
        end.billable_seconds = Some(18);
        end.model_artifact = Some("s3://trainyard/runs/x/output/model.tar.gz".to_owned());
        end.final_metrics = vec![FinalMetric { name: "loss".to_owned(), value: f64::NAN }];
        let done = store.run_observe(&run.id, &end, after(1_110)).await.unwrap().unwrap();
        assert_eq!((done.badge(), done.billable_seconds, done.training_seconds), (RunBadge::Completed, Some(18), Some(60)));
        let stored = store.run_get(&run.id).await.unwrap().unwrap();
        assert!(stored.final_metrics[0].value.is_nan());
        assert_eq!(stored.model_artifact, end.model_artifact);
        let audit: Vec<_> = store.audit_list(&run.id).await.unwrap().into_iter().map(|it| it.detail).collect();
        assert!(audit.contains(&"InProgress".to_owned()) && audit.contains(&"Completed".to_owned()));
        // The same look again: a NaN is not a change, nor is anything else.
        let events = store.live_last_number().await.unwrap();
        assert!(store.run_observe(&run.id, &end, after(1_120)).await.unwrap().is_none());
        assert_eq!(store.live_last_number().await.unwrap(), events);
    }

    async fn what_is_over_stays_over(store) {
        let run = submitted(&store, 1).await;
        let over = store.run_observe(&run.id, &seen(1, TrainingJobStatus::Failed, 50), after(1_100)).await.unwrap();
        for status in [TrainingJobStatus::InProgress, TrainingJobStatus::Completed, TrainingJobStatus::Deleting] {
            // Even one with a newer time.
            assert!(store.run_observe(&run.id, &seen(1, status, 500), after(1_200)).await.unwrap().is_none());
        }
        assert_eq!(store.run_get(&run.id).await.unwrap(), over);
    }

    async fn an_older_look_changes_nothing(store) {
        let run = submitted(&store, 1).await;
        let stopping = store.run_observe(&run.id, &seen(1, TrainingJobStatus::Stopping, 80), after(1_100)).await.unwrap();
        assert!(store.run_observe(&run.id, &seen(1, TrainingJobStatus::InProgress, 79), after(1_101)).await.unwrap().is_none());
        // Nor one of the same instant that goes back.
        assert!(store.run_observe(&run.id, &seen(1, TrainingJobStatus::InProgress, 80), after(1_102)).await.unwrap().is_none());
        assert_eq!(store.run_get(&run.id).await.unwrap(), stopping);
        // A newer one without a change still moves the mark, so that what lies between is old.
        assert!(store.run_observe(&run.id, &seen(1, TrainingJobStatus::Stopping, 120), after(1_103)).await.unwrap().is_none());
        assert!(store.run_observe(&run.id, &seen(1, TrainingJobStatus::Stopped, 100), after(1_104)).await.unwrap().is_none());
        assert!(store.run_observe(&run.id, &seen(1, TrainingJobStatus::Stopped, 120), after(1_105)).await.unwrap().is_some());
    }

    async fn absence_erases_nothing(store) {
        let run = submitted(&store, 1).await;
        let mut full = seen(1, TrainingJobStatus::Failed, 50);
        full.failure_reason = Some("AlgorithmError: exit code 1".to_owned());
        full.ended_at = Some(after(1_050));
        full.training_seconds = Some(20);
        full.billable_seconds = Some(20);
        full.model_artifact = Some("s3://b/m".to_owned());
        full.final_metrics = vec![FinalMetric { name: "loss".to_owned(), value: 0.5 }];
        full.transitions.push(Transition {
            status: "Failed".to_owned(),
            started_at: after(1_050),
            ended_at: None,
            message: "it failed".to_owned(),
        });
        let known = store.run_observe(&run.id, &full, after(1_100)).await.unwrap();
        assert!(known.is_some());
        let mut bare = seen(1, TrainingJobStatus::Failed, 60);
        bare.secondary_status = String::new();
        bare.started_at = None;
        bare.transitions = Vec::new();
        assert!(store.run_observe(&run.id, &bare, after(1_200)).await.unwrap().is_none());
        assert_eq!(store.run_get(&run.id).await.unwrap(), known);
        // But a figure that comes late is taken, and one that is corrected too.
        let mut late = seen(1, TrainingJobStatus::Failed, 70);
        late.billable_seconds = Some(21);
        let corrected = store.run_observe(&run.id, &late, after(1_300)).await.unwrap().unwrap();
        assert_eq!((corrected.billable_seconds, corrected.training_seconds), (Some(21), Some(20)));
    }

    async fn only_a_job_with_our_tag_is_adopted(store) {
        let lease = dispatching(&store, 1).await;
        let mut foreign = seen(1, TrainingJobStatus::InProgress, 40);
        for tags in [None, Some(std::collections::BTreeMap::new())] {
            foreign.tags = tags;
            assert!(store.run_observe(&lease.run_id, &foreign, after(1_010)).await.unwrap().is_none());
        }
        let run = store.run_get(&lease.run_id).await.unwrap().unwrap();
        assert_eq!((run.launch_state, run.status, run.job_arn), (LaunchState::Dispatching, None, None));
        let ours = seen(1, TrainingJobStatus::InProgress, 40);
        let adopted = store.run_observe(&lease.run_id, &ours, after(1_011)).await.unwrap().unwrap();
        assert_eq!((adopted.launch_state, adopted.job_arn), (LaunchState::Submitted, Some(arn(1))));
        // From here on the name is ours, and a Describe, which has no tags, is enough.
        foreign.tags = None;
        foreign.status = TrainingJobStatus::Completed;
        assert!(store.run_observe(&lease.run_id, &foreign, after(1_012)).await.unwrap().is_some());
    }

    async fn hostile_text_is_kept_and_is_no_change_every_time(store) {
        let run = submitted(&store, 1).await;
        let mut hostile = seen(1, TrainingJobStatus::Failed, 50);
        hostile.failure_reason = Some("<script>\0\u{202e}'; DROP TABLE runs; --".to_owned());
        let seen_run = store.run_observe(&run.id, &hostile, after(1_100)).await.unwrap().unwrap();
        assert_eq!(seen_run.failure_reason.as_deref(), Some("<script>\u{fffd}\u{202e}'; DROP TABLE runs; --"));
        assert!(store.run_observe(&run.id, &hostile, after(1_200)).await.unwrap().is_none());
    }

    async fn a_finished_run_is_active_until_everything_is_copied(store) {
        let run = submitted(&store, 1).await;
        let active = async || store.run_active_list().await.unwrap().into_iter().map(|it| it.id).collect::<Vec<_>>();
        assert_eq!(active().await, std::slice::from_ref(&run.id));
        store.run_sync_finish(&run.id).await.unwrap();
        assert_eq!(active().await, std::slice::from_ref(&run.id), "not while it runs");
        store.run_observe(&run.id, &seen(1, TrainingJobStatus::Completed, 50), after(1_100)).await.unwrap().unwrap();
        assert_eq!(active().await, std::slice::from_ref(&run.id));
        store.run_sync_finish(&run.id).await.unwrap();
        assert!(active().await.is_empty());
        // A figure that comes later does not bring it back.
        let mut late = seen(1, TrainingJobStatus::Completed, 60);
        late.billable_seconds = Some(9);
        store.run_observe(&run.id, &late, after(1_200)).await.unwrap().unwrap();
        assert!(active().await.is_empty());
    }
}
