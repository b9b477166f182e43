//! What a team means to spend in a month, and whether one more job still fits.
//!
//! Invariants:
//! - What counts is what was spent in the month and what jobs that are not over can still cost in it, up to their time
//!   limit and in the dearest form that may be sent: several jobs that each fit do not exceed a budget together.
//! - Integers only; a run is cut at the month's ends exactly, as in `costs`.
//! - Runs whose dollars are not known are counted and in no sum, and a hard budget takes no job without a price.
//!
//! Not included, as in `costs`: storage and transfer, and the two minutes in which a job that is stopped may still save.

#[cfg(test)]
mod tests;
mod usage;

use serde::{Deserialize, Serialize};

use crate::{
    costs::Month,
    job_spec::{is_tag_text, tag},
    launch_policy::Pattern,
    money::NanoUsd,
};

pub use usage::{BudgetRun, BudgetUse, Most};

/// A limit for a month's spending of the runs that it is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub struct Budget {
    pub name: String,
    /// Which experiments it is about.
    pub experiments: Pattern,
    /// Only runs with this tag and value.
    pub tag: Option<(String, String)>,
    /// For each calendar month in UTC; above 0.
    pub limit: NanoUsd,
    /// Shares of the limit at which it is shown as near, in percent, rising.
    pub warn_at_percent: Vec<u8>,
    /// A launch that does not fit is refused; otherwise the page of costs shows what is exceeded, and no more.
    pub is_hard: bool,
    /// Whom to ask; stands at the end of each refusal.
    pub message: Option<String>,
}

/// As it stands in a file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    name: String,
    #[serde(default = "all")]
    experiments: String,
    /// `cost-center=7`
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tag: Option<String>,
    /// Text, because money is exact.
    #[serde(alias = "usd-per-month")]
    usd_per_month: String,
    #[serde(default = "usual_warnings", alias = "warn-at-percent")]
    warn_at_percent: Vec<u8>,
    #[serde(default)]
    hard: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    message: Option<String>,
}

fn all() -> String {
    "*".to_owned()
}

fn usual_warnings() -> Vec<u8> {
    vec![80, 100]
}

/// Why a budget cannot be kept to.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BudgetFault {
    #[error("a budget needs a name of 1 to {MAX_NAME_CHARS} characters")]
    Name,
    #[error("the budget {0} needs experiments = \"vision-*\" (or \"*\" for all)")]
    Experiments(String),
    #[error(
        "the budget {0} has a tag that no launch can have: write tag = \"cost-center=7\", with letters, digits, blanks \
         and _ . : / = + - @, and a key that begins neither with aws: nor with trainyard:"
    )]
    Tag(String),
    #[error("the budget {0} needs usd_per_month = \"500\", an amount above 0 in quotation marks")]
    Limit(String),
    #[error("the budget {0} has a warning that is no share of it: warn_at_percent takes numbers from 1 to 100")]
    Warning(String),
    #[error("the message of the budget {0} has more than {MAX_MESSAGE_CHARS} characters, or a line break")]
    Message(String),
}

const MAX_NAME_CHARS: usize = 80;
const MAX_MESSAGE_CHARS: usize = 300;

impl TryFrom<Written> for Budget {
    type Error = BudgetFault;

