//! Runs as a month's review reads them: those at work in a range of time, with their tags.

use domain::{
    run::{Run, RunOrigin},
    status::{LaunchState, TrainingJobStatus},
    time::Timestamp,
};
use serde_json::{Value, json};
use store::Store;

use crate::{harness::contract, samples::*};

/// At work from and to these seconds.
fn at_work(number: u32, from: i64, to: Option<i64>, tags: Value) -> Run {
    let status = if to.is_some() { TrainingJobStatus::Completed } else { TrainingJobStatus::InProgress };
    Run {
        origin: RunOrigin::Imported,
        launch_state: LaunchState::Submitted,
        status: Some(status),
        started_at: Some(after(from)),
        ended_at: to.map(after),
        training_seconds: to.map(|_| 100),
        billable_seconds: to.map(|_| 30),
        request: json!({ "Tags": tags }),
        ..run(number)
    }
}

async fn found(store: &Store, from: i64, to: i64) -> Vec<u32> {
    let runs = store.run_cost_list(after(from), after(to)).await.unwrap();
    let number = |it: &domain::costs::CostRun| (1..100).find(|number| run_id(*number) == it.id).unwrap();
    runs.iter().map(number).collect()
}

contract! {
    async fn whoever_was_at_work_in_the_range_is_found(store) {
        let none = || json!([]);
        for it in [
            at_work(1, 0, Some(10), none()),
            at_work(2, 5, Some(500), none()),
            at_work(3, 90, None, none()),
            at_work(4, 400, Some(401), none()),
            Run { started_at: None, ..at_work(5, 0, None, none()) },
        ] {
            store.run_import(&it).await.unwrap();
        }
        assert_eq!(found(&store, 0, 5).await, [1], "the range's end is not in it");
        assert_eq!(found(&store, 11, 100).await, [2, 3]);
        assert_eq!(found(&store, 450, 1_000).await, [2, 3], "what still runs is at work from its start on");
        assert_eq!(found(&store, -100, 1_000).await, [1, 2, 3, 4]);
        assert_eq!(found(&store, 70 * 86_400, 71 * 86_400).await, [] as [u32; 0], "nothing runs for so long");
    }

    async fn a_run_comes_with_what_its_cost_follows_from(store) {
        let tags = json!([
            { "Key": "team", "Value": "vision" },
            { "Key": "trainyard:run-id", "Value": "x" },
        ]);
        let run = at_work(1, 0, Some(100), tags);
        store.run_import(&run).await.unwrap();
        store.run_import(&at_work(2, 0, Some(100), json!([{ "Key": 7 }]))).await.unwrap();
        let list = store.run_cost_list(after(0), after(1)).await.unwrap();
        assert_eq!(list[0].tags, [("team".to_owned(), "vision".to_owned())], "without our own");
        assert_eq!(list[0].facts, domain::cost::CostFacts::of_run(&run));
        assert_eq!((list[0].job_name.as_str(), list[0].experiment.as_str()), (run.job_name.as_str(), "wine"));
        assert_eq!(list[1].tags, [], "what is no tag counts as none");
        assert_eq!(store.run_cost_list(Timestamp::from_unix_micros(0), after(-1)).await.unwrap(), []);
    }
}
