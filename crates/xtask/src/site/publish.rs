//! Publishing: hashed names, compressed forms, the manifest, and nothing else in the folder.
//!
//! Files are written only when their content changed and stale ones are removed, so that cargo sees a new site exactly
//! when there is one. The manifest is written last.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt, fs,
    path::Path,
};

use anyhow::Context;
use sha2::{Digest, Sha256};

use super::compress;
use crate::{cargo::Mode, stamp::files_below};

type Compress = fn(&[u8]) -> std::io::Result<Vec<u8>>;

/// The endings that the server looks for, each with what makes the file.
const COMPRESSED_FORMS: [(&str, Compress); 2] = [("br", compress::brotli), ("gz", compress::gzip)];

/// What was published, for one line on the terminal.
pub(super) struct Report {
    files: usize,
    bytes: usize,
    brotli_bytes: usize,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kb = |bytes: usize| bytes.div_ceil(1_000);
        write!(f, "{} files, {} kB", self.files, kb(self.bytes))?;
        if self.brotli_bytes < self.bytes {
            write!(f, " ({} kB with brotli)", kb(self.brotli_bytes))?;
        }
        Ok(())
    }
}

/// A file of the site before its name is hashed.
pub(super) struct SiteFile {
    pub(super) name: String,
    pub(super) bytes: Vec<u8>,
    /// Also published under this very name, for those who cannot know the hash.
    pub(super) has_plain_name: bool,
}

/// Compressed forms are kept in `work` by their content's hash: brotli is slow.
pub(super) fn publish(site: &Path, work: &Path, files: &[SiteFile], mode: Mode) -> anyhow::Result<Report> {
    let mut manifest = BTreeMap::new();
    let mut wanted = BTreeSet::new();
    let mut report = Report { files: files.len(), bytes: 0, brotli_bytes: 0 };
    let mut put = |name: String, bytes: &[u8]| -> anyhow::Result<()> {
        write_changed(&site.join(&name), bytes)?;
        wanted.insert(name);
        Ok(())
    };
    for SiteFile { name: plain, bytes, has_plain_name } in files {
        let hash = hex::encode(&Sha256::digest(bytes)[..8]);
        let hashed = hashed_name(plain, &hash);
        put(format!("pkg/{hashed}"), bytes)?;
        if *has_plain_name {
            put(plain.clone(), bytes)?;
        }
        let mut smallest = bytes.len();
        if mode == Mode::Release {
            for (ending, make) in COMPRESSED_FORMS {
                let packed = kept(&work.join("packed"), &format!("{hash}.{ending}"), || make(bytes))?;
                if packed.len() < bytes.len() {
                    put(format!("pkg/{hashed}.{ending}"), &packed)?;
                    smallest = smallest.min(packed.len());
                }
            }
        }
        report.bytes += bytes.len();
        report.brotli_bytes += smallest;
        manifest.insert(plain.clone(), hashed);
    }
    put("manifest.json".to_owned(), format!("{}\n", serde_json::to_string_pretty(&manifest)?).as_bytes())?;
    for file in files_below(site)? {
        if !wanted.contains(&file.to_string_lossy().replace('\\', "/")) {
            fs::remove_file(site.join(&file))?;
        }
    }
    Ok(report)
}

/// `trainyard.js` -> `trainyard.<hash>.js`; a name without an ending gets the hash as its end.
fn hashed_name(plain: &str, hash: &str) -> String {
    match plain.rsplit_once('.') {
        Some((stem, ending)) => format!("{stem}.{hash}.{ending}"),
        None => format!("{plain}.{hash}"),
    }
}

fn kept(folder: &Path, name: &str, make: impl FnOnce() -> std::io::Result<Vec<u8>>) -> anyhow::Result<Vec<u8>> {
    let file = folder.join(name);
    if let Ok(bytes) = fs::read(&file) {
        return Ok(bytes);
    }
    let bytes = make()?;
    // Through a second name, so that an interrupted write leaves no half file behind.
    let half = folder.join(format!("{name}.half"));
    fs::create_dir_all(folder)?;
    fs::write(&half, &bytes)?;
    fs::rename(&half, &file)?;
    Ok(bytes)
}

fn write_changed(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    if fs::read(path).is_ok_and(|it| it == bytes) {
        return Ok(());
    }
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(path, bytes).with_context(|| format!("cannot write {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(site: &Path) -> anyhow::Result<Vec<String>> {
        Ok(files_below(site)?.iter().map(|it| it.to_string_lossy().into_owned()).collect())
    }

    #[test]
    fn names_follow_the_content_and_stale_files_go() -> anyhow::Result<()> {
        let folder = tempfile::tempdir()?;
        let (site, work) = (folder.path().join("site"), folder.path().join("work"));
        let file = |text: &str| {
            vec![SiteFile { name: "a.css".to_owned(), bytes: text.repeat(100).into_bytes(), has_plain_name: false }]
        };
        publish(&site, &work, &file("one "), Mode::Release)?;
        let first = names(&site)?;
        assert_eq!(first.len(), 4, "the file, .br, .gz and the manifest: {first:?}");
        publish(&site, &work, &file("two "), Mode::Release)?;
        let second = names(&site)?;
        assert_eq!(second.len(), 4, "{second:?}");
        assert!(first.iter().filter(|it| second.contains(it)).eq(["manifest.json"]));
        let manifest: BTreeMap<String, String> = serde_json::from_slice(&fs::read(site.join("manifest.json"))?)?;
        assert!(site.join("pkg").join(&manifest["a.css"]).exists());
        Ok(())
    }

    #[test]
    fn an_unchanged_site_is_not_touched() -> anyhow::Result<()> {
        let folder = tempfile::tempdir()?;
        let (site, work) = (folder.path().join("site"), folder.path().join("work"));
        let files = [SiteFile { name: "icon.svg".to_owned(), bytes: b"<svg/>".to_vec(), has_plain_name: true }];
        publish(&site, &work, &files, Mode::Dev)?;
        let modified = |name: &str| fs::metadata(site.join(name)).and_then(|it| it.modified());
        let before = modified("manifest.json")?;
        publish(&site, &work, &files, Mode::Dev)?;
        assert_eq!(modified("manifest.json")?, before);
        assert_eq!(fs::read(site.join("icon.svg"))?, b"<svg/>");
        Ok(())
    }
}
