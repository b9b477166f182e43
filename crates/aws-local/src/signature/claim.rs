//! What a signature of version 4 says about itself: whose key, when, for what, over which headers.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html>

use http::request::Parts;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc2822;

use super::refusal::Refusal;
use crate::clock;
use crate::wire::query;

pub(super) const ALGORITHM: &str = "AWS4-HMAC-SHA256";
const TERMINATOR: &str = "aws4_request";

/// A presigned URL lives a week at most.
pub(super) const MAX_EXPIRES_SECONDS: i64 = 604_800;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Claim {
    pub(super) access_key: String,
    /// `20260101/us-east-1/s3/aws4_request`.
    pub(super) scope: String,
    /// In lower case.
    pub(super) signed_headers: Vec<String>,
    pub(super) signature: Vec<u8>,
    pub(super) begun_ms: i64,
    pub(super) token: Option<String>,
    /// How long a presigned URL lives; `None`: it is no such URL.
    pub(super) expires_seconds: Option<i64>,
}

impl Claim {
    pub(super) fn of(head: &Parts) -> Result<Self, Refusal> {
        let header = |name: &str| head.headers.get(name).and_then(|value| value.to_str().ok());
        match header("authorization") {
            Some(text) => Self::in_header(text, header("x-amz-date"), header("date"), header("x-amz-security-token")),
            None => Self::in_url(head.uri.query().unwrap_or_default()),
        }
    }

    fn in_header(text: &str, amz_date: Option<&str>, date: Option<&str>, token: Option<&str>) -> Result<Self, Refusal> {
        let Some(rest) = text.strip_prefix(ALGORITHM) else { return Err(Refusal::Scheme) };
        let parts = || rest.split(',').filter_map(|part| part.trim().split_once('='));
        let part = |wanted: &str| {
            let found = parts().find(|(name, _)| *name == wanted).map(|(_, value)| value);
            found.ok_or_else(|| Refusal::Incomplete(format!("Authorization header requires '{wanted}' parameter.")))
        };
        let begun_ms = match (amz_date, date) {
            (Some(text), _) => clock::parse_compact(text),
            (None, Some(text)) => clock::parse_compact(text).or_else(|| rfc_2822(text)),
            (None, None) => None,
        };
        let begun_ms = begun_ms.ok_or_else(|| {
            Refusal::Incomplete(
                "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.".to_owned(),
            )
        })?;
        let (credential, signed, signature) = (part("Credential")?, part("SignedHeaders")?, part("Signature")?);
        Self::new(credential, signed, signature, begun_ms, token.map(ToOwned::to_owned), None)
    }

    fn in_url(query: &str) -> Result<Self, Refusal> {
        let fields = query::fields(query.as_bytes()).unwrap_or_default();
        let field = |wanted: &str| fields.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.as_str());
        match field("X-Amz-Algorithm") {
            Some(ALGORITHM) => {}
            Some(_) => return Err(Refusal::Scheme),
            None => return Err(Refusal::Missing),
        }
        let required = |name: &str| {
            field(name).ok_or_else(|| {
                Refusal::Query(format!("Query-string authentication version 4 requires the {name} parameter."))
            })
        };
        let begun_ms = clock::parse_compact(required("X-Amz-Date")?).ok_or_else(|| {
            Refusal::Query("X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\"".to_owned())
        })?;
        // Services besides S3 let a URL without an end of its own live as long as a request.
        let expires = field("X-Amz-Expires").map_or(Some(900), |text| text.parse::<i64>().ok());
        let expires = expires.ok_or_else(|| Refusal::Query("X-Amz-Expires should be a number".to_owned()))?;
        if expires < 0 {
            return Err(Refusal::Query("X-Amz-Expires must be non-negative".to_owned()));
        }
        if expires > MAX_EXPIRES_SECONDS {
            let message = format!(
                "X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than {MAX_EXPIRES_SECONDS} seconds"
            );
            return Err(Refusal::Query(message));
        }
        let (credential, signed) = (required("X-Amz-Credential")?, required("X-Amz-SignedHeaders")?);
        let token = field("X-Amz-Security-Token").map(ToOwned::to_owned);
        Self::new(credential, signed, required("X-Amz-Signature")?, begun_ms, token, Some(expires))
    }

    fn new(
        credential: &str,
        signed: &str,
        signature: &str,
        begun_ms: i64,
        token: Option<String>,
        expires_seconds: Option<i64>,
    ) -> Result<Self, Refusal> {
        let malformed = || {
            Refusal::Incomplete(format!(
                "Credential must have at least 5 slash-delimited elements (e.g. keyid/date/region/service/term), got '{}'",
                shown(credential)
            ))
        };
        let (access_key, scope) = credential.split_once('/').ok_or_else(malformed)?;
        let parts: Vec<&str> = scope.split('/').collect();
        let &[date, _, _, term] = parts.as_slice() else { return Err(malformed()) };
        if term != TERMINATOR {
            let message =
                format!("Credential should be scoped with a valid terminator: '{TERMINATOR}', not '{}'.", shown(term));
            return Err(Refusal::Scope(message));
        }
        let day = &clock::compact(begun_ms)[..8];
        if date != day {
            let message = format!(
                "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '{}' != '{day}', from '{}'.",
                shown(date),
                clock::compact(begun_ms)
            );
            return Err(Refusal::Scope(message));
        }
        Ok(Self {
            access_key: access_key.to_owned(),
            scope: scope.to_owned(),
            signed_headers: signed.split(';').map(str::to_ascii_lowercase).collect(),
            // One that is not hexadecimal is no signature, and matches none.
            signature: hex::decode(signature).unwrap_or_default(),
            begun_ms,
            token,
            expires_seconds,
        })
    }
}

