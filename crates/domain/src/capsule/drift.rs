//! What has changed since a run was launched: the question before it is launched again.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Capsule, ChannelManifest, ManifestObject, SOURCE_CHANNEL};
use crate::run::RunPrice;

/// One thing that a repetition depends on, then and now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DriftItem {
    /// `Data of train`, `Source`, `Image`, `Price`.
    pub subject: String,
    pub state: DriftState,
    /// One sentence.
    pub summary: String,
    /// What changed, by name; at most [`MAX_NAMED`] of each kind.
    pub details: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum DriftState {
    /// Proven to be what it was.
    Same,
    /// The result is the same, what it costs is not.
    Note,
    Changed,
    /// The job cannot run as it did.
    Gone,
    /// There is nothing to compare with, and the item says why.
    Unknown,
}

/// Objects named one by one in a report.
const MAX_NAMED: usize = 20;

impl DriftItem {
    pub fn new(subject: &str, state: DriftState, summary: impl Into<String>) -> Self {
        Self { subject: subject.to_owned(), state, summary: summary.into(), details: Vec::new() }
    }
}

/// Every input of the capsule against what lies there now; `now` has the same channels.
pub fn channel_drifts(then: &Capsule, now: &[ChannelManifest]) -> Vec<DriftItem> {
    then.channels
        .iter()
        .map(|then| {
            let subject = match then.channel.as_str() {
                SOURCE_CHANNEL => "Source in S3".to_owned(),
                channel => format!("Data of {channel}"),
            };
            match now.iter().find(|it| it.channel == then.channel) {
                Some(now) => channel_drift(&subject, then, now),
                None => DriftItem::new(&subject, DriftState::Unknown, "It was not looked at."),
            }
        })
        .collect()
}

fn channel_drift(subject: &str, then: &ChannelManifest, now: &ChannelManifest) -> DriftItem {
    if let Some(fault) = &then.fault {
        return DriftItem::new(subject, DriftState::Unknown, format!("It was not recorded at the launch: {fault}"));
    }
    if let Some(fault) = &now.fault {
        return DriftItem::new(subject, DriftState::Gone, fault.as_str());
    }
    if then.is_whole && now.is_whole && then.sha256 == now.sha256 {
        let text = format!("Unchanged: {}, each with the same size and ETag.", objects(then.object_count));
        return DriftItem::new(subject, DriftState::Same, text);
    }
    if now.object_count == 0 {
        let text = format!("Gone: {} then, none now under {}.", objects(then.object_count), now.uri);
        return DriftItem::new(subject, DriftState::Gone, text);
    }
    if !then.has_every_object() || !now.has_every_object() {
        let text = format!(
            "It differs: {} then, {} now. There are too many to name those that differ.",
            objects(then.object_count),
            objects(now.object_count)
        );
        return DriftItem::new(subject, DriftState::Changed, text);
    }
    changed(subject, then, now)
}

fn changed(subject: &str, then: &ChannelManifest, now: &ChannelManifest) -> DriftItem {
    fn by_key(manifest: &ChannelManifest) -> BTreeMap<&str, &ManifestObject> {
        manifest.objects.iter().map(|it| (it.key.as_str(), it)).collect()
    }
    let (old, new) = (by_key(then), by_key(now));
    let added: Vec<&str> = new.keys().filter(|key| !old.contains_key(*key)).copied().collect();
    let removed: Vec<&str> = old.keys().filter(|key| !new.contains_key(*key)).copied().collect();
    let other: Vec<&str> =
        old.iter().filter(|(key, it)| new.get(*key).is_some_and(|new| new != *it)).map(|(key, _)| *key).collect();
    let text = format!(
        "It differs: {} changed, {} removed, {} added, of {} then and {} now.",
        other.len(),
        removed.len(),
        added.len(),
        then.object_count,
        now.object_count
    );
    let mut item = DriftItem::new(subject, DriftState::Changed, text);
    for (word, keys) in [("changed", other), ("removed", removed), ("added", added)] {
        item.details.extend(keys.iter().take(MAX_NAMED).map(|key| format!("{word}: {key}")));
        if keys.len() > MAX_NAMED {
            item.details.push(format!("{word}: and {} more", keys.len() - MAX_NAMED));
        }
    }
    item
}

fn objects(count: u64) -> String {
    if count == 1 { "1 object".to_owned() } else { format!("{count} objects") }
}

