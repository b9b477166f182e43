//! Who a request says that it comes from: the credentials' names, in the headers or, presigned, in the URL.

use http::request::Parts;

use crate::wire::query;

/// Nothing of this is proven until the signature is verified.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Caller {
    pub(crate) access_key: Option<String>,
    pub(crate) session_token: Option<String>,
    /// The region that the signature is for.
    pub(crate) region: Option<String>,
}

impl Caller {
    pub(crate) fn of(head: &Parts) -> Self {
        let header = |name: &str| head.headers.get(name).and_then(|value| value.to_str().ok());
        let in_url = |wanted: &str| {
            let pairs = head.uri.query()?.split('&').filter_map(|pair| pair.split_once('='));
            pairs
                .filter(|(name, _)| name.eq_ignore_ascii_case(wanted))
                .find_map(|(_, value)| query::percent_decode(value.as_bytes()))
        };
        let credential = header("authorization")
            .and_then(|text| text.split_once("Credential=")?.1.split([',', ' ']).next())
            .map(ToOwned::to_owned)
            .or_else(|| in_url("x-amz-credential"));
        let mut scope = credential.as_deref().unwrap_or_default().split('/').map(ToOwned::to_owned);
        let access_key = scope.next().filter(|_| credential.as_ref().is_some_and(|scope| scope.contains('/')));
        // After the day.
        let region = scope.nth(1);
        let session_token =
            header("x-amz-security-token").map(ToOwned::to_owned).or_else(|| in_url("x-amz-security-token"));
        Self { access_key, session_token, region }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::Request;

    #[test]
    fn callers_are_named_in_headers_or_in_the_url() {
        let of = |request: http::request::Builder| Caller::of(&request.body(()).unwrap().into_parts().0);
        let expected = Caller {
            access_key: Some("AKIA".into()),
            session_token: Some("a/b".into()),
            region: Some("us-east-1".into()),
        };
        let signed = Request::post("/")
            .header(
                "authorization",
                "AWS4-HMAC-SHA256 Credential=AKIA/20260101/us-east-1/sts/aws4_request, SignedHeaders=host",
            )
            .header("x-amz-security-token", "a/b");
        assert_eq!(of(signed), expected);
        let url = "/?X-Amz-Credential=AKIA%2F20260101%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Security-Token=a%2Fb";
        assert_eq!(of(Request::get(url)), expected);
        assert_eq!(of(Request::get("/")), Caller::default());
    }
}
