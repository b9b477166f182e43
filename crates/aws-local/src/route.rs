//! Which service and protocol a request means. Everything shares one port, so the request itself must say it.
//!
//! In this order: `X-Amz-Target`; the path of RPC v2; a form with `Action`; the service in the signature's scope, for
//! REST services with the path; and what is left is S3.

use http::{HeaderMap, HeaderValue, Method, header, request::Parts};

use crate::wire::{Protocol, query};

/// The services that answer here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Service {
    SageMaker,
    /// `sagemaker-metrics`: the data plane of experiments' metrics.
    SageMakerMetrics,
    Logs,
    CloudWatch,
    Sts,
    Iam,
    Pricing,
    #[expect(clippy::enum_variant_names, reason = "the service is called so")]
    ServiceQuotas,
    CostExplorer,
    /// Operations of this endpoint alone, see [`crate::control`].
    Control,
    /// Any other: each of its operations is unknown here, and says so in its protocol.
    Unknown,
}

impl Service {
    /// The name before the dot in `X-Amz-Target`, and in the path of RPC v2.
    fn from_target(target: &str) -> Self {
        match target {
            "SageMaker" => Self::SageMaker,
            "Logs_20140328" => Self::Logs,
            "GraniteServiceVersion20100801" => Self::CloudWatch,
            "AWSPriceListService" => Self::Pricing,
            "ServiceQuotasV20190624" => Self::ServiceQuotas,
            "AWSInsightsIndexService" => Self::CostExplorer,
            "TrainyardLocal" => Self::Control,
            _ => Self::Unknown,
        }
    }

    fn from_version(version: &str) -> Self {
        match version {
            "2010-08-01" => Self::CloudWatch,
            "2011-06-15" => Self::Sts,
            "2010-05-08" => Self::Iam,
            _ => Self::Unknown,
        }
    }

    pub(crate) fn xml_namespace(self) -> &'static str {
        match self {
            Self::CloudWatch => "http://monitoring.amazonaws.com/doc/2010-08-01/",
            Self::Sts => "https://sts.amazonaws.com/doc/2011-06-15/",
            _ => "https://iam.amazonaws.com/doc/2010-05-08/",
        }
    }

    /// What RPC v2 puts before a shape's name.
    pub(crate) fn shape_namespace(self) -> &'static str {
        match self {
            Self::CloudWatch => "com.amazonaws.cloudwatch#",
            _ => "aws.protocoltests#",
        }
    }
}

/// What the head of a request says about it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Route {
    Rpc {
        protocol: Protocol,
        service: Service,
        operation: String,
    },
    /// A form in the body; service and operation are in its fields.
    Form,
    /// A form in the URL.
    UrlForm(String),
    /// A JSON service by its signature, with no operation named.
    NoOperation,
    S3,
}

impl Route {
    pub(crate) fn of(head: &Parts) -> Self {
        if let Some(target) = text(&head.headers, "x-amz-target") {
            let (service, operation) = target.rsplit_once('.').unwrap_or((target, ""));
            let json10 = text(&head.headers, "content-type").is_some_and(|kind| kind.contains("x-amz-json-1.0"));
            let protocol = if json10 { Protocol::Json10 } else { Protocol::Json11 };
            return Self::Rpc { protocol, service: Service::from_target(service), operation: operation.to_owned() };
        }
        if let Some((service, operation)) =
            head.uri.path().strip_prefix("/service/").and_then(|rest| rest.split_once("/operation/"))
            && text(&head.headers, "smithy-protocol").is_some_and(|name| name == "rpc-v2-cbor")
        {
            // Services may put a namespace before their name.
            let service = Service::from_target(service.rsplit('.').next().unwrap_or(service));
            return Self::Rpc { protocol: Protocol::Cbor, service, operation: operation.to_owned() };
        }
        let scope = scope(head);
        if head.uri.path() == "/" && scope != Some("s3") {
            let is_form = text(&head.headers, "content-type")
                .is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"));
            if head.method == Method::POST && is_form {
                return Self::Form;
            }
            if let Some(form) = head.uri.query().filter(|form| form.contains("Action=")) {
                return Self::UrlForm(form.to_owned());
            }
        }
        match (scope, head.uri.path()) {
            // REST services have their operation in the path, where S3 has its buckets.
            (Some("sagemaker"), path @ ("/BatchPutMetrics" | "/BatchGetMetrics")) => Self::Rpc {
                protocol: Protocol::RestJson,
                service: Service::SageMakerMetrics,
                operation: path[1..].to_owned(),
            },
            _ => Self::without_operation(scope),
        }
    }

