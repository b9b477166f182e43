//! The data: a card per channel, with the path and the variable by which the script finds it, and whether it is there.

use leptos::prelude::*;

use super::channel_check::ChannelCheckLine;
use crate::components::{
    field::{FieldErrors, FormErrors, field_id},
    icon::{Glyph, Icon},
    member::Member,
    request_form::RequestForm,
    rows_field::{Column, RowsField},
};

const LIST: &str = "InputDataConfig";

#[component]
pub(super) fn Channels(errors: FormErrors) -> impl IntoView {
    let form = RequestForm::of_form();
    let rows = form.rows(LIST);
    view! {
        <div class="channels" id=field_id(LIST) tabindex="-1">
            <For each=move || rows.get() key=|row| *row children=move |row| view! { <Channel row errors/> }/>
        </div>
        <FieldErrors field=LIST errors/>
        <button type="button" class="button is-small needs-js" on:click=move |_| form.row_add(LIST)>
            <Glyph icon=Icon::Plus/>
            "Add channel"
        </button>
    }
}

/// What SageMaker makes of a channel's name: `SM_CHANNEL_` and the name in capitals.
fn variable(name: &str) -> String {
    let name: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' }).collect();
    format!("SM_CHANNEL_{name}")
}

#[component]
fn Channel(row: usize, errors: FormErrors) -> impl IntoView {
    const ATTRIBUTES: [Column; 1] = [Column { member: "", label: "Attribute", placeholder: "source-ref" }];
    const GROUPS: [Column; 1] = [Column { member: "", label: "Instance group", placeholder: "workers" }];
    let form = RequestForm::of_form();
    let at = move |member: &str| format!("{LIST}[{row}].{member}");
    let s3 = move |member: &str| at(&format!("DataSource.S3DataSource.{member}"));
    let file_system = move |member: &str| at(&format!("DataSource.FileSystemDataSource.{member}"));
    let name = form.text(&at("ChannelName"));
    let place = move || {
        let name = name.get();
        let name = name.trim();
        if name.is_empty() {
            "The script finds it under /opt/ml/input/data/<channel>.".to_owned()
        } else {
            format!("The script finds it in /opt/ml/input/data/{name}, which is in {}.", variable(name))
        }
    };
    let is_more = form.fields().with_untracked(|fields| {
        let prefix = format!("{LIST}[{row}]");
        let common = [at("ChannelName"), s3("S3Uri"), s3("S3DataType"), at("InputMode"), at("ContentType")];
        fields.iter().any(|(path, _)| path.starts_with(&prefix) && !common.iter().any(|it| it == path))
    });
    view! {
        <fieldset class="channel">
            <legend>"Channel"</legend>
            <div class="field-row">
                <Member path=at("ChannelName") label="Channel" errors placeholder="train"/>
                <Member path=at("InputMode") label="Input mode" errors/>
            </div>
            <Member path=s3("S3Uri") label="Data in S3" errors placeholder="s3://my-bucket/train/"/>
            <p class="hint channel-place">{place}</p>
            <ChannelCheckLine uri=form.text(&s3("S3Uri")) data_type=form.text(&s3("S3DataType"))/>
            <div class="field-row">
                <Member path=s3("S3DataType") label="Data type" errors hint="Not set: every object under the prefix."/>
                <Member path=at("ContentType") label="Content type" errors placeholder="text/csv"/>
            </div>
            <details class="fold" open=is_more>
                <summary>"Distribution, pipes, file systems, manifests"</summary>
                <div class="fold-body">
                    <div class="field-row">
                        <Member path=s3("S3DataDistributionType") label="Distribution" errors hint="With two or more instances."/>
                        <Member path=at("CompressionType") label="Compression" errors hint="Pipe mode only."/>
                        <Member path=at("RecordWrapperType") label="Record wrapper" errors hint="Pipe mode only."/>
                        <Member path=at("ShuffleConfig.Seed") label="Shuffle seed" errors hint="Shuffles the order of the objects."/>
                    </div>
                    <h3 class="rows-title">"Attributes of an augmented manifest"</h3>
                    <RowsField path=s3("AttributeNames") what="attribute" columns=ATTRIBUTES errors/>
                    <h3 class="rows-title">"Instance groups that get this channel"</h3>
                    <RowsField path=s3("InstanceGroupNames") what="instance group" columns=GROUPS errors/>
                    <h3 class="rows-title">"Instead of S3: a file system"</h3>
                    <div class="field-row">
                        <Member path=file_system("FileSystemId") label="File system" errors placeholder="fs-0123456789abcdef0"/>
                        <Member path=file_system("FileSystemType") label="Kind" errors/>
                        <Member path=file_system("DirectoryPath") label="Folder" errors placeholder="/training-data"/>
                        <Member path=file_system("FileSystemAccessMode") label="Access" errors/>
                    </div>
                    <div class="field-row">
                        <Member path=at("DataSource.DatasetSource.DatasetArn") label="Dataset of a hub" errors/>
                        <Member path=s3("HubAccessConfig.HubContentArn") label="Hub content" errors/>
                    </div>
                    <Member path=s3("ModelAccessConfig.AcceptEula") label="Accept the model's licence" errors/>
                </div>
            </details>
            <button type="button" class="button is-quiet is-small needs-js" on:click=move |_| form.row_remove(LIST, row)>
                <Glyph icon=Icon::Cross/>
                "Remove this channel"
            </button>
        </fieldset>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_channel_has_its_variable() {
        assert_eq!(variable("train"), "SM_CHANNEL_TRAIN");
        assert_eq!(variable("my-data.v2"), "SM_CHANNEL_MY_DATA_V2");
    }
}
