//! From configuration to a connected engine: clients, credentials, timeouts, and who we are there.

use std::{fmt, sync::Arc, time::Duration};

use aws_config::{BehaviorVersion, Region, SdkConfig, retry::RetryConfig, timeout::TimeoutConfig};
use aws_sdk_s3::config::{
    Credentials, RequestChecksumCalculation, ResponseChecksumValidation, SharedCredentialsProvider,
    StalledStreamProtectionConfig, retry::RetryPartition,
};
use services::engine::{Engine, EngineInfo, EngineKind};

use crate::{cloudwatch::CloudWatch, error, logs::Logs, objects::Objects, quotas::Quotas, sagemaker::SageMaker};

/// Where the engine is.
#[derive(Clone, PartialEq, Eq)]
pub enum Target {
    /// The endpoint embedded in this binary, or another server of its kind: `http://127.0.0.1:4566`. The user's AWS
    /// environment is not read: requests are signed with `key`, an access key and its secret, or with a dummy.
    Local { endpoint_url: String, key: Option<(String, String)> },
    /// AWS by the usual environment: `AWS_PROFILE`, `AWS_REGION`, `AWS_ENDPOINT_URL`, shared files, instance roles.
    Aws,
}

impl fmt::Debug for Target {
    /// Without the secret.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Local { endpoint_url, .. } => write!(out, "Local({endpoint_url})"),
            Self::Aws => write!(out, "Aws"),
        }
    }
}

/// What `connect` needs to know. `None` means the default that the field's comment names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AwsConfig {
    pub target: Target,
    /// `us-east-1` locally, the environment's on AWS.
    pub region: Option<String>,
    /// Where sources and outputs go: `trainyard` locally, the SageMaker SDKs' own `sagemaker-<region>-<account>` on AWS.
    pub bucket: Option<String>,
    /// The execution role that the launch form proposes; locally a role that every job may use.
    pub role_arn: Option<String>,
    /// `s3://<bucket>/runs` locally, `s3://<bucket>/trainyard/runs` on AWS.
    pub output_path: Option<String>,
}

/// Why there is no engine. Each text is one line for the person who starts the server.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    #[error("no AWS region is set: pass --region, or set AWS_REGION or the profile's region")]
    NoRegion,
    /// `GetCallerIdentity` did not answer: no network, no or expired credentials, or nobody listens there.
    #[error("the engine at {at} does not answer: {message}")]
    Unreachable { at: String, message: String },
}

const LOCAL_REGION: &str = "us-east-1";
const CONNECT_TIMEOUT: Duration = Duration::from_secs(4);
const READ_TIMEOUT: Duration = Duration::from_secs(20);
/// One attempt; an operation may have three, for reads.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(25);
const OPERATION_TIMEOUT: Duration = Duration::from_mins(1);
/// An upload of 64 MiB over a slow line.
const UPLOAD_TIMEOUT: Duration = Duration::from_mins(10);

