//! What an error of S3 says besides its code and message: the key, the upload, the condition, the argument.
//!
//! `s3s` has no elements for these. Most of them stand in the request; what only the operation knows follows the message
//! after [`DETAIL`] and is taken from there.
//!
//! To add one: a line in [`Asked::details`].

use std::fmt::Write as _;

use http::request::Parts;

use crate::wire::query::{escape, percent_decode};

/// Between the message of an error and what only the operation knows.
pub(super) const DETAIL: &str = ": ";

/// What a request names, for the errors about it.
pub(super) struct Asked {
    bucket: String,
    key: String,
    upload: String,
    part: String,
    range: String,
}

impl Asked {
    pub(super) fn of(head: &Parts) -> Self {
        let header = |name: &str| head.headers.get(name).and_then(|value| value.to_str().ok()).map(ToOwned::to_owned);
        // Of the two objects of a copy, the source is the one that must be there.
        let source = header("x-amz-copy-source").map(|source| source.split('?').next().unwrap_or_default().to_owned());
        let path = source.unwrap_or_else(|| head.uri.path().to_owned());
        let parameter = |wanted: &str| {
            let pairs = head.uri.query()?.split('&').filter_map(|pair| pair.split_once('='));
            pairs.filter(|(name, _)| *name == wanted).find_map(|(_, value)| percent_decode(value.as_bytes()))
        };
        // A plus is itself in a path.
        let path = path.trim_start_matches('/').replace('+', "%2B");
        let (bucket, key) = path.split_once('/').unwrap_or((&path, ""));
        Self {
            bucket: bucket.to_owned(),
            key: percent_decode(key.as_bytes()).unwrap_or_default(),
            upload: parameter("uploadId").unwrap_or_default(),
            part: parameter("partNumber").unwrap_or_default(),
            range: header("range").unwrap_or_default(),
        }
    }

    /// The error with its details, in the order of S3's own.
    pub(super) fn complete(&self, error: &str, code: &str) -> String {
        let (error, known) = match code {
            "PreconditionFailed" | "InvalidRange" => taken(error),
            _ => (error.to_owned(), None),
        };
        let details = self.details(code, &error, known.as_deref());
        let mut elements = String::new();
        for (name, value) in details {
            let _ = write!(elements, "<{name}>{}</{name}>", escape(value));
        }
        error.replacen("</Error>", &format!("{elements}</Error>"), 1)
    }

    fn details<'a>(&'a self, code: &str, error: &str, known: Option<&'a str>) -> Vec<(&'static str, &'a str)> {
        match (code, known) {
            ("NoSuchBucket" | "BucketAlreadyOwnedByYou" | "BucketNotEmpty" | "InvalidBucketName", _) => {
                vec![("BucketName", &self.bucket)]
            }
            ("NoSuchKey", _) => vec![("Key", &self.key)],
            ("NoSuchUpload", _) => vec![("UploadId", &self.upload)],
            ("PreconditionFailed", Some(condition)) => vec![("Condition", condition)],
            ("InvalidRange", Some(size)) => vec![("RangeRequested", &self.range), ("ActualObjectSize", size)],
            ("InvalidArgument", _) if error.contains("<Message>Part number must be") => {
                vec![("ArgumentName", "partNumber"), ("ArgumentValue", &self.part)]
            }
            _ => Vec::new(),
        }
    }
}

/// The error without what the operation knew, and that.
fn taken(error: &str) -> (String, Option<String>) {
    let found = error.split_once("</Message>").and_then(|(before, after)| {
        let (before, known) = before.rsplit_once(DETAIL)?;
        Some((format!("{before}</Message>{after}"), known.to_owned()))
    });
    found.map_or_else(|| (error.to_owned(), None), |(error, known)| (error, Some(known)))
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    fn completed(request: http::request::Builder, code: &str, message: &str) -> String {
        let asked = Asked::of(&request.body(()).unwrap().into_parts().0);
        asked.complete(&format!("<Error><Code>{code}</Code><Message>{message}</Message></Error>"), code)
    }

    #[test]
    fn errors_name_what_they_are_about() {
        let get = || Request::get("/b/a+b%26c?uploadId=u%2Fv&partNumber=10001");
        assert!(completed(get(), "NoSuchKey", "x").ends_with("<Message>x</Message><Key>a+b&amp;c</Key></Error>"));
        assert!(completed(get(), "NoSuchUpload", "x").ends_with("<UploadId>u/v</UploadId></Error>"));
        assert!(completed(get(), "NoSuchBucket", "x").ends_with("<BucketName>b</BucketName></Error>"));
        let copy = get().header("x-amz-copy-source", "other/from?versionId=null");
        assert!(completed(copy, "NoSuchKey", "x").ends_with("<Key>from</Key></Error>"));
        let part = completed(get(), "InvalidArgument", "Part number must be an integer between 1 and 10000, inclusive");
        assert!(part.ends_with("<ArgumentName>partNumber</ArgumentName><ArgumentValue>10001</ArgumentValue></Error>"));
        let range = completed(get().header("range", "bytes=1024-"), "InvalidRange", "not satisfiable: 9");
        assert!(range.ends_with(
            "<Message>not satisfiable</Message><RangeRequested>bytes=1024-</RangeRequested>\
             <ActualObjectSize>9</ActualObjectSize></Error>"
        ));
        assert_eq!(
            completed(get(), "AccessDenied", "x: y"),
            "<Error><Code>AccessDenied</Code><Message>x: y</Message></Error>"
        );
    }
}
