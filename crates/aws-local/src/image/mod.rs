//! What a training image is on this machine, which has no images of SageMaker: packages from PyPI that make a Python
//! like the one in the image, a stand-in for a built-in algorithm, a Python that the user named, or a container.
//!
//! [`resolve`] decides, in this order:
//! 1. a mapping of the user's configuration ([`ImageMapping`]) that matches;
//! 2. the catalogue of AWS's own images (`catalogue`, `data/images.json`), when the registry is one of AWS's;
//! 3. a container, when an engine ([`Engine`]) runs on this machine;
//! 4. otherwise [`ImageError::Unknown`]. A job with a training script or a `ContainerEntrypoint` may still run with the
//!    Python of this machine.
//!
//! | module | says |
//! |---|---|
//! | `uri` | registry, repository, tag; what a tag tells of versions |
//! | `catalogue` | AWS's images and the packages that stand for them |
//! | `mapping` | what the user's configuration says about images |
//! | `stand_in` | the built-in algorithms that have a local program, with their own metric definitions |
//! | `request` | the image and the program that a CreateTrainingJob request asks for |
//! | `engine`, `container` | Docker or Podman: whether it works, and how a host's container is run |

mod catalogue;
mod container;
mod engine;
mod mapping;
mod request;
mod stand_in;
mod uri;

pub use catalogue::Packages;
pub(crate) use container::{ContainerHost, Mounts};
pub use engine::{Engine, EngineKind};
pub use mapping::{ImageMapping, ImageTarget, MappingError};
pub(crate) use request::{has_program, resolve_request, with_own_metrics};
pub use stand_in::StandIn;
pub use uri::{Device, ImageUri, Registry};

use std::path::PathBuf;

/// What stands for an image on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Environment {
    /// This machine's Python with these packages; for an image of a built-in algorithm also its stand-in.
    Packages(Packages),
    /// The Python that the user named for this image.
    Python(PathBuf),
    /// The image itself, run by a container engine.
    Container { engine: Engine, image: ImageUri },
}

/// Why an image cannot be used here. Each message says what the user can do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ImageError {
    #[error("{image:?} is not the name of a container image")]
    NotAnImage { image: String },
    #[error("{image} is an image of {framework}, which this machine cannot stand in for: {advice}")]
    EndOfLife { image: String, framework: String, advice: String },
    #[error(
        "the algorithm {algorithm} is AWS's own and has no local stand-in (XGBoost, Linear Learner and K-Means have one); \
         give a training script, or run it on Amazon SageMaker"
    )]
    NoStandIn { algorithm: String },
    #[error(
        "the image {image} is to run as a container, and no container engine works on this machine: start Docker or Podman, \
         or map the image to a Python or to requirements"
    )]
    NoEngine { image: String },
    #[error(
        "the image {image} cannot be run on this machine: it is not one of AWS's that the local engine knows, and no \
         container engine works here. Start Docker or Podman, or map the image in the configuration to a Python or to \
         requirements, or give a training script (hyperparameters sagemaker_program and sagemaker_submit_directory) or a \
         ContainerEntrypoint"
    )]
    Unknown { image: String },
}

/// Decides what stands for `TrainingImage`. `engine` is the working container engine of this machine, if there is one.
pub fn resolve(image: &str, mappings: &[ImageMapping], engine: Option<&Engine>) -> Result<Environment, ImageError> {
    let uri = ImageUri::parse(image)?;
    if let Some(mapping) = mappings.iter().find(|mapping| mapping.matches(&uri)) {
        return match mapping.target() {
            ImageTarget::Python(python) => Ok(Environment::Python(python.clone())),
            ImageTarget::Requirements(lines) => Ok(Environment::Packages(Packages::mapped(&uri, lines))),
            ImageTarget::Container => match engine {
                Some(engine) => Ok(Environment::Container { engine: engine.clone(), image: uri }),
                None => Err(ImageError::NoEngine { image: uri.as_str().to_owned() }),
            },
        };
    }
    match catalogue::find(&uri) {
        Some(entry) => entry.packages(&uri).map(Environment::Packages),
        None => match engine {
            Some(engine) => Ok(Environment::Container { engine: engine.clone(), image: uri }),
            None => Err(ImageError::Unknown { image: uri.as_str().to_owned() }),
        },
    }
}

/// Decides what stands for `AlgorithmName`: a built-in algorithm by its name, alone or as the end of an ARN.
pub fn resolve_algorithm(name: &str) -> Result<Environment, ImageError> {
    let short = name.rsplit('/').next().unwrap_or(name);
    let algorithm = StandIn::named(short).ok_or_else(|| ImageError::NoStandIn { algorithm: name.to_owned() })?;
    Ok(Environment::Packages(Packages::algorithm(algorithm)))
}

#[cfg(test)]
mod tests;
