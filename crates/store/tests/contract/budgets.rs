//! Launches that budgets guard: judged by what counts, and never two by the same room.

use domain::{
    budget::{Budget, BudgetUse},
    costs::Month,
    job_draft::FieldError,
    money::NanoUsd,
    run::RunBadge,
    status::TrainingJobStatus,
};
use futures::future::join_all;
use serde_json::json;
use store::{RunRequestOutcome, SpendGate, Store};

use crate::{harness::contract, samples::*};

fn month() -> Month {
    Month::of(NOON)
}

/// Room for three of the jobs that `new_run` makes: two instances at $0.23 an hour for a day are $11.04.
fn budget() -> Budget {
    serde_json::from_str(r#"{"name": "all", "usd_per_month": "40", "hard": true}"#).unwrap()
}

async fn guarded(store: &Store, number: u32) -> RunRequestOutcome {
    let (budget, mut new) = (budget(), new_run(number));
    new.run.request["ResourceConfig"] = json!({ "InstanceType": "ml.m5.xlarge", "InstanceCount": 2 });
    let job = NanoUsd(11_040_000_000);
    let judge = |runs: &[domain::budget::BudgetRun]| {
        let used = BudgetUse::of(&budget, runs, month(), NOON);
        budget.refusal(&used, Some(job), month()).map(|why| FieldError::new("budget", why)).into_iter().collect()
    };
    let gate = SpendGate { period: (month().start(), month().end()), judge: &judge };
    store.run_request_within(&new, Some(&gate)).await.unwrap()
}

contract! {
    async fn of_twenty_at_once_as_many_are_launched_as_there_is_room_for(store) {
        let calls = (1..=20).map(|number| {
            let store = (*store).clone();
            tokio::spawn(async move { guarded(&store, number).await })
        });
        let outcomes: Vec<RunRequestOutcome> = join_all(calls).await.into_iter().map(Result::unwrap).collect();
        let created = outcomes.iter().filter(|it| matches!(it, RunRequestOutcome::Created(_))).count();
        let refused = outcomes.iter().filter(|it| matches!(it, RunRequestOutcome::Refused(_))).count();
        assert_eq!((created, refused), (3, 17));
        assert_eq!(store.run_badge_counts().await.unwrap(), [(RunBadge::Queued, 3)]);
    }

    async fn what_was_refused_leaves_its_key_free_and_what_was_launched_is_not_judged_again(store) {
        for number in 1..=3 {
            assert!(matches!(guarded(&store, number).await, RunRequestOutcome::Created(_)));
        }
        assert!(matches!(guarded(&store, 4).await, RunRequestOutcome::Refused(_)));
        assert!(store.run_get(&run_id(4)).await.unwrap().is_none());
        assert!(matches!(guarded(&store, 3).await, RunRequestOutcome::Existing(_)));
        // One ends after an hour, and there is room again.
        let mut over = seen(1, TrainingJobStatus::Completed, 3_600);
        over.started_at = Some(NOON);
        over.ended_at = Some(NOON.plus_seconds(3_600));
        (over.training_seconds, over.billable_seconds) = (Some(3_600), Some(3_600));
        store.run_observe(&run_id(1), &over, after(7_200)).await.unwrap().expect("news");
        assert!(matches!(guarded(&store, 4).await, RunRequestOutcome::Created(_)));
    }

    async fn what_has_not_begun_and_what_runs_counts_with_its_limit(store) {
        requested(&store, 1).await;
        let runs = store.budget_run_list(month().start(), month().end()).await.unwrap();
        let found: Vec<(u64, bool)> = runs.iter().map(|it| (it.most.billed_seconds, it.run.facts.is_over)).collect();
        assert_eq!(found, [(86_400, false)]);
        assert!(runs[0].run.facts.started_at.is_none());
    }
}
