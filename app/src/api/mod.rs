//! Server functions: decode, call `services`, encode. About ten lines each, one file per feature.
//!
//! Every one of them is a public HTTP endpoint (POST under `/api/ui`), whatever scope it is written in; the server's
//! outer layer checks Host, Origin and size before any of them runs. None of them changes anything: launching and
//! stopping are plain forms that the server's own handlers take.

pub mod capsule;
pub mod compare;
pub mod costs;
pub mod error;
pub mod experiments;
pub mod launch;
pub mod metrics;
pub mod mlflow;
pub mod objects;
pub mod overview;
pub mod presets;
pub mod quote;
pub mod run;
pub mod runs;
pub mod share;
pub mod site;
pub mod sweep;

#[cfg(feature = "ssr")]
mod context {
    use leptos::prelude::*;
    use services::Services;

    use super::error::ApiError;

    /// The use cases, which the server provides as context.
    pub(super) fn services() -> Result<Services, ApiError> {
        use_context::<Services>().ok_or(ApiError::Unavailable("the server provided no services".to_owned()))
    }
}
