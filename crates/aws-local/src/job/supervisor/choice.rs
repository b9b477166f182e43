//! What a job runs and in what: its program, and what stands for its image.
//!
//! A job with a program of its own (script or `ContainerEntrypoint`) runs in this machine's Python, with the packages of
//! its image where they are known. An image is run as a container when the configuration says so, or when it is unknown
//! and the job has no program besides what is inside.

use std::path::PathBuf;

use serde_json::Value;

use super::super::JobConfig;
use super::super::plan::Plan;
use super::super::program::{Parameters, Program};
use crate::image::{Engine, Environment, ImageError, ImageUri, Packages, has_program, resolve, resolve_request};

/// What stands for the image.
#[derive(Debug, Clone)]
pub(super) enum Base {
    /// The Python of this machine as it is.
    Machine,
    /// The Python that the user named.
    Python(PathBuf),
    Packages(Packages),
    Container {
        engine: Engine,
        image: ImageUri,
    },
}

/// The program and its base.
#[derive(Debug, Clone)]
pub(super) struct Choice {
    pub(super) program: Program,
    pub(super) base: Base,
    /// For the job's log.
    pub(super) notes: Vec<String>,
}

impl Choice {
    /// Decides. The message says what the user can do.
    pub(super) fn of(
        request: &Value,
        plan: &Plan,
        parameters: &Parameters,
        config: &JobConfig,
    ) -> Result<Choice, String> {
        let is_own = has_program(request);
        let own = |base: Base, notes: Vec<String>| Ok(Choice { program: Program::of(plan, parameters)?, base, notes });
        match resolve_request(request, &config.images) {
            Ok(Environment::Packages(packages)) => match packages.stand_in {
                Some(algorithm) if !is_own => Ok(Choice {
                    program: Program::Algorithm(algorithm),
                    base: Base::Machine,
                    notes: vec![algorithm.sentence().to_owned()],
                }),
                _ => own(Base::Packages(packages), Vec::new()),
            },
            Ok(Environment::Python(python)) => {
                let note = format!("{} is mapped to {}", plan.image, python.display());
                own(Base::Python(python), vec![note])
            }
            Ok(Environment::Container { engine, image }) => Ok(Choice::contained(engine, image)),
            Err(ImageError::Unknown { .. } | ImageError::NotAnImage { .. }) if is_own => {
                let note = format!(
                    "the image {} is not known here: its program runs with this machine's Python and tools, unless the \
                     configuration maps the image",
                    plan.image
                );
                own(Base::Machine, vec![note])
            }
            Err(ImageError::Unknown { .. } | ImageError::NoEngine { .. }) => {
                let engine =
                    Engine::find(config.container_engine.as_deref(), &std::env::var_os("PATH").unwrap_or_default());
                match resolve(&plan.image, &config.images, engine.as_ref()) {
                    Ok(Environment::Container { engine, image }) => Ok(Choice::contained(engine, image)),
                    Ok(_) => own(Base::Machine, Vec::new()),
                    Err(error) => Err(error.to_string()),
                }
            }
            Err(error) => Err(error.to_string()),
        }
    }

    fn contained(engine: Engine, image: ImageUri) -> Choice {
        let note = format!("{} runs {} as a container", engine.program.display(), image.as_str());
        Choice { program: Program::Image, base: Base::Container { engine, image }, notes: vec![note] }
    }
}