    fn try_from(written: Written) -> Result<Self, BudgetFault> {
        let Written { name, experiments, tag, usd_per_month, mut warn_at_percent, hard, message } = written;
        let name = name.trim().to_owned();
        if !(1..=MAX_NAME_CHARS).contains(&name.chars().count()) || name.contains(char::is_control) {
            return Err(BudgetFault::Name);
        }
        let fault = |of: fn(String) -> BudgetFault| of(name.clone());
        let experiments = Pattern::parse(&experiments).ok_or_else(|| fault(BudgetFault::Experiments))?;
        let pair = |text: String| {
            let (key, value) = text.split_once('=')?;
            let (key, value) = (key.trim(), value.trim());
            let is_ours = ["aws:", tag::PREFIX].iter().any(|it| key.to_ascii_lowercase().starts_with(it));
            let is_tag = !key.is_empty() && is_tag_text(key) && is_tag_text(value) && !is_ours;
            is_tag.then(|| (key.to_owned(), value.to_owned()))
        };
        let tag = match tag {
            Some(text) => Some(pair(text).ok_or_else(|| fault(BudgetFault::Tag))?),
            None => None,
        };
        let limit = NanoUsd::parse(usd_per_month.trim()).ok().filter(|it| it.0 > 0);
        let limit = limit.ok_or_else(|| fault(BudgetFault::Limit))?;
        if warn_at_percent.iter().any(|it| !(1..=100).contains(it)) {
            return Err(fault(BudgetFault::Warning));
        }
        warn_at_percent.sort_unstable();
        warn_at_percent.dedup();
        let message = message.map(|it| it.trim().to_owned()).filter(|it| !it.is_empty());
        if message.as_ref().is_some_and(|it| it.chars().count() > MAX_MESSAGE_CHARS || it.contains(char::is_control)) {
            return Err(fault(BudgetFault::Message));
        }
        Ok(Self { name, experiments, tag, limit, warn_at_percent, is_hard: hard, message })
    }
}

impl From<Budget> for Written {
    fn from(budget: Budget) -> Self {
        Self {
            name: budget.name,
            experiments: budget.experiments.into(),
            tag: budget.tag.map(|(key, value)| format!("{key}={value}")),
            usd_per_month: budget.limit.to_exact(),
            warn_at_percent: budget.warn_at_percent,
            hard: budget.is_hard,
            message: budget.message,
        }
    }
}

impl Budget {
    /// Whether a run counts against it. `tags`: without Trainyard's own.
    pub fn is_about(&self, experiment: &str, tags: &[(String, String)]) -> bool {
        self.experiments.fits(experiment.trim()) && self.tag.as_ref().is_none_or(|it| tags.contains(it))
    }

    /// What is left; below 0 when it is exceeded.
    pub fn left(&self, used: &BudgetUse) -> NanoUsd {
        NanoUsd(self.limit.0.saturating_sub(used.total().0))
    }

    /// The highest of its warnings that has been reached.
    pub fn warning(&self, used: &BudgetUse) -> Option<u8> {
        let reached =
            |percent: &&u8| i128::from(used.total().0) * 100 >= i128::from(self.limit.0) * i128::from(**percent);
        self.warn_at_percent.iter().rev().find(reached).copied()
    }

    /// Why one more job does not fit in a month. `job`: the most that it can cost in it; `None`: its price is not known.
    pub fn refusal(&self, used: &BudgetUse, job: Option<NanoUsd>, month: Month) -> Option<String> {
        let end = self.message.as_ref().map(|it| format!(" {it}")).unwrap_or_default();
        let name = &self.name;
        let Some(job) = job else {
            return Some(format!(
                "the budget `{name}` cannot tell what this job costs, because the price of an instance type that it may \
                 take is not known: choose types with a price.{end}"
            ));
        };
        let left = self.left(used);
        let unpriced = match used.unpriced {
            0 => String::new(),
            count => format!("; {count} of unknown cost, not counted"),
        };
        let cure = if left.0 > 0 {
            "lower the maximum runtime, take a cheaper type, or wait until other jobs are over"
        } else {
            "wait until other jobs have ended for less than they can cost, or ask for more"
        };
        (job > left).then(|| {
            format!(
                "the budget `{name}` of {} for {} has {} left ({} spent, {} still possible for jobs that are not \
                 over{unpriced}), and this job can cost ${} in that month: {cure}.{end}",
                self.limit,
                month.words(),
                NanoUsd(left.0.max(0)),
                used.spent,
                used.committed,
                job.to_exact(),
            )
        })
    }
}
