//! How much room a quota has: what Service Quotas allows, less what our own runs take.
//!
//! Invariants:
//! - Runs stand in line by their ids, which is by their creation: an earlier run's need is taken before a later run is
//!   counted, so that two dispatchers that look at the same time never give one place of what was wanted away twice.
//! - A run that no wait could help (it needs more than the whole quota) holds nobody up.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Need, QuotaUse, TrainingQuota, WaitPlan, needs};
use crate::{
    ids::RunId,
    instance_type::instances_text,
    run::Run,
    status::{LaunchState, Wish},
};

/// The quotas with what is taken of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuotaTable {
    /// Sorted; `None`: they are not known. One that is left out limits nothing, as far as is known.
    quotas: Option<Vec<TrainingQuota>>,
    pub taken: Vec<Taken>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Taken {
    pub instance_type: String,
    pub usage: QuotaUse,
    /// By jobs that the engine has, or may have.
    pub in_use: u32,
    /// By runs that are on record and will be sent first.
    pub ahead: u32,
}

/// One quota as a new job finds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    pub quota: u32,
    pub in_use: u32,
    pub ahead: u32,
}

/// A need that its quota has no room for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shortfall {
    pub need: Need,
    pub room: Room,
}

/// What becomes of a job under the quotas.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum QuotaVerdict {
    /// It fits, as far as is known.
    Fits,
    /// It does not fit now; it waits, or takes a fallback.
    Waits(Vec<Shortfall>),
    /// It does not fit, and nothing was chosen that would help.
    Refused(Vec<Shortfall>),
}

impl Room {
    pub const fn left(self) -> u32 {
        self.quota.saturating_sub(self.in_use.saturating_add(self.ahead))
    }
}

impl QuotaTable {
    /// What no quota of AWS comes near, and the embedded endpoint says of one that nobody configured: no limit.
    pub const BOUNDLESS: u32 = 1_000_000;

    pub fn new(quotas: Option<Vec<TrainingQuota>>) -> Self {
        let quotas = quotas.map(|mut all| {
            all.retain(|it| it.instances < Self::BOUNDLESS);
            all.sort();
            all
        });
        Self { quotas, taken: Vec::new() }
    }

    pub const fn is_known(&self) -> bool {
        self.quotas.is_some()
    }

    /// No quota is known that a job could come up against.
    pub fn limits_nothing(&self) -> bool {
        self.quotas.as_ref().is_none_or(Vec::is_empty)
    }

    /// With what these runs take. `place`: the run that asks, if it stands in line already.
    #[must_use]
    pub fn with_runs(mut self, runs: &[Run], place: Option<&RunId>) -> Self {
        self.taken = Vec::new();
        for run in runs.iter().filter(|it| Some(&it.id) != place) {
            let Some(is_in_use) = takes(run, place) else { continue };
            for need in needs(&run.request) {
                // What nothing limits nobody asks about.
                let Some(quota) = self.quota(&need.instance_type, need.usage) else { continue };
                if !is_in_use && need.instances > quota {
                    continue;
                }
                let known = self.taken.iter().position(|it| need.is_of(&it.instance_type, it.usage));
                let index = known.unwrap_or_else(|| {
                    let (instance_type, usage) = (need.instance_type.clone(), need.usage);
                    self.taken.push(Taken { instance_type, usage, in_use: 0, ahead: 0 });
                    self.taken.len() - 1
                });
                let taken = &mut self.taken[index];
                let sum = if is_in_use { &mut taken.in_use } else { &mut taken.ahead };
                *sum = sum.saturating_add(need.instances);
            }
        }
        self
    }

    fn quota(&self, instance_type: &str, usage: QuotaUse) -> Option<u32> {
        let quotas = self.quotas.as_ref()?;
        let key = (instance_type, usage);
        let index = quotas.binary_search_by(|it| (it.instance_type.as_str(), it.usage).cmp(&key)).ok()?;
        Some(quotas[index].instances)
    }

