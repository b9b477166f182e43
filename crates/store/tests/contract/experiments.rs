//! Experiments as the sum of their runs.

use domain::{ids::ExperimentName, status::TrainingJobStatus};

use crate::{harness::contract, samples::*};

contract! {
    async fn experiments_sum_up_their_runs(store) {
        assert!(store.experiment_list().await.unwrap().is_empty());
        let running = submitted(&store, 1).await;
        store.run_observe(&running.id, &seen(1, TrainingJobStatus::InProgress, 10), after(1_100)).await.unwrap();
        requested(&store, 2).await;
        let mut iris = new_run(3);
        iris.run.experiment = ExperimentName::parse("Iris 🌸 '%").unwrap();
        store.run_request(&iris).await.unwrap();

        let list = store.experiment_list().await.unwrap();
        let row = |index: usize| {
            let it = &list[index];
            (it.name.as_str(), it.run_count, it.running_count, it.last_created_at)
        };
        assert_eq!(list.len(), 2);
        assert_eq!(row(0), ("Iris 🌸 '%", 1, 0, after(3)), "the newest first");
        assert_eq!(row(1), ("wine", 2, 1, after(2)));
    }
}