/// Connects and asks the engine who we are there: the account comes from the answer.
pub async fn connect(config: AwsConfig) -> Result<Engine, ConnectError> {
    let (sdk, at) = match &config.target {
        Target::Local { endpoint_url, key } => {
            (local_sdk(endpoint_url, key.clone(), config.region.as_deref()), endpoint_url.clone())
        }
        Target::Aws => {
            let sdk = environment_sdk(config.region.clone()).await;
            let at = sdk.endpoint_url().unwrap_or("AWS").to_owned();
            (sdk, at)
        }
    };
    let region = sdk.region().map(|it| it.as_ref().to_owned()).ok_or(ConnectError::NoRegion)?;
    let identity = aws_sdk_sts::Client::new(&sdk)
        .get_caller_identity()
        .send()
        .await
        .map_err(|failure| ConnectError::Unreachable { at, message: error::describe(&failure) })?;
    let account = identity.account().unwrap_or_default().to_owned();
    let info = engine_info(&config, region, account);

    let sagemaker_reads = aws_sdk_sagemaker::config::Builder::from(&sdk)
        .retry_partition(RetryPartition::new(format!("trainyard-sagemaker-reads-{}", info.region)))
        .build();
    let sagemaker_writes = aws_sdk_sagemaker::config::Builder::from(&sdk)
        .retry_config(RetryConfig::disabled())
        .retry_partition(RetryPartition::new(format!("trainyard-sagemaker-writes-{}", info.region)))
        .build();
    let s3 = aws_sdk_s3::config::Builder::from(&sdk)
        .force_path_style(matches!(config.target, Target::Local { .. }))
        .timeout_config(timeouts(UPLOAD_TIMEOUT, UPLOAD_TIMEOUT))
        // Checksums only where S3 demands them: an endpoint of another make may know none.
        .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
        .response_checksum_validation(ResponseChecksumValidation::WhenRequired)
        .build();
    Ok(Engine {
        jobs: Arc::new(SageMaker {
            reads: aws_sdk_sagemaker::Client::from_conf(sagemaker_reads),
            writes: aws_sdk_sagemaker::Client::from_conf(sagemaker_writes),
            sts: aws_sdk_sts::Client::new(&sdk),
        }),
        logs: Arc::new(Logs { client: aws_sdk_cloudwatchlogs::Client::new(&sdk) }),
        metrics: Arc::new(CloudWatch { client: aws_sdk_cloudwatch::Client::new(&sdk) }),
        objects: Arc::new(Objects { client: aws_sdk_s3::Client::from_conf(s3) }),
        quotas: Arc::new(Quotas { client: aws_sdk_servicequotas::Client::new(&sdk) }),
        info,
    })
}

/// Nothing of the user's AWS environment enters: no file and no variable is read.
fn local_sdk(endpoint_url: &str, key: Option<(String, String)>, region: Option<&str>) -> SdkConfig {
    let (id, secret) = key.unwrap_or_else(|| ("trainyard".to_owned(), "trainyard-local".to_owned()));
    let credentials = Credentials::new(id, secret, None, None, "trainyard-local");
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(region.unwrap_or(LOCAL_REGION).to_owned()))
        .endpoint_url(endpoint_url)
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .retry_config(RetryConfig::standard())
        .timeout_config(timeouts(ATTEMPT_TIMEOUT, OPERATION_TIMEOUT))
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled()) // a job may hold the disk for seconds
        .build()
}

async fn environment_sdk(region: Option<String>) -> SdkConfig {
    let mut loader = aws_config::defaults(BehaviorVersion::latest())
        .retry_config(RetryConfig::standard())
        .timeout_config(timeouts(ATTEMPT_TIMEOUT, OPERATION_TIMEOUT));
    if let Some(region) = region {
        loader = loader.region(Region::new(region));
    }
    loader.load().await
}

fn timeouts(attempt: Duration, operation: Duration) -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .read_timeout(READ_TIMEOUT)
        .operation_attempt_timeout(attempt)
        .operation_timeout(operation)
        .build()
}

fn engine_info(config: &AwsConfig, region: String, account: String) -> EngineInfo {
    let is_local = matches!(config.target, Target::Local { .. });
    let bucket = config
        .bucket
        .clone()
        .unwrap_or_else(|| if is_local { "trainyard".to_owned() } else { format!("sagemaker-{region}-{account}") });
    let role_arn = config.role_arn.clone().unwrap_or_else(|| {
        if is_local { format!("arn:aws:iam::{account}:role/TrainyardLocal") } else { String::new() }
    });
    let output_path = config.output_path.clone().unwrap_or_else(|| {
        if is_local { format!("s3://{bucket}/runs") } else { format!("s3://{bucket}/trainyard/runs") }
    });
    let kind = if is_local { EngineKind::Local } else { EngineKind::Aws };
    EngineInfo { kind, account, region, bucket, role_arn, output_path }
}
