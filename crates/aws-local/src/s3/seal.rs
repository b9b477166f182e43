//! Follows the signatures of a framed upload, chunk by chunk.

use sha2::{Digest as _, Sha256};

use crate::signature::{Chunks, Refusal};

const TRAILER_SIGNATURE: &str = "x-amz-trailer-signature";

pub(super) struct Seal {
    chunks: Chunks,
    /// Of the bytes of this chunk so far.
    hash: Sha256,
    /// What the head of this chunk says.
    signature: String,
    /// The trailers so far, as they are signed.
    trailers: String,
    trailer_signature: Option<String>,
}

impl Seal {
    pub(super) fn new(chunks: Chunks) -> Self {
        let (signature, trailers) = (String::new(), String::new());
        Self { chunks, hash: Sha256::new(), signature, trailers, trailer_signature: None }
    }

    /// A chunk whose head says this after its size.
    pub(super) fn begin(&mut self, extension: &str) {
        let signature = extension.trim().strip_prefix("chunk-signature=").unwrap_or_default();
        signature.clone_into(&mut self.signature);
    }

    pub(super) fn add(&mut self, bytes: &[u8]) {
        self.hash.update(bytes);
    }

    pub(super) fn close(&mut self) -> Result<(), Refusal> {
        let hash = hex::encode(self.hash.finalize_reset());
        if self.chunks.is_next(&hash, &self.signature) { Ok(()) } else { Err(Refusal::Mismatch) }
    }

    pub(super) fn add_trailer(&mut self, line: &str) {
        let Some((name, value)) = line.split_once(':') else { return };
        let (name, value) = (name.trim().to_ascii_lowercase(), value.trim());
        if name == TRAILER_SIGNATURE {
            self.trailer_signature = Some(value.to_owned());
        } else {
            self.trailers.extend([&name, ":", value, "\n"]);
        }
    }

    /// Trailers must be signed where there are any.
    pub(super) fn close_trailers(&mut self, is_expected: bool) -> Result<(), Refusal> {
        if self.trailers.is_empty() && !is_expected {
            return Ok(());
        }
        let signature = self.trailer_signature.take().unwrap_or_default();
        if self.chunks.is_trailer(&self.trailers, &signature) { Ok(()) } else { Err(Refusal::Mismatch) }
    }
}
