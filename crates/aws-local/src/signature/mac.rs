//! HMAC and the keys of Signature Version 4: a secret becomes a key for one day, region and service.

use hmac::{Hmac, Mac as _};
use sha2::{Digest as _, Sha256};

use crate::clock;

/// Keys of any length are good for HMAC: the other arm is never taken.
pub(crate) fn hmac(key: &[u8], parts: &[&[u8]]) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap_or_else(|_| Hmac::new(&[0; 64].into()));
    for part in parts {
        mac.update(part);
    }
    mac
}

pub(crate) fn sha256_hex(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

/// A secret's key for a scope, with the time that is signed.
#[derive(Clone)]
pub(super) struct Signer {
    key: Vec<u8>,
    /// Time and scope, as every string to sign carries them.
    terms: String,
}

impl Signer {
    pub(super) fn new(secret: &str, scope: &str, at_ms: i64) -> Self {
        let first = format!("AWS4{secret}").into_bytes();
        let key =
            scope.split('/').fold(first, |key, part| hmac(&key, &[part.as_bytes()]).finalize().into_bytes().to_vec());
        Self { key, terms: format!("{}\n{scope}", clock::compact(at_ms)) }
    }

    /// Over a canonical request.
    pub(super) fn request(&self, canonical: &str) -> Hmac<Sha256> {
        self.of("AWS4-HMAC-SHA256", &sha256_hex(canonical.as_bytes()))
    }

    fn of(&self, algorithm: &str, rest: &str) -> Hmac<Sha256> {
        hmac(&self.key, &[algorithm.as_bytes(), b"\n", self.terms.as_bytes(), b"\n", rest.as_bytes()])
    }
}

/// The signatures of an upload's chunks: each is over the one before it, and the first over the request's own.
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html>
#[derive(Clone)]
pub(crate) struct Chunks {
    signer: Signer,
    previous: String,
}

impl Chunks {
    pub(super) fn new(signer: Signer, seed: &[u8]) -> Self {
        Self { signer, previous: hex::encode(seed) }
    }

    /// Whether `signature` is that of the next chunk, whose bytes have this SHA-256.
    pub(crate) fn is_next(&mut self, chunk_sha256: &str, signature: &str) -> bool {
        let rest = format!("{}\n{}\n{chunk_sha256}", self.previous, sha256_hex(&[]));
        self.is("AWS4-HMAC-SHA256-PAYLOAD", &rest, signature)
    }

    /// Whether `signature` is that of the trailers: `name:value` and a line feed each.
    pub(crate) fn is_trailer(&mut self, trailers: &str, signature: &str) -> bool {
        let rest = format!("{}\n{}", self.previous, sha256_hex(trailers.as_bytes()));
        self.is("AWS4-HMAC-SHA256-TRAILER", &rest, signature)
    }

    fn is(&mut self, algorithm: &str, rest: &str, signature: &str) -> bool {
        let bytes = hex::decode(signature).unwrap_or_default();
        signature.clone_into(&mut self.previous);
        self.signer.of(algorithm, rest).verify_slice(&bytes).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the page above: 65,536 and 1,024 times `a`, and the end.
    #[test]
    fn chunks_are_signed_as_in_awss_own_example() {
        let at_ms = clock::parse_iso("2013-05-24T00:00:00Z").unwrap();
        let secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
        let signer = Signer::new(secret, "20130524/us-east-1/s3/aws4_request", at_ms);
        let seed = hex::decode("4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9").unwrap();
        let mut chunks = Chunks::new(signer, &seed);
        let chunk = |length| sha256_hex(&vec![b'a'; length]);
        let mut forged = chunks.clone();
        assert!(!forged.is_next(&chunk(65_535), "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648"));
        assert!(chunks.is_next(&chunk(65_536), "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648"));
        assert!(chunks.is_next(&chunk(1024), "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497"));
        assert!(chunks.is_next(&chunk(0), "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9"));
    }

    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming-trailers.html>
    #[test]
    fn trailers_are_signed_as_in_awss_own_example() {
        let at_ms = clock::parse_iso("2013-05-24T00:00:00Z").unwrap();
        let secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
        let signer = Signer::new(secret, "20130524/us-east-1/s3/aws4_request", at_ms);
        let last = hex::decode("2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992").unwrap();
        let mut chunks = Chunks::new(signer, &last);
        let signature = "d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435";
        assert!(chunks.clone().is_trailer("x-amz-checksum-crc32c:sOO8/Q==\n", signature));
        assert!(!chunks.is_trailer("x-amz-checksum-crc32c:sOO8/A==\n", signature));
    }
}
