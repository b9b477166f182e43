//! `/sweeps`: one form launched many times. The list, the page that makes the plan, and a sweep with its trials.

mod form;
mod list;
mod trials;

pub use form::SweepNew;
pub use list::Sweeps;
pub use trials::{SweepLink, SweepPage};

use domain::sweep::{Strategy, SweepSpec, SweepState};

const fn state_word(state: SweepState) -> &'static str {
    match state {
        SweepState::Running => "Running",
        SweepState::Finished => "Finished",
        SweepState::Stopped => "Stopped",
    }
}

/// `grid over lr, epochs`
fn plan_words(spec: &SweepSpec) -> String {
    let names: Vec<&str> = spec.dimensions.iter().map(|it| it.name.as_str()).collect();
    let strategy = match spec.strategy {
        Strategy::Grid => "grid",
        Strategy::Random { .. } => "random",
    };
    format!("{strategy} over {}", names.join(", "))
}
