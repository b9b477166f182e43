//! The command line. Every option is a flag, an environment variable `TRAINYARD_*` and a key of the configuration file:
//! the structs `Settings` and `EngineSettings` are all three, so that none can be forgotten.

use std::{net::SocketAddr, path::PathBuf};

use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum};
use domain::{budget::Budget, launch_policy::LaunchPolicy};
use serde::Deserialize;

use crate::{
    client::{launch::LaunchArgs, logs::LogsArgs, runs::RunsArgs, stop::StopArgs},
    engine_settings::EngineSettings,
};

/// Web dashboard and experiment tracker for Amazon SageMaker training jobs.
#[derive(Debug, Parser)]
#[command(name = "trainyard", version, about, max_term_width = 100)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve the dashboard, with the engine of your choice.
    ///
    /// Every option is also an environment variable and a line in a TOML file, the key being the flag's name:
    /// `addr = "127.0.0.1:3000"`. A flag wins over the variable, the variable over the file, the file over the default.
    Serve(ServeArgs),
    /// Serve only the AWS-compatible endpoint that runs training jobs on this machine.
    ///
    /// boto3, the AWS CLI and the SageMaker SDKs talk to it with `AWS_ENDPOINT_URL=http://127.0.0.1:4566`. Every option
    /// is also an environment variable and a line in a TOML file, as for `serve`; the file may be the same.
    Local(LocalArgs),
    /// Launch a training job on a running server.
    ///
    /// The job is a file of any tool: a CreateTrainingJob request as JSON or YAML, boto3 code, an AWS CLI command. The run's
    /// id goes to standard output.
    Launch(LaunchArgs),
    /// List the newest runs of a running server.
    Runs(RunsArgs),
    /// Print the log of a run.
    Logs(LogsArgs),
    /// Stop a run.
    Stop(StopArgs),
    /// Watch over one local training job; started by the endpoint itself.
    #[command(hide = true)]
    LocalSupervise { dir: PathBuf },
    /// Enter a local training job's sandbox; started by the supervisor itself.
    #[command(hide = true, disable_help_flag = true)]
    LocalSandbox {
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<std::ffi::OsString>,
    },
}

#[derive(Debug, Args)]
pub struct ServeArgs {
    /// The configuration file [default: trainyard.toml in the platform's configuration folder, when it is there]
    #[arg(long, value_name = "FILE", env = "TRAINYARD_CONFIG")]
    pub config: Option<PathBuf>,
    #[command(flatten)]
    pub settings: Settings,
}

/// Which engine runs the jobs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EngineChoice {
    /// This machine, by the endpoint embedded in this binary; nothing is billed.
    Local,
    /// Amazon SageMaker, by the usual AWS environment.
    Aws,
}

/// What can be set. `None` means: not set here.
#[derive(Clone, Debug, Default, PartialEq, Args, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct Settings {
    /// Where the dashboard listens [default: 127.0.0.1:3000]
    #[arg(long, value_name = "ADDR", env = "TRAINYARD_ADDR")]
    pub addr: Option<SocketAddr>,
    /// The folder for the database and the local engine's jobs [default: the platform's data folder]
    #[arg(long, value_name = "DIR", env = "TRAINYARD_DATA")]
    pub data: Option<PathBuf>,
    /// `postgres://USER:PASSWORD@HOST/NAME`, or `sqlite://FILE` [default: SQLite, trainyard.db in the data folder]
    #[arg(long, value_name = "URL", env = "TRAINYARD_DATABASE_URL", hide_env_values = true)]
    pub database_url: Option<String>,
    /// Which engine runs the jobs [default: local]
    #[arg(long, value_enum, env = "TRAINYARD_ENGINE")]
    pub engine: Option<EngineChoice>,
    /// Where the local engine listens [default: 127.0.0.1:4566]
    #[arg(long, value_name = "ADDR", env = "TRAINYARD_AWS_ADDR")]
    pub aws_addr: Option<SocketAddr>,
    /// The bucket for sources [default: `trainyard` locally, `sagemaker-REGION-ACCOUNT` on AWS]
    #[arg(long, value_name = "NAME", env = "TRAINYARD_BUCKET")]
    pub bucket: Option<String>,
    /// The execution role that the launch form proposes [default: a role that every job may use, locally]
    #[arg(long, value_name = "ARN", env = "TRAINYARD_ROLE_ARN")]
    pub role_arn: Option<String>,
    /// Where jobs put their results [default: `s3://BUCKET/runs` locally, `s3://BUCKET/trainyard/runs` on AWS]
    #[arg(long, value_name = "S3_URI", env = "TRAINYARD_OUTPUT_PATH")]
    pub output_path: Option<String>,
    /// The AWS region [default: us-east-1 locally, the AWS environment's otherwise]
    #[arg(long, value_name = "REGION", env = "TRAINYARD_REGION")]
    pub region: Option<String>,
    #[command(flatten)]
    #[serde(skip)]
    pub engine_settings: EngineSettings,
    /// Listen on another address than this machine's own, although everyone who reaches it can then launch jobs
    /// and run code here: there is no login yet
    #[arg(long, env = "TRAINYARD_INSECURE_NO_LOGIN", num_args = 0..=1, default_missing_value = "true", require_equals = true)]
    pub insecure_no_login: Option<bool>,
    /// A further host name by which browsers may call the dashboard: `name` or `name:port`; repeatable
    #[arg(long, value_name = "HOST", env = "TRAINYARD_ALLOWED_HOST", value_delimiter = ',', action = ArgAction::Append)]
    pub allowed_host: Option<Vec<String>>,
    /// Where jobs reach this server to log to it with MLflow's client: `http://host:port`, or `none`, and they are not
    /// told [default: this server's own address with the local engine, none with aws]
    #[arg(long, value_name = "URI", env = "TRAINYARD_TRACKING_URI")]
    pub tracking_uri: Option<String>,
    /// What is logged, in the syntax of `tracing`: `info`, `warn,services=debug` [default: info]
    #[arg(long, value_name = "FILTER", env = "TRAINYARD_LOG")]
    pub log: Option<String>,
    /// `[[policy]]`, in the file alone: required tags, allowed instance types and counts, by experiments.
    #[arg(skip)]
    pub policy: Vec<LaunchPolicy>,
    /// `[[budget]]`, in the file alone: dollars a month, by experiments and tag.
    #[arg(skip)]
    pub budget: Vec<Budget>,
}

