//! `Filter`: which lines count. <https://docs.aws.amazon.com/aws-cost-management/latest/APIReference/API_Expression.html>

use serde_json::Value;

use super::usage::Line;
use super::{one_of, required};
use crate::field;
use crate::services::Services;
use crate::wire::ApiError;

/// The dimensions that lines have.
pub(super) const DIMENSIONS: [&str; 9] = [
    "INSTANCE_TYPE",
    "LINKED_ACCOUNT",
    "OPERATION",
    "PURCHASE_TYPE",
    "RECORD_TYPE",
    "REGION",
    "RESOURCE_ID",
    "SERVICE",
    "USAGE_TYPE",
];

const MATCHES: [&str; 8] = [
    "EQUALS",
    "ABSENT",
    "STARTS_WITH",
    "ENDS_WITH",
    "CONTAINS",
    "CASE_SENSITIVE",
    "CASE_INSENSITIVE",
    "GREATER_THAN_OR_EQUAL",
];

pub(super) const SERVICE: &str = "Amazon SageMaker";
const OPERATION: &str = "RunInstance";

#[derive(Debug)]
pub(super) enum Expression {
    And(Vec<Expression>),
    Or(Vec<Expression>),
    Not(Box<Expression>),
    Match { of: Of, key: String, values: Vec<String>, how: How },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Of {
    Dimension,
    Tag,
    /// There are none, so every line lacks them.
    CostCategory,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct How {
    kind: Kind,
    ignores_case: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Equals,
    Absent,
    Begins,
    Ends,
    Contains,
}

impl Expression {
    pub(super) fn parse(value: &Value) -> Result<Self, ApiError> {
        let members = value.as_object().filter(|members| members.len() == 1).and_then(|members| members.iter().next());
        let Some((name, operand)) = members else {
            return Err(ApiError::validation("Expression should contain exactly one root-level operator."));
        };
        let all = || {
            let list = operand
                .as_array()
                .filter(|list| list.len() > 1)
                .ok_or_else(|| ApiError::validation(format!("{name} requires at least 2 operands.")))?;
            list.iter().map(Self::parse).collect::<Result<Vec<_>, _>>()
        };
        match name.as_str() {
            "And" => Ok(Self::And(all()?)),
            "Or" => Ok(Self::Or(all()?)),
            "Not" => Ok(Self::Not(Box::new(Self::parse(operand)?))),
            "Dimensions" => Self::matching(Of::Dimension, operand),
            "Tags" => Self::matching(Of::Tag, operand),
            "CostCategories" => Self::matching(Of::CostCategory, operand),
            _ => Err(ApiError::validation(format!("{name} is not an operator of an expression."))),
        }
    }

    fn matching(of: Of, operand: &Value) -> Result<Self, ApiError> {
        let key = required(operand, "Key")?;
        if of == Of::Dimension && !DIMENSIONS.contains(&key) {
            return Err(one_of("filter.dimensions.key", key, &DIMENSIONS));
        }
        let values: Vec<String> =
            field::list(operand, "Values").iter().filter_map(|it| it.as_str().map(ToOwned::to_owned)).collect();
        let mut how = How { kind: Kind::Equals, ignores_case: false };
        for option in field::list(operand, "MatchOptions") {
            match option.as_str().unwrap_or_default() {
                "EQUALS" => how.kind = Kind::Equals,
                "ABSENT" => how.kind = Kind::Absent,
                "STARTS_WITH" => how.kind = Kind::Begins,
                "ENDS_WITH" => how.kind = Kind::Ends,
                "CONTAINS" => how.kind = Kind::Contains,
                "CASE_SENSITIVE" => how.ignores_case = false,
                "CASE_INSENSITIVE" => how.ignores_case = true,
                "GREATER_THAN_OR_EQUAL" => {
                    return Err(ApiError::validation("GREATER_THAN_OR_EQUAL is not supported for this expression."));
                }
                other => return Err(one_of("filter.matchOptions", other, &MATCHES)),
            }
        }
        if (how.kind == Kind::Absent) != values.is_empty() {
            let message = if values.is_empty() { "Values should not be empty" } else { "ABSENT takes no Values" };
            return Err(ApiError::validation(message));
        }
        Ok(Self::Match { of, key: key.to_owned(), values, how })
    }

    pub(super) fn names(&self, dimension: &str) -> bool {
        match self {
            Self::And(all) | Self::Or(all) => all.iter().any(|it| it.names(dimension)),
            Self::Not(inner) => inner.names(dimension),
            Self::Match { of, key, .. } => *of == Of::Dimension && key == dimension,
        }
    }

    pub(super) fn holds(&self, services: &Services, line: &Line) -> bool {
        match self {
            Self::And(all) => all.iter().all(|it| it.holds(services, line)),
            Self::Or(all) => all.iter().any(|it| it.holds(services, line)),
            Self::Not(inner) => !inner.holds(services, line),
            Self::Match { of, key, values, how } => {
                let value = match of {
                    Of::Dimension => dimension(services, line, key),
                    Of::Tag => line.tags.get(key).map(String::as_str),
                    Of::CostCategory => None,
                };
                // An empty value stands for lines without the tag.
                how.holds(value.filter(|value| !value.is_empty()), values)
            }
        }
    }
}

impl How {
    fn holds(self, value: Option<&str>, wanted: &[String]) -> bool {
        let spelled = |text: &str| if self.ignores_case { text.to_lowercase() } else { text.to_owned() };
        let value = match (self.kind, value) {
            (Kind::Absent, value) => return value.is_none(),
            (Kind::Equals, None) => return wanted.iter().any(String::is_empty),
            (_, None) => return false,
            (_, Some(value)) => spelled(value),
        };
        wanted.iter().map(|it| spelled(it)).any(|wanted| match self.kind {
            Kind::Begins => value.starts_with(&wanted),
            Kind::Ends => value.ends_with(&wanted),
            Kind::Contains => value.contains(&wanted),
            Kind::Equals | Kind::Absent => value == wanted,
        })
    }
}

/// A line's value of a dimension.
pub(super) fn dimension<'a>(services: &'a Services, line: &'a Line, key: &str) -> Option<&'a str> {
    match key {
        "INSTANCE_TYPE" => Some(&line.instance_type),
        "LINKED_ACCOUNT" => Some(&services.account),
        "OPERATION" => Some(OPERATION),
        "PURCHASE_TYPE" => Some(line.purchase),
        "RECORD_TYPE" => Some("Usage"),
        "REGION" => Some(&services.region),
        "RESOURCE_ID" => Some(&line.resource),
        "SERVICE" => Some(SERVICE),
        "USAGE_TYPE" => Some(&line.usage_type),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn refusal(value: Value) -> String {
        Expression::parse(&value).unwrap_err().message
    }

    #[test]
    fn expressions_have_one_operator_and_values() {
        let team = json!({ "Tags": { "Key": "team", "Values": ["a"] } });
        assert!(Expression::parse(&json!({ "And": [team, { "Not": team }] })).is_ok());
        assert!(refusal(json!({ "And": [team] })).contains("at least 2"));
        assert!(refusal(json!({})).contains("exactly one"));
        assert!(refusal(json!({ "Not": team, "Tags": {} })).contains("exactly one"));
        assert!(refusal(json!({ "Dimensions": { "Key": "COLOUR", "Values": ["x"] } })).contains("enum value set"));
        assert!(refusal(json!({ "Tags": { "Key": "team", "Values": [] } })).contains("Values"));
        assert!(refusal(json!({ "Tags": { "Values": ["x"] } })).contains("'key'"));
    }

    #[test]
    fn values_match_as_the_options_say() {
        let how = |options: Value| {
            let values = if options == json!(["ABSENT"]) { json!([]) } else { json!(["x"]) };
            match Expression::parse(&json!({ "Tags": { "Key": "k", "Values": values, "MatchOptions": options } })) {
                Ok(Expression::Match { how, .. }) => how,
                other => panic!("{other:?}"),
            }
        };
        let wanted = |text: &str| [text.to_owned()];
        assert!(how(json!([])).holds(Some("a"), &wanted("a")) && !how(json!([])).holds(Some("A"), &wanted("a")));
        assert!(how(json!(["EQUALS", "CASE_INSENSITIVE"])).holds(Some("A"), &wanted("a")));
        assert!(how(json!(["STARTS_WITH"])).holds(Some("USE1-Train"), &wanted("USE1")));
        assert!(how(json!(["ENDS_WITH"])).holds(Some("ml.m5.large"), &wanted("large")));
        assert!(
            how(json!(["CONTAINS"])).holds(Some("abc"), &wanted("b"))
                && !how(json!(["CONTAINS"])).holds(None, &wanted(""))
        );
        assert!(how(json!(["ABSENT"])).holds(None, &[]) && !how(json!(["ABSENT"])).holds(Some("a"), &[]));
        assert!(how(json!([])).holds(None, &wanted("")));
    }
}
