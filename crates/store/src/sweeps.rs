//! Sweeps with their plans. A plan is written whole with its sweep; each trial gets its run once.

use std::collections::BTreeMap;

use domain::{
    ids::{RunId, SweepId},
    run::Run,
    sweep::{Sweep, SweepState, Trial},
    time::Timestamp,
};
use sqlx::FromRow;

use crate::{
    Store,
    db::{Durability, execute, fetch},
    error::Result,
    run_row::{RunRow, run_columns, runs_of},
    text,
};

impl Store {
    /// Keeps a new sweep with its plan. The same key again changes nothing: the id of the sweep that is there.
    pub async fn sweep_create(&self, key: &str, sweep: &Sweep) -> Result<SweepId> {
        let key = text::key("the idempotency key", key)?;
        let mut tx = self.db.begin(Durability::Flushed).await?;
        let is_new = execute!(
            tx,
            "INSERT INTO sweeps (id, key, spec, state, message, created_at) VALUES ($1, $2, $3, $4, $5, $6)
             ON CONFLICT (key) DO NOTHING",
            sweep.id.as_str(),
            &*key,
            text::to_json(&sweep.spec)?,
            sweep.state.as_str(),
            text::plain_owned(sweep.message.as_deref()),
            sweep.created_at.unix_micros(),
        )? == 1;
        if !is_new {
            let (id,) = fetch!(one, (String,), tx, "SELECT id FROM sweeps WHERE key = $1", &*key)?;
            return sweep_id(&id);
        }
        for trial in &sweep.trials {
            execute!(
                tx,
                "INSERT INTO sweep_trials (sweep_id, number, parameters, run_id) VALUES ($1, $2, $3, NULL)",
                sweep.id.as_str(),
                i64::from(trial.number),
                text::to_json(&trial.parameters)?,
            )?;
        }
        tx.commit().await?;
        Ok(sweep.id.clone())
    }

    /// The sweep that this key started.
    pub async fn sweep_get_by_key(&self, key: &str) -> Result<Option<Sweep>> {
        let mut reader = self.db.reader().await?;
        let row = fetch!(optional, (String,), reader, "SELECT id FROM sweeps WHERE key = $1", &*text::plain(key))?;
        drop(reader);
        match row {
            Some((id,)) => self.sweep_get(&sweep_id(&id)?).await,
            None => Ok(None),
        }
    }

    pub async fn sweep_get(&self, id: &SweepId) -> Result<Option<Sweep>> {
        let mut reader = self.db.reader().await?;
        let row = fetch!(
            optional,
            SweepRow,
            reader,
            "SELECT id, spec, state, message, created_at FROM sweeps WHERE id = $1",
            id.as_str(),
        )?;
        let Some(row) = row else { return Ok(None) };
        let trials = fetch!(
            all,
            (i64, String, Option<String>),
            reader,
            "SELECT number, parameters, run_id FROM sweep_trials WHERE sweep_id = $1 ORDER BY number",
            id.as_str(),
        )?;
        let trials = trials.into_iter().map(|(number, parameters, run_id)| {
            let run_id = run_id.map(|it| RunId::parse(&it)).transpose();
            Ok(Trial {
                number: u32::try_from(number).unwrap_or_default(),
                parameters: text::from_json("sweep_trials", id.as_str(), &parameters)?,
                run_id: run_id.map_err(|err| text::bad_row("sweep_trials", id.as_str(), &err.to_string()))?,
            })
        });
        row.into_sweep(trials.collect::<Result<_>>()?).map(Some)
    }

    /// The newest first, without their trials.
    pub async fn sweep_list(&self, limit: u32) -> Result<Vec<Sweep>> {
        let mut reader = self.db.reader().await?;
        let rows = fetch!(
            all,
            SweepRow,
            reader,
            "SELECT id, spec, state, message, created_at FROM sweeps ORDER BY id DESC LIMIT $1",
            i64::from(limit),
        )?;
        rows.into_iter().map(|it| it.into_sweep(Vec::new())).collect()
    }

