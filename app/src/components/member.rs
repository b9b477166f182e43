//! One member of the request as a control: what it looks like follows from its type in the table of members.

use domain::training_job::{Kind, Node, Rule};
use leptos::prelude::*;

use super::{
    field::{CheckField, FormErrors, SelectField, TextField},
    request_form::RequestForm,
    s3_browser::S3Pick,
};

/// A text, a number, a choice or a switch; SageMaker's own name stands beside the label.
#[component]
pub fn Member(
    /// `ResourceConfig.VolumeKmsKeyId`, `InputDataConfig[0].ChannelName`
    #[prop(into)]
    path: String,
    label: &'static str,
    errors: FormErrors,
    #[prop(optional)] hint: &'static str,
    #[prop(optional)] unit: &'static str,
    #[prop(optional)] placeholder: &'static str,
) -> impl IntoView {
    let value = RequestForm::of_form().control(&path);
    let api_name = path.rsplit(['.', ']']).next().unwrap_or_default().to_owned();
    match Node::find(&without_numbers(&path)).map(|it| &it.kind) {
        Some(Kind::Boolean) => view! { <CheckField name=path label api_name value hint/> }.into_any(),
        Some(Kind::Choice(choices)) => {
            view! { <SelectField name=path label api_name value choices=choices.as_slice() errors hint/> }.into_any()
        }
        Some(Kind::Integer) => {
            view! { <TextField name=path label api_name value errors hint unit placeholder inputmode="numeric"/> }
                .into_any()
        }
        Some(Kind::Text(Rule::S3Uri)) => {
            let pick = Some(pick_of(&path));
            view! { <TextField name=path label api_name value errors hint unit placeholder pick/> }.into_any()
        }
        _ => view! { <TextField name=path label api_name value errors hint unit placeholder/> }.into_any(),
    }
}

/// Data is read from objects and folders; all else in S3 is written below a folder.
fn pick_of(path: &str) -> S3Pick {
    if path.starts_with("InputDataConfig") { S3Pick::Any } else { S3Pick::Folder }
}

/// `InputDataConfig[3].ChannelName` is `InputDataConfig[].ChannelName` in the table.
fn without_numbers(path: &str) -> String {
    path.chars()
        .scan(false, |inside, c| {
            *inside = (*inside && c != ']') || c == '[';
            Some((c, *inside))
        })
        .filter(|(c, inside)| !inside || *c == '[')
        .map(|(c, _)| c)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_all_alike() {
        assert_eq!(without_numbers("InputDataConfig[13].ChannelName"), "InputDataConfig[].ChannelName");
        assert_eq!(without_numbers("RoleArn"), "RoleArn");
        assert!(Node::find(&without_numbers("InputDataConfig[2].DataSource.S3DataSource.S3Uri")).is_some());
    }
}
