//! Lists, counts and pages of runs.

use domain::{
    ids::{ExperimentName, JobName},
    run::{Run, RunBadge, RunFilter, RunPage},
    status::TrainingJobStatus,
};
use store::NewRun;

use crate::{
    harness::{TestStore, contract},
    samples::*,
};

/// Runs 1 to `count`, every third in `iris`, with telling names.
async fn fill(store: &TestStore, count: u32) {
    for number in 1..=count {
        let mut new = new_run(number);
        if number % 3 == 0 {
            new.run.experiment = ExperimentName::parse("iris").unwrap();
            new.run.job_name = JobName::parse(&format!("Iris-{number}")).unwrap();
        }
        store.run_request(&new).await.unwrap();
    }
}

fn ids(page: &RunPage) -> Vec<u32> {
    let number = |run: &Run| u32::try_from((run.created_at.unix_micros() - NOON.unix_micros()) / 1_000_000).unwrap();
    page.runs.iter().map(number).collect()
}

contract! {
    async fn pages_go_from_new_to_old_and_say_how_many_there_are(store) {
        fill(&store, 7).await;
        let first = store.run_list(&RunFilter { limit: 3, ..RunFilter::default() }).await.unwrap();
        assert_eq!((ids(&first), first.total, &first.next_before), (vec![7, 6, 5], 7, &Some(run_id(5))));
        let second = RunFilter { limit: 3, before: first.next_before, ..RunFilter::default() };
        let second = store.run_list(&second).await.unwrap();
        assert_eq!((ids(&second), second.total), (vec![4, 3, 2], 7));
        let last = RunFilter { limit: 3, before: second.next_before, ..RunFilter::default() };
        let last = store.run_list(&last).await.unwrap();
        assert_eq!((ids(&last), last.next_before), (vec![1], None));
    }

    async fn a_prefix_of_an_id_or_a_job_name_finds_its_runs(store) {
        fill(&store, 12).await;
        let found = async |text: &str| -> Vec<String> {
            let runs = store.run_list_by_prefix(text, 2).await.unwrap();
            runs.iter().map(|it| it.job_name.to_string()).collect()
        };
        assert_eq!(found("iris-1").await, ["Iris-12"]);
        assert_eq!(found("Iris-").await, ["Iris-12", "Iris-9"], "the newest, and no more than asked for");
        let id = run_id(6);
        assert_eq!(found(&id.as_str().to_ascii_lowercase()).await, ["Iris-6"]);
        for nothing in ["", "ris-1", "%", "_ris", "\\", &"x".repeat(5_000)] {
            assert_eq!(found(nothing).await, Vec::<String>::new(), "{nothing:?}");
        }
    }

    async fn an_exact_page_has_no_next_one(store) {
        fill(&store, 3).await;
        let page = store.run_list(&RunFilter { limit: 3, ..RunFilter::default() }).await.unwrap();
        assert_eq!((page.runs.len(), page.next_before), (3, None));
    }

    async fn filters_join(store) {
        fill(&store, 9).await;
        store.run_stop_wish(&run_id(6), after(100)).await.unwrap();
        let iris = RunFilter { experiment: Some(ExperimentName::parse("iris").unwrap()), limit: 50, ..RunFilter::default() };
        let page = store.run_list(&iris).await.unwrap();
        assert_eq!((ids(&page), page.total), (vec![9, 6, 3], 3));
        let queued = RunFilter { badge: Some(RunBadge::Queued), ..iris.clone() };
        assert_eq!(ids(&store.run_list(&queued).await.unwrap()), [9, 3]);
        let named = RunFilter { name_contains: Some("IS-9".to_owned()), ..queued };
        assert_eq!(ids(&store.run_list(&named).await.unwrap()), [9]);
        let none = RunFilter { name_contains: Some("wine".to_owned()), ..iris };
        assert_eq!(store.run_list(&none).await.unwrap().total, 0);
    }

    async fn a_part_of_a_name_is_text_and_not_a_pattern(store) {
        fill(&store, 3).await;
        let of = |text: &str| RunFilter { name_contains: Some(text.to_owned()), limit: 50, ..RunFilter::default() };
        assert_eq!(ids(&store.run_list(&of("iRiS")).await.unwrap()), [3]);
        for text in ["%", "_", "\\", "i%s", "'", "\0", "é", "🚂"] {
            assert_eq!(store.run_list(&of(text)).await.unwrap().total, 0, "{text:?}");
        }
        assert_eq!(store.run_list(&of("")).await.unwrap().total, 3);
        assert_eq!(store.run_list(&of(&"x".repeat(100_000))).await.unwrap().total, 0);
    }

    async fn the_badge_follows_the_run(store) {
        let run = submitted(&store, 1).await;
        requested(&store, 2).await;
        let counts = store.run_badge_counts().await.unwrap();
        assert_eq!(counts, [(RunBadge::Queued, 2)]);
        store.run_observe(&run.id, &seen(1, TrainingJobStatus::InProgress, 10), after(1_100)).await.unwrap();
        assert_eq!(store.run_badge_counts().await.unwrap(), [(RunBadge::Queued, 1), (RunBadge::Running, 1)]);
        store.run_observe(&run.id, &seen(1, TrainingJobStatus::Completed, 20), after(1_200)).await.unwrap();
        let done = RunFilter { badge: Some(RunBadge::Completed), limit: 10, ..RunFilter::default() };
        assert_eq!(ids(&store.run_list(&done).await.unwrap()), [1]);
        assert_eq!(store.run_badge_counts().await.unwrap(), [(RunBadge::Completed, 1), (RunBadge::Queued, 1)]);
    }

    async fn a_name_of_another_case_is_another_job(store) {
        let lower = NewRun { run: Run { job_name: JobName::parse("job-a").unwrap(), ..run(1) }, ..new_run(1) };
        let upper = NewRun { run: Run { job_name: JobName::parse("Job-A").unwrap(), ..run(2) }, ..new_run(2) };
        store.run_request(&lower).await.unwrap();
        store.run_request(&upper).await.unwrap();
        let both = RunFilter { name_contains: Some("job-a".to_owned()), limit: 10, ..RunFilter::default() };
        assert_eq!(store.run_list(&both).await.unwrap().total, 2);
    }
}