    /// `None`: not known, or without a limit.
    pub fn room(&self, instance_type: &str, usage: QuotaUse) -> Option<Room> {
        let quota = self.quota(instance_type, usage)?;
        let taken = self.taken.iter().find(|it| it.instance_type == instance_type && it.usage == usage);
        Some(taken.map_or(Room { quota, in_use: 0, ahead: 0 }, |it| Room { quota, in_use: it.in_use, ahead: it.ahead }))
    }

    /// The needs of a request that do not fit now.
    pub fn shortfalls(&self, request: &Value) -> Vec<Shortfall> {
        let short = |need: Need| {
            let room = self.room(&need.instance_type, need.usage)?;
            (need.instances > room.left()).then_some(Shortfall { need, room })
        };
        needs(request).into_iter().filter_map(short).collect()
    }

    /// What becomes of a job that is launched now. A wait helps where some way of sending it could fit some time.
    pub fn verdict(&self, request: &Value, wait: Option<&WaitPlan>) -> QuotaVerdict {
        let short = self.shortfalls(request);
        if short.is_empty() {
            return QuotaVerdict::Fits;
        }
        let could_fit = |request: &Value| !self.shortfalls(request).iter().any(Shortfall::is_for_ever);
        match wait {
            Some(wait) if wait.candidates(request, i64::MAX).iter().any(could_fit) => QuotaVerdict::Waits(short),
            _ => QuotaVerdict::Refused(short),
        }
    }
}

/// Whether a run takes room, and whether it is in use or ahead in line.
fn takes(run: &Run, place: Option<&RunId>) -> Option<bool> {
    match run.launch_state {
        LaunchState::Submitted if run.is_over() => None,
        // It may have been sent: the engine may count it.
        LaunchState::Submitted | LaunchState::Unknown => Some(true),
        LaunchState::Requested | LaunchState::Dispatching => {
            (run.wish == Wish::Run && place.is_none_or(|it| run.id < *it)).then_some(false)
        }
        LaunchState::NeedsAttention | LaunchState::Rejected | LaunchState::Cancelled => None,
    }
}

impl Shortfall {
    /// No wait helps: the job alone needs more than the quota.
    pub const fn is_for_ever(&self) -> bool {
        self.need.instances > self.room.quota
    }

    /// `The quota "ml.m5.xlarge for training job usage" is 2 instances, 2 of them in use, and this job needs 1`
    pub fn text(&self) -> String {
        let Room { quota, in_use, ahead } = self.room;
        let name = self.need.quota_name();
        let taken = match (in_use, ahead) {
            (0, 0) => "none in use".to_owned(),
            (in_use, 0) => format!("{in_use} in use"),
            (in_use, ahead) => format!("{in_use} in use and {ahead} asked for by runs ahead in line"),
        };
        format!("The quota `{name}` is {}, {taken}; this job needs {}", instances_text(quota), self.need.instances)
    }

