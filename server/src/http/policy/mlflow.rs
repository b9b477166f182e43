//! The lines of MLflow's REST API. Its clients are programs and send no Origin; a browser on another site does, and is
//! refused whatever changes something. Each path is there twice: MLflow's own page uses `/ajax-api`.

use super::{Policy, change, read, stream};

/// A batch of 1,000 metrics with the longest names is a third of this.
const JSON_BYTES: u64 = 4 * 1024 * 1024;
/// The profile of a dataset may have 16 MiB.
const INPUT_BYTES: u64 = 40 * 1024 * 1024;
/// `upload-artifact` takes 10 MiB; a little more, so that the answer can say so.
const FORM_ARTIFACT_BYTES: u64 = 11 * 1024 * 1024;
/// What S3 takes of one upload in parts of 8 MiB.
const ARTIFACT_BYTES: u64 = 64 * 1024 * 1024 * 1024;

const fn json(path: &'static str) -> Policy {
    Policy { body_bytes: JSON_BYTES, ..change(path) }
}

macro_rules! both {
    ($kind:ident, $path:literal) => {
        [$kind(concat!("/api/2.0/", $path)), $kind(concat!("/ajax-api/2.0/", $path))]
    };
    ($method:literal, $kind:ident, $path:literal) => {
        [
            Policy { method: $method, ..$kind(concat!("/api/2.0/", $path)) },
            Policy { method: $method, ..$kind(concat!("/ajax-api/2.0/", $path)) },
        ]
    };
}

const fn inputs(path: &'static str) -> Policy {
    Policy { body_bytes: INPUT_BYTES, ..change(path) }
}

const fn artifact(path: &'static str) -> Policy {
    Policy { body_bytes: ARTIFACT_BYTES, time: None, ..change(path) }
}

pub(super) const POLICIES: &[[Policy; 2]] = &[
    both!(json, "mlflow/experiments/create"),
    both!(read, "mlflow/experiments/get"),
    both!(read, "mlflow/experiments/get-by-name"),
    both!(read, "mlflow/experiments/search"),
    both!(json, "mlflow/experiments/search"),
    both!(json, "mlflow/experiments/update"),
    both!(json, "mlflow/experiments/delete"),
    both!(json, "mlflow/experiments/restore"),
    both!(json, "mlflow/experiments/set-experiment-tag"),
    both!(json, "mlflow/experiments/delete-experiment-tag"),
    both!(json, "mlflow/experiments/search-datasets"),
    // As the client's own definition has it.
    [json("/api/2.0mlflow/experiments/search-datasets"), json("/ajax-api/2.0mlflow/experiments/search-datasets")],
    both!(json, "mlflow/runs/create"),
    both!(read, "mlflow/runs/get"),
    both!(json, "mlflow/runs/update"),
    both!(json, "mlflow/runs/delete"),
    both!(json, "mlflow/runs/restore"),
    both!(json, "mlflow/runs/search"),
    both!(json, "mlflow/runs/log-metric"),
    both!(json, "mlflow/runs/log-parameter"),
    both!(json, "mlflow/runs/log-batch"),
    both!(json, "mlflow/runs/set-tag"),
    both!(json, "mlflow/runs/delete-tag"),
    both!(inputs, "mlflow/runs/log-inputs"),
    both!(json, "mlflow/runs/outputs"),
    both!(json, "mlflow/runs/log-model"),
    both!(json, "mlflow/logged-models"),
    both!(json, "mlflow/logged-models/search"),
    both!(read, "mlflow/logged-models/{id}"),
    both!("PATCH", json, "mlflow/logged-models/{id}"),
    both!("DELETE", json, "mlflow/logged-models/{id}"),
    both!(json, "mlflow/logged-models/{id}/params"),
    both!("PATCH", json, "mlflow/logged-models/{id}/tags"),
    both!("DELETE", json, "mlflow/logged-models/{id}/tags/{key}"),
    both!(read, "mlflow/logged-models/{id}/artifacts/directories"),
    both!(stream, "mlflow/logged-models/{id}/artifacts/files"),
    both!(json, "mlflow/registered-models/create"),
    both!(read, "mlflow/registered-models/get"),
    both!("PATCH", json, "mlflow/registered-models/update"),
    both!(json, "mlflow/registered-models/rename"),
    both!("DELETE", json, "mlflow/registered-models/delete"),
    both!(read, "mlflow/registered-models/search"),
    both!(read, "mlflow/registered-models/get-latest-versions"),
    both!(json, "mlflow/registered-models/get-latest-versions"),
    both!(json, "mlflow/registered-models/set-tag"),
    both!("DELETE", json, "mlflow/registered-models/delete-tag"),
    both!(json, "mlflow/registered-models/alias"),
    both!("DELETE", json, "mlflow/registered-models/alias"),
    both!(read, "mlflow/registered-models/alias"),
    both!(json, "mlflow/model-versions/create"),
    both!(read, "mlflow/model-versions/get"),
    both!("PATCH", json, "mlflow/model-versions/update"),
    both!(json, "mlflow/model-versions/transition-stage"),
    both!("DELETE", json, "mlflow/model-versions/delete"),
    both!(read, "mlflow/model-versions/search"),
    both!(read, "mlflow/model-versions/get-download-uri"),
    both!(json, "mlflow/model-versions/set-tag"),
    both!("DELETE", json, "mlflow/model-versions/delete-tag"),
    both!(read, "mlflow/metrics/get-history"),
    both!(read, "mlflow/metrics/get-history-bulk"),
    both!(read, "mlflow/metrics/get-history-bulk-interval"),
    both!(read, "mlflow/artifacts/list"),
    both!(read, "mlflow-artifacts/artifacts"),
    both!(stream, "mlflow-artifacts/artifacts/{*path}"),
    both!("PUT", artifact, "mlflow-artifacts/artifacts/{*path}"),
    both!("DELETE", json, "mlflow-artifacts/artifacts/{*path}"),
    [
        Policy { body_bytes: FORM_ARTIFACT_BYTES, ..change("/ajax-api/2.0/mlflow/upload-artifact") },
        stream("/get-artifact"),
    ],
    // Asked by clients before anything else, under numbers of their own.
    [read("/api/3.0/mlflow/server-info"), read("/ajax-api/3.0/mlflow/server-info")],
    [read("/api/2.11/mlflow/metrics/get-history-bulk-interval"), read("/health")],
    [read("/version"), read("/ajax-api/2.11/mlflow/metrics/get-history-bulk-interval")],
    [stream("/model-versions/get-artifact"), stream("//model-versions/get-artifact")],
];