    /// The sweeps that trials are still launched for, the oldest first.
    pub async fn sweep_running_list(&self) -> Result<Vec<SweepId>> {
        let mut reader = self.db.reader().await?;
        let rows = fetch!(all, (String,), reader, "SELECT id FROM sweeps WHERE state = 'running' ORDER BY id")?;
        rows.into_iter().map(|(id,)| sweep_id(&id)).collect()
    }

    /// The runs that the sweep's trials became.
    pub async fn sweep_run_list(&self, id: &SweepId) -> Result<Vec<Run>> {
        let mut reader = self.db.reader().await?;
        let sql = concat!(
            "SELECT ",
            run_columns!(),
            " FROM runs WHERE id IN (SELECT run_id FROM sweep_trials WHERE sweep_id = $1) ORDER BY id"
        );
        let rows = fetch!(all, RunRow, reader, sql, id.as_str())?;
        runs_of(rows)
    }

    /// The last value of a metric of each trial that has one. What the log says goes before CloudWatch's averages, the
    /// first host before the others.
    pub async fn sweep_value_list(&self, id: &SweepId, metric: &str) -> Result<BTreeMap<RunId, f64>> {
        let mut reader = self.db.reader().await?;
        let rows = fetch!(
            all,
            (String, f64),
            reader,
            "SELECT run_id, last_value FROM series WHERE name = $2 AND source <> 'instance' AND last_kind = 0
             AND run_id IN (SELECT run_id FROM sweep_trials WHERE sweep_id = $1) ORDER BY run_id, source DESC, host",
            id.as_str(),
            &*text::plain(metric),
        )?;
        let mut values = BTreeMap::new();
        for (run, value) in rows {
            let run = RunId::parse(&run).map_err(|err| text::bad_row("series", &run, &err.to_string()))?;
            values.entry(run).or_insert(value);
        }
        Ok(values)
    }

    /// What the trial became. A trial that has a run keeps it.
    pub async fn sweep_trial_set(&self, id: &SweepId, number: u32, run: &RunId) -> Result<()> {
        let mut tx = self.db.begin(Durability::Flushed).await?;
        execute!(
            tx,
            "UPDATE sweep_trials SET run_id = $3 WHERE sweep_id = $1 AND number = $2 AND run_id IS NULL",
            id.as_str(),
            i64::from(number),
            run.as_str(),
        )?;
        tx.commit().await
    }

    /// Changes the state of a running sweep, or what it says; one that is over stays as it is.
    pub async fn sweep_state_set(&self, id: &SweepId, state: SweepState, message: Option<&str>) -> Result<()> {
        let mut tx = self.db.begin(Durability::Flushed).await?;
        execute!(
            tx,
            "UPDATE sweeps SET state = $2, message = $3 WHERE id = $1 AND state = 'running'",
            id.as_str(),
            state.as_str(),
            text::plain_owned(message),
        )?;
        tx.commit().await
    }
}

fn sweep_id(id: &str) -> Result<SweepId> {
    SweepId::parse(id).map_err(|err| text::bad_row("sweeps", id, &err.to_string()))
}

#[derive(FromRow)]
struct SweepRow {
    id: String,
    spec: String,
    state: String,
    message: Option<String>,
    created_at: i64,
}

impl SweepRow {
    fn into_sweep(self, trials: Vec<Trial>) -> Result<Sweep> {
        let state = SweepState::parse(&self.state);
        Ok(Sweep {
            id: sweep_id(&self.id)?,
            spec: text::from_json("sweeps", &self.id, &self.spec)?,
            state: state.ok_or_else(|| text::bad_row("sweeps", &self.id, "unknown state"))?,
            message: self.message,
            created_at: Timestamp::from_unix_micros(self.created_at),
            trials,
        })
    }
}
