//! A run as a row: the columns, and the conversions both ways.
//!
//! `badge`, `job_name_key`, `is_active`, `training_image`, `entry_point`, `tags` and the rows of `run_values` are derived
//! here on every write, so that no list can disagree with the run.

use domain::{
    ids::{ExperimentName, JobName, RunId},
    money::NanoUsd,
    run::{Run, RunOrigin, RunPrice},
    status::{LaunchState, TrainingJobStatus, Wish},
    time::Timestamp,
};
use serde::{Deserialize, Serialize};
use sqlx::FromRow;

use crate::{
    db::{Conn, Tx, execute},
    error::{Result, of_driver},
    run_search::run_values_add,
    text::{bad_row, from_json, plain, plain_owned, to_i64, to_json, to_u64},
};

/// A run with what only the store needs to know of it.
#[derive(Clone, Debug)]
pub(crate) struct StoredRun {
    pub(crate) run: Run,
    /// `LastModifiedTime` of the newest observation that was applied.
    pub(crate) engine_modified_at: Option<Timestamp>,
    /// Logs and metrics of the finished job are copied completely.
    pub(crate) sync_done: bool,
}

/// The columns that `RunRow` reads, by name: `*` would break prepared statements when a migration adds one.
macro_rules! run_columns {
    () => {
        "id, experiment, job_name, job_arn, origin, launch_state, wish, launch_message, status, secondary_status, \
         failure_reason, fingerprint, instance_type, instance_count, spot, price_nanousd_per_hour, created_at, \
         started_at, ended_at, updated_at, engine_modified_at, training_seconds, billable_seconds, model_artifact, \
         sync_done, source_sha256, price, hyperparameters, transitions, final_metrics, request"
    };
}
pub(crate) use run_columns;

/// Rows compare where runs do not: a NaN is text here, and text is as the database keeps it.
#[derive(FromRow, PartialEq)]
pub(crate) struct RunRow {
    id: String,
    experiment: String,
    job_name: String,
    job_arn: Option<String>,
    origin: String,
    launch_state: String,
    wish: String,
    launch_message: Option<String>,
    status: Option<String>,
    secondary_status: Option<String>,
    failure_reason: Option<String>,
    fingerprint: String,
    instance_type: Option<String>,
    instance_count: i64,
    spot: i64,
    price_nanousd_per_hour: Option<i64>,
    created_at: i64,
    started_at: Option<i64>,
    ended_at: Option<i64>,
    updated_at: i64,
    engine_modified_at: Option<i64>,
    training_seconds: Option<i64>,
    billable_seconds: Option<i64>,
    model_artifact: Option<String>,
    sync_done: i64,
    source_sha256: Option<String>,
    price: Option<String>,
    hyperparameters: String,
    transitions: String,
    final_metrics: String,
    request: String,
}

/// What the `price` column holds beside the amount, which has a column of its own.
#[derive(Serialize, Deserialize)]
struct PriceNote {
    date: String,
    source: String,
    confidence: String,
}

impl RunRow {
    /// Instance type, price and request, as their columns have them.
    pub(crate) fn settled(self) -> (Option<String>, Option<String>, String) {
        (self.instance_type, self.price, self.request)
    }

    pub(crate) fn of(stored: &StoredRun) -> Result<Self> {
        let run = &stored.run;
        let micros = |it: Option<Timestamp>| it.map(Timestamp::unix_micros);
        let price_note = run.price.as_ref().map(|it| PriceNote {
            date: it.date.clone(),
            source: it.source.clone(),
            confidence: it.confidence.clone(),
        });
        Ok(Self {
            id: run.id.as_str().to_owned(),
            experiment: plain(run.experiment.as_str()).into_owned(),
            job_name: run.job_name.as_str().to_owned(),
            job_arn: plain_owned(run.job_arn.as_deref()),
            origin: run.origin.as_str().to_owned(),
            launch_state: run.launch_state.as_str().to_owned(),
            wish: wish_text(run.wish).to_owned(),
            launch_message: plain_owned(run.launch_message.as_deref()),
            status: plain_owned(run.status.as_ref().map(TrainingJobStatus::as_str)),
            secondary_status: plain_owned(run.secondary_status.as_deref()),
            failure_reason: plain_owned(run.failure_reason.as_deref()),
            fingerprint: plain(&run.fingerprint).into_owned(),
            instance_type: plain_owned(run.instance_type.as_deref()),
            instance_count: i64::from(run.instance_count),
            spot: i64::from(run.spot),
            price_nanousd_per_hour: run.price.as_ref().map(|it| it.price_nanousd_per_hour.0),
            created_at: run.created_at.unix_micros(),
            started_at: micros(run.started_at),
            ended_at: micros(run.ended_at),
            updated_at: run.updated_at.unix_micros(),
            engine_modified_at: micros(stored.engine_modified_at),
            training_seconds: run.training_seconds.map(to_i64),
            billable_seconds: run.billable_seconds.map(to_i64),
            model_artifact: plain_owned(run.model_artifact.as_deref()),
            sync_done: i64::from(stored.sync_done),
            source_sha256: plain_owned(run.source_sha256.as_deref()),
            price: price_note.as_ref().map(to_json).transpose()?,
            hyperparameters: to_json(&run.hyperparameters)?,
            transitions: to_json(&run.transitions)?,
            final_metrics: to_json(&run.final_metrics)?,
            request: to_json(&run.request)?,
        })
    }

