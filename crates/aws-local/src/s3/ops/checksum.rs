//! MD5, which is an object's entity tag, and the checksum that a caller asks for, in one pass.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use s3s::checksum::ChecksumHasher;
use s3s::crypto::{Checksum as _, Crc32, Crc32c, Crc64Nvme, Md5, Sha1, Sha256};
use s3s::{S3Result, s3_error};

use crate::s3::store::Sum;

pub(super) struct Hashes {
    md5: Md5,
    algorithm: Option<String>,
    sum: ChecksumHasher,
}

impl Hashes {
    pub(super) fn new(algorithm: Option<&str>) -> S3Result<Self> {
        let mut sum = ChecksumHasher::default();
        match algorithm {
            None => {}
            Some("CRC32") => sum.crc32 = Some(Crc32::new()),
            Some("CRC32C") => sum.crc32c = Some(Crc32c::new()),
            Some("CRC64NVME") => sum.crc64nvme = Some(Crc64Nvme::new()),
            Some("SHA1") => sum.sha1 = Some(Sha1::new()),
            Some("SHA256") => sum.sha256 = Some(Sha256::new()),
            Some(_) => {
                return Err(s3_error!(
                    InvalidRequest,
                    "Checksum algorithm provided is unsupported. Please try again with any of the valid types: \
                     [CRC32, CRC32C, CRC64NVME, SHA1, SHA256]"
                ));
            }
        }
        Ok(Self { md5: Md5::new(), algorithm: algorithm.map(ToOwned::to_owned), sum })
    }

    pub(super) fn update(&mut self, bytes: &[u8]) {
        self.md5.update(bytes);
        self.sum.update(bytes);
    }

    /// MD5 in hex, and the checksum.
    pub(super) fn finish(self) -> (String, Option<Sum>) {
        let sum = self.sum.finalize();
        let value = sum
            .checksum_crc32
            .or(sum.checksum_crc32c)
            .or(sum.checksum_crc64nvme)
            .or(sum.checksum_sha1)
            .or(sum.checksum_sha256);
        let sum = self.algorithm.zip(value).map(|(algorithm, value)| Sum {
            algorithm,
            value,
            kind: "FULL_OBJECT".to_owned(),
        });
        (hex::encode(self.md5.finalize()), sum)
    }
}

/// The checksum of the parts' checksums: what S3 shows of an object that came in parts.
pub(super) fn composite(algorithm: &str, parts: &[&Sum]) -> S3Result<Sum> {
    let mut hashes = Hashes::new(Some(algorithm))?;
    for part in parts {
        hashes.update(&STANDARD.decode(&part.value).unwrap_or_default());
    }
    let value = hashes.finish().1.map(|sum| sum.value).unwrap_or_default();
    Ok(Sum { algorithm: algorithm.to_owned(), value: format!("{value}-{}", parts.len()), kind: "COMPOSITE".to_owned() })
}
