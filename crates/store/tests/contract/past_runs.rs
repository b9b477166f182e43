//! Completed runs for a quote: which are found, in which order, and with what.

use domain::{
    cost::{PastRun, Program},
    run::{Run, RunOrigin},
    status::{LaunchState, TrainingJobStatus, Transition},
};
use serde_json::json;
use store::Store;

use crate::{harness::contract, samples::*};

fn program() -> Program {
    Program { training_image: "image:1".to_owned(), entry_point: Some("train.py".to_owned()), source_sha256: None }
}

/// A run that took as many seconds as its number says.
fn completed(number: u32) -> Run {
    Run {
        origin: RunOrigin::Imported,
        launch_state: LaunchState::Submitted,
        status: Some(TrainingJobStatus::Completed),
        training_seconds: Some(u64::from(number)),
        billable_seconds: Some(u64::from(number)),
        spot: false,
        request: json!({
            "AlgorithmSpecification": { "TrainingImage": "image:1" },
            "HyperParameters": { "sagemaker_program": "\"train.py\"", "text": "a\0b" },
        }),
        ..run(number)
    }
}

async fn stored(store: &Store, runs: impl IntoIterator<Item = Run>) {
    for run in runs {
        store.run_import(&run).await.unwrap();
    }
}

fn seconds(runs: &[PastRun]) -> Vec<u64> {
    runs.iter().map(|it| it.training_seconds).collect()
}

contract! {
    async fn only_completed_runs_of_the_image_count(store) {
        let other_image = json!({ "AlgorithmSpecification": { "TrainingImage": "image:2" } });
        stored(&store, [
            completed(1),
            Run { status: Some(TrainingJobStatus::Failed), ..completed(2) },
            Run { status: Some(TrainingJobStatus::InProgress), ..completed(3) },
            Run { billable_seconds: None, ..completed(4) },
            Run { request: other_image, ..completed(5) },
            completed(6),
        ]).await;
        let found = store.run_past_list(&program()).await.unwrap();
        assert_eq!(seconds(&found), [6, 1], "the newest first");
        let first = &found[1];
        assert_eq!(first.entry_point.as_deref(), Some("train.py"), "without the quotation marks of the SDKs");
        assert_eq!((first.instance_type.as_str(), first.instance_count), ("ml.m5.xlarge", 2));
        let nobody = Program { training_image: "image:3".to_owned(), ..program() };
        assert_eq!(store.run_past_list(&nobody).await.unwrap(), []);
    }

    async fn a_run_that_completes_later_counts_from_then_on(store) {
        submitted(&store, 1).await;
        let image = Program { training_image: String::new(), ..program() };
        assert_eq!(store.run_past_list(&image).await.unwrap(), [], "it names no image");
        stored(&store, [Run { status: Some(TrainingJobStatus::InProgress), ..completed(2) }]).await;
        assert_eq!(store.run_past_list(&program()).await.unwrap(), []);
        let mut end = seen(2, TrainingJobStatus::Completed, 10);
        (end.training_seconds, end.billable_seconds) = (Some(70), Some(70));
        store.run_observe(&run_id(2), &end, after(2_000)).await.unwrap();
        assert_eq!(seconds(&store.run_past_list(&program()).await.unwrap()), [70]);
    }

    async fn runs_of_the_same_script_are_not_crowded_out(store) {
        let other = json!({
            "AlgorithmSpecification": { "TrainingImage": "image:1" },
            "HyperParameters": { "sagemaker_program": "other.py" },
        });
        stored(&store, [completed(1)]).await;
        stored(&store, (2..=220).map(|number| Run { request: other.clone(), ..completed(number) })).await;
        let found = store.run_past_list(&program()).await.unwrap();
        assert_eq!(found.len(), 200);
        assert_eq!(found.last().map(|it| it.training_seconds), Some(1), "the oldest, kept for its script");
    }

    async fn spot_runs_of_every_program_with_their_interruptions(store) {
        let interrupted = Transition {
            status: "Interrupted".to_owned(),
            started_at: after(10),
            ended_at: None,
            message: String::new(),
        };
        let told = Transition { status: "Training".to_owned(), message: "\"Interrupted\"".to_owned(), ..interrupted.clone() };
        stored(&store, [
            completed(1),
            Run { spot: true, billable_seconds: Some(0), transitions: vec![told], ..completed(2) },
            Run { spot: true, request: json!({}), transitions: vec![interrupted], ..completed(3) },
            Run { spot: true, status: Some(TrainingJobStatus::Stopped), ..completed(4) },
        ]).await;
        let found = store.run_past_spot_list().await.unwrap();
        assert_eq!(seconds(&found), [3, 2]);
        assert_eq!((found[0].was_interrupted, found[1].was_interrupted), (true, false));
        assert_eq!((found[1].billable_seconds, found[0].training_image.as_deref()), (0, None));
    }
}
