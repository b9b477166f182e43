//! Settings of the endpoint, and why it may not start.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;

use crate::job::JobConfig;
use crate::signature::Keys;

/// Everything that the endpoint needs to know. Nothing is read from the environment.
#[derive(Debug, Clone)]
pub struct LocalConfig {
    /// Where to listen; port 0 takes a free one.
    pub addr: SocketAddr,
    /// The data folder: `s3/` holds the buckets, `jobs/` the jobs, `cloudwatch/` what `PutMetricData` stored,
    /// `logs/` the log groups that clients made, `experiments/` and `tuning/` what their names say.
    pub data: PathBuf,
    /// The region that ARNs carry.
    pub region: String,
    /// The twelve-digit account that ARNs carry.
    pub account: String,
    /// A bucket that exists from the start.
    pub bucket: String,
    /// Names besides loopback and [`LocalConfig::addr`] that requests may carry in `Host`, without port.
    pub allowed_hosts: Vec<String>,
    /// The keys that requests must be signed with; none: any key is accepted.
    pub keys: Keys,
    /// How many instances may train at a time: `training:ml.g5.xlarge`, `spot:...` or `warm-pool:...` to a number. What
    /// is not named here is not limited.
    pub quotas: BTreeMap<String, u64>,
    /// How jobs are run. Its region and endpoint URL are set by [`crate::bind`].
    pub job: JobConfig,
}

impl LocalConfig {
    /// The documented defaults: `127.0.0.1:4566`, us-east-1, account 000000000000, bucket `trainyard`.
    pub fn new(data: PathBuf, job: JobConfig) -> Self {
        Self {
            addr: SocketAddr::from(([127, 0, 0, 1], 4566)),
            data,
            region: "us-east-1".to_owned(),
            account: "000000000000".to_owned(),
            bucket: "trainyard".to_owned(),
            allowed_hosts: Vec::new(),
            keys: Keys::default(),
            quotas: BTreeMap::new(),
            job,
        }
    }
}

/// Why the endpoint could not start. Each message is one line that says what to do.
#[derive(Debug, thiserror::Error)]
pub enum LocalError {
    #[error("the address {addr} is in use by another program: stop it, or choose another address for the local engine")]
    AddrInUse { addr: SocketAddr },
    #[error("this machine does not let the local engine listen on {addr}")]
    AddrUnusable {
        addr: SocketAddr,
        #[source]
        source: std::io::Error,
    },
    #[error("the data folder {} cannot be written: choose another one, or change its permissions", path.display())]
    NotWritable {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error("the bucket name {name:?} is not a valid S3 bucket name")]
    BucketName { name: String },
    #[error("the key {key:?} is not one: letters, digits, _ and - make a name, and it needs a secret")]
    Key { key: String },
    #[error("the quota {key:?} is not one: write training:, spot: or warm-pool: before the name of an instance type")]
    Quota { key: String },
    #[error("the local engine could not open its store in {}", path.display())]
    Store { path: PathBuf, source: anyhow::Error },
    #[error("the local engine stopped serving")]
    Serve {
        #[source]
        source: std::io::Error,
    },
}
