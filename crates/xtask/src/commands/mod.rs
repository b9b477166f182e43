//! One file per command of `cargo x`.

pub(crate) mod bench;
pub(crate) mod build;
pub(crate) mod check;
pub(crate) mod deep;
pub(crate) mod e2e;
pub(crate) mod fmt;
pub(crate) mod measure;
pub(crate) mod run;
pub(crate) mod test;
pub(crate) mod watch;
