//! Parameters and tags of a run as rows, written when the run is.

use domain::{run::Run, run_search::number_of};

use super::condition::{PARAM, TAG};
use crate::{
    db::Tx,
    error::Result,
    statement::{Arg, Statement},
    text::{MAX_KEY_CHARS, plain},
};

/// Rows per statement: five arguments each.
const ROWS: usize = 1_000;

/// The rows of a run that was just inserted. What has a longer key than an index takes is shown with the run, and not
/// searched by.
pub(crate) async fn run_values_add(tx: &mut Tx, run: &Run) -> Result<()> {
    let params = run.hyperparameters.iter().map(|(key, value)| (PARAM, key.clone(), value.clone()));
    let tags = run.own_tags().into_iter().map(|(key, value)| (TAG, key, value));
    let rows: Vec<[Arg; 5]> = params
        .chain(tags)
        .filter(|(_, key, _)| key.chars().count() <= MAX_KEY_CHARS)
        .map(|(kind, key, value)| {
            let value = plain(&value);
            [kind.into(), (&key).into(), run.id.as_str().into(), (&*value).into(), number_of(&value).into()]
        })
        .collect();
    for chunk in rows.chunks(ROWS) {
        let mut insert = Statement::new("INSERT INTO run_values (kind, key, run_id, text, number) ");
        insert.bind_rows(chunk.iter().cloned());
        // Another client's tags may have a key twice: the first counts, as on the run's page.
        insert.push(" ON CONFLICT (kind, key, run_id) DO NOTHING");
        insert.execute(tx.conn()).await?;
    }
    Ok(())
}
