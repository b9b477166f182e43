//! The compressed forms of a file, made once at build time with the best settings there are.

use std::io::Write;

use flate2::{Compression, GzBuilder};

/// Brotli at its highest quality.
pub(super) fn brotli(bytes: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut packed = Vec::new();
    let params =
        brotli::enc::BrotliEncoderParams { quality: 11, lgwin: 22, size_hint: bytes.len(), ..Default::default() };
    brotli::BrotliCompress(&mut &bytes[..], &mut packed, &params)?;
    Ok(packed)
}

/// Gzip at level 9 without a time stamp: the same input gives the same bytes.
pub(super) fn gzip(bytes: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut encoder = GzBuilder::new().mtime(0).write(Vec::new(), Compression::best());
    encoder.write_all(bytes)?;
    encoder.finish()
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    #[test]
    fn both_forms_unpack_to_the_input() -> std::io::Result<()> {
        let text = b"a curve, a curve, a curve".repeat(40);
        let mut from_brotli = Vec::new();
        brotli::Decompressor::new(&brotli(&text)?[..], 4096).read_to_end(&mut from_brotli)?;
        let mut from_gzip = Vec::new();
        flate2::read::GzDecoder::new(&gzip(&text)?[..]).read_to_end(&mut from_gzip)?;
        assert_eq!(from_brotli, text);
        assert_eq!(from_gzip, text);
        Ok(())
    }
}
