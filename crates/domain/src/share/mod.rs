//! How a training job leaves Trainyard for other tools, and how it comes back.
//!
//! [`ShareFormat::render`] writes a CreateTrainingJob request as text for another tool; [`read`] takes such a text, or
//! what people have lying around (a description, a script, a command, an ARN), and makes a request of it.
//!
//! Invariants:
//! - What a format cannot say is a note that names the member; nothing is dropped silently.
//! - `read(render(request))` is the request, for JSON, YAML, boto3 and the AWS CLI (a property test holds it).
//! - Values are hostile: whatever a hyperparameter holds, a rendered script runs no part of it. Characters that cannot
//!   be seen or that turn the reading direction are written as escapes.
//! - Readers run nothing and open nothing. Their input has a limit of size and depth, and each error has a place and a
//!   cure.
//!
//! One more format: a variant of [`ShareFormat`] with its file here, and a case in `end2end/python/test_share.py`.

use serde_json::Value;

mod aws_cli;
mod cursor;
mod fault;
mod json;
mod members;
mod model_trainer;
mod python;
mod read;
mod terraform;
#[cfg(test)]
mod tests;
mod visible;
mod yaml;

pub use fault::ReadError;
pub use read::{JobArn, Pasted, PastedFrom, read};

/// A tool that takes over a training job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ShareFormat {
    Json,
    Yaml,
    AwsCli,
    Boto3,
    ModelTrainer,
    Terraform,
}

/// A request as text for another tool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shared {
    pub text: String,
    /// What the text does not say or does differently, member by member, in sentences.
    pub notes: Vec<String>,
}

impl ShareFormat {
    pub const ALL: [Self; 6] = [Self::Json, Self::Yaml, Self::AwsCli, Self::Boto3, Self::ModelTrainer, Self::Terraform];

    /// The word for it in an address or on a command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Yaml => "yaml",
            Self::AwsCli => "aws-cli",
            Self::Boto3 => "boto3",
            Self::ModelTrainer => "model-trainer",
            Self::Terraform => "terraform",
        }
    }

    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.as_str() == word)
    }

    /// Its name on a page.
    pub fn title(self) -> &'static str {
        match self {
            Self::Json => "JSON",
            Self::Yaml => "YAML",
            Self::AwsCli => "AWS CLI",
            Self::Boto3 => "boto3",
            Self::ModelTrainer => "ModelTrainer (SageMaker SDK v3)",
            Self::Terraform => "Terraform",
        }
    }

    /// The end of a file's name, without the dot.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Yaml => "yaml",
            Self::AwsCli => "sh",
            Self::Boto3 | Self::ModelTrainer => "py",
            Self::Terraform => "tf",
        }
    }

    /// `request` is SageMaker's own JSON, as `JobSpec::to_request` makes it.
    pub fn render(self, request: &Value, region: &str) -> Shared {
        let request = &members::in_order(request);
        match self {
            Self::Json => Shared { text: json::pretty(request), notes: Vec::new() },
            Self::Yaml => Shared { text: yaml::render(request), notes: Vec::new() },
            Self::AwsCli => aws_cli::render(request, region),
            Self::Boto3 => Shared { text: python::render_boto3(request, region), notes: Vec::new() },
            Self::ModelTrainer => model_trainer::render(request, region),
            Self::Terraform => terraform::render(request, region),
        }
    }
}
