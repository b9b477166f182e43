//! Presigned URLs of Signature Version 2: what boto3 makes for S3 unless it is told otherwise.
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/RESTAuthentication.html>
//!
//! Only the URL form is accepted: no client that is still kept signs headers in this way.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac as _};
use http::request::Parts;
use sha1::Sha1;

use super::canonical::header;
use super::refusal::Refusal;
use crate::wire::query;

/// Query parameters that are part of the resource.
const SUB_RESOURCES: [&str; 31] = [
    "accelerate",
    "acl",
    "cors",
    "delete",
    "defaultObjectAcl",
    "inventory",
    "lifecycle",
    "location",
    "logging",
    "notification",
    "partNumber",
    "policy",
    "replication",
    "requestPayment",
    "response-cache-control",
    "response-content-disposition",
    "response-content-encoding",
    "response-content-language",
    "response-content-type",
    "response-expires",
    "restore",
    "tagging",
    "torrent",
    "uploadId",
    "uploads",
    "versionId",
    "versioning",
    "versions",
    "website",
    "object-lock",
    "select",
];

pub(super) fn is_presigned(head: &Parts) -> bool {
    let has =
        |wanted: &str| head.uri.query().is_some_and(|query| query.split('&').any(|pair| pair.starts_with(wanted)));
    !head.headers.contains_key(http::header::AUTHORIZATION) && has("AWSAccessKeyId=") && has("Signature=")
}

/// `secret` finds the secret of a key, with the session token that the URL names.
pub(super) fn check(
    head: &Parts,
    now_ms: i64,
    secret: impl Fn(&str, Option<&str>) -> Result<String, Refusal>,
) -> Result<(), Refusal> {
    let fields = query::fields(head.uri.query().unwrap_or_default().as_bytes()).unwrap_or_default();
    let field = |wanted: &str| fields.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.as_str());
    let (Some(id), Some(signature), Some(expires)) = (field("AWSAccessKeyId"), field("Signature"), field("Expires"))
    else {
        let message = "Query-string authentication requires the Signature, Expires and AWSAccessKeyId parameters";
        return Err(Refusal::Query(message.to_owned()));
    };
    let end_ms = expires.parse::<i64>().ok().and_then(|seconds| seconds.checked_mul(1000));
    let end_ms = end_ms.ok_or_else(|| Refusal::Query("Expires must be a number of seconds".to_owned()))?;
    let token = field("x-amz-security-token");
    let secret = secret(id, token)?;
    if now_ms > end_ms {
        return Err(Refusal::ExpiredUrl { end_ms, now_ms });
    }
    let text = string_to_sign(head, expires, &fields);
    let mut mac = Hmac::<Sha1>::new_from_slice(secret.as_bytes()).map_err(|_| Refusal::Mismatch)?;
    mac.update(text.as_bytes());
    // A client that did not encode the `+` of its base64 sent a space.
    let signature = STANDARD.decode(signature.replace(' ', "+")).unwrap_or_default();
    mac.verify_slice(&signature).map_err(|_| Refusal::Mismatch)
}

/// What a client would put into headers may be in the URL.
fn string_to_sign(head: &Parts, expires: &str, fields: &[(String, String)]) -> String {
    let in_url = |wanted: &str| fields.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.clone());
    let standard = |name: &str| in_url(name).unwrap_or_else(|| header(head, name));
    let names = head.headers.keys().map(http::HeaderName::as_str).filter(|name| name.starts_with("x-amz-"));
    let mut amz: Vec<String> = names.map(|name| format!("{name}:{}\n", header(head, name))).collect();
    let more = fields.iter().filter(|(name, _)| name.starts_with("x-amz-"));
    amz.extend(more.map(|(name, value)| format!("{name}:{value}\n")));
    amz.sort();
    let mut parts: Vec<&(String, String)> =
        fields.iter().filter(|(name, _)| SUB_RESOURCES.contains(&name.as_str())).collect();
    parts.sort();
    let parts: Vec<String> = parts
        .into_iter()
        .map(|(name, value)| if value.is_empty() { name.clone() } else { format!("{name}={value}") })
        .collect();
    let query = if parts.is_empty() { String::new() } else { format!("?{}", parts.join("&")) };
    let path = head.uri.path();
    // A bucket alone ends with a slash, sent or not.
    let end = if path.rfind('/') == Some(0) && path.len() > 1 { "/" } else { "" };
    let (method, md5, kind) = (&head.method, standard("content-md5"), standard("content-type"));
    format!("{method}\n{md5}\n{kind}\n{expires}\n{}{path}{end}{query}", amz.concat())
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::Request;

    /// The example "Query string request authentication" of the page above.
    #[test]
    fn awss_own_example_is_good_until_it_ends() {
        let secret = |id: &str, _: Option<&str>| {
            assert_eq!(id, "AKIAIOSFODNN7EXAMPLE");
            Ok("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY".to_owned())
        };
        let head = |uri: &str| Request::get(uri).body(()).unwrap().into_parts().0;
        let uri = "/awsexamplebucket1/photos/puppy.jpg?AWSAccessKeyId=AKIAIOSFODNN7EXAMPLE&Signature=NpgCjnDzrM%2BWFzoENXmpNDUsSn8%3D&Expires=1175139620";
        assert!(is_presigned(&head(uri)));
        let end_ms = 1_175_139_620_000;
        let other = uri.replace("puppy", "kitten");
        assert_eq!(check(&head(&other), end_ms, secret), Err(Refusal::Mismatch));
        assert_eq!(check(&head(uri), end_ms + 1, secret), Err(Refusal::ExpiredUrl { end_ms, now_ms: end_ms + 1 }));
        assert!(!is_presigned(&head("/b/k?Expires=1&prefix=Signature")));
    }
}
