//! What kind of data an object holds, told from its first bytes; its name counts only where bytes say nothing.

use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum DataFormat {
    Csv,
    JsonLines,
    Parquet,
    Libsvm,
    RecordIo,
    Gzip,
    Image,
    Text,
    /// None that is known here.
    Binary,
}

/// So much of an object is enough to tell.
pub const SNIFF_BYTES: u64 = 4_096;

/// Of `MXNet`'s `RecordIO`, little-endian: how `application/x-recordio-protobuf` begins.
const RECORD_IO: [u8; 4] = [0x0a, 0x23, 0xd7, 0xce];
const IMAGES: [&[u8]; 5] = [b"\x89PNG\r\n", b"\xff\xd8\xff", b"GIF8", b"II*\0", b"MM\0*"];
/// Lines of text that are looked at.
const LINES: usize = 20;

impl DataFormat {
    /// `key` is the object's key, `head` its first bytes.
    pub fn sniff(key: &str, head: &[u8]) -> Self {
        let is_webp = head.starts_with(b"RIFF") && head.get(8..12) == Some(b"WEBP");
        match head {
            _ if head.starts_with(b"PAR1") => Self::Parquet,
            _ if head.starts_with(&RECORD_IO) => Self::RecordIo,
            _ if head.starts_with(&[0x1f, 0x8b]) => Self::Gzip,
            _ if is_webp || IMAGES.iter().any(|it| head.starts_with(it)) => Self::Image,
            _ => of_text(key, head),
        }
    }

    /// As people call it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Csv => "CSV",
            Self::JsonLines => "JSON lines",
            Self::Parquet => "Parquet",
            Self::Libsvm => "libsvm",
            Self::RecordIo => "RecordIO",
            Self::Gzip => "gzip",
            Self::Image => "images",
            Self::Text => "text",
            Self::Binary => "binary",
        }
    }
}

fn of_text(key: &str, head: &[u8]) -> DataFormat {
    let text = match std::str::from_utf8(head) {
        Ok(text) => text,
        // The head may end inside a character.
        Err(error) if error.error_len().is_none() => {
            std::str::from_utf8(&head[..error.valid_up_to()]).unwrap_or_default()
        }
        Err(_) => return DataFormat::Binary,
    };
    if text.contains('\0') {
        return DataFormat::Binary;
    }
    // The last line may be cut, unless it is the only one.
    let mut lines: Vec<&str> = text.lines().filter(|it| !it.trim().is_empty()).take(LINES + 1).collect();
    if lines.len() > 1 && !text.ends_with('\n') {
        lines.pop();
    }
    let all = |is: fn(&str) -> bool| !lines.is_empty() && lines.iter().all(|it| is(it));
    if all(is_json_object) {
        DataFormat::JsonLines
    } else if all(is_libsvm) {
        DataFormat::Libsvm
    } else if has_columns(&lines) || (!lines.is_empty() && has_ending(key, ".csv")) {
        DataFormat::Csv
    } else {
        DataFormat::Text
    }
}

fn has_ending(key: &str, ending: &str) -> bool {
    key.to_ascii_lowercase().ends_with(ending)
}

/// A whole object on one line; a pretty-printed file is text.
pub(crate) fn is_json_object(line: &str) -> bool {
    let line = line.trim();
    line.starts_with('{') && line.ends_with('}') && serde_json::from_str::<serde::de::IgnoredAny>(line).is_ok()
}

/// `1 3:0.5 7:1.25`
fn is_libsvm(line: &str) -> bool {
    let mut words = line.split_ascii_whitespace();
    let has_label = words.next().is_some_and(|it| it.parse::<f64>().is_ok());
    let mut is_pair = |it: &str| {
        it.split_once(':').is_some_and(|(index, value)| index.parse::<u64>().is_ok() && value.parse::<f64>().is_ok())
    };
    let pairs: Vec<bool> = words.map(&mut is_pair).collect();
    has_label && !pairs.is_empty() && pairs.iter().all(|it| *it)
}

/// Two lines or more with as many commas (or tabs, or semicolons) each, and at least one.
fn has_columns(lines: &[&str]) -> bool {
    [',', '\t', ';'].into_iter().any(|separator| {
        let counts: Vec<usize> = lines.iter().map(|it| it.matches(separator).count()).collect();
        counts.len() > 1 && counts[0] > 0 && counts.iter().all(|it| *it == counts[0])
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn formats_are_told_from_the_first_bytes() {
        let cases: [(&str, &[u8], DataFormat); 15] = [
            ("iris.csv", b"5.1,3.5,1.4,0.2,setosa\n4.9,3.0,1.4,0.2,set", DataFormat::Csv),
            ("data", b"a\tb\n1\t2\n3\t4\n", DataFormat::Csv),
            ("one-column.CSV", b"1\n2\n3\n", DataFormat::Csv),
            ("train.jsonl", b"{\"text\": \"a, b\"}\n{\"text\": \"c\"}\n{\"te", DataFormat::JsonLines),
            ("x.manifest", b"{\"source-ref\": \"s3://b/k\"}", DataFormat::JsonLines),
            ("part-0", b"PAR1\x15\x04", DataFormat::Parquet),
            ("abalone", b"15 1:0.5 3:0.25\n-7.5 2:1e-3\n", DataFormat::Libsvm),
            ("mnist", b"\x0a\x23\xd7\xce\x10\0\0\0", DataFormat::RecordIo),
            ("a.csv.gz", b"\x1f\x8b\x08\0", DataFormat::Gzip),
            ("cat.jpg", b"\xff\xd8\xff\xe0", DataFormat::Image),
            ("cat.webp", b"RIFF\x10\0\0\0WEBPVP8 ", DataFormat::Image),
            ("README", b"Words, and more words.\nAnother line.\n", DataFormat::Text),
            ("pretty.json", b"{\n  \"a\": 1\n}\n", DataFormat::Text),
            ("x.bin", b"\x00\x01\x02", DataFormat::Binary),
            ("x.csv", b"\xfe\xff\x80", DataFormat::Binary),
        ];
        for (key, head, wanted) in cases {
            assert_eq!(DataFormat::sniff(key, head), wanted, "{key}");
        }
    }

    #[test]
    fn a_head_that_ends_inside_a_character_is_text_still() {
        assert_eq!(DataFormat::sniff("a", &"größe".as_bytes()[..4]), DataFormat::Text);
        assert_eq!(DataFormat::sniff("empty.csv", b""), DataFormat::Text);
    }

    proptest! {
        #[test]
        fn any_bytes_have_a_format(key in ".{0,10}", head in prop::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(!DataFormat::sniff(&key, &head).name().is_empty());
        }
    }
}
