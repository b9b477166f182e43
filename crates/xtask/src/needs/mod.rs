//! What the commands need beyond cargo: installed when a package manager can do it, else named with its cure.
//!
//! Nothing here is needed to read the code, and only the first group to use Trainyard:
//! - to build: the WASM target (rustup); Node with npm for the optimiser, optional.
//! - to check: cargo-deny (cargo).
//! - to test: PostgreSQL's binaries, git and Chromium (Debian's packages, or yours), Playwright (npm), boto3, the AWS CLI and
//!   both SageMaker SDKs (PyPI).

mod debian;
mod node;
pub(crate) mod python;
mod rust;

pub(crate) use debian::{chromium, git, postgresql};
pub(crate) use node::{playwright, wasm_opt};
pub(crate) use rust::{cargo_deny, wasm_target};
