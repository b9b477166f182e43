//! Logged models: made, finished, hidden, and tagged.

use domain::{
    mlflow::{
        Lifecycle, LoggedModel, LoggedModelStatus, MODEL_VERSIONS_TAG, Metric, MlflowError, NewLoggedModel, Param, Tag,
        check,
    },
    time::Timestamp,
};
use serde_json::{Value, json};
use sqlx::FromRow;

use super::{IDS, Result, experiments::experiment_active, uri_join, values::sorted};
use crate::{
    Store,
    db::{Durability, Reader, Tx, execute, fetch},
    error::StoreError,
    points::value_from,
    statement::Statement,
    text,
};

/// The columns that `ModelRow` reads.
macro_rules! model_columns {
    () => {
        "m.id, m.experiment_id, m.name, m.artifact_location, m.model_type, m.source_run_id, m.status, m.lifecycle, \
         m.created_at, m.updated_at"
    };
}
pub(super) use model_columns;

impl Store {
    pub async fn mlflow_model_create(&self, new: &NewLoggedModel, now: Timestamp) -> Result<LoggedModel> {
        check::logged_model(new)?;
        let mut tx = self.db.begin(Durability::Flushed).await?;
        experiment_active(&mut tx, new.experiment_id).await?;
        let sql = "SELECT artifact_location FROM mlflow_experiments WHERE id = $1";
        let (location,) = fetch!(one, (String,), tx, sql, new.experiment_id)?;
        execute!(
            tx,
            "INSERT INTO mlflow_models (id, experiment_id, name, artifact_location, model_type, source_run_id, status,
             lifecycle, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, 1, 'active', $7, $7)",
            &new.id,
            new.experiment_id,
            &*text::plain(&new.name),
            &uri_join(&location, &format!("models/{}/artifacts", new.id)),
            &*text::plain(&new.model_type),
            &*text::plain(&new.source_run_id),
            now.unix_micros(),
        )?;
        params_put(&mut tx, &new.id, &new.params).await?;
        tags_put(&mut tx, &new.id, &new.tags).await?;
        tx.commit().await?;
        self.mlflow_model_get(&new.id, true).await
    }

    pub async fn mlflow_model_get(&self, id: &str, with_deleted: bool) -> Result<LoggedModel> {
        let mut reader = self.db.reader().await?;
        let sql = concat!("SELECT ", model_columns!(), " FROM mlflow_models m WHERE m.id = $1");
        let row = fetch!(optional, ModelRow, reader, sql, &*text::plain(id))?;
        let row = row.filter(|it| with_deleted || it.lifecycle == Lifecycle::Active.as_str());
        let models = with_parts(&mut reader, row.into_iter().collect()).await?;
        Ok(models.into_iter().next().ok_or_else(|| missing(id))?)
    }

    pub async fn mlflow_model_status_set(
        &self,
        id: &str,
        status: LoggedModelStatus,
        now: Timestamp,
    ) -> Result<LoggedModel> {
        let mut tx = self.db.begin(Durability::Flushed).await?;
        let sql = "UPDATE mlflow_models SET status = $2, updated_at = $3 WHERE id = $1";
        if execute!(tx, sql, &*text::plain(id), i64::from(status.number()), now.unix_micros())? == 0 {
            return Err(missing(id).into());
        }
        tx.commit().await?;
        self.mlflow_model_get(id, true).await
    }

    /// Hides it.
    pub async fn mlflow_model_delete(&self, id: &str, now: Timestamp) -> Result<()> {
        let mut tx = self.db.begin(Durability::Flushed).await?;
        let sql = "UPDATE mlflow_models SET lifecycle = 'deleted', updated_at = $2 WHERE id = $1";
        if execute!(tx, sql, &*text::plain(id), now.unix_micros())? == 0 {
            return Err(missing(id).into());
        }
        Ok(tx.commit().await?)
    }

    /// A param that is there already may come again, and not with another value.
    pub async fn mlflow_model_params_log(&self, id: &str, params: &[Param]) -> Result<()> {
        check::logged_model_params(params)?;
        let mut tx = self.db.begin(Durability::Flushed).await?;
        model_check(&mut tx, id).await?;
        params_put(&mut tx, id, params).await?;
        Ok(tx.commit().await?)
    }

    pub async fn mlflow_model_tags_set(&self, id: &str, tags: &[Tag]) -> Result<()> {
        check::logged_model_tags(tags)?;
        let mut tx = self.db.begin(Durability::Flushed).await?;
        model_check(&mut tx, id).await?;
        tags_put(&mut tx, id, tags).await?;
        Ok(tx.commit().await?)
    }

    pub async fn mlflow_model_tag_delete(&self, id: &str, key: &str) -> Result<()> {
        let mut tx = self.db.begin(Durability::Flushed).await?;
        model_check(&mut tx, id).await?;
        let sql = "DELETE FROM mlflow_model_tags WHERE model_id = $1 AND key = $2";
        if execute!(tx, sql, id, &*text::plain(key))? == 0 {
            return Err(MlflowError::missing(format!("No tag with key '{key}' found for model with ID '{id}'.")).into());
        }
        Ok(tx.commit().await?)
    }
}

