//! Runs that lists leave out.

use domain::{
    live::LiveEvent,
    run::Run,
    run_search::{Condition, RunSearchPage},
    status::{LaunchState, TrainingJobStatus},
};
use store::{ArchiveOutcome, Store};

use crate::{harness::contract, samples::*};

pub(crate) async fn over(store: &Store, number: u32) -> Run {
    let run = Run { launch_state: LaunchState::Submitted, status: Some(TrainingJobStatus::Completed), ..run(number) };
    store.run_import(&run).await.unwrap()
}

async fn found(store: &Store, search: &str) -> RunSearchPage {
    let condition = Condition::parse(search).unwrap();
    store.run_search(condition.as_ref(), &[], &[], after(9_000), 0, 10).await.unwrap()
}

contract! {
    async fn an_archived_run_is_left_out_until_it_is_asked_for(store) {
        let (first, second) = (over(&store, 1).await, over(&store, 2).await);
        let number = store.live_last_number().await.unwrap();
        let outcomes = store.run_archive(&[first.id.clone(), run_id(9)], true, after(50)).await.unwrap();
        assert_eq!(outcomes, [(first.id.clone(), ArchiveOutcome::Done), (run_id(9), ArchiveOutcome::Missing)]);
        let again = store.run_archive(std::slice::from_ref(&first.id), true, after(51)).await.unwrap();
        assert_eq!(again, [(first.id.clone(), ArchiveOutcome::Unchanged)]);
        let all = found(&store, "").await;
        assert_eq!((all.total, &all.rows[0].id), (1, &second.id));
        let archived = found(&store, "archived = true").await;
        assert_eq!((archived.total, &archived.rows[0].id, archived.rows[0].is_archived), (1, &first.id, true));
        assert_eq!(found(&store, "archived = true OR archived = false").await.total, 2);
        assert_eq!(found(&store, "wine NOT archived = true").await.total, 1);
        let events = store.live_after(number, 10).await.unwrap().events;
        assert_eq!(events.len(), 1, "what did not change is no news");
        assert!(matches!(&events[0].event, LiveEvent::Run(run) if run.id == first.id && run.updated_at == after(50)));
        let back = store.run_archive(std::slice::from_ref(&first.id), false, after(60)).await.unwrap();
        assert_eq!(back, [(first.id.clone(), ArchiveOutcome::Done)]);
        assert_eq!(found(&store, "").await.total, 2);
        let deeds: Vec<String> = store.audit_list(&first.id).await.unwrap().into_iter().map(|it| it.action).collect();
        assert_eq!(deeds, ["run.imported", "run.archived", "run.unarchived"]);
    }

    async fn what_still_runs_is_not_hidden(store) {
        let run = submitted(&store, 1).await;
        let over = over(&store, 2).await;
        let outcomes = store.run_archive(&[run.id.clone(), over.id.clone(), run.id.clone()], true, after(50)).await.unwrap();
        assert_eq!(outcomes, [(run.id, ArchiveOutcome::NotOver), (over.id, ArchiveOutcome::Done)]);
        assert_eq!(found(&store, "").await.total, 1);
    }
}
