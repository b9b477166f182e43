//! The check: whose key it is, whether it is now, and whether the signature is that key's.

use hmac::Mac as _;
use http::request::Parts;

use super::claim::Claim;
use super::keys::{AccessKey, Keys};
use super::mac::{Chunks, Signer, sha256_hex};
use super::refusal::{AHEAD_MS, PAST_MS, Refusal};
use super::{canonical, v2};
use crate::sts::{Sessions, TokenError};

/// The key that the endpoint gives to its own: the jobs that it starts, and the dashboard in the same process.
const OWN_KEY: &str = "AKIATRAINYARDLOCALJB";

const CONTENT_SHA256: &str = "x-amz-content-sha256";
const UNSIGNED_PAYLOAD: &str = "UNSIGNED-PAYLOAD";

/// S3 signs in its own way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    S3,
    Other,
}

pub(crate) struct Verifier {
    keys: Keys,
}

/// A request whose head is signed by a known key.
pub(crate) struct Verified {
    /// What the signature says of the body: its SHA-256 in hexadecimal, or a word of S3's instead.
    pub(crate) payload: String,
    /// Of an upload whose chunks are signed one by one.
    pub(crate) chunks: Option<Chunks>,
}

impl Verifier {
    pub(crate) fn new(keys: Keys) -> Self {
        Self { keys }
    }

    /// Without keys nothing is checked.
    pub(crate) fn is_on(&self) -> bool {
        !self.keys.is_empty()
    }

    /// The key of the endpoint's own; its secret follows from the data folder, so that it outlives this process.
    pub(crate) fn own_key(sessions: &Sessions) -> AccessKey {
        AccessKey { id: OWN_KEY.to_owned(), secret: sessions.secret(OWN_KEY) }
    }

    /// A request with its whole body.
    pub(crate) fn check(&self, head: &Parts, body: &[u8], sessions: &Sessions, now_ms: i64) -> Result<(), Refusal> {
        let payload = sha256_hex(body);
        // A header that says the hash is signed in its place, so it has to be true.
        if head.headers.get(CONTENT_SHA256).is_some_and(|told| told != payload.as_str() && told != UNSIGNED_PAYLOAD) {
            return Err(Refusal::Mismatch);
        }
        self.check_head(head, Style::Other, payload, sessions, now_ms).map(drop)
    }

    /// The head of a request to S3: its body is still to come, see [`Verified`].
    pub(crate) fn check_s3(&self, head: &Parts, sessions: &Sessions, now_ms: i64) -> Result<Verified, Refusal> {
        if v2::is_presigned(head) {
            v2::check(head, now_ms, |id, token| self.secret(id, token, sessions, now_ms))?;
            return Ok(Verified { payload: UNSIGNED_PAYLOAD.to_owned(), chunks: None });
        }
        let told = head.headers.get(CONTENT_SHA256).and_then(|value| value.to_str().ok());
        let in_url = !head.headers.contains_key(http::header::AUTHORIZATION);
        let payload = match told {
            Some(told) => told.to_owned(),
            None if in_url => UNSIGNED_PAYLOAD.to_owned(),
            None => return Err(Refusal::NoContentHash),
        };
        self.check_head(head, Style::S3, payload, sessions, now_ms)
    }

    fn check_head(
        &self,
        head: &Parts,
        style: Style,
        payload: String,
        sessions: &Sessions,
        now_ms: i64,
    ) -> Result<Verified, Refusal> {
        let claim = Claim::of(head)?;
        must_be_signed(head, &claim, style)?;
        let secret = self.secret(&claim.access_key, claim.token.as_deref(), sessions, now_ms)?;
        check_time(&claim, style, now_ms)?;
        let signer = Signer::new(&secret, &claim.scope, claim.begun_ms);
        let signed_payload = match head.headers.get(CONTENT_SHA256) {
            Some(told) if told == UNSIGNED_PAYLOAD => UNSIGNED_PAYLOAD,
            _ => &payload,
        };
        let canonical = canonical::request(head, &claim.signed_headers, style, signed_payload);
        signer.request(&canonical).verify_slice(&claim.signature).map_err(|_| Refusal::Mismatch)?;
        let is_chunked = payload.starts_with("STREAMING-AWS4-HMAC-SHA256-PAYLOAD");
        let chunks = is_chunked.then(|| Chunks::new(signer, &claim.signature));
        Ok(Verified { payload, chunks })
    }

    fn secret(&self, id: &str, token: Option<&str>, sessions: &Sessions, now_ms: i64) -> Result<String, Refusal> {
        match token {
            Some(token) => match sessions.open_token(token, now_ms) {
                Ok((of, _)) if of == id => Ok(sessions.secret(id)),
                Ok(_) | Err(TokenError::Unknown) => Err(Refusal::UnknownToken),
                Err(TokenError::Expired) => Err(Refusal::ExpiredToken),
            },
            None if id == OWN_KEY => Ok(sessions.secret(id)),
            None => self.keys.secret(id).map(ToOwned::to_owned).ok_or(Refusal::UnknownKey),
        }
    }
}

