//! Signatures of requests: who signed, and whether it is true.
//!
//! | file | says |
//! |---|---|
//! | `caller` | whom a request names, proven or not |
//! | `keys` | the keys that a configuration lists, and the pair of an access key and its secret |
//! | `claim` | what a signature says about itself, in `Authorization` or in a presigned URL |
//! | `canonical` | the text of a request that is signed |
//! | `mac` | keys and signatures of Signature Version 4, those of an upload's chunks too |
//! | `v2` | presigned URLs of Signature Version 2, which boto3 still makes for S3 |
//! | `verify` | the check; `refusal` is what comes of it, in each protocol's words |
//! | `sign` | the other side, for programs of this machine that call the endpoint |
//!
//! Invariants: without configured keys nothing is checked; with them nothing is answered that is not signed by a key of
//! the list, by a session that STS began here, or by the endpoint's own key; signatures are compared in constant time.

mod caller;
mod canonical;
mod claim;
mod keys;
mod mac;
mod refusal;
mod sign;
mod v2;
mod verify;

pub(crate) use caller::Caller;
pub use keys::{AccessKey, Keys};
pub(crate) use mac::{Chunks, hmac};
pub(crate) use refusal::Refusal;
pub use sign::sign;
pub(crate) use verify::{Verified, Verifier};
