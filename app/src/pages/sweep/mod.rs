//! `/sweeps`: one form launched many times. The list, the page that makes the plan, and a sweep with its trials.

mod form;
mod list;
mod trials;

pub use form::SweepNew;
pub use list::Sweeps;
pub use trials::{SweepLink, SweepPage};

use domain::sweep::SweepState;

const fn state_word(state: SweepState) -> &'static str {
    match state {
        SweepState::Running => "Running",
        SweepState::Finished => "Finished",
        SweepState::Stopped => "Stopped",
    }
}
