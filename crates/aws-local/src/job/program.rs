//! What a host runs: the container's own entry point, or script mode as the sagemaker-training toolkit does it.

use std::ffi::OsString;
use std::path::{Component, Path};

use serde_json::{Map, Value};

use super::objects::S3Uri;
use super::plan::Plan;
use super::python_text::{decode, to_argument};
use crate::image::StandIn;

/// What the request asks to run.
#[derive(Debug, Clone)]
pub(super) enum Program {
    /// `ContainerEntrypoint` with `ContainerArguments`.
    Container(Vec<String>),
    Script(Script),
    /// The local stand-in of a built-in algorithm.
    Algorithm(StandIn),
    /// Whatever is inside the image, run by a container engine.
    Image,
}

/// Script mode: a source archive and the name of a program in it.
#[derive(Debug, Clone)]
pub(super) struct Script {
    /// Relative, without `..`.
    pub(super) entry_point: String,
    pub(super) source: Source,
}

/// Where the source comes from.
#[derive(Debug, Clone)]
pub(super) enum Source {
    Archive(S3Uri),
    /// A folder or an archive below `/opt/ml`, brought by a channel.
    BelowOptMl(String),
}

/// Hyperparameters in the toolkit's two kinds.
#[derive(Debug, Clone, Default)]
pub(super) struct Parameters {
    /// The script's own.
    pub(super) user: Map<String, Value>,
    /// `sagemaker_*` and others that the toolkit keeps to itself.
    pub(super) framework: Map<String, Value>,
}

const RESERVED: [&str; 2] = ["default_user_module_name", "_tuning_objective_metric"];

/// Framework parameters that the toolkit itself acts on.
const OWN: [&str; 9] = [
    "sagemaker_program",
    "sagemaker_submit_directory",
    "sagemaker_enable_cloudwatch_metrics",
    "sagemaker_container_log_level",
    "sagemaker_job_name",
    "sagemaker_region",
    "sagemaker_s3_output",
    "default_user_module_name",
    "_tuning_objective_metric",
];

impl Parameters {
    pub(super) fn of(plan: &Plan) -> Parameters {
        let mut parameters = Parameters::default();
        for (name, text) in &plan.hyperparameters {
            let is_framework = name.starts_with("sagemaker_") || RESERVED.contains(&name.as_str());
            let kind = if is_framework { &mut parameters.framework } else { &mut parameters.user };
            kind.insert(name.clone(), decode(text));
        }
        parameters
    }

    /// `--name value` for each parameter of the script, sorted by name; one letter takes one dash.
    pub(super) fn arguments(&self) -> Vec<String> {
        let mut names: Vec<&String> = self.user.keys().collect();
        names.sort();
        let pair = |name: &String| {
            let dashes = if name.chars().count() > 1 { "--" } else { "-" };
            [format!("{dashes}{name}"), to_argument(&self.user[name])]
        };
        names.into_iter().flat_map(pair).collect()
    }

    /// The framework parameters without those that the toolkit itself acts on.
    pub(super) fn additional_framework_parameters(&self) -> Map<String, Value> {
        let entries = self.framework.iter().filter(|(name, _)| !OWN.contains(&name.as_str()));
        entries.map(|(name, value)| (name.clone(), value.clone())).collect()
    }

    pub(super) fn framework_text(&self, name: &str) -> Option<String> {
        self.framework.get(name).and_then(Value::as_str).map(str::to_owned)
    }
}

impl Program {
    /// Decides what to run. The message says what the user can do.
    pub(super) fn of(plan: &Plan, parameters: &Parameters) -> Result<Program, String> {
        if !plan.entrypoint.is_empty() {
            return Ok(Program::Container([plan.entrypoint.clone(), plan.arguments.clone()].concat()));
        }
        let wanted = |hyperparameter: &str, variable: &str| {
            parameters.framework_text(hyperparameter).or_else(|| plan.environment.get(variable).cloned())
        };
        let Some(entry_point) = wanted("sagemaker_program", "SAGEMAKER_PROGRAM") else {
            return Err(format!(
                "no container engine runs the algorithm inside {:?} here. Give a training script (hyperparameters \
                 sagemaker_program and sagemaker_submit_directory) or a ContainerEntrypoint, or map the image in the \
                 configuration with container = true",
                plan.image
            ));
        };
        let is_inside = !entry_point.is_empty()
            && Path::new(&entry_point)
                .components()
                .all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
        if !is_inside {
            return Err(format!("sagemaker_program {entry_point:?} is not a path inside the source archive"));
        }
        let source = wanted("sagemaker_submit_directory", "SAGEMAKER_SUBMIT_DIRECTORY");
        let source = match source.as_deref() {
            None => Source::BelowOptMl("code".to_owned()),
            Some(uri) if uri.starts_with("s3://") => Source::Archive(S3Uri::parse(uri)?),
            Some(path) => {
                let below = path
                    .strip_prefix("/opt/ml/")
                    .filter(|below| Path::new(below).components().all(|part| matches!(part, Component::Normal(_))));
                let below = below.ok_or_else(|| {
                    format!("sagemaker_submit_directory {path:?} is neither an s3:// URI nor a path below /opt/ml")
                })?;
                Source::BelowOptMl(below.trim_end_matches('/').to_owned())
            }
        };
        Ok(Program::Script(Script { entry_point, source }))
    }
}

