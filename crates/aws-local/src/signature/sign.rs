//! Signs a request, for programs of this machine that call the endpoint without an SDK.

use hmac::Mac as _;
use http::request::Parts;
use http::{HeaderValue, header};

use super::keys::AccessKey;
use super::mac::{Signer, sha256_hex};
use super::verify::Style;
use super::{canonical, claim};
use crate::clock;

/// Adds `X-Amz-Date` and `Authorization` to a request, which must have its `Host`; for S3 also the hash of the body, if
/// the request does not say it yet. Every header that is there is signed.
pub fn sign(key: &AccessKey, head: &mut Parts, body: &[u8], region: &str, service: &str) {
    let at_ms = clock::now_ms();
    let time = clock::compact(at_ms);
    let style = if service == "s3" { Style::S3 } else { Style::Other };
    let mut set = |name: &'static str, text: &str| {
        if let Ok(value) = HeaderValue::from_str(text) {
            head.headers.insert(name, value);
        }
    };
    set("x-amz-date", &time);
    if style == Style::S3 && !head.headers.contains_key("x-amz-content-sha256") {
        let hash = sha256_hex(body);
        if let Ok(value) = HeaderValue::from_str(&hash) {
            head.headers.insert("x-amz-content-sha256", value);
        }
    }
    let told = head.headers.get("x-amz-content-sha256").and_then(|value| value.to_str().ok());
    let payload = told.map_or_else(|| sha256_hex(body), ToOwned::to_owned);
    let mut names: Vec<String> = head.headers.keys().map(ToString::to_string).collect();
    names.sort();
    let scope = format!("{}/{region}/{service}/aws4_request", &time[..8]);
    let canonical = canonical::request(head, &names, style, &payload);
    let signature = Signer::new(&key.secret, &scope, at_ms).request(&canonical).finalize().into_bytes();
    let authorization = format!(
        "{} Credential={}/{scope}, SignedHeaders={}, Signature={}",
        claim::ALGORITHM,
        key.id,
        names.join(";"),
        hex::encode(signature)
    );
    if let Ok(value) = HeaderValue::from_str(&authorization) {
        head.headers.insert(header::AUTHORIZATION, value);
    }
}
