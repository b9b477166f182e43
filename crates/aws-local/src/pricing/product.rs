//! A product of the Price List: attributes that filters look at, and the document that holds them with the price.

use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use super::SERVICE;
use super::table::Row;

/// The attributes that products have.
pub(super) const NAMES: [&str; 18] = [
    "component",
    "gpu",
    "instanceName",
    "location",
    "locationType",
    "memory",
    "operation",
    "platoinstancename",
    "platoinstancetype",
    "priceConfidence",
    "priceDate",
    "productFamily",
    "regionCode",
    "servicecode",
    "servicename",
    "termType",
    "usagetype",
    "vCpu",
];

/// Codes of the on-demand term and its hourly rate, the same for all products of AWS.
const TERM: &str = "JRTCKXETXF";
const RATE: &str = "6YS6EN2CT7";

const LOCATION: &str = "US East (N. Virginia)";

/// Attributes of the training product of a type, with the price among them as `usd`; `None` without a price.
pub(super) fn attributes(row: &Row) -> Option<Value> {
    let usd = row.usd_per_hour.as_deref().filter(|usd| !usd.is_empty())?;
    let size = row.name.strip_prefix("ml.").unwrap_or(&row.name);
    let text = |value: Option<String>| value.unwrap_or_else(|| "N/A".to_owned());
    Some(json!({
        "component": "Training",
        "gpu": text(row.gpu_count.filter(|count| *count > 0).map(|count| count.to_string())),
        "instanceName": row.name,
        "location": LOCATION,
        "locationType": "AWS Region",
        "memory": text(row.memory_gib.as_ref().map(|gib| format!("{gib} GiB"))),
        "operation": "RunInstance",
        "platoinstancename": size.split('.').next().unwrap_or(size),
        "platoinstancetype": "Training",
        "priceConfidence": text(row.confidence.clone()),
        "priceDate": text(row.price_date.clone()),
        "productFamily": "ML Instance",
        "regionCode": "us-east-1",
        "servicecode": SERVICE,
        "servicename": "Amazon SageMaker",
        "termType": "OnDemand",
        "usagetype": format!("USE1-Train:{}", row.name),
        "vCpu": text(row.vcpu.map(|vcpu| vcpu.to_string())),
        "usd": usd,
    }))
}

/// The document, in the shape that AWS gives it.
pub(super) fn shown(attributes: &Value) -> Value {
    let text = |name: &str| attributes[name].as_str().unwrap_or_default();
    let (usage, usd, date) = (text("usagetype"), text("usd"), text("priceDate"));
    let sku = sku(usage);
    let rate_code = format!("{sku}.{TERM}.{RATE}");
    let effective = format!("{date}T00:00:00Z");
    let dimension = json!({
        "unit": "Hrs",
        "endRange": "Inf",
        "beginRange": "0",
        "description": format!("${usd} per Training {} hour in {LOCATION}", text("instanceName")),
        "appliesTo": [],
        "rateCode": rate_code,
        "pricePerUnit": { "USD": ten_decimals(usd) },
    });
    let term = json!({
        "priceDimensions": { rate_code: dimension },
        "sku": sku,
        "effectiveDate": effective,
        "offerTermCode": TERM,
        "termAttributes": {},
    });
    let hidden = ["usd", "productFamily", "termType"];
    let kept: Map<String, Value> = attributes
        .as_object()
        .into_iter()
        .flatten()
        .filter(|(name, _)| !hidden.contains(&name.as_str()))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    json!({
        "product": { "productFamily": text("productFamily"), "attributes": kept, "sku": sku },
        "serviceCode": SERVICE,
        "terms": { "OnDemand": { format!("{sku}.{TERM}"): term } },
        "version": date.replace('-', ""),
        "publicationDate": effective,
    })
}

/// The same for the same usage type always.
fn sku(usage: &str) -> String {
    const LETTERS: &[u8; 32] = b"ABCDEFGHJKMNPQRSTUVWXYZ123456789";
    let digest = Sha256::digest(usage);
    digest.iter().take(16).map(|byte| char::from(LETTERS[usize::from(byte % 32)])).collect()
}

/// `0.115` as AWS writes it: `0.1150000000`.
fn ten_decimals(usd: &str) -> String {
    let (whole, fraction) = usd.split_once('.').unwrap_or((usd, ""));
    format!("{whole}.{fraction:0<10}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_attributes_and_prices_have_ten_decimals() {
        let row = super::super::rows().iter().find(|row| row.name == "ml.m5.large").unwrap();
        let attributes = attributes(row).unwrap();
        let names: Vec<&str> =
            attributes.as_object().unwrap().keys().map(String::as_str).filter(|name| *name != "usd").collect();
        assert_eq!(names, NAMES);
        assert_eq!(
            [ten_decimals("0.115"), ten_decimals("28"), ten_decimals("1.5")],
            ["0.1150000000", "28.0000000000", "1.5000000000"]
        );
    }
}
