//! What every page's frame shows: which engine this server drives.
#![cfg_attr(feature = "ssr", expect(clippy::unused_async, reason = "server functions are async by definition"))]

use leptos::{prelude::*, server_fn::codec::Json};
use serde::{Deserialize, Serialize};

use super::error::ApiError;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum EngineKind {
    /// The embedded endpoint: jobs run on this machine, prices are what SageMaker would ask.
    Local,
    Aws,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Site {
    pub engine: EngineKind,
    pub region: String,
    pub account: String,
    pub version: String,
}

#[server(prefix = "/api/ui", endpoint = "site_get", input = Json)]
pub async fn site_get() -> Result<Site, ApiError> {
    let services = super::context::services()?;
    let info = services.engine_info();
    Ok(Site {
        engine: match info.kind {
            services::EngineKind::Local => EngineKind::Local,
            services::EngineKind::Aws => EngineKind::Aws,
        },
        region: info.region.clone(),
        account: info.account.clone(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
    })
}
