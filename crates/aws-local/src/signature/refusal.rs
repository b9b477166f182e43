//! Why a request was not let in, in the words that AWS has for it in each protocol.
//!
//! JSON services answer 400 with a code that ends in `Exception`, query services 403 without, S3 has codes of its own.

use crate::clock;
use crate::wire::{ApiError, Protocol};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// Nobody signed.
    Missing,
    /// Signed in a way that is not accepted.
    Scheme,
    /// The header is unreadable; the text says how.
    Incomplete(String),
    /// The parameters of a presigned URL are wrong; the text says how.
    Query(String),
    /// The credential's scope is not that of the request; the text says how.
    Scope(String),
    UnknownKey,
    UnknownToken,
    ExpiredToken,
    /// Signed at another time than now.
    Skewed {
        begun_ms: i64,
        now_ms: i64,
    },
    /// A presigned URL whose time is over.
    ExpiredUrl {
        end_ms: i64,
        now_ms: i64,
    },
    /// A header that had to be signed was not.
    Unsigned(&'static str),
    /// S3 must be told the hash of the body, or that there is none.
    NoContentHash,
    Mismatch,
}

const MINUTE_MS: i64 = 60_000;
/// How old a signature may be.
pub(super) const PAST_MS: i64 = 15 * MINUTE_MS;
/// How far a signature may be ahead: S3 measures both ways alike, the other services are stricter here.
pub(super) const AHEAD_MS: i64 = 5 * MINUTE_MS;

const MISMATCH: &str = "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.";

impl Refusal {
    pub(crate) fn to_error(&self, protocol: Protocol) -> ApiError {
        let (json_code, query_code, message) = self.told();
        match protocol {
            Protocol::Query => ApiError::new(403, query_code, message),
            _ => ApiError::client(json_code, message),
        }
    }

    fn told(&self) -> (&'static str, &'static str, String) {
        let signature = ("InvalidSignatureException", "SignatureDoesNotMatch");
        let token = ("UnrecognizedClientException", "InvalidClientTokenId");
        let incomplete = ("IncompleteSignatureException", "IncompleteSignature");
        let ((json, query), message) = match self {
            Self::Missing | Self::NoContentHash => {
                let codes = ("MissingAuthenticationTokenException", "MissingAuthenticationToken");
                (codes, "Request is missing Authentication Token".to_owned())
            }
            Self::Scheme => (incomplete, "Unsupported signature algorithm: use AWS4-HMAC-SHA256.".to_owned()),
            Self::Incomplete(text) | Self::Query(text) => (incomplete, text.clone()),
            Self::Scope(text) => (signature, text.clone()),
            Self::UnknownKey | Self::UnknownToken => {
                (token, "The security token included in the request is invalid.".to_owned())
            }
            Self::ExpiredToken => {
                let message = "The security token included in the request is expired".to_owned();
                (("ExpiredTokenException", "ExpiredToken"), message)
            }
            Self::Skewed { begun_ms, now_ms } => (signature, skewed(*begun_ms, *now_ms)),
            Self::ExpiredUrl { end_ms, now_ms } => {
                let (end, now) = (clock::compact(*end_ms), clock::compact(*now_ms));
                (signature, format!("Signature expired: {end} is now earlier than {now}"))
            }
            Self::Unsigned(name) => {
                (signature, format!("'{name}' must be a 'SignedHeader' in the AWS Authorization header."))
            }
            Self::Mismatch => (signature, MISMATCH.to_owned()),
        };
        (json, query, message)
    }

    /// Status, code and message as S3 says it.
    pub(crate) fn in_s3(&self) -> (u16, &'static str, String) {
        let (status, code, message) = match self {
            Self::Missing => (403, "AccessDenied", "Access Denied"),
            Self::Scheme => {
                let message =
                    "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.";
                (400, "InvalidRequest", message)
            }
            Self::Incomplete(text) | Self::Scope(text) => {
                return (400, "AuthorizationHeaderMalformed", format!("The authorization header is malformed; {text}"));
            }
            Self::Query(text) => return (400, "AuthorizationQueryParametersError", text.clone()),
            Self::UnknownKey => {
                (403, "InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records.")
            }
            Self::UnknownToken => (400, "InvalidToken", "The provided token is malformed or otherwise invalid."),
            Self::ExpiredToken => (400, "ExpiredToken", "The provided token has expired."),
            Self::Skewed { .. } => {
                let message = "The difference between the request time and the current time is too large.";
                (403, "RequestTimeTooSkewed", message)
            }
            Self::ExpiredUrl { .. } => (403, "AccessDenied", "Request has expired"),
            Self::Unsigned(_) => {
                (403, "AccessDenied", "There were headers present in the request which were not signed")
            }
            Self::NoContentHash => {
                (400, "InvalidRequest", "Missing required header for this request: x-amz-content-sha256")
            }
            Self::Mismatch => {
                let message = "The request signature we calculated does not match the signature you provided. Check your key and signing method.";
                (403, "SignatureDoesNotMatch", message)
            }
        };
        (status, code, message.to_owned())
    }
}

fn skewed(begun_ms: i64, now_ms: i64) -> String {
    let (begun, now) = (clock::compact(begun_ms), clock::compact(now_ms));
    if begun_ms < now_ms {
        let limit = clock::compact(now_ms - PAST_MS);
        return format!("Signature expired: {begun} is now earlier than {limit} ({now} - 15 min.)");
    }
    let limit = clock::compact(now_ms + AHEAD_MS);
    format!("Signature not yet current: {begun} is still later than {limit} ({now} + 5 min.)")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_protocol_has_its_words() {
        let now_ms = clock::parse_iso("2026-01-01T00:30:00Z").unwrap();
        let late = Refusal::Skewed { begun_ms: now_ms - 16 * MINUTE_MS, now_ms };
        let text =
            "Signature expired: 20260101T001400Z is now earlier than 20260101T001500Z (20260101T003000Z - 15 min.)";
        assert_eq!(late.to_error(Protocol::Json11), ApiError::new(400, "InvalidSignatureException", text));
        assert_eq!(late.to_error(Protocol::Query), ApiError::new(403, "SignatureDoesNotMatch", text));
        assert_eq!(late.in_s3().1, "RequestTimeTooSkewed");
        let early = Refusal::Skewed { begun_ms: now_ms + 6 * MINUTE_MS, now_ms }.to_error(Protocol::Cbor).message;
        assert!(early.ends_with("is still later than 20260101T003500Z (20260101T003000Z + 5 min.)"), "{early}");
        assert_eq!(Refusal::UnknownKey.to_error(Protocol::Cbor).code, "UnrecognizedClientException");
        assert_eq!(Refusal::UnknownKey.to_error(Protocol::Query).code, "InvalidClientTokenId");
        assert_eq!(Refusal::UnknownKey.in_s3().1, "InvalidAccessKeyId");
        assert_eq!(Refusal::Missing.to_error(Protocol::RestJson).code, "MissingAuthenticationTokenException");
    }
}