/// An image is what it was only where its URI names the digest; SageMaker does not report the digest that it pulled.
pub fn image_drift(image: Option<&str>) -> DriftItem {
    match image {
        Some(uri) if uri.contains("@sha256:") => {
            DriftItem::new("Image", DriftState::Same, "Its URI names the digest: it cannot be another image.")
        }
        Some(uri) => DriftItem::new(
            "Image",
            DriftState::Unknown,
            format!("{uri} names a tag, which its owner may move. Name the digest (…@sha256:…) to be sure."),
        ),
        None => DriftItem::new(
            "Image",
            DriftState::Unknown,
            "An algorithm by its ARN: its owner decides what image stands behind it.",
        ),
    }
}

/// What an hour of an instance costs, then and now.
pub fn price_drift(then: Option<&RunPrice>, now: Option<&RunPrice>) -> DriftItem {
    let text = |price: &RunPrice| format!("{} an hour ({})", price.price_nanousd_per_hour, price.date);
    match (then, now) {
        (Some(then), Some(now)) if then.price_nanousd_per_hour == now.price_nanousd_per_hour => {
            DriftItem::new("Price", DriftState::Same, format!("{} for an instance, as then.", text(now)))
        }
        (Some(then), Some(now)) => {
            DriftItem::new("Price", DriftState::Note, format!("{} then, {} now.", text(then), text(now)))
        }
        (None, Some(now)) => DriftItem::new("Price", DriftState::Note, format!("Unpriced then, {} now.", text(now))),
        (_, None) => DriftItem::new("Price", DriftState::Unknown, "No price is known for this instance type."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{capsule::ManifestBuilder, money::NanoUsd, time::Timestamp};

    fn manifest(objects: &[(&str, &str)]) -> ChannelManifest {
        let mut builder = ManifestBuilder::new("train", "s3://b/train/");
        for (key, e_tag) in objects {
            builder.push(ManifestObject { key: (*key).to_owned(), size_bytes: 3, e_tag: (*e_tag).to_owned() });
        }
        builder.finish()
    }

    fn drift(then: ChannelManifest, now: ChannelManifest) -> DriftItem {
        let capsule = Capsule { recorded_at: Timestamp::from_unix_micros(1), channels: vec![then] };
        let mut items = channel_drifts(&capsule, &[now]);
        assert_eq!(items.len(), 1);
        items.remove(0)
    }

    #[test]
    fn equal_listings_are_the_same_and_each_kind_of_change_is_named() {
        let then = manifest(&[("a", "1"), ("b", "1"), ("c", "1")]);
        assert_eq!(drift(then.clone(), then.clone()).state, DriftState::Same);
        let item = drift(then, manifest(&[("a", "1"), ("b", "2"), ("d", "1")]));
        assert_eq!(item.state, DriftState::Changed);
        assert_eq!(item.summary, "It differs: 1 changed, 1 removed, 1 added, of 3 then and 3 now.");
        assert_eq!(item.details, ["changed: b", "removed: c", "added: d"]);
    }

    #[test]
    fn a_long_list_of_changes_is_cut_and_says_so() {
        let keys: Vec<String> = (0..50).map(|it| format!("{it:02}")).collect();
        let now: Vec<(&str, &str)> = keys.iter().map(|it| (it.as_str(), "1")).collect();
        let item = drift(manifest(&[("00", "1")]), manifest(&now));
        assert_eq!((item.details.len(), item.details.last()), (MAX_NAMED + 1, Some(&"added: and 29 more".to_owned())));
    }

    #[test]
    fn nothing_there_any_more_is_gone_and_what_was_not_recorded_is_unknown() {
        let then = manifest(&[("a", "1")]);
        assert_eq!(drift(then.clone(), manifest(&[])).state, DriftState::Gone);
        let unread = ChannelManifest::unread("train", "s3://b/train/", "The bucket is gone.");
        assert_eq!(drift(then.clone(), unread.clone()).state, DriftState::Gone);
        assert_eq!(drift(unread, then).state, DriftState::Unknown);
    }

    #[test]
    fn only_a_digest_proves_an_image_and_a_price_is_a_note() {
        assert_eq!(image_drift(Some("1.dkr/x@sha256:ab")).state, DriftState::Same);
        assert_eq!(image_drift(Some("1.dkr/x:latest")).state, DriftState::Unknown);
        let price = |nanousd| RunPrice {
            price_nanousd_per_hour: NanoUsd(nanousd),
            date: "2026-09-27".to_owned(),
            source: String::new(),
            confidence: String::new(),
        };
        assert_eq!(price_drift(Some(&price(1)), Some(&price(1))).state, DriftState::Same);
        assert_eq!(price_drift(Some(&price(1)), Some(&price(2))).state, DriftState::Note);
        assert_eq!(price_drift(Some(&price(1)), None).state, DriftState::Unknown);
    }
}