    pub(crate) fn into_stored(self) -> Result<StoredRun> {
        let bad = |what: &str| bad_row("runs", &self.id, what);
        let when = |it: Option<i64>| it.map(Timestamp::from_unix_micros);
        let price = match (self.price_nanousd_per_hour, &self.price) {
            (Some(amount), Some(note)) => {
                let PriceNote { date, source, confidence } = from_json("runs", &self.id, note)?;
                Some(RunPrice { price_nanousd_per_hour: NanoUsd(amount), date, source, confidence })
            }
            _ => None,
        };
        let run = Run {
            id: RunId::parse(&self.id).map_err(|err| bad(&err.to_string()))?,
            experiment: ExperimentName::parse(&self.experiment).map_err(|err| bad(&err.to_string()))?,
            job_name: JobName::parse(&self.job_name).map_err(|err| bad(&err.to_string()))?,
            origin: RunOrigin::parse(&self.origin).ok_or_else(|| bad("unknown origin"))?,
            launch_state: LaunchState::parse(&self.launch_state).ok_or_else(|| bad("unknown launch state"))?,
            wish: wish_parse(&self.wish).ok_or_else(|| bad("unknown wish"))?,
            instance_count: u32::try_from(self.instance_count).map_err(|_| bad("instance count out of range"))?,
            request: from_json("runs", &self.id, &self.request)?,
            hyperparameters: from_json("runs", &self.id, &self.hyperparameters)?,
            transitions: from_json("runs", &self.id, &self.transitions)?,
            final_metrics: from_json("runs", &self.id, &self.final_metrics)?,
            price,
            job_arn: self.job_arn,
            launch_message: self.launch_message,
            status: self.status.map(TrainingJobStatus::from),
            secondary_status: self.secondary_status,
            failure_reason: self.failure_reason,
            fingerprint: self.fingerprint,
            instance_type: self.instance_type,
            spot: self.spot != 0,
            created_at: Timestamp::from_unix_micros(self.created_at),
            started_at: when(self.started_at),
            ended_at: when(self.ended_at),
            updated_at: Timestamp::from_unix_micros(self.updated_at),
            training_seconds: self.training_seconds.map(to_u64),
            billable_seconds: self.billable_seconds.map(to_u64),
            model_artifact: self.model_artifact,
            source_sha256: self.source_sha256,
        };
        let engine_modified_at = when(self.engine_modified_at);
        Ok(StoredRun { run, engine_modified_at, sync_done: self.sync_done != 0 })
    }
}

impl StoredRun {
    /// Whether storing `self` over `other` would change more than the time of the change.
    pub(crate) fn differs_from(&self, other: &Self) -> Result<bool> {
        let timeless = |it: &Self| -> Result<RunRow> {
            let mut row = RunRow::of(it)?;
            row.updated_at = 0;
            row.engine_modified_at = None;
            Ok(row)
        };
        Ok(timeless(self)? != timeless(other)?)
    }

    /// The engine must still be asked about it: its job is there, and not finished or not copied completely.
    fn is_active(&self) -> bool {
        self.run.launch_state == LaunchState::Submitted && !(self.run.is_over() && self.sync_done)
    }
}

