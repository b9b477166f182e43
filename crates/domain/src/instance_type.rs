//! Instance types that SageMaker training accepts, with what is known of their size and price.

use std::sync::OnceLock;

use serde::{Deserialize, Serialize};

use crate::{money::NanoUsd, run::RunPrice};

/// A type out of the API's training enum.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct InstanceType(String);

/// What the table in `data/instance_types.csv` knows of a type. Unknown is `None`, never zero.
///
/// Names: the `TrainingInstanceType` enum of the SageMaker API model. Sizes and prices: AWS list prices for us-east-1,
/// each with its own date and confidence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstanceTypeInfo {
    pub name: String,
    pub vcpu: Option<u32>,
    /// In MiB, because some types have 7.5 or 10.5 GiB; `memory_text` shows it in GiB.
    pub memory_mib: Option<u32>,
    pub gpu_count: Option<u32>,
    pub gpu_model: Option<String>,
    pub price: Option<RunPrice>,
    /// Whether it brings NVMe disks of its own: then `VolumeSizeInGB` is ignored and `VolumeKmsKeyId` refused.
    pub has_local_nvme: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{typed}` is not an instance type that SageMaker training knows: pick one from the list, for example `{suggestion}`"
)]
pub struct InstanceTypeError {
    pub typed: String,
    pub suggestion: String,
}

impl InstanceType {
    pub fn parse(text: &str) -> Result<Self, InstanceTypeError> {
        let text = text.trim();
        if InstanceTypeInfo::find(text).is_some() {
            return Ok(Self(text.to_owned()));
        }
        Err(InstanceTypeError { typed: text.to_owned(), suggestion: nearest(text).to_owned() })
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub fn info(&self) -> Option<&'static InstanceTypeInfo> {
        InstanceTypeInfo::find(&self.0)
    }
}

impl TryFrom<String> for InstanceType {
    type Error = InstanceTypeError;
    fn try_from(text: String) -> Result<Self, InstanceTypeError> {
        Self::parse(&text)
    }
}

impl From<InstanceType> for String {
    fn from(instance_type: InstanceType) -> Self {
        instance_type.0
    }
}

impl InstanceTypeInfo {
    /// All types, in the API model's order.
    pub fn all() -> &'static [Self] {
        static ALL: OnceLock<Vec<InstanceTypeInfo>> = OnceLock::new();
        ALL.get_or_init(|| read_table(include_str!("../data/instance_types.csv")))
    }

    pub fn find(name: &str) -> Option<&'static Self> {
        Self::all().iter().find(|it| it.name == name)
    }

    /// `7.5 GiB`, exact; `None` when the memory is not known.
    pub fn memory_text(&self) -> Option<String> {
        let mib = self.memory_mib?;
        // 1 MiB is 0.0009765625 GiB: ten decimals are always exact.
        let fraction = u64::from(mib % 1_024) * 10_000_000_000 / 1_024;
        let text = format!("{}.{fraction:010}", mib / 1_024);
        Some(format!("{} GiB", text.trim_end_matches('0').trim_end_matches('.')))
    }

    /// `2 vCPU, 8 GiB, 1 × NVIDIA T4`, as far as it is known; empty when nothing is.
    pub fn size_text(&self) -> String {
        let gpu = match (self.gpu_count, &self.gpu_model) {
            (None | Some(0), _) => None,
            (Some(count), Some(model)) => Some(format!("{count} × {model}")),
            (Some(count), None) => Some(format!("{count} GPU")),
        };
        let parts = [self.vcpu.map(|it| format!("{it} vCPU")), self.memory_text(), gpu];
        parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
    }
}

fn read_table(text: &str) -> Vec<InstanceTypeInfo> {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let rows = reader.records().filter_map(Result::ok);
    rows.map(|row| {
        let cell = |index: usize| row.get(index).filter(|it| !it.is_empty());
        let number = |index: usize| cell(index).and_then(|it| it.parse::<u32>().ok());
        InstanceTypeInfo {
            name: cell(0).unwrap_or_default().to_owned(),
            vcpu: number(1),
            memory_mib: cell(2).and_then(mib_of_gib),
            gpu_count: number(3),
            gpu_model: cell(4).map(str::to_owned),
            price: cell(5).and_then(|it| NanoUsd::parse(it).ok()).map(|price| RunPrice {
                price_nanousd_per_hour: price,
                confidence: cell(6).unwrap_or_default().to_owned(),
                date: cell(7).unwrap_or_default().to_owned(),
                source: "AWS price list, us-east-1".to_owned(),
            }),
            has_local_nvme: cell(8) == Some("yes"),
        }
    })
    .collect()
}

/// `7.5` GiB is 7,680 MiB; `None` unless it is a whole number of MiB.
fn mib_of_gib(text: &str) -> Option<u32> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let scale = 10_u64.checked_pow(u32::try_from(fraction.len()).ok()?)?;
    let fraction: u64 = if fraction.is_empty() { 0 } else { fraction.parse().ok()? };
    let scaled = fraction.checked_mul(1_024)?;
    let whole = whole.parse::<u64>().ok()?.checked_mul(1_024)?;
    if scaled % scale != 0 {
        return None;
    }
    u32::try_from(whole + scaled / scale).ok()
}

/// The type whose name shares the longest beginning with what was typed, `ml.` or not.
fn nearest(typed: &str) -> &'static str {
    let lower = typed.to_ascii_lowercase();
    let typed = if lower.starts_with("ml.") { lower } else { format!("ml.{lower}") };
    let shared = |name: &str| name.bytes().zip(typed.bytes()).take_while(|(a, b)| a == b).count();
    let all = InstanceTypeInfo::all();
    // Where several share as much, the name nearest in length, then the form's default.
    let key = |it: &&InstanceTypeInfo| {
        let length_gap = it.name.len().abs_diff(typed.len());
        (shared(&it.name), it.name == "ml.m5.xlarge", std::cmp::Reverse(length_gap))
    };
    all.iter().max_by_key(key).map_or("ml.m5.xlarge", |it| it.name.as_str())
}

/// `1 instance`, `4 instances`.
pub(crate) fn instances_text(count: u32) -> String {
    if count == 1 { "1 instance".to_owned() } else { format!("{count} instances") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_filled_cell_of_the_table_is_read() {
        let mut reader = csv::Reader::from_reader(include_str!("../data/instance_types.csv").as_bytes());
        let rows: Vec<_> = reader.records().map(|it| it.expect("a valid row")).collect();
        assert_eq!(rows.len(), InstanceTypeInfo::all().len());
        for (row, info) in rows.iter().zip(InstanceTypeInfo::all()) {
            assert_eq!(&row[0], info.name);
            assert_eq!(!row[1].is_empty(), info.vcpu.is_some(), "vcpu of {}", info.name);
            assert_eq!(!row[2].is_empty(), info.memory_mib.is_some(), "memory of {}", info.name);
            assert_eq!(!row[3].is_empty(), info.gpu_count.is_some(), "gpu_count of {}", info.name);
            assert_eq!(!row[5].is_empty(), info.price.is_some(), "price of {}", info.name);
            if let Some(text) = info.memory_text() {
                assert_eq!(text, format!("{} GiB", &row[2]), "memory of {} is exact", info.name);
            }
        }
    }

    #[test]
    fn fractional_memory_is_exact() {
        assert_eq!(mib_of_gib("7.5"), Some(7_680));
        assert_eq!(mib_of_gib("10.5"), Some(10_752));
        assert_eq!(mib_of_gib("4"), Some(4_096));
        assert_eq!(mib_of_gib("0.0001"), None, "not a whole number of MiB");
        assert_eq!(mib_of_gib("much"), None);
    }

    #[test]
    fn an_unknown_type_names_a_near_one() {
        let suggestion = |typed| InstanceType::parse(typed).expect_err("unknown").suggestion;
        assert_eq!(suggestion("ml.m5.xlrge"), "ml.m5.xlarge");
        assert_eq!(suggestion("g5.xlarge"), "ml.g5.xlarge");
        assert_eq!(suggestion("ML.M5.LARGE"), "ml.m5.large");
        assert_eq!(suggestion(""), "ml.m5.xlarge");
    }

    #[test]
    fn deserializing_goes_through_the_same_door() {
        assert!(serde_json::from_str::<InstanceType>("\"ml.m5.large\"").is_ok());
        assert!(serde_json::from_str::<InstanceType>("\"ml.nonsense\"").is_err());
    }
}
