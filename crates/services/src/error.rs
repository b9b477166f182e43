//! The one error of this crate. `Display` is for the log; `public_message` is what a page may show.

use crate::engine::EngineError;
use store::StoreError;

#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    /// There is no such thing, or it has no such part (yet).
    #[error("{what} not found")]
    NotFound { what: &'static str },
    #[error("the database failed")]
    Store(#[from] StoreError),
    #[error("the engine failed")]
    Engine(#[from] EngineError),
    /// A piece of work panicked or was cancelled inside; a bug, reported and survived.
    #[error("internal failure in {what}")]
    Internal { what: &'static str },
}

impl ServiceError {
    /// Leaks nothing: no address, no path, no SQL, no credentials.
    pub fn public_message(&self) -> String {
        match self {
            Self::NotFound { what } => format!("There is no such {what}."),
            Self::Store(_) => "Trainyard's database did not answer; try again in a moment.".to_owned(),
            Self::Engine(err) => err.public_message(),
            Self::Internal { .. } => "Something failed inside Trainyard; the server's log has the details.".to_owned(),
        }
    }

    /// The error with its causes, for the log.
    pub fn chain(&self) -> String {
        let mut text = self.to_string();
        let mut cause = std::error::Error::source(self);
        while let Some(err) = cause {
            text.push_str(": ");
            text.push_str(&err.to_string());
            cause = err.source();
        }
        text
    }
}
