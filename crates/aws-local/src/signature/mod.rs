//! Signatures of requests: who signed.

mod caller;

pub(crate) use caller::Caller;
