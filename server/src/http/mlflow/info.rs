//! What clients ask to know whom they talk to.

use axum::Json;
use domain::mlflow::VERSION;
use serde_json::{Value, json};

pub(super) async fn health() -> &'static str {
    "OK"
}

pub(super) async fn version() -> &'static str {
    VERSION
}

/// Nothing optional: uploads in parts and presigned addresses are not offered.
pub(super) async fn server_info() -> Json<Value> {
    Json(json!({
        "store_type": "SqlStore",
        "workspaces_enabled": false,
        "trace_archival_enabled": false,
        "multipart_uploads_enabled": false,
        "multipart_downloads_enabled": false,
        "presigned_upload_run_id_supported": false,
        "presigned_upload_model_id_supported": false,
        "features_enabled": { "gateway": false },
    }))
}
