//! `GET /api/v1/openapi.json`: the OpenAPI 3.1 document, generated from the router.

use std::sync::LazyLock;

use axum::{
    http::{Method, header},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use utoipa::{
    OpenApi,
    openapi::{self, path::PathItem},
};

use super::MountedRoute;

static DOCUMENT: LazyLock<Bytes> = LazyLock::new(|| {
    let document = super::routes().into_openapi();
    // It is made of names and sentences alone: there is nothing in it that JSON cannot say.
    Bytes::from(document.to_pretty_json().unwrap_or_default())
});

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Trainyard",
        version = env!("CARGO_PKG_VERSION"),
        description = "Launch, watch and stop Amazon SageMaker training jobs. Failures are `application/problem+json` \
                       (RFC 9457). Times are RFC 3339 in UTC; money is whole nano-dollars. There is no login yet: the \
                       server decides by its address who can reach it, and refuses browsers on other sites.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    tags(
        (name = "runs", description = "Training jobs: launch, list, read, stop."),
        (name = "sources", description = "Scripts and archives that runs are launched with."),
        (name = "experiments", description = "The names that runs share."),
        (name = "costs", description = "What training cost, month by month."),
        (name = "document", description = "This document."),
    ),
)]
struct Outline;

/// What the document says beside its routes.
pub(super) fn outline() -> openapi::OpenApi {
    Outline::openapi()
}

/// This document.
#[utoipa::path(
    get,
    path = "/api/v1/openapi.json",
    tag = "document",
    responses((status = 200, description = "OpenAPI 3.1", content_type = "application/json", body = Object)),
)]
pub(super) async fn openapi_get() -> Response {
    ([(header::CONTENT_TYPE, "application/json")], DOCUMENT.clone()).into_response()
}

/// The methods and paths that a document describes.
pub(super) fn operations(document: &openapi::OpenApi) -> Vec<MountedRoute> {
    let methods = |item: &PathItem| {
        let given = [
            (Method::GET, item.get.is_some()),
            (Method::POST, item.post.is_some()),
            (Method::PUT, item.put.is_some()),
            (Method::PATCH, item.patch.is_some()),
            (Method::DELETE, item.delete.is_some()),
        ];
        given.into_iter().filter_map(|(method, is_given)| is_given.then_some(method)).collect::<Vec<_>>()
    };
    let paths = document.paths.paths.iter();
    paths.flat_map(|(path, item)| methods(item).into_iter().map(|it| (it, path.clone()))).collect()
}
