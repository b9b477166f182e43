//! A run's capsule as one archive, with all that is needed to repeat the run without Trainyard.

use std::{fmt::Write as _, io};

use bytes::Bytes;
use domain::{
    capsule::{Capsule, SOURCE_CHANNEL},
    ids::{JobName, RunId},
    job_spec::own_removed,
    run::Run,
    series::Series,
    share::ShareFormat,
};
use serde_json::{Value, json};

use crate::{ServiceError, Services, source::TarGz};

/// A `tar.gz`, the same bytes for the same run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CapsuleArchive {
    /// `<job>-capsule.tar.gz`.
    pub file_name: String,
    pub bytes: Bytes,
}

const SCRIPT: u32 = 0o755;
const PLAIN: u32 = 0o644;

impl Services {
    pub async fn capsule_archive_get(&self, id: &RunId) -> Result<CapsuleArchive, ServiceError> {
        let run = self.run_get(id).await?.ok_or(ServiceError::NotFound { what: "run" })?;
        let source = match &run.source_sha256 {
            Some(sha256) => self.inner.store.source_get(sha256).await?,
            None => None,
        };
        let capsule = self.capsule_get(id).await?;
        let series = self.run_series(id, None).await?;
        let region = self.inner.engine.info.region.clone();
        let file_name = format!("{}-capsule.tar.gz", run.job_name);
        let packed = self.archive_work(move || {
            pack(&run, source.as_ref().map(|it| it.bytes.as_slice()), capsule.as_ref(), &series, &region)
        });
        let bytes = packed.await?.map_err(|_| ServiceError::Internal { what: "capsule" })?;
        Ok(CapsuleArchive { file_name, bytes: bytes.into() })
    }
}

fn pack(
    run: &Run,
    source: Option<&[u8]>,
    capsule: Option<&Capsule>,
    series: &[Series],
    region: &str,
) -> io::Result<Vec<u8>> {
    let repeat = repeatable(run);
    let mut archive = TarGz::new();
    let mut add = |path: &str, mode: u32, bytes: &[u8]| archive.append(path, bytes.len() as u64, mode, bytes);
    add("README.md", PLAIN, readme(run, source.is_some(), capsule).as_bytes())?;
    add("request.json", PLAIN, pretty(&run.request).as_bytes())?;
    add("run.json", PLAIN, pretty(&serde_json::to_value(run).unwrap_or_default()).as_bytes())?;
    for (format, name, mode) in [(ShareFormat::AwsCli, "repeat.sh", SCRIPT), (ShareFormat::Boto3, "repeat.py", PLAIN)] {
        add(name, mode, format.render(&repeat, region).text.as_bytes())?;
    }
    if let Some(source) = source {
        add("source/sourcedir.tar.gz", PLAIN, source)?;
    }
    for channel in capsule.into_iter().flat_map(|it| &it.channels) {
        add(&manifest_path(&channel.channel), PLAIN, channel.lines().as_bytes())?;
    }
    add("metrics.csv", PLAIN, metrics(series).as_bytes())?;
    archive.finish()
}

/// Channel names are letters, digits, dots, hyphens and underscores.
fn manifest_path(channel: &str) -> String {
    let name = if channel == SOURCE_CHANNEL { "source" } else { channel };
    format!("manifests/{name}.tsv")
}

fn pretty(value: &Value) -> String {
    format!("{value:#}\n")
}

/// The request under a name that is free, without what Trainyard added for this run.
fn repeatable(run: &Run) -> Value {
    let mut request = run.request.clone();
    let room = JobName::MAX_CHARS - "-repeat".len();
    let base: String = run.job_name.as_str().chars().take(room).collect();
    request["TrainingJobName"] = json!(format!("{}-repeat", base.trim_end_matches('-')));
    if let Some(members) = request.as_object_mut() {
        own_removed(members);
    }
    request
}

fn metrics(series: &[Series]) -> String {
    let mut text = String::from("metric,host,step,unix_micros,value\n");
    let quoted = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
    for one in series {
        let (name, host) = (quoted(&one.key.name), quoted(&one.key.host));
        for point in &one.points {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{name},{host},{},{},{}", point.step, point.at.unix_micros(), point.value);
        }
    }
    text
}

fn readme(run: &Run, has_source: bool, capsule: Option<&Capsule>) -> String {
    let mut text = format!(
        "# {name}\n\nEverything that the training job `{name}` was made of, to repeat it with or without Trainyard.\n\n\
         | file | what it is |\n|---|---|\n\
         | `request.json` | the CreateTrainingJob request, as it was sent; SHA-256 before its own tag: `{fingerprint}` |\n\
         | `repeat.sh`, `repeat.py` | the same request under a new name, for the AWS CLI and for boto3 |\n\
         | `run.json` | what became of it: times, status, seconds, price, final metrics |\n\
         | `metrics.csv` | every point of every metric that Trainyard recorded |\n",
        name = run.job_name,
        fingerprint = run.fingerprint,
    );
    let mut steps = Vec::new();
    if has_source {
        let uri = run.request.pointer("/HyperParameters/sagemaker_submit_directory").and_then(Value::as_str);
        let sha256 = run.source_sha256.as_deref().unwrap_or_default();
        let origin = run.git_origin().map(|it| format!(", out of git: `{it}`")).unwrap_or_default();
        let _ = writeln!(text, "| `source/sourcedir.tar.gz` | the script and its files; SHA-256 `{sha256}`{origin} |");
        if let Some(uri) = uri {
            steps.push(format!(
                "Put the source where the request expects it: `aws s3 cp source/sourcedir.tar.gz {uri}`"
            ));
        }
    }
    for channel in capsule.into_iter().flat_map(|it| &it.channels) {
        let file = manifest_path(&channel.channel);
        let what = match &channel.fault {
            Some(fault) => format!("not recorded: {fault}"),
            None => format!(
                "key, size in bytes and ETag of what was under `{}`: {} objects, {} bytes; SHA-256 of these lines `{}`",
                channel.uri, channel.object_count, channel.size_bytes, channel.sha256
            ),
        };
        let _ = writeln!(text, "| `{file}` | {what} |");
    }
    match capsule {
        Some(capsule) if !capsule.channels.is_empty() => steps.push(format!(
            "Compare the data with the lists in `manifests/`, which are of {}.",
            capsule.recorded_at.to_rfc3339()
        )),
        Some(_) => {}
        None => steps.push("What the input channels held was not recorded.".to_owned()),
    }
    steps.push(
        "Read `repeat.sh` or `repeat.py`: the role, the buckets and the region are those of the first run. Then run it."
            .to_owned(),
    );
    if let Some(image) = run.training_image().filter(|it| !it.contains("@sha256:")) {
        steps.push(format!("The image `{image}` is named by its tag; whether it moved since only its owner knows."));
    }
    text.push_str("\n## To repeat it\n\n");
    for (number, step) in (1..).zip(steps) {
        let _ = writeln!(text, "{number}. {step}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metric_names_cannot_leave_their_column() {
        let key = domain::series::SeriesKey {
            name: "a\",b".to_owned(),
            source: domain::series::SeriesSource::Log,
            host: "algo-1".to_owned(),
        };
        let at = domain::time::Timestamp::from_unix_micros(5);
        let series = [Series { key, points: vec![domain::series::Point { step: 1, at, value: 0.5 }] }];
        assert_eq!(metrics(&series).lines().nth(1), Some("\"a\"\",b\",\"algo-1\",1,5,0.5"));
    }
}
