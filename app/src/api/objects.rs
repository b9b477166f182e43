//! Looking into S3 for the launch form. What S3 refuses is shown in words; it is an answer like any other.

use domain::{
    channel_check::{ChannelCheck, ChannelDataType},
    s3_uri::S3Uri,
    time::Timestamp,
};
use leptos::{prelude::*, server_fn::codec::Json};
use serde::{Deserialize, Serialize};

use super::error::ApiError;

/// One page of what lies at a place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PlaceView {
    Buckets(Vec<String>),
    Folder(FolderPage),
    /// Why nothing is shown, with the cure.
    Refused(String),
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FolderPage {
    pub folders: Vec<S3Uri>,
    pub objects: Vec<ObjectView>,
    /// Where the next page begins.
    pub next_token: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObjectView {
    pub uri: S3Uri,
    pub size_bytes: u64,
    pub modified_at: Timestamp,
}

/// Without a place: the buckets. Names that are no S3 URI by SageMaker's rules cannot be chosen and are left out.
#[server(prefix = "/api/ui", endpoint = "object_list", input = Json)]
pub async fn object_list(place: Option<S3Uri>, token: Option<String>) -> Result<PlaceView, ApiError> {
    let services = super::context::services()?;
    let Some(place) = place else {
        let buckets = services.bucket_list().await?;
        return Ok(buckets.map_or_else(|refusal| PlaceView::Refused(refusal.to_string()), PlaceView::Buckets));
    };
    let page = match services.object_list(&place, token.as_deref()).await? {
        Ok(page) => page,
        Err(refusal) => return Ok(PlaceView::Refused(refusal.to_string())),
    };
    let object = |it: services::ObjectEntry| {
        let uri = S3Uri::parse(&it.uri).ok()?;
        Some(ObjectView { uri, size_bytes: it.size_bytes, modified_at: it.modified_at })
    };
    Ok(PlaceView::Folder(FolderPage {
        folders: page.folders.iter().filter_map(|it| S3Uri::parse(it).ok()).collect(),
        objects: page.objects.into_iter().filter_map(object).collect(),
        next_token: page.next_token,
    }))
}

/// What a channel with this URI would find.
#[server(name = ChannelCheckCall, prefix = "/api/ui", endpoint = "channel_check", input = Json)]
pub async fn channel_check(uri: S3Uri, data_type: ChannelDataType) -> Result<ChannelCheck, ApiError> {
    Ok(super::context::services()?.channel_check(&uri, data_type).await?)
}
