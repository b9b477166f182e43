//! A sweep and its plan are one; a trial becomes one run.

use domain::{
    ids::SweepId,
    job_draft::JobDraft,
    series::{IngestBatch, NewPoint, SeriesKey, SeriesSource},
    sweep::{Strategy, Sweep, SweepSpec, SweepState, Trial},
};

use crate::{harness::contract, samples::*};

fn sweep(number: u32, trials: u32) -> Sweep {
    let spec = SweepSpec {
        draft: JobDraft { experiment: "wine \0 '".to_owned(), ..JobDraft::default() },
        strategy: Strategy::Random { trials, seed: u64::MAX },
        dimensions: Vec::new(),
        max_parallel: 2,
        budget: None,
        objective: None,
    };
    let trials = (0..trials).map(|number| Trial {
        number,
        parameters: vec![("lr".to_owned(), format!("0.{number}"))],
        run_id: None,
    });
    Sweep {
        id: SweepId::new(after(i64::from(number)), u128::from(number)),
        spec,
        state: SweepState::Running,
        message: None,
        created_at: NOON,
        trials: trials.collect(),
    }
}

contract! {
    async fn a_sweep_is_kept_whole_and_once_per_key(store) {
        let one = sweep(1, 20);
        assert_eq!(store.sweep_get(&one.id).await.unwrap(), None);
        assert_eq!(store.sweep_create("key", &one).await.unwrap(), one.id);
        assert_eq!(store.sweep_create("key", &sweep(2, 3)).await.unwrap(), one.id, "the key's own");
        assert_eq!(store.sweep_get(&one.id).await.unwrap(), Some(one.clone()));
        assert_eq!(store.sweep_get_by_key("key").await.unwrap(), Some(one.clone()));
        assert_eq!(store.sweep_get_by_key("nobody's").await.unwrap(), None);
        let two = sweep(3, 1);
        store.sweep_create("other", &two).await.unwrap();
        let ids: Vec<SweepId> = store.sweep_list(10).await.unwrap().into_iter().map(|it| it.id).collect();
        assert_eq!(ids, [two.id.clone(), one.id.clone()], "the newest first");
        assert_eq!(store.sweep_running_list().await.unwrap(), [one.id, two.id]);
    }

    async fn a_trial_keeps_its_first_run(store) {
        let one = sweep(1, 2);
        store.sweep_create("key", &one).await.unwrap();
        let (first, second) = (requested(&store, 1).await, requested(&store, 2).await);
        store.sweep_trial_set(&one.id, 1, &first.id).await.unwrap();
        store.sweep_trial_set(&one.id, 1, &second.id).await.unwrap();
        let trials = store.sweep_get(&one.id).await.unwrap().unwrap().trials;
        assert_eq!((trials[0].run_id.clone(), trials[1].run_id.clone()), (None, Some(first.id.clone())));
        assert_eq!(store.sweep_run_list(&one.id).await.unwrap(), [first]);
    }

    async fn the_last_value_of_a_metric_is_known_for_each_trial(store) {
        let one = sweep(1, 2);
        store.sweep_create("key", &one).await.unwrap();
        let run = requested(&store, 1).await;
        store.sweep_trial_set(&one.id, 0, &run.id).await.unwrap();
        let series = |name: &str, source, values: &[f64]| {
            let key = SeriesKey { name: name.to_owned(), source, host: "algo-1".to_owned() };
            let points = values.iter().map(|value| NewPoint { step: None, at: NOON, value: *value });
            (key, points.collect())
        };
        let batch = IngestBatch {
            run_id: run.id.clone(),
            series: vec![
                series("loss", SeriesSource::Log, &[0.5, 0.25]),
                series("loss", SeriesSource::CloudWatch, &[0.4]),
                series("rate", SeriesSource::Log, &[f64::NAN]),
            ],
            cursor: None,
        };
        store.series_ingest(&batch, NOON).await.unwrap();
        let values = store.sweep_value_list(&one.id, "loss").await.unwrap();
        assert_eq!(values.into_iter().collect::<Vec<_>>(), [(run.id, 0.25)], "what the log says goes first");
        assert!(store.sweep_value_list(&one.id, "rate").await.unwrap().is_empty(), "NaN is no value");
    }

    async fn a_sweep_that_is_over_stays_over(store) {
        let one = sweep(1, 2);
        store.sweep_create("key", &one).await.unwrap();
        store.sweep_state_set(&one.id, SweepState::Running, Some("waits")).await.unwrap();
        assert_eq!(store.sweep_get(&one.id).await.unwrap().unwrap().message.as_deref(), Some("waits"));
        store.sweep_state_set(&one.id, SweepState::Stopped, Some("by hand")).await.unwrap();
        store.sweep_state_set(&one.id, SweepState::Finished, None).await.unwrap();
        let found = store.sweep_get(&one.id).await.unwrap().unwrap();
        assert_eq!((found.state, found.message.as_deref()), (SweepState::Stopped, Some("by hand")));
        assert!(store.sweep_running_list().await.unwrap().is_empty());
    }
}
