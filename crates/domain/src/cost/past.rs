//! What past runs say of a job that is still to be launched: which of them are alike, and how long they took.
//!
//! Invariants:
//! - Only completed runs count: a run that failed or was stopped says nothing of how long the job takes.
//! - The closest group that has a run is used, alone, and it is named beside the figure.
//! - The order in which runs are given changes nothing.

use serde::{Deserialize, Serialize};

use crate::training_job::TrainingJobRequest;

/// A completed run, as far as a quote needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PastRun {
    /// `None`: an algorithm that was named by its ARN.
    pub training_image: Option<String>,
    /// `None`: the image brought its own program.
    pub entry_point: Option<String>,
    pub source_sha256: Option<String>,
    pub instance_type: String,
    pub instance_count: u32,
    pub spot: bool,
    pub training_seconds: u64,
    pub billable_seconds: u64,
    /// Managed spot took its instances away at least once.
    pub was_interrupted: bool,
}

/// What runs: by this, past runs are recognised.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Program {
    pub training_image: String,
    pub entry_point: Option<String>,
    /// `None`: not known (yet), for example of a file that is not uploaded.
    pub source_sha256: Option<String>,
}

/// How alike past runs are to the job, the closest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Likeness {
    /// The same image and the same source archive, byte by byte.
    Source,
    /// The same image and entry point; the source may have changed.
    EntryPoint,
    /// The same image alone.
    Image,
}

impl Likeness {
    pub const ALL: [Self; 3] = [Self::Source, Self::EntryPoint, Self::Image];

    /// What the runs of the group have in common.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Source => "same source and image",
            Self::EntryPoint => "same entry point and image",
            Self::Image => "same image, other source",
        }
    }

    /// Whether the run belongs to this group; closer groups are parts of wider ones.
    pub(super) fn holds(self, program: &Program, run: &PastRun) -> bool {
        let is_same_image = run.training_image.as_deref() == Some(program.training_image.as_str());
        let is_same_entry = run.entry_point == program.entry_point;
        is_same_image
            && match self {
                Self::Source => {
                    is_same_entry && program.source_sha256.is_some() && run.source_sha256 == program.source_sha256
                }
                Self::EntryPoint => is_same_entry,
                Self::Image => true,
            }
    }
}

impl Program {
    /// The closest group of runs on this cluster, if there is any.
    pub(super) fn closest<'r>(
        &self,
        runs: &'r [PastRun],
        instance_type: &str,
        count: u32,
    ) -> Option<(Likeness, Vec<&'r PastRun>)> {
        let fits = |it: &&PastRun| it.instance_type == instance_type && it.instance_count == count;
        Likeness::ALL.into_iter().find_map(|likeness| {
            let group: Vec<&PastRun> = runs.iter().filter(fits).filter(|it| likeness.holds(self, it)).collect();
            (!group.is_empty()).then_some((likeness, group))
        })
    }
}

/// The one instance type of the cluster with its count; `None` for a cluster of several types, of which no past run
/// tells which one it waited for.
pub(super) fn only_type(request: &TrainingJobRequest) -> Option<(String, u32)> {
    match request.instances().as_slice() {
        [one] => Some(one.clone()),
        _ => None,
    }
}

/// Seconds that runs took: the middle, and how far they lie apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Durations {
    pub(super) median: u64,
    pub(super) low: u64,
    pub(super) high: u64,
    /// `low` and `high` bound the middle half; of fewer than four runs, all of them.
    pub(super) is_middle_half: bool,
}

impl Durations {
    /// On-demand runs only where there are any: a spot run's training time has its interruptions in it.
    pub(super) fn of(runs: &[&PastRun]) -> Option<Self> {
        let of = |with_spot: bool| {
            let chosen = runs.iter().filter(|it| with_spot || !it.spot);
            let mut seconds: Vec<u64> = chosen.map(|it| it.training_seconds).collect();
            seconds.sort_unstable();
            seconds
        };
        let on_demand = of(false);
        let seconds = if on_demand.is_empty() { of(true) } else { on_demand };
        let last = seconds.len().checked_sub(1)?;
        let is_middle_half = seconds.len() >= 4;
        let quarter = if is_middle_half { seconds.len() / 4 } else { 0 };
        Some(Self {
            median: seconds[last / 2].midpoint(seconds[seconds.len() / 2]),
            low: seconds[quarter],
            high: seconds[last - quarter],
            is_middle_half,
        })
    }
}