    /// By the signature alone.
    fn without_operation(scope: Option<&str>) -> Self {
        match scope {
            Some("sagemaker" | "logs" | "monitoring" | "pricing" | "ce" | "servicequotas") => Self::NoOperation,
            Some("sts" | "iam") => Self::UrlForm(String::new()),
            _ => Self::S3,
        }
    }
}

/// Service and operation of a form.
pub(crate) fn form_target(fields: &[(String, String)]) -> (Service, String) {
    let value = |wanted: &str| fields.iter().find(|(name, _)| name == wanted).map_or("", |(_, value)| value);
    (Service::from_version(value("Version")), value("Action").to_owned())
}

/// The service in the signature's credential scope: `<key>/<date>/<region>/<service>/aws4_request`.
fn scope(head: &Parts) -> Option<&str> {
    text(&head.headers, header::AUTHORIZATION.as_str())?
        .split_once("Credential=")?
        .1
        .split([',', ' '])
        .next()?
        .rsplit('/')
        .nth(1)
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok())
}

/// Splits a form in the URL into its fields; an unreadable one has none and so no operation.
pub(crate) fn url_fields(form: &str) -> Vec<(String, String)> {
    query::fields(form.as_bytes()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::Request;

    fn route(request: http::request::Builder) -> Route {
        Route::of(&request.body(()).unwrap().into_parts().0)
    }

    fn rpc(protocol: Protocol, service: Service, operation: &str) -> Route {
        Route::Rpc { protocol, service, operation: operation.to_owned() }
    }

    fn signed(service: &str) -> String {
        format!(
            "AWS4-HMAC-SHA256 Credential=x/20260101/us-east-1/{service}/aws4_request, SignedHeaders=host, Signature=0"
        )
    }

    #[test]
    fn each_protocol_is_told_apart() {
        let json = Request::post("/").header("x-amz-target", "SageMaker.Search");
        assert_eq!(route(json), rpc(Protocol::Json11, Service::SageMaker, "Search"));
        let json10 = Request::post("/")
            .header("content-type", "application/x-amz-json-1.0")
            .header("x-amz-target", "GraniteServiceVersion20100801.ListMetrics");
        assert_eq!(route(json10), rpc(Protocol::Json10, Service::CloudWatch, "ListMetrics"));
        let cbor = Request::post("/service/GraniteServiceVersion20100801/operation/PutMetricData")
            .header("smithy-protocol", "rpc-v2-cbor");
        assert_eq!(route(cbor), rpc(Protocol::Cbor, Service::CloudWatch, "PutMetricData"));
        let form = Request::post("/").header("content-type", "application/x-www-form-urlencoded; charset=utf-8");
        assert_eq!(route(form), Route::Form);
        assert_eq!(
            route(Request::get("/?Action=GetCallerIdentity")),
            Route::UrlForm("Action=GetCallerIdentity".into())
        );
    }

    #[test]
    fn what_no_other_service_claims_is_s3() {
        assert_eq!(route(Request::get("/")), Route::S3);
        assert_eq!(route(Request::put("/service/x/operation/y")), Route::S3);
        assert_eq!(route(Request::get("/bucket/key?Action=x").header("authorization", signed("s3"))), Route::S3);
        assert_eq!(route(Request::post("/").header("authorization", signed("sagemaker"))), Route::NoOperation);
        assert_eq!(route(Request::put("/BatchPutMetrics").header("authorization", signed("s3"))), Route::S3);
        assert_eq!(
            route(Request::put("/BatchPutMetrics").header("authorization", signed("sagemaker"))),
            rpc(Protocol::RestJson, Service::SageMakerMetrics, "BatchPutMetrics")
        );
    }
}
