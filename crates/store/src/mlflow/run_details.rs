//! What was logged in runs, read for many runs at a time.

use std::collections::BTreeMap;

use domain::{
    mlflow::{Metric, ModelOutput, Param, RunInfo, Tag, TrackingRun},
    time::Timestamp,
};

use super::{IDS, Result, inputs::Inputs, model_links::links_of};
use crate::{db::Reader, points::value_from, statement::Statement};

/// Of datasets' texts in one answer, which repeats them for each run that used them: a profile may have 16 MiB.
const MAX_INPUT_BYTES: u64 = 64 << 20;

/// The runs with their latest metrics, params, tags and inputs, in their order; only as many of the first as have no
/// more inputs than one answer can hold, but at least one.
pub(super) async fn with_details(reader: &mut Reader, infos: Vec<RunInfo>) -> Result<Vec<TrackingRun>> {
    let mut runs = Vec::with_capacity(infos.len());
    let mut rest = infos;
    let mut bytes_left = MAX_INPUT_BYTES;
    while !rest.is_empty() {
        let mut chunk: Vec<RunInfo> = rest.drain(..rest.len().min(IDS)).collect();
        let ids: Vec<&str> = chunk.iter().map(|it| it.id.as_str()).collect();
        let inputs = Inputs::of(reader, &ids).await?;
        let fits = |it: &RunInfo| {
            let left = bytes_left.checked_sub(inputs.bytes(it.id.as_str()));
            bytes_left = left.unwrap_or_default();
            left.is_some()
        };
        let mut fitting = chunk.iter().map(fits).take_while(|it| *it).count();
        if runs.is_empty() {
            fitting = fitting.max(1);
        }
        if fitting < chunk.len() {
            chunk.truncate(fitting);
            rest.clear();
        }
        let ids: Vec<&str> = chunk.iter().map(|it| it.id.as_str()).collect();
        let mut datasets = inputs.read(reader, &ids).await?;
        let mut metrics = metrics_of(reader, &ids).await?;
        let mut params =
            pairs_of(reader, "SELECT run_id, key, value FROM mlflow_params WHERE run_id IN ", &ids).await?;
        let mut tags = pairs_of(reader, "SELECT run_id, key, value FROM mlflow_tags WHERE run_id IN ", &ids).await?;
        let links = links_of(reader, &ids).await?;
        runs.extend(chunk.into_iter().map(|info| {
            let id = info.id.as_str();
            let params = params.remove(id).unwrap_or_default();
            let tags = tags.remove(id).unwrap_or_default();
            TrackingRun {
                metrics: metrics.remove(id).unwrap_or_default(),
                params: params.into_iter().map(|(key, value)| Param { key, value }).collect(),
                tags: tags.into_iter().map(|(key, value)| Tag { key, value }).collect(),
                datasets: datasets.remove(id).unwrap_or_default(),
                model_inputs: linked(&links, id, "input").map(|(model_id, _)| model_id.clone()).collect(),
                model_outputs: linked(&links, id, "output")
                    .map(|(model_id, step)| ModelOutput { model_id: model_id.clone(), step })
                    .collect(),
                info,
            }
        }));
    }
    Ok(runs)
}

type Link = (String, String, String, i64);

fn linked<'l>(links: &'l [Link], id: &'l str, direction: &'l str) -> impl Iterator<Item = (&'l String, i64)> {
    let is_wanted = move |it: &&Link| it.0 == id && it.1 == direction;
    links.iter().filter(is_wanted).map(|(_, _, model_id, step)| (model_id, *step))
}

async fn metrics_of(reader: &mut Reader, ids: &[&str]) -> Result<BTreeMap<String, Vec<Metric>>> {
    let mut select = Statement::new(
        "SELECT run_id, name, last_step, last_at, last_value, last_kind FROM series
         WHERE source = 'mlflow' AND host = '' AND run_id IN ",
    );
    select.bind_list(ids.iter().copied()).push(" ORDER BY run_id, name");
    let mut metrics: BTreeMap<String, Vec<Metric>> = BTreeMap::new();
    let rows: Vec<(String, String, i64, i64, Option<f64>, i16)> = select.fetch_all(reader.conn()).await?;
    for (run_id, key, step, at, value, kind) in rows {
        metrics.entry(run_id).or_default().push(Metric {
            key,
            value: value_from(value, kind),
            timestamp_ms: Timestamp::from_unix_micros(at).unix_millis(),
            step,
            model_id: None,
            dataset_name: None,
            dataset_digest: None,
        });
    }
    Ok(metrics)
}

type Pairs = BTreeMap<String, Vec<(String, String)>>;

async fn pairs_of(reader: &mut Reader, sql: &'static str, ids: &[&str]) -> Result<Pairs> {
    let mut select = Statement::new(sql);
    select.bind_list(ids.iter().copied()).push(" ORDER BY run_id, key");
    let mut pairs = Pairs::new();
    for (id, key, value) in select.fetch_all::<(String, String, String)>(reader.conn()).await? {
        pairs.entry(id).or_default().push((key, value));
    }
    Ok(pairs)
}
