//! One file or folder per URL.

pub mod compare;
pub mod costs;
pub mod diff;
pub mod experiments;
pub mod launch;
pub mod mlflow;
pub mod not_found;
pub mod overview;
pub mod presets;
pub mod relaunch;
pub mod run;
pub mod runs;
pub mod sweep;
