//! Where the log goes: to standard error, one line per event, filtered as configured. Panics are events too.

use std::io::IsTerminal as _;

use tracing_subscriber::EnvFilter;

#[derive(Debug, thiserror::Error)]
#[error("--log is not right: {0}")]
pub struct LogFilterError(String);

/// Called once, before anything is logged.
pub(crate) fn init(filter: &str) -> Result<(), LogFilterError> {
    let filter = EnvFilter::try_new(filter).map_err(|failure| LogFilterError(failure.to_string()))?;
    let is_terminal = std::io::stderr().is_terminal();
    // A second call, in tests, keeps the first subscriber.
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(is_terminal)
        .try_init();
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        let message = panic.payload_as_str().unwrap_or("without a message");
        tracing::error!(place, message, "a panic");
    }));
    Ok(())
}