/// What could be changed by whoever carries a request on must be under its signature.
fn must_be_signed(head: &Parts, claim: &Claim, style: Style) -> Result<(), Refusal> {
    let is_signed = |name: &str| claim.signed_headers.iter().any(|signed| signed == name);
    if !is_signed("host") {
        return Err(Refusal::Unsigned("Host"));
    }
    if head.headers.contains_key("x-amz-target") && !is_signed("x-amz-target") {
        return Err(Refusal::Unsigned("X-Amz-Target"));
    }
    // The token may be added after signing, and is sealed by itself; the hash is in the text that is signed anyway.
    let open = ["x-amz-security-token", CONTENT_SHA256];
    let mut names = head.headers.keys().map(http::HeaderName::as_str);
    let is_loose = |name: &str| name.starts_with("x-amz-") && !open.contains(&name) && !is_signed(name);
    if style == Style::S3 && names.any(is_loose) {
        return Err(Refusal::Unsigned("x-amz-*"));
    }
    Ok(())
}

fn check_time(claim: &Claim, style: Style, now_ms: i64) -> Result<(), Refusal> {
    let begun_ms = claim.begun_ms;
    let ahead = if style == Style::S3 { PAST_MS } else { AHEAD_MS };
    if begun_ms > now_ms + ahead {
        return Err(Refusal::Skewed { begun_ms, now_ms });
    }
    match claim.expires_seconds {
        Some(seconds) => {
            let end_ms = begun_ms.saturating_add(seconds.saturating_mul(1000));
            if now_ms > end_ms { Err(Refusal::ExpiredUrl { end_ms, now_ms }) } else { Ok(()) }
        }
        None if begun_ms < now_ms - PAST_MS => Err(Refusal::Skewed { begun_ms, now_ms }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock;
    use http::Request;

    const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
    const S3_SECRET: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";

    struct Desk {
        verifier: Verifier,
        sessions: Sessions,
        _folder: tempfile::TempDir,
    }

    fn desk() -> Desk {
        let folder = tempfile::tempdir().unwrap();
        let keys = [("AKIDEXAMPLE", SECRET), ("AKIAIOSFODNN7EXAMPLE", S3_SECRET)];
        let keys = Keys::new(keys.map(|(id, secret)| (id.to_owned(), secret.to_owned())));
        Desk { verifier: Verifier::new(keys), sessions: Sessions::open(folder.path()).unwrap(), _folder: folder }
    }

    fn at(text: &str) -> i64 {
        clock::parse_iso(text).unwrap()
    }

    /// AWS's test suite for Signature Version 4: <https://github.com/awslabs/aws-c-auth/tree/main/tests/aws-signing-test-suite>.
    #[test]
    fn the_signatures_of_awss_test_suite_are_good_and_no_others() {
        let desk = desk();
        let now_ms = at("2015-08-30T12:36:00Z");
        let date: (&str, &str) = ("x-amz-date", "20150830T123600Z");
        let form = ("content-type", "application/x-www-form-urlencoded");
        let length = ("content-length", "13");
        let hash = ("x-amz-content-sha256", "9095672bbd1f56dfc5b65f3e153adc8731a4a654192329106275f4c7b24d0b6e");
        let trim = [("my-header1", "value1"), ("my-header2", "\"a   b   c\"")];
        let order = "/?Param-3=Value3&Param=Value2&%E1%88%B4=Value1";
        for (method, uri, headers, body, signature) in [
            ("GET", "/", vec![], "", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
            ("GET", "/example/..", vec![], "", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
            ("GET", "//example//", vec![], "", "9a624bd73a37c9a373b5312afbebe7a714a789de108f0bdfe846570885f57e84"),
            ("GET", order, vec![], "", "371d3713e185cc334048618a97f809c9ffe339c62934c032af5a0e595648fcac"),
            ("GET", "/", trim.to_vec(), "", "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736"),
            (
                "POST",
                "/",
                vec![length, form, hash],
                "Param1=value1",
                "d3875051da38690788ef43de4db0d8f280229d82040bfac253562e56c3f20e0b",
            ),
        ] {
            let mut names: Vec<&str> = headers.iter().map(|(name, _)| *name).chain(["host", "x-amz-date"]).collect();
            names.sort_unstable();
            let check = |signature: &str, body: &str, now_ms: i64| {
                let authorization = format!(
                    "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders={}, Signature={signature}",
                    names.join(";")
                );
                let mut request = Request::builder().method(method).uri(uri).header("host", "example.amazonaws.com");
                for (name, value) in headers.iter().chain([&date, &("authorization", authorization.as_str())]) {
                    request = request.header(*name, *value);
                }
                let head = request.body(()).unwrap().into_parts().0;
                desk.verifier.check(&head, body.as_bytes(), &desk.sessions, now_ms)
            };
            assert_eq!(check(signature, body, now_ms), Ok(()), "{method} {uri}");
            assert_eq!(check(signature, "other", now_ms), Err(Refusal::Mismatch), "{method} {uri}");
            assert_eq!(check(&signature.replace('f', "e"), body, now_ms), Err(Refusal::Mismatch), "{method} {uri}");
            assert_eq!(check(signature, body, now_ms + PAST_MS), Ok(()));
            assert_eq!(check(signature, body, now_ms - AHEAD_MS), Ok(()));
            for late in [PAST_MS + 1, -AHEAD_MS - 1] {
                let skewed = Refusal::Skewed { begun_ms: now_ms, now_ms: now_ms + late };
                assert_eq!(check(signature, body, now_ms + late), Err(skewed));
            }
        }
    }

    #[test]
    fn a_presigned_url_of_the_test_suite_is_good_until_it_ends() {
        let desk = desk();
        let url = "/?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIDEXAMPLE%2F20150830%2Fus-east-1%2Fservice%2Faws4_request\
                   &X-Amz-Date=20150830T123600Z&X-Amz-SignedHeaders=host&X-Amz-Expires=3600\
                   &X-Amz-Signature=e93c787ed7f371d5c6b165c1b38ede9550f4dce4144713e844b25b7192d3865d";
        let head = Request::get(url).header("host", "example.amazonaws.com").body(()).unwrap().into_parts().0;
        let check = |now_ms| desk.verifier.check(&head, b"", &desk.sessions, now_ms);
        let end_ms = at("2015-08-30T13:36:00Z");
        assert_eq!(check(end_ms), Ok(()));
        assert_eq!(check(end_ms + 1), Err(Refusal::ExpiredUrl { end_ms, now_ms: end_ms + 1 }));
    }

    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html> and `sigv4-query-string-auth`.
    #[test]
    fn the_examples_of_s3s_documentation_are_good() {
        let desk = desk();
        let now_ms = at("2013-05-24T00:00:00Z");
        let authorization = |signed: &str, signature: &str| {
            format!(
                "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,SignedHeaders={signed},Signature={signature}"
            )
        };
        let get = |signature: &str| {
            Request::get("/test.txt")
                .header("host", "examplebucket.s3.amazonaws.com")
                .header("range", "bytes=0-9")
                .header("x-amz-content-sha256", sha256_hex(b""))
                .header("x-amz-date", "20130524T000000Z")
                .header("authorization", authorization("host;range;x-amz-content-sha256;x-amz-date", signature))
        };
        let check = |request: http::request::Builder, now_ms| {
            desk.verifier.check_s3(&request.body(()).unwrap().into_parts().0, &desk.sessions, now_ms)
        };
        let good = "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41";
        assert_eq!(check(get(good), now_ms).unwrap().payload, sha256_hex(b""));
        assert_eq!(check(get(&good.replace('0', "1")), now_ms).err(), Some(Refusal::Mismatch));
        assert_eq!(check(get(good).header("x-amz-acl", "private"), now_ms).err(), Some(Refusal::Unsigned("x-amz-*")));
        assert_eq!(check(Request::get("/test.txt"), now_ms).err(), Some(Refusal::Missing));

        let url = "/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request\
                   &X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host\
                   &X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404";
        let presigned = |url: &str| Request::get(url).header("host", "examplebucket.s3.amazonaws.com");
        assert!(check(presigned(url), now_ms + 86_400_000).is_ok());
        assert!(matches!(check(presigned(url), now_ms + 86_400_001).err(), Some(Refusal::ExpiredUrl { .. })));
        assert_eq!(check(presigned(&url.replace("86400", "86401")), now_ms).err(), Some(Refusal::Mismatch));
        assert_eq!(check(presigned(&url.replace("AKIAI", "AKIAX")), now_ms).err(), Some(Refusal::UnknownKey));

        let chunked = Request::put("/examplebucket/chunkObject.txt")
            .header("host", "s3.amazonaws.com")
            .header("x-amz-date", "20130524T000000Z")
            .header("x-amz-storage-class", "REDUCED_REDUNDANCY")
            .header("x-amz-content-sha256", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD")
            .header("content-encoding", "aws-chunked")
            .header("x-amz-decoded-content-length", "66560")
            .header("content-length", "66824")
            .header(
                "authorization",
                authorization(
                    "content-encoding;content-length;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;x-amz-storage-class",
                    "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9",
                ),
            );
        let mut chunks = check(chunked, now_ms).unwrap().chunks.unwrap();
        let first = "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648";
        assert!(chunks.is_next(&sha256_hex(&vec![b'a'; 65_536]), first));
    }
}
