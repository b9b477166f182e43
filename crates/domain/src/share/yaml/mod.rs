//! A request as YAML 1.2, quoted so that readers of YAML 1.1 (`PyYAML`, and with it much of the Python world) find the
//! same values.

mod read;
mod render;

pub(super) use read::read;
pub(super) use render::render;
