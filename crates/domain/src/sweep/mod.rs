//! A sweep: one form launched many times, with other hyperparameters each time.
//!
//! Invariants:
//! - The plan (every trial with its values) is made once, when the sweep is created, and never changes: however often
//!   the server restarts, a sweep of 200 is these 200.
//! - A trial launches under a key made of the sweep and its number, so it launches once.

mod parse;
mod plan;

pub use parse::SweepDraft;
pub use plan::{Dimension, DimensionValues};

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    ids::{RunId, SweepId},
    job_draft::JobDraft,
    money::NanoUsd,
    quota::QuotaDraft,
    time::Timestamp,
};

/// More children than this are a program's business, not a form's.
pub const MAX_TRIALS: usize = 500;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SweepSpec {
    /// The form that every trial launches; `sweep` and the swept hyperparameters are set for each.
    pub draft: JobDraft,
    pub strategy: Strategy,
    pub dimensions: Vec<Dimension>,
    pub max_parallel: u32,
    /// What the trials may cost together: what they did, and at most what the running ones can.
    pub budget: Option<NanoUsd>,
    pub objective: Option<Objective>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Strategy {
    /// Every combination.
    Grid,
    /// So many, drawn from the ranges by this seed.
    Random { trials: u32, seed: u64 },
}

/// What makes one trial better than another: the last value of a metric.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Objective {
    pub metric: String,
    pub goal: Goal,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Goal {
    Minimize,
    Maximize,
}

impl Goal {
    /// What a metric's name says: a loss is to be small, an accuracy large. A guess, to begin with.
    pub fn of_name(name: &str) -> Self {
        const LARGE: [&str; 10] =
            ["acc", "auc", "f1", "precision", "recall", "score", "r2", "bleu", "reward", "throughput"];
        let name = name.to_lowercase();
        if LARGE.iter().any(|it| name.contains(it)) { Self::Maximize } else { Self::Minimize }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sweep {
    pub id: SweepId,
    pub spec: SweepSpec,
    pub state: SweepState,
    /// Why it stands still or ended early, in a sentence.
    pub message: Option<String>,
    pub created_at: Timestamp,
    pub trials: Vec<Trial>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SweepState {
    /// Trials are launched as others end.
    Running,
    /// Every trial was launched and has ended.
    Finished,
    /// No trial is launched any more: a person's wish, the budget, or a trial that cannot be launched.
    Stopped,
}

/// One launch of the plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trial {
    /// From 0.
    pub number: u32,
    /// Name and value of each swept hyperparameter.
    pub parameters: Vec<(String, String)>,
    /// `None`: not launched.
    pub run_id: Option<RunId>,
}

impl SweepState {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Finished => "finished",
            Self::Stopped => "stopped",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        [Self::Running, Self::Finished, Self::Stopped].into_iter().find(|it| it.as_str() == text)
    }
}

impl SweepSpec {
    /// `grid over lr, epochs`
    pub fn words(&self) -> String {
        let names: Vec<&str> = self.dimensions.iter().map(|it| it.name.as_str()).collect();
        let strategy = match self.strategy {
            Strategy::Grid => "grid",
            Strategy::Random { .. } => "random",
        };
        format!("{strategy} over {}", names.join(", "))
    }

    /// The form of one trial. All trials run the commit that the form was judged with, wherever its branch is by now.
    pub fn draft_of(&self, id: &SweepId, trial: &Trial) -> JobDraft {
        let mut draft = self.draft.clone();
        draft.sweep = Some(id.clone());
        // Trials stand in line for room. None takes a fallback: on other hardware it would not compare with the others.
        draft.quota = QuotaDraft::queue();
        draft.git.pin();
        for (name, value) in &trial.parameters {
            let row = draft
                .fields
                .rows(PARAMETERS)
                .into_iter()
                .find(|row| draft.fields.get(&format!("{PARAMETERS}[{row}].name")).trim() == name);
            match row {
                Some(row) => draft.fields.set(format!("{PARAMETERS}[{row}].value"), value.as_str()),
                None => draft.fields.push_pair(PARAMETERS, name, value),
            }
        }
        draft
    }
}

impl Objective {
    /// The run with the best value; what is no number is no best.
    pub fn best(&self, values: &BTreeMap<RunId, f64>) -> Option<RunId> {
        let valued = values.iter().filter(|(_, value)| value.is_finite());
        let order = |(_, a): &(&RunId, &f64), (_, b): &(&RunId, &f64)| match self.goal {
            Goal::Minimize => a.total_cmp(b),
            Goal::Maximize => b.total_cmp(a),
        };
        valued.min_by(order).map(|(run, _)| run.clone())
    }
}

const PARAMETERS: &str = "HyperParameters";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trial_changes_its_hyperparameters_and_nothing_else() {
        let mut draft = JobDraft::default();
        draft.fields.push_pair(PARAMETERS, "lr", "0.1");
        draft.fields.push_pair(PARAMETERS, "epochs", "3");
        let spec = SweepSpec {
            draft: draft.clone(),
            strategy: Strategy::Grid,
            dimensions: Vec::new(),
            max_parallel: 1,
            budget: None,
            objective: None,
        };
        let id = SweepId::new(Timestamp::from_unix_millis(1), 1);
        let parameters = vec![("lr".to_owned(), "0.2".to_owned()), ("depth".to_owned(), "4".to_owned())];
        let made = spec.draft_of(&id, &Trial { number: 0, parameters, run_id: None });
        let pairs = [("lr", "0.2"), ("epochs", "3"), ("depth", "4")];
        assert_eq!(made.fields.pairs(PARAMETERS), pairs.map(|(name, value)| (name.to_owned(), value.to_owned())));
        assert_eq!(made.sweep, Some(id));
        assert_eq!(made.experiment, draft.experiment);
    }

    #[test]
    fn the_best_is_a_number() {
        let id = |number: u128| RunId::new(Timestamp::from_unix_millis(1), number);
        let values = BTreeMap::from([(id(1), 0.3), (id(2), f64::NAN), (id(3), 0.1), (id(4), f64::NEG_INFINITY)]);
        let best = |goal| Objective { metric: "loss".to_owned(), goal }.best(&values);
        assert_eq!((best(Goal::Minimize), best(Goal::Maximize)), (Some(id(3)), Some(id(1))));
        assert_eq!(Objective { metric: "loss".to_owned(), goal: Goal::Minimize }.best(&BTreeMap::new()), None);
    }
}
