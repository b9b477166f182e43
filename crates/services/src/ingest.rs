//! The one door for every number: whatever its source, a metric point enters here and nowhere else.
//!
//! Invariant: points and the cursor that they came with are one transaction, so that a replay changes nothing and a
//! crash loses nothing.

use domain::series::IngestBatch;
use store::IngestOutcome;

use crate::{ServiceError, Services};

/// A metric name above this is not stored: CloudWatch's own limit.
const MAX_NAME_CHARS: usize = 255;

impl Services {
    /// Stores the batch's points and moves its cursor; `None` when another reader has moved the cursor already, and
    /// nothing was stored. Returns how many points were stored. NaN and infinities are kept: they are measurements.
    pub async fn ingest(&self, mut batch: IngestBatch) -> Result<Option<u64>, ServiceError> {
        batch.series.retain(|(key, points)| !points.is_empty() && key.name.chars().count() <= MAX_NAME_CHARS);
        match self.inner.store.series_ingest(&batch, self.now()).await? {
            IngestOutcome::CursorMoved => Ok(None),
            IngestOutcome::Stored(series) => {
                let count = series.iter().map(|(_, points)| points.len() as u64).sum();
                if count > 0 {
                    self.inner.hub.poke();
                }
                Ok(Some(count))
            }
        }
    }
}