fn missing(id: &str) -> MlflowError {
    MlflowError::missing(format!("Logged model with ID '{id}' not found."))
}

async fn model_check(tx: &mut Tx, id: &str) -> Result<()> {
    let row = fetch!(optional, (String,), tx, "SELECT id FROM mlflow_models WHERE id = $1", &*text::plain(id))?;
    row.map(|_| ()).ok_or_else(|| missing(id).into())
}

/// Adds a version to the list that a logged model's tag holds of those it became.
pub(super) async fn version_note(tx: &mut Tx, id: &str, name: &str, version: i64) -> Result<()> {
    // An update of nothing locks the row in PostgreSQL: each entry is added to the list that holds the one before.
    execute!(tx, "UPDATE mlflow_models SET name = name WHERE id = $1", &*text::plain(id))?;
    model_check(tx, id).await?;
    let sql = "SELECT value FROM mlflow_model_tags WHERE model_id = $1 AND key = $2";
    let known = fetch!(optional, (String,), tx, sql, &*text::plain(id), MODEL_VERSIONS_TAG)?;
    let known = known.map_or_else(|| "[]".to_owned(), |(value,)| value);
    let unreadable = |_| MlflowError::invalid(format!("The tag '{MODEL_VERSIONS_TAG}' is no valid JSON list."));
    let mut list: Vec<Value> = serde_json::from_str(&known).map_err(unreadable)?;
    list.push(json!({ "name": name, "version": version }));
    let tag = Tag { key: MODEL_VERSIONS_TAG.to_owned(), value: written(&list) };
    tags_put(tx, id, &[tag]).await
}

/// As MLflow writes the list, for who compares texts.
fn written(list: &[Value]) -> String {
    let entries = list.iter().map(|it| match it {
        Value::Object(members) => {
            let members = members.iter().map(|(name, it)| format!("{}: {it}", Value::from(name.as_str())));
            format!("{{{}}}", members.collect::<Vec<_>>().join(", "))
        }
        other => other.to_string(),
    });
    format!("[{}]", entries.collect::<Vec<_>>().join(", "))
}

async fn params_put(tx: &mut Tx, id: &str, params: &[Param]) -> Result<()> {
    for param in sorted(params, |it| &it.key) {
        let (key, value) = (text::plain(&param.key), text::plain(&param.value));
        let is_new = execute!(
            tx,
            "INSERT INTO mlflow_model_params (model_id, key, value) VALUES ($1, $2, $3)
             ON CONFLICT (model_id, key) DO NOTHING",
            id,
            &*key,
            &*value,
        )? == 1;
        if is_new {
            continue;
        }
        let sql = "SELECT value FROM mlflow_model_params WHERE model_id = $1 AND key = $2";
        if let Some((old,)) = fetch!(optional, (String,), tx, sql, id, &*key)?
            && *old != *value
        {
            return Err(MlflowError::invalid(format!(
                "Changing param values is not allowed. Param with key='{key}' was already logged with value='{old}' for \
                 logged model ID='{id}'. Attempted logging new value '{value}'."
            ))
            .into());
        }
    }
    Ok(())
}

