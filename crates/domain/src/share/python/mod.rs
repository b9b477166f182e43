//! Python: literals, and the script around them that calls boto3.

mod number;
mod read;
mod render;
mod strings;
mod tokens;

pub(super) use read::{looks_like_python, read};
pub(super) use render::{literal, render_boto3};
