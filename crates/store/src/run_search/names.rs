//! Which parameters, tags and metrics runs have, for a chooser.

use domain::run_search::{MAX_NAMES, RunFieldNames};

use super::condition::{PARAM, TAG};
use crate::{
    Store,
    db::{Reader, fetch},
    error::Result,
    text,
};

impl Store {
    /// Names that any run has, archived ones included; of each kind the first thousand.
    #[tracing::instrument(name = "db.run.field_names", level = "debug", skip_all)]
    pub async fn run_field_names(&self) -> Result<RunFieldNames> {
        let mut reader = self.db.reader().await?;
        Ok(RunFieldNames {
            params: value_keys(&mut reader, PARAM).await?,
            tags: value_keys(&mut reader, TAG).await?,
            metrics: metric_names(&mut reader).await?,
        })
    }
}

/// From key to next key: as many steps in the index as there are names, however many runs have them.
async fn value_keys(reader: &mut Reader, kind: i64) -> Result<Vec<String>> {
    let rows = fetch!(
        all,
        (String,),
        reader,
        "WITH RECURSIVE names (name) AS (
             SELECT MIN(key) FROM run_values WHERE kind = $1
             UNION ALL
             SELECT (SELECT MIN(v.key) FROM run_values v WHERE v.kind = $1 AND v.key > names.name)
             FROM names WHERE names.name IS NOT NULL
         )
         SELECT name FROM names WHERE name IS NOT NULL LIMIT $2",
        kind,
        text::to_i64(MAX_NAMES as u64),
    )?;
    Ok(rows.into_iter().map(|(name,)| name).collect())
}

async fn metric_names(reader: &mut Reader) -> Result<Vec<String>> {
    let rows = fetch!(
        all,
        (String,),
        reader,
        "WITH RECURSIVE names (name) AS (
             SELECT MIN(name) FROM series
             UNION ALL
             SELECT (SELECT MIN(s.name) FROM series s WHERE s.name > names.name)
             FROM names WHERE names.name IS NOT NULL
         )
         SELECT name FROM names WHERE name IS NOT NULL LIMIT $1",
        text::to_i64(MAX_NAMES as u64),
    )?;
    Ok(rows.into_iter().map(|(name,)| name).collect())
}