    /// The member of the request that takes too much.
    pub fn field(&self, request: &Value) -> &'static str {
        let has = |member: &str| request.pointer(&format!("/ResourceConfig/{member}")).is_some();
        match self.need.usage {
            QuotaUse::WarmPool => "ResourceConfig.KeepAlivePeriodInSeconds",
            _ if has("InstanceGroups") => "ResourceConfig.InstanceGroups",
            _ if has("InstancePreferences") => "ResourceConfig.InstancePreferences",
            _ if self.room.quota == 0 => "ResourceConfig.InstanceType",
            _ => "ResourceConfig.InstanceCount",
        }
    }

    /// What can be done about it, in words that name the form's own choices.
    pub fn cure(&self) -> String {
        let own = if self.is_for_ever() {
            "waiting would not help: use fewer instances or another type"
        } else {
            "wait for room, or name other types to take, under \u{201c}When a quota has no room\u{201d}; or stop a run"
        };
        format!("{own}, or ask AWS for a higher quota in the Service Quotas console")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{run::fixture, status::TrainingJobStatus, time::Timestamp};

    fn quota(instances: u32) -> QuotaTable {
        let it = TrainingQuota { instance_type: "ml.m5.xlarge".to_owned(), usage: QuotaUse::OnDemand, instances };
        let boundless = TrainingQuota { usage: QuotaUse::Spot, instances: QuotaTable::BOUNDLESS, ..it.clone() };
        QuotaTable::new(Some(vec![boundless, it]))
    }

    fn request(count: u32) -> Value {
        json!({ "ResourceConfig": { "InstanceType": "ml.m5.xlarge", "InstanceCount": count } })
    }

    fn run(number: u128, state: LaunchState, count: u32) -> Run {
        Run {
            id: RunId::new(Timestamp::from_unix_micros(0), number),
            launch_state: state,
            request: request(count),
            ..fixture::run()
        }
    }

    #[test]
    fn what_is_not_known_limits_nothing() {
        for table in [QuotaTable::default(), QuotaTable::new(Some(Vec::new()))] {
            assert_eq!(table.room("ml.m5.xlarge", QuotaUse::OnDemand), None);
            assert_eq!(table.verdict(&request(1_000), None), QuotaVerdict::Fits);
        }
        assert!(!QuotaTable::default().is_known());
        assert_eq!(quota(2).room("ml.m5.xlarge", QuotaUse::Spot), None, "without a limit");
    }

    #[test]
    fn what_runs_take_is_in_use_or_ahead_and_what_is_over_is_free() {
        let over = Run { status: Some(TrainingJobStatus::Stopped), ..run(1, LaunchState::Submitted, 4) };
        let stopped = Run { wish: Wish::Stop, ..run(2, LaunchState::Requested, 4) };
        let too_large = run(3, LaunchState::Requested, 9);
        let runs = [
            over,
            stopped,
            too_large,
            run(4, LaunchState::Submitted, 1),
            run(5, LaunchState::Unknown, 1),
            run(6, LaunchState::Requested, 2),
            run(7, LaunchState::Dispatching, 1),
            run(8, LaunchState::NeedsAttention, 1),
        ];
        let room = |place: Option<&RunId>| quota(8).with_runs(&runs, place).room("ml.m5.xlarge", QuotaUse::OnDemand);
        assert_eq!(room(None), Some(Room { quota: 8, in_use: 2, ahead: 3 }));
        assert_eq!(room(None).map(Room::left), Some(3));
        assert_eq!(
            room(Some(&runs[6].id)),
            Some(Room { quota: 8, in_use: 2, ahead: 2 }),
            "only earlier ones are ahead"
        );
        assert_eq!(room(Some(&runs[5].id)), Some(Room { quota: 8, in_use: 2, ahead: 0 }));
    }

    #[test]
    fn a_shortfall_names_quota_use_need_and_cure() {
        let table = quota(2).with_runs(&[run(1, LaunchState::Submitted, 2)], None);
        let short = table.shortfalls(&request(1)).remove(0);
        assert_eq!(
            short.text(),
            "The quota `ml.m5.xlarge for training job usage` is 2 instances, 2 in use; this job needs 1"
        );
        assert_eq!(short.field(&request(1)), "ResourceConfig.InstanceCount");
        assert!(!short.is_for_ever() && short.cure().contains("wait for room"));
        let never = table.shortfalls(&request(3)).remove(0);
        assert!(never.is_for_ever() && never.cure().contains("would not help"));
        assert_eq!(quota(0).shortfalls(&request(1))[0].field(&request(1)), "ResourceConfig.InstanceType");
    }

    #[test]
    fn a_wait_helps_where_some_way_of_sending_it_could_fit() {
        let table = quota(2).with_runs(&[run(1, LaunchState::Submitted, 2)], None);
        let queue = WaitPlan::default();
        assert!(matches!(table.verdict(&request(1), None), QuotaVerdict::Refused(_)));
        assert!(matches!(table.verdict(&request(1), Some(&queue)), QuotaVerdict::Waits(_)));
        assert!(matches!(table.verdict(&request(3), Some(&queue)), QuotaVerdict::Refused(_)));
    }
}
