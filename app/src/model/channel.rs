//! What the check of a channel says, in a sentence.

use domain::channel_check::{ChannelCheck, ChannelObjects};

use super::rows::{bytes, grouped_digits};

/// The sentence, and whether it is a warning. No warning forbids the launch: the data may come later.
pub fn check_sentence(check: &ChannelCheck) -> (bool, String) {
    match check {
        ChannelCheck::Objects(found) => (false, objects_sentence(found)),
        ChannelCheck::Manifest { entries: 0, .. } => {
            (true, "The manifest has no entries: the channel would be empty.".to_owned())
        }
        ChannelCheck::Manifest { entries, is_more } => {
            let more = if *is_more { "More than " } else { "" };
            let noun = if *entries == 1 { "entry" } else { "entries" };
            (false, format!("{more}{} {noun} in the manifest.", grouped_digits(*entries)))
        }
        ChannelCheck::BadManifest { why } => (true, format!("This cannot be used as a manifest: {why}.")),
        ChannelCheck::Nothing => (
            true,
            "Nothing lies there, and a job fails whose channel is empty: put the data there first (aws s3 cp), or choose \
             another place by Browse."
                .to_owned(),
        ),
        ChannelCheck::Refused(refusal) => (true, refusal.to_string()),
    }
}

/// `More than 10,000 objects, 1.4 GB, CSV: a.csv, b.csv, …`
fn objects_sentence(found: &ChannelObjects) -> String {
    let more = if found.is_more { "More than " } else { "" };
    let noun = if found.count == 1 { "object" } else { "objects" };
    let format = found.format.map(|it| format!(", {}", it.name())).unwrap_or_default();
    let names = found.names.join(", ");
    let rest = if found.count > found.names.len() as u64 { ", …" } else { "" };
    format!("{more}{} {noun}, {}{format}: {names}{rest}", grouped_digits(found.count), bytes(found.size_bytes))
}

#[cfg(test)]
mod tests {
    use domain::{channel_check::S3Refusal, data_format::DataFormat};

    use super::*;

    #[test]
    fn what_is_there_is_counted_and_named() {
        let found = ChannelObjects {
            count: 10_000,
            size_bytes: 1_400_000,
            is_more: true,
            names: vec!["a.csv".to_owned(), "b/c.csv".to_owned()],
            format: Some(DataFormat::Csv),
        };
        let (is_warning, text) = check_sentence(&ChannelCheck::Objects(found));
        assert_eq!((is_warning, text.as_str()), (false, "More than 10,000 objects, 1.4 MB, CSV: a.csv, b/c.csv, …"));
        let (_, text) = check_sentence(&ChannelCheck::Manifest { entries: 1, is_more: false });
        assert_eq!(text, "1 entry in the manifest.");
    }

    #[test]
    fn a_warning_names_the_cure() {
        for (check, cure) in [
            (ChannelCheck::Nothing, "aws s3 cp"),
            (ChannelCheck::Refused(S3Refusal::Denied), "s3:ListBucket"),
            (ChannelCheck::Refused(S3Refusal::NoBucket { bucket: "b".to_owned() }), "check its name"),
            (ChannelCheck::Manifest { entries: 0, is_more: false }, "no entries"),
        ] {
            let (is_warning, text) = check_sentence(&check);
            assert!(is_warning && text.contains(cure), "{text}");
        }
    }
}
