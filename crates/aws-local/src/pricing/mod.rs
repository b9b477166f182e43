//! The Price List: what an hour of a training instance costs, as `GetProducts` tells it.
//!
//! Invariants: a type without a known price has no product; prices are decimal text from the table to the answer and
//! never pass through floats. The prices are those of us-east-1.

mod filter;
mod product;
mod table;

pub(crate) use table::rows;

use serde_json::{Value, json};

use crate::services::Services;
use crate::wire::{ApiError, ApiResult};
use crate::{field, page};

const SERVICE: &str = "AmazonSageMaker";
const FORMAT: &str = "aws_v1";

/// The most products of a page.
const MAX_RESULTS: i64 = 100;

pub(crate) fn call(_: &Services, operation: &str, input: &Value) -> Option<ApiResult> {
    Some(match operation {
        "GetProducts" => get_products(input),
        "DescribeServices" => describe_services(input),
        "GetAttributeValues" => get_attribute_values(input),
        _ => return None,
    })
}

fn get_products(input: &Value) -> ApiResult {
    service(input)?;
    let filters = filter::parse(input)?;
    let products: Vec<Value> =
        rows().iter().filter_map(product::attributes).filter(|it| filter::all(&filters, it)).collect();
    let (page, next) = paged(input, &products)?;
    let list: Vec<String> = page.iter().map(|attributes| product::shown(attributes).to_string()).collect();
    Ok(field::object([
        ("FormatVersion", Some(json!(FORMAT))),
        ("PriceList", Some(json!(list))),
        ("NextToken", next.map(Value::from)),
    ]))
}

fn describe_services(input: &Value) -> ApiResult {
    if input.get("ServiceCode").is_some() {
        service(input)?;
    }
    format_version(input)?;
    let services = [json!({ "ServiceCode": SERVICE, "AttributeNames": product::NAMES })];
    let (page, next) = paged(input, &services)?;
    Ok(field::object([
        ("Services", Some(json!(page))),
        ("FormatVersion", Some(json!(FORMAT))),
        ("NextToken", next.map(Value::from)),
    ]))
}

fn get_attribute_values(input: &Value) -> ApiResult {
    service(input)?;
    let name = field::text(input, "AttributeName").unwrap_or_default();
    if !product::NAMES.contains(&name) {
        return Err(ApiError::client(
            "NotFoundException",
            format!("The attribute {name:?} was not found in {SERVICE}."),
        ));
    }
    let attributes = rows().iter().filter_map(product::attributes);
    let mut values: Vec<String> = attributes.filter_map(|it| it.get(name)?.as_str().map(ToOwned::to_owned)).collect();
    values.sort();
    values.dedup();
    let values: Vec<Value> = values.into_iter().map(|value| json!({ "Value": value })).collect();
    let (page, next) = paged(input, &values)?;
    Ok(field::object([("AttributeValues", Some(json!(page))), ("NextToken", next.map(Value::from))]))
}

fn service(input: &Value) -> Result<(), ApiError> {
    format_version(input)?;
    match field::text(input, "ServiceCode") {
        Some(SERVICE) => Ok(()),
        Some(other) => Err(ApiError::client(
            "NotFoundException",
            format!("The local endpoint has no prices of the service {other:?}, only those of {SERVICE}."),
        )),
        None => Err(ApiError::client("InvalidParameterException", "ServiceCode is required.")),
    }
}

fn format_version(input: &Value) -> Result<(), ApiError> {
    match field::text(input, "FormatVersion") {
        None | Some(FORMAT) => Ok(()),
        Some(other) => Err(ApiError::client(
            "InvalidParameterException",
            format!("Invalid format version: {other}. Use {FORMAT}."),
        )),
    }
}

/// `MaxResults` entries from where `NextToken` says.
fn paged<'a>(input: &Value, entries: &'a [Value]) -> Result<(&'a [Value], Option<String>), ApiError> {
    let limit = match input.get("MaxResults") {
        None => MAX_RESULTS,
        Some(_) => field::integer(input, "MaxResults").unwrap_or_default(),
    };
    if !(1..=MAX_RESULTS).contains(&limit) {
        return Err(ApiError::client("InvalidParameterException", "MaxResults must be from 1 to 100."));
    }
    let begin: usize = match field::text(input, "NextToken") {
        None => 0,
        Some(token) => page::decode(token).filter(|begin| *begin <= entries.len()).ok_or_else(|| {
            ApiError::client(
                "InvalidNextTokenException",
                "The pagination token is invalid. Try again without a pagination token.",
            )
        })?,
    };
    let end = entries.len().min(begin + usize::try_from(limit).unwrap_or_default());
    Ok((&entries[begin..end], (end < entries.len()).then(|| page::encode(&end))))
}
