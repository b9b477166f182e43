//! `trainyard runs`: the newest runs, or those that a search finds in its order, as a table or as JSON.

use clap::{Args, builder::PossibleValuesParser};
use domain::run::RunBadge;

use super::{Api, ClientError, Ended, ServerArgs, api::ListQuery, note, say, shown};
use crate::http::api::model::RunBody;

#[derive(Debug, Args)]
pub struct RunsArgs {
    /// Only runs in this state
    #[arg(long, value_name = "STATUS", value_parser = PossibleValuesParser::new(RunBadge::ALL.map(RunBadge::as_str)))]
    pub status: Option<String>,
    /// Only runs of this experiment
    #[arg(long, value_name = "NAME")]
    pub experiment: Option<String>,
    /// Only runs that match, such as "params.lr < 0.1 AND metrics.loss IS NOT NULL"
    #[arg(long, value_name = "CONDITIONS")]
    pub search: Option<String>,
    /// What comes first, such as "metrics.loss, created desc"; the newest without it
    #[arg(long, value_name = "FIELDS")]
    pub order: Option<String>,
    /// How many runs at most
    #[arg(long, value_name = "COUNT", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..))]
    pub limit: u32,
    /// Print a JSON array, with everything that the REST API tells of a run
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub server: ServerArgs,
}

/// What one answer of the API may hold.
const PAGE: u32 = 200;

pub(crate) async fn runs(args: RunsArgs) -> Result<Ended, ClientError> {
    let api = Api::new(&args.server.server)?;
    let (mut found, mut before): (Vec<RunBody>, Option<String>) = (Vec::new(), None);
    let total = loop {
        let missing = args.limit.saturating_sub(u32::try_from(found.len()).unwrap_or(u32::MAX));
        let query = ListQuery {
            experiment: args.experiment.as_deref(),
            badge: args.status.as_deref(),
            search: args.search.as_deref(),
            order: args.order.as_deref(),
            before: before.as_deref(),
            offset: args.order.as_ref().map(|_| found.len() as u64),
            limit: missing.clamp(1, PAGE),
        };
        let page = api.run_list(&query).await?;
        let is_last = page.runs.is_empty() || found.len() + page.runs.len() >= page.total as usize;
        found.extend(page.runs);
        before = page.next_before;
        let has_next = if args.order.is_some() { !is_last } else { before.is_some() };
        if !has_next || found.len() >= args.limit as usize {
            break page.total;
        }
    };
    if args.json {
        // Texts and numbers: there is nothing in it that JSON cannot say.
        say(&serde_json::to_string_pretty(&found).unwrap_or_default())?;
        return Ok(Ended::Well);
    }
    for line in table(&found) {
        say(&line)?;
    }
    if found.is_empty() {
        note("No run matches.");
    } else if total > found.len() as u64 {
        note(&format!("{} of {total} runs; --limit shows more.", found.len()));
    }
    Ok(Ended::Well)
}

/// As wide as what is in it, each column but the last.
fn table(runs: &[RunBody]) -> Vec<String> {
    if runs.is_empty() {
        return Vec::new();
    }
    let head = ["RUN", "STATUS", "CREATED", "EXPERIMENT", "INSTANCES", "JOB"].map(str::to_owned);
    let rows = std::iter::once(head).chain(runs.iter().map(row)).collect::<Vec<_>>();
    let width = |column: usize| rows.iter().map(|it| it[column].chars().count()).max().unwrap_or_default();
    let widths: [usize; 6] = std::array::from_fn(width);
    let line = |row: &[String; 6]| {
        let cells = row.iter().zip(widths).map(|(text, width)| format!("{text:<width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect()
}

fn row(run: &RunBody) -> [String; 6] {
    let instances = match &run.instance_type {
        Some(name) => format!("{} x {name}", run.instance_count),
        None => run.instance_count.to_string(),
    };
    let created = run.created_at.split('.').next().unwrap_or_default().trim_end_matches('Z').replace('T', " ");
    [run.id.clone(), run.badge.clone(), created, shown(&run.experiment), shown(&instances), run.job_name.clone()]
}
