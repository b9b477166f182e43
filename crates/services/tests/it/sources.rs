//! Uploads, honest and hostile: what is taken becomes the same archive; what is not says why, and is never unpacked.

use std::io::Write as _;

use flate2::{Compression, read::GzDecoder, write::GzEncoder};
use services::{SourceError, SourceField, SourceLimits, source_normalise};
use store::NewSource;
use tar::{EntryType, Header};
use zip::{ZipWriter, write::SimpleFileOptions};

fn normalise(name: &str, bytes: &[u8]) -> Result<NewSource, SourceError> {
    source_normalise(name, bytes, SourceLimits::default())
}

/// A tar entry with a name of any bytes: the `tar` crate refuses to write hostile ones.
fn entry(name: &[u8], kind: EntryType, data: &[u8]) -> Vec<u8> {
    let mut header = Header::new_ustar();
    header.as_old_mut().name[..name.len()].copy_from_slice(name);
    header.set_entry_type(kind);
    header.set_size(data.len() as u64);
    header.set_mode(0o600);
    header.set_mtime(1_700_000_000);
    header.set_uid(1_000);
    header.set_gid(1_000);
    header.set_cksum();
    let mut bytes = header.as_bytes().to_vec();
    bytes.extend_from_slice(data);
    bytes.resize(bytes.len().next_multiple_of(512), 0);
    bytes
}

fn tar_gz(entries: &[Vec<u8>]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    for entry in entries {
        encoder.write_all(entry).unwrap();
    }
    encoder.write_all(&[0; 1024]).unwrap();
    encoder.finish().unwrap()
}

