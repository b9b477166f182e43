//! What the endpoint does without being asked: carries tuning jobs on and keeps what ended jobs left for experiments.
//!
//! Each round is the same idempotent function without input, run on a period and after a change that it is for.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::sagemaker;
use crate::services::Services;

const PERIOD: Duration = Duration::from_millis(500);

/// Goes on until `stop`; a round that has begun is ended first.
pub(crate) async fn run(services: Arc<Services>, stop: CancellationToken) {
    while !stop.is_cancelled() {
        let round = {
            let services = Arc::clone(&services);
            tokio::task::spawn_blocking(move || sagemaker::carry_on(&services))
        };
        if let Err(panic) = round.await {
            tracing::error!(error = %panic, "a background round of the local endpoint failed");
        }
        tokio::select! {
            () = stop.cancelled() => {}
            () = services.tuning.poked() => {}
            () = tokio::time::sleep(PERIOD) => {}
        }
    }
}
