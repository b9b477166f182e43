//! The protocols: bytes of a request to a [`Call`], a [`Value`] or an [`ApiError`] back to bytes.
//!
//! Invariant: what operations see and return is the same for every protocol. Times are epoch seconds (or milliseconds in
//! Logs); only the members named in [`TIME_MEMBERS`] are times to the CBOR and query writers, which mark them as such.

pub(crate) mod body;
pub(crate) mod cbor;
pub(crate) mod error;
pub(crate) mod query;

pub(crate) use error::{ApiError, ApiResult};

use axum::body::Body;
use axum::response::Response;
use http::{HeaderName, HeaderValue, StatusCode, header};
use rand::Rng as _;
use serde_json::{Value, json};

use crate::route::Service;
use crate::signature::Caller;

/// Members of CloudWatch's, STS's and IAM's answers that are times. SageMaker and Logs speak JSON only, where a time is a number.
const TIME_MEMBERS: [&str; 4] = ["Timestamp", "Timestamps", "Expiration", "CreateDate"];

const QUERY_ERROR: HeaderName = HeaderName::from_static("x-amzn-query-error");
const ERROR_TYPE: HeaderName = HeaderName::from_static("x-amzn-errortype");
const REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");
const SMITHY_PROTOCOL: HeaderName = HeaderName::from_static("smithy-protocol");

/// How a request was written, and so how its answer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protocol {
    Json10,
    Json11,
    /// JSON without an envelope: the operation is in the path.
    RestJson,
    Cbor,
    Query,
}

/// One decoded request.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub service: Service,
    pub operation: String,
    pub protocol: Protocol,
    pub input: Value,
    pub caller: Caller,
}

/// Writes an operation's outcome in its protocol's form.
pub(crate) fn answer(protocol: Protocol, service: Service, operation: &str, outcome: ApiResult) -> Response {
    let request_id = request_id();
    let mut response = match outcome {
        Ok(output) => written(protocol, service, operation, &output, &request_id),
        Err(error) => failed(protocol, service, &error, &request_id),
    };
    insert(&mut response, REQUEST_ID, &request_id);
    response
}

fn written(protocol: Protocol, service: Service, operation: &str, output: &Value, request_id: &str) -> Response {
    match protocol {
        Protocol::Json10 | Protocol::Json11 | Protocol::RestJson => {
            // Operations without output answer an empty body in SageMaker; `{}` is accepted by every client too.
            respond(StatusCode::OK, content_type(protocol), output.to_string().into_bytes())
        }
        Protocol::Cbor => {
            let mut response = respond(StatusCode::OK, content_type(protocol), cbor::encode(output, &TIME_MEMBERS));
            insert(&mut response, SMITHY_PROTOCOL, "rpc-v2-cbor");
            response
        }
        Protocol::Query => {
            let xml = query::encode(service.xml_namespace(), operation, output, &TIME_MEMBERS, request_id);
            respond(StatusCode::OK, content_type(protocol), xml.into_bytes())
        }
    }
}

fn failed(protocol: Protocol, service: Service, error: &ApiError, request_id: &str) -> Response {
    let status = StatusCode::from_u16(error.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = match protocol {
        Protocol::Json10 | Protocol::Json11 | Protocol::RestJson => {
            // SageMaker's modelled errors say `Message`, its unmodelled ones `message`; every client reads either.
            let body = json!({ "__type": error.code, "message": error.message });
            let mut response = respond(status, content_type(protocol), body.to_string().into_bytes());
            insert(&mut response, ERROR_TYPE, &error.code);
            response
        }
        Protocol::Cbor => {
            let name = format!("{}{}", service.shape_namespace(), error.code);
            let body = cbor::encode(&json!({ "__type": name, "message": error.message }), &[]);
            let mut response = respond(status, content_type(protocol), body);
            insert(&mut response, SMITHY_PROTOCOL, "rpc-v2-cbor");
            response
        }
        Protocol::Query => {
            let xml = query::encode_error(service.xml_namespace(), error, request_id);
            respond(status, content_type(protocol), xml.into_bytes())
        }
    };
    if service == Service::CloudWatch && protocol != Protocol::Query {
        // CloudWatch was a query service: its clients still match on the codes of that time.
        insert(&mut response, QUERY_ERROR, &format!("{};{}", error.query_code(), error.fault()));
    }
    response
}

fn content_type(protocol: Protocol) -> &'static str {
    match protocol {
        Protocol::Json10 => "application/x-amz-json-1.0",
        Protocol::Json11 => "application/x-amz-json-1.1",
        Protocol::RestJson => "application/json",
        Protocol::Cbor => "application/cbor",
        Protocol::Query => "text/xml",
    }
}

fn respond(status: StatusCode, content_type: &'static str, body: Vec<u8>) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

fn insert(response: &mut Response, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}

/// A request id in the form of AWS's: a random UUID.
pub(crate) fn request_id() -> String {
    let bytes: [u8; 16] = rand::rng().random();
    let hex = hex::encode(bytes);
    format!("{}-{}-4{}-a{}-{}", &hex[..8], &hex[8..12], &hex[13..16], &hex[17..20], &hex[20..])
}