/// Reads a run and keeps everyone else from writing it until the transaction ends.
pub(crate) async fn run_lock(tx: &mut Tx, id: &RunId) -> Result<Option<StoredRun>> {
    let row = match tx.conn() {
        // The transaction began with BEGIN IMMEDIATE: no one else writes anything.
        Conn::Sqlite(conn) => {
            sqlx::query_as::<_, RunRow>(concat!("SELECT ", run_columns!(), " FROM runs WHERE id = $1"))
                .bind(id.as_str())
                .fetch_optional(conn)
                .await
        }
        // NO KEY: rows that refer to this run, such as points, may still be added meanwhile.
        Conn::Postgres(conn) => {
            sqlx::query_as::<_, RunRow>(concat!(
                "SELECT ",
                run_columns!(),
                " FROM runs WHERE id = $1 FOR NO KEY UPDATE"
            ))
            .bind(id.as_str())
            .fetch_optional(conn)
            .await
        }
    };
    row.map_err(of_driver)?.map(RunRow::into_stored).transpose()
}

/// Inserts a run; `None` when its job name is taken. Returns the run as it is stored.
pub(crate) async fn run_insert(tx: &mut Tx, stored: &StoredRun) -> Result<Option<Run>> {
    let row = RunRow::of(stored)?;
    let inserted = execute!(
        tx,
        concat!(
            "INSERT INTO runs (",
            run_columns!(),
            ", badge, job_name_key, is_active, training_image, entry_point, tags) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, \
             $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32, $33, $34, \
             $35, $36, $37) \
             ON CONFLICT (job_name) DO NOTHING"
        ),
        &row.id,
        &row.experiment,
        &row.job_name,
        &row.job_arn,
        &row.origin,
        &row.launch_state,
        &row.wish,
        &row.launch_message,
        &row.status,
        &row.secondary_status,
        &row.failure_reason,
        &row.fingerprint,
        &row.instance_type,
        row.instance_count,
        row.spot,
        row.price_nanousd_per_hour,
        row.created_at,
        row.started_at,
        row.ended_at,
        row.updated_at,
        row.engine_modified_at,
        row.training_seconds,
        row.billable_seconds,
        &row.model_artifact,
        row.sync_done,
        &row.source_sha256,
        &row.price,
        &row.hyperparameters,
        &row.transitions,
        &row.final_metrics,
        &row.request,
        stored.run.badge().as_str(),
        row.job_name.to_ascii_lowercase(),
        i64::from(stored.is_active()),
        plain_owned(stored.run.training_image()),
        plain_owned(stored.run.entry_point()),
        tags_text(&stored.run)?,
    )?;
    if inserted == 0 {
        return Ok(None);
    }
    run_values_add(tx, &stored.run).await?;
    row.into_stored().map(|it| Some(it.run))
}

/// The request's tags, as it has them.
pub(crate) fn tags_text(run: &Run) -> Result<Option<String>> {
    run.request.get("Tags").map(to_json).transpose()
}

/// Writes what may change in a run's life; the rest was settled when it was recorded. Returns the run as it is stored.
pub(crate) async fn run_update(tx: &mut Tx, stored: &StoredRun) -> Result<Run> {
    let row = RunRow::of(stored)?;
    execute!(
        tx,
        "UPDATE runs SET job_arn = $2, launch_state = $3, wish = $4, launch_message = $5, status = $6,
         secondary_status = $7, failure_reason = $8, started_at = $9, ended_at = $10, updated_at = $11,
         engine_modified_at = $12, training_seconds = $13, billable_seconds = $14, model_artifact = $15,
         sync_done = $16, transitions = $17, final_metrics = $18, badge = $19, is_active = $20
         WHERE id = $1",
        &row.id,
        &row.job_arn,
        &row.launch_state,
        &row.wish,
        &row.launch_message,
        &row.status,
        &row.secondary_status,
        &row.failure_reason,
        row.started_at,
        row.ended_at,
        row.updated_at,
        row.engine_modified_at,
        row.training_seconds,
        row.billable_seconds,
        &row.model_artifact,
        row.sync_done,
        &row.transitions,
        &row.final_metrics,
        stored.run.badge().as_str(),
        i64::from(stored.is_active()),
    )?;
    row.into_stored().map(|it| it.run)
}

pub(crate) const fn wish_text(wish: Wish) -> &'static str {
    match wish {
        Wish::Run => "run",
        Wish::Stop => "stop",
    }
}

fn wish_parse(text: &str) -> Option<Wish> {
    [Wish::Run, Wish::Stop].into_iter().find(|it| wish_text(*it) == text)
}

/// The runs of these rows, in their order.
pub(crate) fn runs_of(rows: Vec<RunRow>) -> Result<Vec<Run>> {
    rows.into_iter().map(|it| Ok(it.into_stored()?.run)).collect()
}
