//! The quotas as the Service Quotas API shows them.

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::{UNLIMITED, Use};
use crate::services::Services;
use crate::wire::{ApiError, ApiResult};
use crate::{field, page, pricing};

const SERVICE: &str = "sagemaker";
const SERVICE_NAME: &str = "Amazon SageMaker";

/// The most entries of a page.
const MAX_RESULTS: i64 = 100;

pub(super) fn list_services(input: &Value) -> ApiResult {
    let services = [json!({ "ServiceCode": SERVICE, "ServiceName": SERVICE_NAME })];
    let (page, next) = paged(input, &services)?;
    Ok(field::object([("Services", Some(json!(page))), ("NextToken", next.map(Value::from))]))
}

pub(super) fn list_service_quotas(services: &Services, input: &Value) -> ApiResult {
    list(services, input, |quota, name| services.quotas.limit(quota, name))
}

pub(super) fn list_aws_default_service_quotas(services: &Services, input: &Value) -> ApiResult {
    list(services, input, |_, _| UNLIMITED)
}

pub(super) fn get_service_quota(services: &Services, input: &Value) -> ApiResult {
    get(services, input, |quota, name| services.quotas.limit(quota, name))
}

pub(super) fn get_aws_default_service_quota(services: &Services, input: &Value) -> ApiResult {
    get(services, input, |_, _| UNLIMITED)
}

fn list(services: &Services, input: &Value, value: impl Fn(Use, &str) -> u64) -> ApiResult {
    service(input)?;
    let wanted = field::text(input, "QuotaCode");
    let quotas: Vec<Value> =
        all(services, value).filter(|it| wanted.is_none_or(|code| it["QuotaCode"] == code)).collect();
    let (page, next) = paged(input, &quotas)?;
    Ok(field::object([("Quotas", Some(json!(page))), ("NextToken", next.map(Value::from))]))
}

fn get(services: &Services, input: &Value, value: impl Fn(Use, &str) -> u64) -> ApiResult {
    service(input)?;
    let code = field::text(input, "QuotaCode").unwrap_or_default();
    let quota = all(services, value).find(|it| it["QuotaCode"] == code).ok_or_else(no_such_resource)?;
    Ok(json!({ "Quota": quota }))
}

fn all(services: &Services, value: impl Fn(Use, &str) -> u64) -> impl Iterator<Item = Value> {
    let types = pricing::rows().iter().map(|row| row.name.as_str());
    types.flat_map(|name| Use::ALL.map(|quota| (quota, name))).map(move |(quota, name)| {
        let quota_name = quota.quota_name(name);
        let code = code(&quota_name);
        json!({
            "ServiceCode": SERVICE,
            "ServiceName": SERVICE_NAME,
            "QuotaArn": format!("arn:aws:servicequotas:{}:{}:{SERVICE}/{code}", services.region, services.account),
            "QuotaCode": code,
            "QuotaName": quota_name,
            "Value": value(quota, name),
            "Unit": "None",
            "Adjustable": true,
            "GlobalQuota": false,
            "QuotaAppliedAtLevel": "ACCOUNT",
        })
    })
}

/// AWS's codes have no public table: these have their form, and are the same always.
fn code(quota_name: &str) -> String {
    format!("L-{}", &hex::encode_upper(Sha256::digest(quota_name))[..8])
}

fn service(input: &Value) -> Result<(), ApiError> {
    match field::text(input, "ServiceCode") {
        Some(SERVICE) => Ok(()),
        Some(_) => Err(no_such_resource()),
        None => Err(ApiError::client("IllegalArgumentException", "ServiceCode is required.")),
    }
}

fn no_such_resource() -> ApiError {
    ApiError::client(
        "NoSuchResourceException",
        "The request failed because the specified service or quota does not exist.",
    )
}

fn paged<'a>(input: &Value, entries: &'a [Value]) -> Result<(&'a [Value], Option<String>), ApiError> {
    let limit = match input.get("MaxResults") {
        None => MAX_RESULTS,
        Some(_) => field::integer(input, "MaxResults").unwrap_or_default(),
    };
    if !(1..=MAX_RESULTS).contains(&limit) {
        return Err(ApiError::client("IllegalArgumentException", "MaxResults must be from 1 to 100."));
    }
    let begin: usize = match field::text(input, "NextToken") {
        None => 0,
        Some(token) => page::decode(token)
            .filter(|begin| *begin <= entries.len())
            .ok_or_else(|| ApiError::client("InvalidPaginationTokenException", "Invalid input was provided."))?,
    };
    let end = entries.len().min(begin + usize::try_from(limit).unwrap_or_default());
    Ok((&entries[begin..end], (end < entries.len()).then(|| page::encode(&end))))
}
