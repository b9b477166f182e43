//! Looking into S3 before a launch: what is counted, what is told of it, what is refused.

use bytes::Bytes;
use domain::{
    channel_check::{ChannelCheck, ChannelDataType, ChannelObjects, S3Refusal},
    data_format::DataFormat,
    s3_uri::S3Uri,
};
use services::EngineError;

use crate::{fake::Fault, lab::Lab};

fn uri(text: &str) -> S3Uri {
    S3Uri::parse(text).unwrap()
}

impl Lab {
    fn put(&self, at: &str, body: impl Into<Bytes>) {
        self.cloud.state().objects.insert(at.to_owned(), body.into());
    }

    async fn check(&self, at: &str, data_type: ChannelDataType) -> ChannelCheck {
        self.services.channel_check(&uri(at), data_type).await.unwrap()
    }
}

#[tokio::test]
async fn a_prefix_is_counted_named_and_its_format_told() {
    let lab = Lab::new().await;
    lab.put("s3://trainyard/iris/", "");
    lab.put("s3://trainyard/iris/a.csv", "1,2\n3,4\n");
    lab.put("s3://trainyard/iris/b/c.csv", "5,6\n");
    let wanted = ChannelObjects {
        count: 2,
        size_bytes: 12,
        is_more: false,
        names: vec!["a.csv".to_owned(), "b/c.csv".to_owned()],
        format: Some(DataFormat::Csv),
    };
    let found = lab.check("s3://trainyard/iris/", ChannelDataType::S3Prefix).await;
    assert_eq!(found, ChannelCheck::Objects(wanted), "the folder's own marker is no data");
    let ChannelCheck::Objects(found) = lab.check("s3://trainyard/iris/a", ChannelDataType::S3Prefix).await else {
        panic!("an object is a prefix, too")
    };
    assert_eq!((found.count, found.names), (1, vec!["a.csv".to_owned()]));
}

#[tokio::test]
async fn the_count_has_a_bound_and_says_so() {
    let lab = Lab::new().await;
    for it in 0..10_001 {
        lab.put(&format!("s3://trainyard/many/{it:05}"), "");
    }
    let ChannelCheck::Objects(found) = lab.check("s3://trainyard/many/", ChannelDataType::S3Prefix).await else {
        panic!("they are there")
    };
    assert_eq!((found.count, found.is_more, found.format), (10_000, true, None));
    assert_eq!(lab.cloud.calls_of("list"), 10);
}

#[tokio::test]
async fn what_is_missing_and_what_is_denied_are_told_apart() {
    let lab = Lab::new().await;
    let prefix = ChannelDataType::S3Prefix;
    assert_eq!(lab.check("s3://trainyard/none/", prefix).await, ChannelCheck::Nothing);
    let no_bucket = ChannelCheck::Refused(S3Refusal::NoBucket { bucket: "nobodys".to_owned() });
    assert_eq!(lab.check("s3://nobodys/data/", prefix).await, no_bucket);
    assert_eq!(lab.check("s3://nobodys/m.json", ChannelDataType::ManifestFile).await, no_bucket);
    assert_eq!(lab.check("s3://trainyard/m.json", ChannelDataType::ManifestFile).await, ChannelCheck::Nothing);
    for (code, wanted) in [
        ("AccessDenied", S3Refusal::Denied),
        ("PermanentRedirect", S3Refusal::Other { code: "PermanentRedirect".to_owned(), message: "said".to_owned() }),
    ] {
        let refusal = EngineError::Rejected { code: code.to_owned(), message: "said".to_owned() };
        lab.cloud.state().object_refusal = Some(refusal);
        assert_eq!(lab.check("s3://trainyard/a/", prefix).await, ChannelCheck::Refused(wanted.clone()));
        assert_eq!(lab.services.bucket_list().await.unwrap(), Err(wanted.clone()));
        assert_eq!(lab.services.object_list(&uri("s3://trainyard/"), None).await.unwrap(), Err(wanted));
    }
    lab.cloud.state().object_refusal = None;
    lab.cloud.arm_call("list", 0, Fault::Refused);
    assert!(lab.services.channel_check(&uri("s3://trainyard/a/"), prefix).await.is_err(), "an engine away is an error");
}

#[tokio::test]
async fn the_entries_of_manifests_are_counted() {
    let lab = Lab::new().await;
    lab.put("s3://trainyard/list.json", r#"[{"prefix": "s3://trainyard/a/"}, "1.csv", "2.csv"]"#);
    lab.put("s3://trainyard/lines.json", "{\"source-ref\": \"s3://trainyard/1.jpg\"}\n{\"source-ref\": \"x\"}\n");
    let counted = |entries| ChannelCheck::Manifest { entries, is_more: false };
    assert_eq!(lab.check("s3://trainyard/list.json", ChannelDataType::ManifestFile).await, counted(2));
    assert_eq!(lab.check("s3://trainyard/lines.json", ChannelDataType::AugmentedManifestFile).await, counted(2));
    let wrong = lab.check("s3://trainyard/lines.json", ChannelDataType::ManifestFile).await;
    assert!(matches!(&wrong, ChannelCheck::BadManifest { why } if why.contains("JSON")), "{wrong:?}");
    // One line of 64 bytes; more of them than are read.
    let line = format!("{{\"source-ref\": \"{}\"}}\n", "x".repeat(45));
    lab.put("s3://trainyard/long.json", line.repeat(80_000));
    let long = lab.check("s3://trainyard/long.json", ChannelDataType::AugmentedManifestFile).await;
    assert!(matches!(long, ChannelCheck::Manifest { entries: 60_000..80_000, is_more: true }), "{long:?}");
}

#[tokio::test]
async fn folders_are_gone_through_level_by_level() {
    let lab = Lab::new().await;
    lab.put("s3://trainyard/a/1.csv", "1");
    lab.put("s3://trainyard/a/b/2.csv", "2");
    lab.put("s3://team/x", "3");
    assert_eq!(lab.services.bucket_list().await.unwrap().unwrap(), ["team", "trainyard"]);
    let page = lab.services.object_list(&uri("s3://trainyard/a/"), None).await.unwrap().unwrap();
    assert_eq!(page.folders, ["s3://trainyard/a/b/"]);
    assert_eq!(page.objects.iter().map(|it| it.uri.as_str()).collect::<Vec<_>>(), ["s3://trainyard/a/1.csv"]);
    assert_eq!(page.next_token, None);
}