impl Settings {
    /// The tables that a file may have besides the keys that are flags.
    pub(crate) const TABLES: [&str; 2] = ["policy", "budget"];
}

/// What a user of boto3 needs, at the end of `trainyard local --help`.
const CLIENT_ENVIRONMENT: &str = "\
Clients need these environment variables (any keys will do, unless the configuration file has [keys]):
  export AWS_ENDPOINT_URL=http://127.0.0.1:4566
  export AWS_DEFAULT_REGION=us-east-1
  export AWS_ACCESS_KEY_ID=local AWS_SECRET_ACCESS_KEY=local";

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, after_help = CLIENT_ENVIRONMENT)]
pub struct LocalArgs {
    #[command(subcommand)]
    pub action: Option<LocalAction>,
    /// The configuration file [default: trainyard.toml in the platform's configuration folder, when it is there]
    #[arg(long, value_name = "FILE", env = "TRAINYARD_CONFIG")]
    pub config: Option<PathBuf>,
    /// Where the endpoint listens; `aws-addr` in the file [default: 127.0.0.1:4566]
    #[arg(long, value_name = "ADDR", env = "TRAINYARD_AWS_ADDR")]
    pub addr: Option<SocketAddr>,
    /// The folder for jobs, logs, metrics and buckets [default: the platform's data folder]
    #[arg(long, value_name = "DIR", env = "TRAINYARD_DATA")]
    pub data: Option<PathBuf>,
    /// The bucket that is there from the start [default: trainyard]
    #[arg(long, value_name = "NAME", env = "TRAINYARD_BUCKET")]
    pub bucket: Option<String>,
    /// The region that it answers for [default: us-east-1]
    #[arg(long, value_name = "REGION", env = "TRAINYARD_REGION")]
    pub region: Option<String>,
    #[command(flatten)]
    pub engine_settings: EngineSettings,
    /// Listen on another address than this machine's own, although everyone who reaches it can then run code here
    #[arg(long, env = "TRAINYARD_INSECURE_NO_LOGIN", num_args = 0..=1, default_missing_value = "true", require_equals = true)]
    pub insecure_no_login: Option<bool>,
    /// What is logged, in the syntax of `tracing` [default: info]
    #[arg(long, value_name = "FILTER", env = "TRAINYARD_LOG")]
    pub log: Option<String>,
}

/// What can be asked of an endpoint that runs.
#[derive(Debug, Subcommand)]
pub enum LocalAction {
    /// Take the spot capacity of a training job away, as AWS may do at any time.
    ///
    /// The job gets SIGTERM and the grace, becomes `Interrupted`, waits for capacity, and starts again with its
    /// checkpoints.
    Interrupt {
        /// The name of a managed-spot job that trains
        job: String,
        /// Where the endpoint listens
        #[arg(long, value_name = "ADDR", env = "TRAINYARD_AWS_ADDR", default_value = "127.0.0.1:4566")]
        addr: SocketAddr,
        /// A key of the endpoint's `[keys]`, if it has any
        #[arg(long, value_name = "KEY", env = "AWS_ACCESS_KEY_ID")]
        access_key_id: Option<String>,
        /// The secret of that key
        #[arg(long, value_name = "SECRET", env = "AWS_SECRET_ACCESS_KEY", hide_env_values = true)]
        secret_access_key: Option<String>,
    },
}
