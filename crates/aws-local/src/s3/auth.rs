//! Takes signatures off S3 requests.
//!
//! Unless keys are configured any key is accepted, and where they are the signature was verified before; `s3s` refuses
//! signed requests that it cannot verify itself. So header and query signatures come off before `s3s` sees a request.
//! What a presigned URL says about its own end is honoured, and what it says in the place of headers.

use http::request::Parts;
use http::{HeaderName, HeaderValue, Uri, header};

use crate::clock;
use crate::wire::query::percent_decode;

/// Query parameters of `SigV4` and `SigV2` presigned URLs, in lower case.
const SIGNATURE_PARAMETERS: [&str; 10] = [
    "x-amz-algorithm",
    "x-amz-credential",
    "x-amz-date",
    "x-amz-expires",
    "x-amz-signedheaders",
    "x-amz-signature",
    "x-amz-security-token",
    "awsaccesskeyid",
    "signature",
    "expires",
];

/// Headers that a presigned URL carries as parameters: what `PutObject` is to keep of its object.
const CARRIED: [&str; 3] = ["x-amz-tagging", "x-amz-storage-class", "x-amz-website-redirect-location"];
const METADATA: &str = "x-amz-meta-";

const SECURITY_TOKEN: HeaderName = HeaderName::from_static("x-amz-security-token");

/// False when the URL was presigned for a time that has passed.
pub(super) fn strip(head: &mut Parts, now_ms: i64) -> bool {
    head.headers.remove(header::AUTHORIZATION);
    head.headers.remove(SECURITY_TOKEN);
    let Some(query) = head.uri.query().filter(|query| query.to_ascii_lowercase().contains("signature=")) else {
        return true;
    };
    let live = is_live(query, now_ms);
    for (name, value) in carried(query) {
        head.headers.entry(name).or_insert(value);
    }
    drop_parameters(head, &SIGNATURE_PARAMETERS);
    live
}

fn carried(query: &str) -> Vec<(HeaderName, HeaderValue)> {
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    pairs
        .map(|(name, value)| (name.to_ascii_lowercase(), value))
        .filter(|(name, _)| name.starts_with(METADATA) || CARRIED.contains(&name.as_str()))
        .filter_map(|(name, value)| {
            let value = percent_decode(value.as_bytes())?;
            Some((HeaderName::try_from(name).ok()?, HeaderValue::try_from(value).ok()?))
        })
        .collect()
}

/// Takes the query parameters of these names (in lower case) out of the request's URI.
fn drop_parameters(head: &mut Parts, names: &[&str]) {
    let Some(query) = head.uri.query() else { return };
    let kept: Vec<&str> = query
        .split('&')
        .filter(|pair| {
            let name = pair.split('=').next().unwrap_or_default().to_ascii_lowercase();
            !names.contains(&name.as_str())
        })
        .collect();
    let path = head.uri.path();
    let rest = if kept.is_empty() { path.to_owned() } else { format!("{path}?{}", kept.join("&")) };
    if let Ok(uri) = rest.parse::<Uri>() {
        head.uri = uri;
    }
}

/// `SigV4`: `X-Amz-Date` plus `X-Amz-Expires` seconds; `SigV2`: `Expires`, in epoch seconds. Without either it never ends.
fn is_live(query: &str, now_ms: i64) -> bool {
    let value = |wanted: &str| {
        let pair = query
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .find(|(name, _)| name.eq_ignore_ascii_case(wanted));
        pair.and_then(|(_, value)| percent_decode(value.as_bytes()))
    };
    let number = |wanted: &str| value(wanted)?.parse::<i64>().ok();
    let end_ms = match (value("x-amz-date").as_deref().and_then(clock::parse_compact), number("x-amz-expires")) {
        (Some(begin_ms), Some(seconds)) => begin_ms.saturating_add(seconds.saturating_mul(1000)),
        _ => number("expires").map_or(i64::MAX, |seconds| seconds.saturating_mul(1000)),
    };
    now_ms <= end_ms
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::Request;

    fn head(uri: &str) -> Parts {
        Request::get(uri).header("authorization", "AWS4-HMAC-SHA256 x").body(()).unwrap().into_parts().0
    }

    #[test]
    fn presigned_urls_lose_their_signature_and_nothing_else() {
        let uri = "/b/k?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Date=20261123T101500Z&X-Amz-Expires=60&partNumber=2\
                   &X-Amz-Signature=0&uploadId=a%2Fb";
        let mut parts = head(uri);
        let begin = clock::parse_iso("2026-11-23T10:15:00Z").unwrap();
        assert!(strip(&mut parts, begin + 60_000));
        assert_eq!(parts.uri, "/b/k?partNumber=2&uploadId=a%2Fb");
        assert!(!parts.headers.contains_key("authorization"));
        assert!(!strip(&mut head(uri), begin + 60_001));
        assert!(!strip(&mut head("/b/k?AWSAccessKeyId=x&Expires=10&Signature=y"), 10_001));
    }

    #[test]
    fn presigned_urls_carry_headers() {
        let mut parts = head("/b/k?x-amz-meta-Venue=a%20b&x-amz-tagging=c%3Dd&x-id=PutObject&X-Amz-Signature=0");
        assert!(strip(&mut parts, 0));
        assert_eq!(parts.headers["x-amz-meta-venue"], "a b");
        assert_eq!(parts.headers["x-amz-tagging"], "c=d");
        assert!(!parts.headers.contains_key("x-id"));
        let mut unsigned = head("/b/k?x-amz-meta-venue=1");
        strip(&mut unsigned, 0);
        assert!(!unsigned.headers.contains_key("x-amz-meta-venue"), "only a signed URL");
    }

    #[test]
    fn other_queries_are_left_alone() {
        let mut parts = head("/b?list-type=2&prefix=expires&expires=1");
        assert!(strip(&mut parts, i64::MAX - 1));
        assert_eq!(parts.uri, "/b?list-type=2&prefix=expires&expires=1");
    }
}
