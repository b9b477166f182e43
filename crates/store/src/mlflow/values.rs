//! Params, which never change, and tags, which do.

use domain::{
    ids::RunId,
    mlflow::{LOGGED_MODELS_TAG, MlflowError, Param, RUN_NAME_TAG, Tag},
};
use serde_json::Value;

use super::{
    Result, run_id,
    runs::{name_put, run_active},
};
use crate::{
    Store,
    db::{Durability, Tx, execute, fetch},
    statement::Statement,
    text,
};

impl Store {
    /// Logs params and sets tags in one transaction. A param that is there with another value is refused, and nothing
    /// is stored then; `is_batch` chooses MLflow's sentence for that.
    #[tracing::instrument(name = "db.mlflow_run.log", level = "debug", skip_all, fields(run.id = id))]
    pub async fn mlflow_run_log(&self, id: &str, params: &[Param], tags: &[Tag], is_batch: bool) -> Result<()> {
        let id = run_id(id)?;
        let mut tx = self.db.begin(Durability::Flushed).await?;
        run_active(&mut tx, &id).await?;
        params_put(&mut tx, &id, params, is_batch).await?;
        let (names, others): (Vec<&Tag>, Vec<&Tag>) =
            sorted(tags, |it| &it.key).into_iter().partition(|it| it.key == RUN_NAME_TAG);
        // The run's row before its tags, as everybody who writes both.
        for tag in names.into_iter().filter(|it| !it.value.is_empty()) {
            name_put(&mut tx, &id, &tag.value).await?;
        }
        for tag in others {
            tag_put(&mut tx, &id, tag).await?;
        }
        Ok(tx.commit().await?)
    }

    /// Adds what a client of MLflow 2 says of a model that it logged, as JSON, to the list in the run's tag, unless it is
    /// there. Unlike a tag that a client sets, this one is never cut.
    pub async fn mlflow_model_record(&self, id: &str, entry_json: &str) -> Result<()> {
        let id = run_id(id)?;
        let unreadable = |what: &str| MlflowError::invalid(format!("{what} is no valid JSON."));
        let entry: Value = serde_json::from_str(entry_json).map_err(|_| unreadable("The entry of a logged model"))?;
        let mut tx = self.db.begin(Durability::Flushed).await?;
        // An update of nothing locks the row in PostgreSQL: each entry is added to the list that holds the one before.
        execute!(tx, "UPDATE mlflow_runs SET name = name WHERE id = $1", id.as_str())?;
        run_active(&mut tx, &id).await?;
        let sql = "SELECT value FROM mlflow_tags WHERE run_id = $1 AND key = $2";
        let known = fetch!(optional, (String,), tx, sql, id.as_str(), LOGGED_MODELS_TAG)?;
        let known = known.map_or_else(|| "[]".to_owned(), |(value,)| value);
        let mut list: Vec<Value> = serde_json::from_str(&known)
            .map_err(|_| unreadable(&format!("The list of logged models in the tag '{LOGGED_MODELS_TAG}'")))?;
        if !list.contains(&entry) {
            list.push(entry);
            let value = Value::Array(list).to_string();
            tag_put(&mut tx, &id, &Tag { key: LOGGED_MODELS_TAG.to_owned(), value }).await?;
        }
        Ok(tx.commit().await?)
    }

    pub async fn mlflow_tag_delete(&self, id: &str, key: &str) -> Result<()> {
        let id = run_id(id)?;
        let mut tx = self.db.begin(Durability::Flushed).await?;
        run_active(&mut tx, &id).await?;
        let sql = "DELETE FROM mlflow_tags WHERE run_id = $1 AND key = $2";
        if execute!(tx, sql, id.as_str(), &*text::plain(key))? == 0 {
            return Err(MlflowError::missing(format!("No tag with name: {key} in run with id {id}")).into());
        }
        Ok(tx.commit().await?)
    }
}

/// In the order of their keys: two transactions that write the same rows in two orders wait for each other for ever. What
/// is there twice stays in the client's order.
pub(super) fn sorted<T>(list: &[T], key: impl Fn(&T) -> &str) -> Vec<&T> {
    let mut list: Vec<&T> = list.iter().collect();
    list.sort_by(|one, other| key(one).cmp(key(other)));
    list
}

pub(super) async fn tag_put(tx: &mut Tx, id: &RunId, tag: &Tag) -> Result<()> {
    execute!(
        tx,
        "INSERT INTO mlflow_tags (run_id, key, value) VALUES ($1, $2, $3)
         ON CONFLICT (run_id, key) DO UPDATE SET value = excluded.value",
        id.as_str(),
        &*text::plain(&tag.key),
        &*text::plain(&tag.value),
    )?;
    Ok(())
}

async fn params_put(tx: &mut Tx, id: &RunId, params: &[Param], is_batch: bool) -> Result<()> {
    if params.is_empty() {
        return Ok(());
    }
    let mut insert = Statement::new("INSERT INTO mlflow_params (run_id, key, value) VALUES ");
    for (index, param) in sorted(params, |it| &it.key).into_iter().enumerate() {
        insert.push(if index == 0 { "(" } else { ", (" }).bind(id.as_str());
        insert.push(", ").bind(&param.key).push(", ").bind(&param.value).push(")");
    }
    insert.push(" ON CONFLICT (run_id, key) DO NOTHING");
    if insert.execute(tx.conn()).await? == params.len() as u64 {
        return Ok(());
    }
    // Some were there, maybe written by another client a moment ago: whatever is stored now counts.
    let mut select = Statement::new("SELECT key, value FROM mlflow_params WHERE run_id = ");
    select.bind(id.as_str()).push(" AND key IN ").bind_list(params.iter().map(|it| &it.key));
    let known: Vec<(String, String)> = select.fetch_all(tx.conn()).await?;
    let stored = |it: &Param| known.iter().find(|(key, _)| *key == *text::plain(&it.key)).map(|(_, value)| value);
    let differing: Vec<(&Param, &String)> = params
        .iter()
        .filter_map(|it| Some((it, stored(it)?)))
        .filter(|(it, old)| *text::plain(&it.value) != ***old)
        .collect();
    match differing.first() {
        None => Ok(()),
        Some((param, old)) if !is_batch => Err(MlflowError::invalid(format!(
            "Changing param values is not allowed. Param with key='{}' was already logged with value='{old}' for run \
             ID='{id}'. Attempted logging new value '{}'.",
            param.key, param.value
        ))
        .into()),
        Some(_) => {
            let shown = differing.iter().map(|(it, old)| {
                let [key, old, new] = [&it.key, *old, &it.value].map(|it| python_text(it));
                format!("{{'key': {key}, 'old_value': {old}, 'new_value': {new}}}")
            });
            Err(MlflowError::invalid(format!(
                "Changing param values is not allowed. Params were already logged='[{}]' for run ID='{id}'.",
                shown.collect::<Vec<_>>().join(", ")
            ))
            .into())
        }
    }
}

/// A text as Python shows it.
fn python_text(text: &str) -> String {
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    let mut shown = String::from(quote);
    for c in text.chars() {
        match c {
            '\\' => shown.push_str("\\\\"),
            '\n' => shown.push_str("\\n"),
            '\r' => shown.push_str("\\r"),
            '\t' => shown.push_str("\\t"),
            c if c == quote => {
                shown.push('\\');
                shown.push(c);
            }
            c => shown.push(c),
        }
    }
    shown.push(quote);
    shown
}