fn rfc_2822(text: &str) -> Option<i64> {
    OffsetDateTime::parse(text, &Rfc2822).ok().map(|at| at.unix_timestamp() * 1000)
}

fn shown(text: &str) -> String {
    text.chars().take(200).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::Request;

    fn of(request: http::request::Builder) -> Result<Claim, Refusal> {
        Claim::of(&request.body(()).unwrap().into_parts().0)
    }

    const CREDENTIAL: &str = "AKIA/20150830/us-east-1/s3/aws4_request";

    #[test]
    fn headers_and_urls_say_the_same() {
        let header = format!("AWS4-HMAC-SHA256 Credential={CREDENTIAL}, SignedHeaders=Host;x-amz-date,Signature=0aff");
        let signed =
            of(Request::get("/").header("authorization", header).header("x-amz-date", "20150830T123600Z")).unwrap();
        assert_eq!((signed.access_key.as_str(), signed.expires_seconds), ("AKIA", None));
        assert_eq!(signed.signed_headers, ["host", "x-amz-date"]);
        let url = format!(
            "/b/k?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential={}&X-Amz-Date=20150830T123600Z&X-Amz-Expires=60\
             &X-Amz-SignedHeaders=host%3Bx-amz-date&X-Amz-Signature=0aff",
            CREDENTIAL.replace('/', "%2F")
        );
        assert_eq!(of(Request::get(url)).unwrap(), Claim { expires_seconds: Some(60), ..signed });
    }

    #[test]
    fn the_date_may_be_in_the_date_header() {
        let header = format!("AWS4-HMAC-SHA256 Credential={CREDENTIAL}, SignedHeaders=date, Signature=00");
        let claim =
            of(Request::get("/").header("authorization", header).header("date", "Sun, 30 Aug 2015 12:36:00 GMT"));
        assert_eq!(clock::compact(claim.unwrap().begun_ms), "20150830T123600Z");
    }

    #[test]
    fn what_is_missing_or_wrong_is_named() {
        let header =
            |text: &str| of(Request::get("/").header("authorization", text).header("x-amz-date", "20150830T123600Z"));
        assert_eq!(of(Request::get("/")), Err(Refusal::Missing));
        assert_eq!(header("AWS key:signature"), Err(Refusal::Scheme));
        assert!(
            matches!(header("AWS4-HMAC-SHA256 Credential=a"), Err(Refusal::Incomplete(text)) if text.contains("SignedHeaders"))
        );
        assert!(matches!(
            header("AWS4-HMAC-SHA256 Credential=a,SignedHeaders=b,Signature=c"),
            Err(Refusal::Incomplete(_))
        ));
        let other_day = "AWS4-HMAC-SHA256 Credential=a/20150829/r/s/aws4_request,SignedHeaders=b,Signature=c";
        assert!(matches!(header(other_day), Err(Refusal::Scope(text)) if text.contains("'20150829' != '20150830'")));
        let url = "/?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Date=20150830T123600Z&X-Amz-Expires=604801";
        assert!(matches!(of(Request::get(url)), Err(Refusal::Query(text)) if text.contains("less than a week")));
    }
}
