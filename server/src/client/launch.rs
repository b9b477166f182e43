//! `trainyard launch FILE`: a job out of a file, whatever tool it was written for.

use std::{
    io::Read as _,
    path::{Path, PathBuf},
};

use clap::Args;
use domain::share::{self, Pasted};
use serde_json::Value;

use super::{Api, ClientError, Ended, ServerArgs, logs::follow, note, pack::source_read, say};
use crate::http::api::model::{GitBody, LaunchBody, QuotaChoice, SourceBody, SourceChoice};

#[derive(Debug, Args)]
pub struct LaunchArgs {
    /// The job: a CreateTrainingJob request as JSON or YAML, what DescribeTrainingJob answered, boto3 code or an AWS CLI
    /// command; `-` is standard input
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// The script, archive or folder that the job runs; it is sent to the server
    #[arg(long, value_name = "PATH")]
    pub source: Option<PathBuf>,
    /// The git repository that the job runs, fetched by the server: `https://host/path` or `user@host:path`
    #[arg(long, value_name = "URL", conflicts_with = "source")]
    pub git: Option<String>,
    /// A branch, a tag or a commit's full hash [default: the default branch]
    #[arg(long, value_name = "REF", requires = "git")]
    pub git_ref: Option<String>,
    /// The folder of the repository that the job gets [default: all of it]
    #[arg(long, value_name = "FOLDER", requires = "git")]
    pub git_folder: Option<String>,
    /// The script inside the source [default: the only file, what the job says, or train.py]
    #[arg(long, value_name = "SCRIPT")]
    pub entry_point: Option<String>,
    /// The experiment that the run belongs to [default: what the job's tags say, or `default`]
    #[arg(long, value_name = "NAME")]
    pub experiment: Option<String>,
    /// The beginning of the job's name [default: what the job says, or the experiment]
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
    /// Launch at most one run by this key, however often the command is repeated [default: a new one]
    #[arg(long, value_name = "KEY")]
    pub idempotency_key: Option<String>,
    /// When a quota has no room: `refuse` launches nothing, `queue` waits for room, `fallback` takes something else
    #[arg(long, value_name = "CHOICE", value_parser = ["refuse", "queue", "fallback"], default_value = "refuse")]
    pub when_full: String,
    /// Another instance type to take when a quota has no room; repeat it for several, in the order of trying
    #[arg(long, value_name = "TYPE")]
    pub fallback_type: Vec<String>,
    /// Minutes after which a spot job that waits for room may run on-demand [default: never]
    #[arg(long, value_name = "MINUTES")]
    pub on_demand_after: Option<u32>,
    /// Dollars per hour that a fallback's instances may cost together at most, for example `1.50`
    #[arg(long, value_name = "DOLLARS")]
    pub max_usd_per_hour: Option<String>,
    /// Print the log until the run ends; the exit code is 0 if it completed, and 1 otherwise
    #[arg(long)]
    pub follow: bool,
    #[command(flatten)]
    pub server: ServerArgs,
}

/// The run's id to standard output; where it is shown, to standard error.
pub(crate) async fn launch(args: LaunchArgs) -> Result<Ended, ClientError> {
    let api = Api::new(&args.server.server)?;
    let request = request_read(&args.file)?;
    let source = match &args.source {
        Some(path) => {
            let (file_name, bytes) = source_read(path)?;
            Some(api.source_put(&file_name, bytes).await?)
        }
        None => None,
    };
    let entry_point = args.entry_point.or_else(|| match (&source, &args.git) {
        (Some(source), _) => entry_point(&request, source),
        (None, Some(_)) => usual_script(&request),
        (None, None) => None,
    });
    let git = args.git.map(|url| GitBody { url, reference: args.git_ref, folder: args.git_folder });
    let body = LaunchBody {
        request,
        experiment: args.experiment,
        job_name: args.name,
        source: source.map(|it| SourceChoice::Sha256(it.sha256)).or(git.map(SourceChoice::Git)),
        entry_point,
        checkpoints: None,
        parent: None,
        quota: Some(QuotaChoice {
            choice: args.when_full,
            instance_types: args.fallback_type,
            on_demand_after_minutes: args.on_demand_after,
            max_usd_per_hour: args.max_usd_per_hour,
        }),
    };
    let key = args.idempotency_key.unwrap_or_else(|| format!("{:032x}", rand::random::<u128>()));
    let run = api.launch(&key, &body).await?;
    say(&run.id)?;
    note(&format!("{} is launched: {}", run.job_name, api.run_page(&run.id)));
    if args.follow { follow(&api, &run.id).await } else { Ok(Ended::Well) }
}

fn request_read(file: &Path) -> Result<Value, ClientError> {
    let is_stdin = file == Path::new("-");
    let text = if is_stdin {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).map(|_| text)
    } else {
        std::fs::read_to_string(file)
    };
    let what = if is_stdin { "standard input".to_owned() } else { file.display().to_string() };
    let text = text.map_err(|source| ClientError::File { path: PathBuf::from(&what), source })?;
    match share::read(&text) {
        Ok(Pasted::Request { request, notes, .. }) => {
            for sentence in notes {
                note(&sentence);
            }
            Ok(request)
        }
        Ok(Pasted::Arn(arn)) => Err(ClientError::Usage(format!(
            "{what} has only an ARN. Save what `aws sagemaker describe-training-job --training-job-name {}` prints, and \
             launch that.",
            arn.job_name
        ))),
        Err(source) => Err(ClientError::NoJob { what, source }),
    }
}

/// The only file of a source; otherwise what the request says, or the usual name. The server says if it is not there.
fn entry_point(request: &Value, source: &SourceBody) -> Option<String> {
    if let [only] = source.entries.as_slice() {
        return Some(only.path.clone());
    }
    usual_script(request)
}

fn usual_script(request: &Value) -> Option<String> {
    let says_so = request["HyperParameters"]["sagemaker_program"].is_string();
    (!says_so).then(|| "train.py".to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::http::api::model::SourceEntryBody;

    #[test]
    fn the_entry_point_is_the_only_file_or_what_the_job_says() {
        let source = |paths: &[&str]| SourceBody {
            sha256: String::new(),
            file_name: "s.tar.gz".to_owned(),
            size_bytes: 1,
            entries: paths.iter().map(|it| SourceEntryBody { path: (*it).to_owned(), size_bytes: 1 }).collect(),
        };
        let script = json!({ "HyperParameters": { "sagemaker_program": "fit.py" } });
        assert_eq!(entry_point(&script, &source(&["a.py"])).as_deref(), Some("a.py"));
        assert_eq!(entry_point(&script, &source(&["a.py", "b.py"])), None);
        assert_eq!(entry_point(&json!({}), &source(&["a.py", "b.py"])).as_deref(), Some("train.py"));
    }
}