fn zip(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, data) in files {
        writer.start_file(*name, SimpleFileOptions::default()).unwrap();
        writer.write_all(data).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn file(name: &str, data: &[u8]) -> Vec<u8> {
    entry(name.as_bytes(), EntryType::Regular, data)
}

fn paths(source: &NewSource) -> Vec<&str> {
    source.entries.iter().map(|it| it.path.as_str()).collect()
}

#[test]
fn equal_sources_are_equal_archives_whatever_packed_them() {
    let (train, lib) = (b"import lib\n".as_slice(), b"x = 1\n".as_slice());
    let packed = [
        normalise("a.tar.gz", &tar_gz(&[file("train.py", train), file("pkg/lib.py", lib)])),
        normalise(
            "b.TGZ",
            &tar_gz(&[
                entry(b"./", EntryType::Directory, b""),
                entry(b"./pkg/", EntryType::Directory, b""),
                file("./pkg/lib.py", lib),
                file("./train.py", train),
            ]),
        ),
        normalise("c.zip", &zip(&[("train.py", train), ("pkg/lib.py", lib)])),
    ];
    let packed: Vec<NewSource> = packed.into_iter().map(Result::unwrap).collect();
    for source in &packed {
        assert_eq!(paths(source), ["pkg/lib.py", "train.py"]);
        assert_eq!((&source.sha256, &source.bytes), (&packed[0].sha256, &packed[0].bytes));
    }
    let mut archive = tar::Archive::new(GzDecoder::new(packed[0].bytes.as_slice()));
    for entry in archive.entries().unwrap() {
        let entry = entry.unwrap();
        let header = entry.header();
        assert_eq!(header.entry_type(), EntryType::Regular);
        assert_eq!((header.uid().unwrap(), header.gid().unwrap(), header.mode().unwrap()), (0, 0, 0o755));
        assert_eq!(header.mtime().unwrap(), 315_532_800);
    }
}

#[test]
fn one_other_byte_is_another_source() {
    let one = normalise("train.py", b"print(1)\n").unwrap();
    let two = normalise("train.py", b"print(2)\n").unwrap();
    assert_eq!(one.sha256, normalise("train.py", b"print(1)\n").unwrap().sha256);
    assert_ne!(one.sha256, two.sha256);
    assert_eq!(one.sha256.len(), 64);
}

#[test]
fn scripts_are_utf8_and_not_empty() {
    assert_eq!(normalise("train.py", b""), Err(SourceError::Empty));
    let wrong = normalise("train.py", b"# caf\xe9\n");
    assert_eq!(wrong, Err(SourceError::NotUtf8Script { path: "train.py".to_owned(), position: 5 }));
    assert!(wrong.unwrap_err().to_string().contains("save it as UTF-8"));
    assert_eq!(paths(&normalise("C:\\work\\train.py", "# café\n".as_bytes()).unwrap()), ["train.py"]);
    assert!(matches!(normalise("my script.py", b"x"), Err(SourceError::ScriptName { .. })));
    for name in ["train.txt", "train", ".py", "train.tar", "x.zip.exe", ""] {
        assert!(matches!(normalise(name, b"x"), Err(SourceError::UnknownType { .. })), "{name}");
    }
    let limits = SourceLimits { upload_bytes: 10, ..SourceLimits::default() };
    let large = source_normalise("train.py", &[b'#'; 11], limits);
    assert_eq!(large, Err(SourceError::TooLarge { size_bytes: 11, max_bytes: 10 }));
    assert_eq!(large.unwrap_err().field(), SourceField::SourceFile);
}

#[test]
fn hostile_tar_entries_are_refused() {
    let long = format!("{}x", "a/".repeat(300));
    let pax = |key: &str, value: &str| {
        let body = format!(" {key}={value}\n");
        let mut len = body.len() + 2;
        while format!("{len}{body}").len() != len {
            len += 1;
        }
        entry(b"pax", EntryType::XHeader, format!("{len}{body}").as_bytes())
    };
    let cases: Vec<(&str, Vec<Vec<u8>>)> = vec![
        ("leaves the folder", vec![file("../evil.py", b"x")]),
        ("leaves the folder", vec![file("a/../../evil.py", b"x")]),
        ("leaves the folder", vec![file("a/..", b"x")]),
        ("absolute path", vec![file("/etc/cron.d/evil", b"x")]),
        ("absolute path", vec![file("C:/evil.py", b"x")]),
        ("backslash", vec![file("..\\evil.py", b"x")]),
        ("control character", vec![file("a\nb.py", b"x")]),
        ("not UTF-8", vec![entry(b"caf\xe9.py", EntryType::Regular, b"x")]),
        ("leaves the folder", vec![entry(b"../out/", EntryType::Directory, b"")]),
        ("a symbolic link", vec![entry(b"link", EntryType::Symlink, b"")]),
        ("a hard link", vec![entry(b"link", EntryType::Link, b"")]),
        ("a device", vec![entry(b"sda", EntryType::Block, b"")]),
        ("a device", vec![entry(b"tty", EntryType::Char, b"")]),
        ("a device", vec![entry(b"pipe", EntryType::Fifo, b"")]),
        ("special kind", vec![entry(b"sparse", EntryType::GNUSparse, b"")]),
        ("leaves the folder", vec![entry(b"long", EntryType::GNULongName, b"../evil.py\0"), file("ok.py", b"x")]),
        ("more than 512", vec![entry(b"long", EntryType::GNULongName, long.as_bytes()), file("ok.py", b"x")]),
        ("leaves the folder", vec![pax("path", "../evil.py"), file("ok.py", b"x")]),
        ("1024 MiB", vec![pax("size", "9999999999999"), file("ok.py", b"x")]),
        ("sparse", vec![pax("GNU.sparse.major", "1"), file("ok.py", b"x")]),
        ("twice", vec![file("a.py", b"x"), file("./a.py", b"y")]),
        ("twice", vec![file("a", b"x"), file("a/b.py", b"y")]),
        ("no files", vec![]),
        ("no files", vec![entry(b"empty/", EntryType::Directory, b"")]),
    ];
    for (why, entries) in cases {
        let err = normalise("source.tar.gz", &tar_gz(&entries)).expect_err(why);
        assert!(err.to_string().contains(why), "expected `{why}`: {err}");
        assert_eq!(err.field(), SourceField::SourceFile);
        assert!(!err.to_string().chars().any(char::is_control));
    }
}

#[test]
fn hostile_zips_are_refused() {
    let why = |bytes: &[u8]| normalise("source.zip", bytes).expect_err("hostile").to_string();
    assert!(why(&zip(&[("../evil.py", b"x")])).contains("leaves the folder"));
    assert!(why(&zip(&[("/etc/passwd", b"x")])).contains("absolute path"));
    assert!(why(&zip(&[])).contains("no files"));
    assert!(why(b"not a zip at all").contains("cannot be read"));

    let mut writer = ZipWriter::new(std::io::Cursor::new(Vec::new()));
    writer.add_symlink("link", "/etc/passwd", SimpleFileOptions::default()).unwrap();
    assert!(why(&writer.finish().unwrap().into_inner()).contains("a symbolic link"));

    // A name that is not UTF-8, in the local header and in the directory.
    let mut bytes = zip(&[("cafe.py", b"x")]);
    let places: Vec<usize> = (0..bytes.len() - 7).filter(|at| &bytes[*at..at + 7] == b"cafe.py").collect();
    assert_eq!(places.len(), 2);
    for at in places {
        bytes[at + 3] = 0xe9;
    }
    assert!(why(&bytes).contains("not UTF-8"));

    // A directory that lists far more than there is.
    let mut bytes = zip(&[("train.py", b"x")]);
    let listed = b"PK\x01\x02".repeat(11_000);
    bytes.splice(0..0, listed);
    assert!(why(&bytes).contains("more than 10000 entries"));
}

#[test]
fn bombs_are_counted_by_what_really_comes_out() {
    let limits = SourceLimits { unpacked_bytes: 1_000_000, ..SourceLimits::default() };
    let too_much = Err(SourceError::TooMuchUnpacked { max_bytes: 1_000_000 });
    let zeros = vec![0_u8; 400_000];
    let bomb: Vec<_> = ["a", "b", "c"].map(|name| file(name, &zeros)).into();
    let (fits, bursts) = (tar_gz(&bomb[..2]), tar_gz(&bomb));
    assert!(bursts.len() < 20_000);
    assert!(source_normalise("bomb.tar.gz", &fits, limits).is_ok());
    assert_eq!(source_normalise("bomb.tar.gz", &bursts, limits), too_much);
    assert_eq!(source_normalise("bomb.zip", &zip(&[("a", &zeros), ("b", &zeros), ("c", &zeros)]), limits), too_much);
    // The directory of a zip says how large its files are; that is not believed.
    let mut liar = zip(&[("a", &vec![0_u8; 1_500_000])]);
    for at in 0..liar.len() - 4 {
        if liar[at..at + 4] == 1_500_000_u32.to_le_bytes() {
            liar[at..at + 4].copy_from_slice(&10_u32.to_le_bytes());
        }
    }
    assert!(source_normalise("bomb.zip", &liar, limits).is_err());
    // One file after another in one gzip stream, and headers without end.
    let headers = vec![entry(b"x", EntryType::XGlobalHeader, b""); 200_000];
    assert_eq!(normalise("headers.tar.gz", &tar_gz(&headers)), Err(SourceError::TooManyEntries { max: 10_000 }));

    let many: Vec<Vec<u8>> = (0..10_001).map(|n| file(&format!("f{n}"), b"")).collect();
    assert_eq!(normalise("many.tar.gz", &tar_gz(&many)), Err(SourceError::TooManyEntries { max: 10_000 }));
    let folders = vec![entry(b"d/", EntryType::Directory, b""); 10_001];
    assert_eq!(normalise("many.tar.gz", &tar_gz(&folders)), Err(SourceError::TooManyEntries { max: 10_000 }));
}

#[test]
fn broken_archives_are_errors_and_never_panics() {
    let good = tar_gz(&[file("train.py", &[b'x'; 3_000])]);
    for cut in 0..good.len() {
        let _ = normalise("source.tar.gz", &good[..cut]);
    }
    let zipped = zip(&[("train.py", &[b'x'; 300])]);
    for cut in 1..zipped.len() {
        assert!(normalise("source.zip", &zipped[..cut]).is_err(), "cut at {cut}");
    }
    for at in 0..zipped.len() {
        let mut bent = zipped.clone();
        bent[at] ^= 0xff;
        let _ = normalise("source.zip", &bent);
    }
    assert!(matches!(normalise("source.tgz", b"plain text"), Err(SourceError::Corrupt { .. })));
    assert!(matches!(normalise("source.tgz", &good[..good.len() / 2]), Err(SourceError::Corrupt { .. })));
}

mod through_the_form {
    use domain::job_draft::JobDraft;
    use services::{LaunchSubmitted, Upload};

    use super::{file, tar_gz};
    use crate::lab::Lab;

    async fn submit(lab: &Lab, draft: JobDraft, bytes: Vec<u8>) -> Vec<(String, String)> {
        let upload = Upload { file_name: "source.tar.gz".to_owned(), bytes: bytes.into() };
        match lab.services.launch_submit("key", draft, Some(upload)).await.unwrap() {
            LaunchSubmitted::Run(_) => Vec::new(),
            LaunchSubmitted::Invalid { errors } => errors.into_iter().map(|it| (it.field, it.message)).collect(),
        }
    }

    #[tokio::test]
    async fn a_missing_entry_point_names_the_field_and_the_cure() {
        let lab = Lab::new().await;
        let errors = submit(&lab, lab.draft(), tar_gz(&[file("src/train.py", b"x"), file("data.csv", b"1")])).await;
        assert_eq!(errors.len(), 1);
        assert_eq!(errors[0].0, "entry_point");
        assert!(errors[0].1.contains("type that path") && errors[0].1.contains("`src/train.py`"), "{errors:?}");
        let errors = submit(&lab, lab.draft(), tar_gz(&[file("main.py", b"x")])).await;
        assert!(errors[0].1.contains("`main.py`"), "{errors:?}");
    }

    #[tokio::test]
    async fn an_entry_point_that_is_not_text_is_refused() {
        let lab = Lab::new().await;
        let errors = submit(&lab, lab.draft(), tar_gz(&[file("train.py", b"caf\xe9"), file("lib.py", b"x")])).await;
        assert_eq!(errors.len(), 1);
        assert_eq!(errors[0].0, "source_file");
        assert!(errors[0].1.contains("UTF-8"));
    }

    #[tokio::test]
    async fn a_hostile_archive_launches_nothing() {
        let lab = Lab::new().await;
        let errors = submit(&lab, lab.draft(), tar_gz(&[file("train.py", b"x"), file("../evil", b"x")])).await;
        assert_eq!(errors[0].0, "source_file");
        lab.settle().await;
        assert_eq!(lab.cloud.creates(), 0);
    }
}
