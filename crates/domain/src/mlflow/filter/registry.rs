//! The filters of `registered-models/search` and `model-versions/search`.

use super::{
    Comparison, Number, NumberOp, TextTest, Token, comparisons, identifier, list, plain_key, quoted, tag_test,
    text_test,
};
use crate::mlflow::{MlflowError, PROMPT_TAG, Result};

#[derive(Clone, Debug, PartialEq)]
pub enum RegistryCondition {
    Name(TextTest),
    Version {
        op: NumberOp,
        value: i64,
    },
    RunId(TextTest),
    Source(TextTest),
    Tag {
        key: String,
        test: TextTest,
    },
    /// Of a name that is no prompt's.
    NoPrompt,
}

pub fn registered_model_filter(text: &str) -> Result<Vec<RegistryCondition>> {
    let found = comparisons(text, "")?.iter().map(|it| condition(it, &["name"])).collect::<Result<_>>()?;
    Ok(without_prompts(found))
}

pub fn model_version_filter(text: &str) -> Result<Vec<RegistryCondition>> {
    let columns = ["name", "run_id", "source_path", "version_number"];
    let found = comparisons(text, "")?.iter().map(|it| condition(it, &columns)).collect::<Result<_>>()?;
    Ok(without_prompts(found))
}

/// Prompts are models with a tag, and found only by who asks for the tag. MLflow's client asks that it is not `true`,
/// which no model without the tag would pass: the tag's own comparisons give way to `NoPrompt`.
fn without_prompts(mut found: Vec<RegistryCondition>) -> Vec<RegistryCondition> {
    let wants_prompts = |test: &TextTest| match test {
        TextTest::Equal(value) => value.eq_ignore_ascii_case("true"),
        TextTest::NotEqual(value) => value.eq_ignore_ascii_case("false"),
        _ => false,
    };
    let asked = found.iter().find_map(|it| match it {
        RegistryCondition::Tag { key, test } if key == PROMPT_TAG => Some(wants_prompts(test)),
        _ => None,
    });
    if asked != Some(true) {
        found.retain(|it| !matches!(it, RegistryCondition::Tag { key, .. } if key == PROMPT_TAG));
        found.push(RegistryCondition::NoPrompt);
    }
    found
}

fn condition(it: &Comparison, columns: &[&str]) -> Result<RegistryCondition> {
    let left = identifier(it)?;
    let (entity, key) = left.split_once('.').unwrap_or(("attribute", left));
    let key = plain_key(key).to_owned();
    let operator = &*it.operator.to_ascii_uppercase();
    let is_tag = match entity {
        "tag" | "tags" => true,
        "attribute" => false,
        _ => {
            return Err(MlflowError::invalid(format!(
                "Invalid entity type '{entity}'. Valid entity types are ('attribute', 'tag', 'tags')"
            )));
        }
    };
    if !is_tag && !columns.contains(&key.as_str()) {
        let valid = columns.iter().map(|it| format!("'{it}'")).collect::<Vec<_>>().join(", ");
        return Err(MlflowError::invalid(format!(
            "Invalid attribute key '{key}' specified. Valid keys are '{{{valid}}}'"
        )));
    }
    let Some(right) = &it.right else {
        return Err(MlflowError::invalid("Invalid comparison clause. Expected 3 tokens found 2"));
    };
    if is_tag {
        return Ok(RegistryCondition::Tag { key, test: tag_test(operator, right)? });
    }
    if key == "version_number" {
        let why = || {
            MlflowError::invalid(format!(
                "Expected numeric value type for numeric attribute: {key}. Found {}",
                right.shown()
            ))
        };
        let Token::Number(text) = right else { return Err(why()) };
        let Some(Number::Integer(value)) = Number::parse(text) else {
            return Err(MlflowError::invalid(format!("Invalid value for numeric attribute '{key}': {text}")));
        };
        let op = NumberOp::parse(operator)
            .ok_or_else(|| MlflowError::invalid(format!("Invalid comparator for attribute {key}: {operator}")))?;
        return Ok(RegistryCondition::Version { op, value });
    }
    let test = match right {
        Token::List(_, texts) if key == "source_path" => {
            list(texts.as_ref())?;
            let why = "Only ['name', 'run_id'] attributes support comparison with a list of quoted string values.";
            return Err(MlflowError::invalid(why));
        }
        Token::List(_, texts) => {
            let texts = list(texts.as_ref())?;
            match operator {
                "IN" => Some(TextTest::In(texts)),
                "NOT IN" => Some(TextTest::NotIn(texts)),
                _ => None,
            }
        }
        other => {
            let value = quoted(other, |shown| {
                format!(
                    "Expected a quoted string value or a list of quoted string values for attributes. Got value {shown}"
                )
            })?;
            text_test(operator, value)
        }
    };
    let test = test.ok_or_else(|| MlflowError::invalid(format!("Invalid comparator for attribute: {operator}")))?;
    Ok(match key.as_str() {
        "run_id" => RegistryCondition::RunId(test),
        "source_path" => RegistryCondition::Source(test),
        _ => RegistryCondition::Name(test),
    })
}
