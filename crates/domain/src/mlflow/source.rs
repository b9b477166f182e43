//! Where a model version comes from: read strictly, because clients fetch from there what they then run.
//!
//! Invariant: a source that names something of this server belongs to the run or model that the request names.

use super::{MlflowError, Result};

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ModelSource {
    /// `runs:/<run>/<path>`.
    Run { run_id: String },
    /// `models:/m-<id>`.
    LoggedModel { model_id: String },
    /// `models:/<name>/<version>`.
    Version { name: String, version: String },
    /// `models:/<name>@<alias>`.
    Alias { name: String, alias: String },
    /// Artifacts of this server: in `mlflow-artifacts:`, or at its HTTP address.
    Artifacts,
    /// A place that clients read without this server.
    Elsewhere,
}

impl ModelSource {
    /// Refuses local paths, which would be this server's own, and whatever leads upward.
    pub fn parse(source: &str) -> Result<Self> {
        let Some((scheme, rest)) = source.split_once(':').filter(|(scheme, _)| is_scheme(scheme)) else {
            return Err(local(source));
        };
        let scheme = scheme.to_ascii_lowercase();
        if scheme == "file" {
            return Err(local(source));
        }
        plain_path(source, rest)?;
        let path = rest.strip_prefix("//").and_then(|it| it.split_once('/')).map_or(rest, |(_, path)| path);
        match scheme.as_str() {
            "runs" => {
                match rest.strip_prefix('/').filter(|it| !it.starts_with('/')).and_then(|it| it.split_once('/')) {
                    Some((run_id, _)) => Ok(Self::Run { run_id: run_id.to_owned() }),
                    None => Err(invalid(source, "run_id")),
                }
            }
            "models" => {
                let name = rest
                    .strip_prefix('/')
                    .filter(|it| !it.starts_with('/'))
                    .ok_or_else(|| invalid(source, "model_id"))?;
                if let Some((name, version)) = name.split_once('/') {
                    return Ok(Self::Version { name: name.to_owned(), version: version.to_owned() });
                }
                if let Some((name, alias)) = name.split_once('@') {
                    return Ok(Self::Alias { name: name.to_owned(), alias: alias.to_owned() });
                }
                Ok(Self::LoggedModel { model_id: name.to_owned() })
            }
            "mlflow-artifacts" => Ok(Self::Artifacts),
            "http" | "https" if path.contains("api/2.0/mlflow-artifacts/artifacts") => Ok(Self::Artifacts),
            _ => Ok(Self::Elsewhere),
        }
    }

    /// Whether `source` is below `root`, both as written but for their encoding.
    pub fn is_within(source: &str, root: &str) -> bool {
        let parts = |uri: &str| {
            let (scheme, rest) = uri.split_once(':').unwrap_or_default();
            let (authority, path) = match rest.strip_prefix("//") {
                Some(rest) => rest.split_once('/').unwrap_or((rest, "")),
                None => ("", rest),
            };
            let path: Vec<String> = path.split('/').filter(|it| !it.is_empty()).map(unquoted).collect();
            (scheme.to_ascii_lowercase(), authority.to_ascii_lowercase(), path)
        };
        let (source, root) = (parts(source), parts(root));
        !root.2.is_empty() && source.0 == root.0 && source.1 == root.1 && source.2.starts_with(&root.2)
    }
}

/// The refusal of a source that the request names no owner of.
pub fn invalid(source: &str, owner: &str) -> MlflowError {
    MlflowError::invalid(format!(
        "Invalid model version source: '{source}'. The {owner} request parameter must identify the resource that contains \
         the source."
    ))
}

fn local(source: &str) -> MlflowError {
    MlflowError::invalid(format!(
        "Invalid model version source: '{source}'. To use a local path as a model version source, the run_id request \
         parameter has to be specified and the local path has to be contained within the artifact directory of the run \
         specified by the run_id."
    ))
}

fn is_scheme(text: &str) -> bool {
    // A single letter is a drive.
    text.len() > 1
        && text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
}

fn unquoted(text: &str) -> String {
    let mut text = text.to_owned();
    for _ in 0..8 {
        let decoded = percent_encoding::percent_decode_str(&text).decode_utf8_lossy().into_owned();
        if decoded == text {
            break;
        }
        text = decoded;
    }
    text
}

fn plain_path(source: &str, rest: &str) -> Result<()> {
    let decoded = unquoted(rest);
    let is_wrong = decoded.contains('\0') || decoded.split('/').any(|it| it == ".." || it == ".");
    if is_wrong {
        return Err(MlflowError::invalid(format!(
            "Invalid model version source: '{source}'. If supplying a source as an http, https, local file path, ftp, \
             objectstore, or mlflow-artifacts uri, an absolute path must be provided without relative path references \
             present. Please provide an absolute path."
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_are_told_apart() {
        let parse = |text: &str| ModelSource::parse(text).map_err(|it| it.message);
        assert_eq!(parse("runs:/abc/model"), Ok(ModelSource::Run { run_id: "abc".to_owned() }));
        assert_eq!(parse("models:/m-1"), Ok(ModelSource::LoggedModel { model_id: "m-1".to_owned() }));
        let version = ModelSource::Version { name: "a".to_owned(), version: "2".to_owned() };
        assert_eq!(parse("models:/a/2"), Ok(version));
        assert_eq!(parse("s3://bucket/key"), Ok(ModelSource::Elsewhere));
        assert_eq!(parse("mlflow-artifacts:/1/r/artifacts/model"), Ok(ModelSource::Artifacts));
        assert_eq!(parse("http://host/api/2.0/mlflow-artifacts/artifacts/1"), Ok(ModelSource::Artifacts));
        for bad in [
            "/etc",
            "file:///etc",
            "C:\\x",
            "relative/path",
            "s3://b/../k",
            "mlflow-artifacts://h/..%2f..%2f",
            "http://h/%252e%252e/x",
            "runs:///a/b",
            "models://h/a",
            "s3://b/a%00",
        ] {
            assert!(parse(bad).is_err_and(|it| it.starts_with("Invalid model version source")), "{bad}");
        }
    }

    #[test]
    fn only_what_is_below_the_root_is_within() {
        let root = "mlflow-artifacts:/1/r/artifacts";
        assert!(ModelSource::is_within("mlflow-artifacts:/1/r/artifacts/model", root));
        assert!(ModelSource::is_within("mlflow-artifacts:/1/%72/artifacts", root));
        for other in
            ["mlflow-artifacts:/1/r2/artifacts/model", "s3:/1/r/artifacts", "mlflow-artifacts://h/1/r/artifacts"]
        {
            assert!(!ModelSource::is_within(other, root), "{other}");
        }
    }
}