/// True for a program that Python runs.
pub(super) fn is_python(entry_point: &str) -> bool {
    Path::new(entry_point).extension().is_some_and(|extension| extension == "py")
}

/// The command line of a script: a shell script, a module of a package (a source with `setup.py`), a Python program, or
/// any other program, as the toolkit tells them apart.
pub(super) fn script_command(
    python: &Path,
    entry_point: &str,
    is_package: bool,
    arguments: &[String],
) -> Vec<OsString> {
    let is_module = is_package && Path::new(entry_point).extension().is_none_or(|extension| extension != "sh");
    if is_module || is_python(entry_point) {
        let mut command = vec![python.as_os_str().to_owned()];
        if is_module {
            command.extend(["-m".into(), entry_point.replace(".py", "").into()]);
        } else {
            command.push(entry_point.into());
        }
        command.extend(arguments.iter().map(OsString::from));
        return command;
    }
    let words: Vec<String> =
        std::iter::once(format!("./{entry_point}")).chain(arguments.iter().cloned()).map(|word| quote(&word)).collect();
    vec!["/bin/sh".into(), "-c".into(), words.join(" ").into()]
}

/// A word as a POSIX shell reads it.
pub(super) fn quote(word: &str) -> String {
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || b"@%+=:,./-_".contains(&b);
    if !word.is_empty() && word.bytes().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\"'\"'"))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Parameters, Program, Source, quote, script_command};
    use crate::job::plan::Plan;

    fn plan(hyperparameters: Value, entrypoint: Value) -> Plan {
        Plan::parse(&json!({
            "OutputDataConfig": {"S3OutputPath": "s3://bucket/runs"},
            "HyperParameters": hyperparameters,
            "AlgorithmSpecification": {"TrainingImage": "an-image", "ContainerEntrypoint": entrypoint,
                "ContainerArguments": ["train"]},
        }))
        .expect("a plan")
    }

    #[test]
    fn script_mode_reads_both_spellings_of_values() {
        for program in ["train.py", "\"train.py\""] {
            let plan = plan(
                json!({"sagemaker_program": program, "sagemaker_submit_directory": "s3://bucket/s.tar.gz",
                    "learning-rate": "0.1", "e": "3", "name": "\"it's\""}),
                Value::Null,
            );
            let parameters = Parameters::of(&plan);
            let Ok(Program::Script(script)) = Program::of(&plan, &parameters) else { panic!("script mode") };
            assert_eq!(script.entry_point, "train.py");
            assert!(matches!(script.source, Source::Archive(_)));
            assert_eq!(parameters.arguments(), ["-e", "3", "--learning-rate", "0.1", "--name", "it's"]);
        }
    }

    #[test]
    fn what_cannot_run_is_said() {
        for (hyperparameters, word) in [
            (json!({}), "an-image"),
            (json!({"sagemaker_program": "../x.py"}), "sagemaker_program"),
            (json!({"sagemaker_program": "/bin/sh"}), "sagemaker_program"),
            (json!({"sagemaker_program": "x.py", "sagemaker_submit_directory": "/etc"}), "sagemaker_submit_directory"),
        ] {
            let plan = plan(hyperparameters, Value::Null);
            let message = Program::of(&plan, &Parameters::of(&plan)).expect_err("refused");
            assert!(message.contains(word), "{message}");
        }
        let plan = plan(json!({}), json!(["/bin/bash"]));
        let Ok(Program::Container(command)) = Program::of(&plan, &Parameters::of(&plan)) else { panic!("container") };
        assert_eq!(command, ["/bin/bash", "train"]);
    }

    #[test]
    fn shell_scripts_get_their_arguments_whole() {
        let command =
            script_command("python3".as_ref(), "run.sh", true, &["--name".to_owned(), "it's $HOME".to_owned()]);
        assert_eq!(command[2], "./run.sh --name 'it'\"'\"'s $HOME'");
        assert_eq!(quote(""), "''");
        let module = script_command("python3".as_ref(), "train.py", true, &[]);
        assert_eq!(module, ["python3", "-m", "train"]);
    }
}