async fn tags_put(tx: &mut Tx, id: &str, tags: &[Tag]) -> Result<()> {
    for tag in sorted(tags, |it| &it.key) {
        execute!(
            tx,
            "INSERT INTO mlflow_model_tags (model_id, key, value) VALUES ($1, $2, $3)
             ON CONFLICT (model_id, key) DO UPDATE SET value = excluded.value",
            id,
            &*text::plain(&tag.key),
            &*text::plain(&tag.value),
        )?;
    }
    Ok(())
}

type MetricColumns = (String, String, i64, i64, String, Option<f64>, i16, Option<String>, Option<String>);

/// The rows with params, tags and metrics, in their order.
pub(super) async fn with_parts(reader: &mut Reader, rows: Vec<ModelRow>) -> Result<Vec<LoggedModel>> {
    let mut models = rows.into_iter().map(ModelRow::into_model).collect::<Result<Vec<_>>>()?;
    for chunk in models.chunks_mut(IDS) {
        let ids: Vec<String> = chunk.iter().map(|it| it.id.clone()).collect();
        for sql in [
            "SELECT model_id, key, value FROM mlflow_model_params WHERE model_id IN ",
            "SELECT model_id, key, value FROM mlflow_model_tags WHERE model_id IN ",
        ] {
            let mut select = Statement::new(sql);
            select.bind_list(&ids).push(" ORDER BY model_id, key");
            for (id, key, value) in select.fetch_all::<(String, String, String)>(reader.conn()).await? {
                match find(chunk, &id) {
                    Some(model) if sql.contains("_params") => model.params.push(Param { key, value }),
                    Some(model) => model.tags.push(Tag { key, value }),
                    None => {}
                }
            }
        }
        let mut select = Statement::new(
            "SELECT model_id, key, at, step, run_id, value, kind, dataset_name, dataset_digest FROM mlflow_model_metrics
             WHERE model_id IN ",
        );
        select.bind_list(&ids).push(" ORDER BY model_id, key, at, step, run_id");
        for (id, key, at, step, run, value, kind, dataset_name, dataset_digest) in
            select.fetch_all::<MetricColumns>(reader.conn()).await?
        {
            let metric = Metric {
                key,
                value: value_from(value, kind),
                timestamp_ms: Timestamp::from_unix_micros(at).unix_millis(),
                step,
                model_id: Some(id.clone()),
                dataset_name,
                dataset_digest,
            };
            if let Some(model) = find(chunk, &id) {
                model.metrics.push((metric, run));
            }
        }
    }
    Ok(models)
}

fn find<'m>(models: &'m mut [LoggedModel], id: &str) -> Option<&'m mut LoggedModel> {
    models.iter_mut().find(|it| it.id == id)
}

#[derive(FromRow)]
pub(super) struct ModelRow {
    id: String,
    experiment_id: i64,
    name: String,
    artifact_location: String,
    model_type: String,
    source_run_id: String,
    status: i64,
    lifecycle: String,
    created_at: i64,
    updated_at: i64,
}

impl ModelRow {
    fn into_model(self) -> Result<LoggedModel> {
        let bad = |why: &str| -> StoreError { text::bad_row("mlflow_models", &self.id, why) };
        Ok(LoggedModel {
            status: LoggedModelStatus::parse(&self.status.to_string()).ok_or_else(|| bad("unknown status"))?,
            lifecycle: Lifecycle::parse(&self.lifecycle).ok_or_else(|| bad("unknown lifecycle"))?,
            id: self.id,
            experiment_id: self.experiment_id,
            name: self.name,
            artifact_location: self.artifact_location,
            model_type: self.model_type,
            source_run_id: self.source_run_id,
            created_at: Timestamp::from_unix_micros(self.created_at),
            updated_at: Timestamp::from_unix_micros(self.updated_at),
            params: Vec::new(),
            tags: Vec::new(),
            metrics: Vec::new(),
        })
    }
}
