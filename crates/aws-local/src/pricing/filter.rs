//! Filters of `GetProducts`: all of them must hold.
//! <https://docs.aws.amazon.com/aws-cost-management/latest/APIReference/API_pricing_Filter.html>

use serde_json::Value;

use super::product;
use crate::field;
use crate::wire::ApiError;

/// More than a request of any use has.
const MAX_FILTERS: usize = 50;

#[derive(Debug, Clone, Copy)]
enum Kind {
    Equals,
    Contains,
    AnyOf,
    NoneOf,
}

#[derive(Debug)]
pub(super) struct Filter {
    kind: Kind,
    field: String,
    value: String,
}

pub(super) fn parse(input: &Value) -> Result<Vec<Filter>, ApiError> {
    let invalid = |message: String| ApiError::client("InvalidParameterException", message);
    let filters = field::list(input, "Filters");
    if filters.len() > MAX_FILTERS {
        return Err(invalid(format!("There may be at most {MAX_FILTERS} filters.")));
    }
    let parse = |filter: &Value| {
        let text = |name: &str| field::text(filter, name).map(ToOwned::to_owned);
        let kind = match text("Type").as_deref() {
            Some("TERM_MATCH" | "EQUALS") => Kind::Equals,
            Some("CONTAINS") => Kind::Contains,
            Some("ANY_OF") => Kind::AnyOf,
            Some("NONE_OF") => Kind::NoneOf,
            other => {
                return Err(invalid(format!(
                    "The filter type {:?} is not one of TERM_MATCH, EQUALS, CONTAINS, ANY_OF, NONE_OF.",
                    other.unwrap_or_default()
                )));
            }
        };
        let (Some(field), Some(value)) = (text("Field"), text("Value")) else {
            return Err(invalid("A filter must have a Field and a Value.".to_owned()));
        };
        // AWS takes the names of attributes in any case.
        let name = product::NAMES.iter().find(|name| name.eq_ignore_ascii_case(&field));
        let field = name.map_or(field, |name| (*name).to_owned());
        Ok(Filter { kind, field, value })
    };
    filters.iter().map(parse).collect()
}

/// A product without the attribute is as one whose attribute is empty.
pub(super) fn all(filters: &[Filter], attributes: &Value) -> bool {
    filters.iter().all(|filter| {
        let value = attributes.get(&filter.field).and_then(Value::as_str).unwrap_or_default();
        let mut listed = filter.value.split(',').map(str::trim);
        match filter.kind {
            Kind::Equals => value == filter.value,
            Kind::Contains => value.contains(&filter.value),
            Kind::AnyOf => listed.any(|wanted| wanted == value),
            Kind::NoneOf => !listed.any(|unwanted| unwanted == value),
        }
    })
}
