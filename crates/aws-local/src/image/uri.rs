//! Names of container images: `registry/repository:tag@digest`, parsed as far as it decides where a job runs.
//!
//! Invariant: an [`ImageUri`] begins with a letter or digit and holds no blank, so it can stand on a command line.

use std::fmt;

use super::ImageError;

/// A name that CreateTrainingJob may carry in `TrainingImage`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageUri {
    text: String,
    pub registry: Registry,
    /// Without registry and tag, as in `sagemaker-scikit-learn` or `pytorch/pytorch`.
    pub repository: String,
    /// `None` when the name has none; a digest is no tag.
    pub tag: Option<String>,
}

/// Who keeps an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Registry {
    /// `<account>.dkr.ecr.<region>.amazonaws.com`.
    Ecr { account: String, region: String },
    /// `public.ecr.aws`.
    PublicEcr,
    /// Docker Hub: a name without a registry, or `docker.io`.
    Hub,
    /// Any other host.
    Host(String),
}

/// What an image is made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Device {
    Cpu,
    Gpu,
}

impl ImageUri {
    pub fn parse(text: &str) -> Result<ImageUri, ImageError> {
        let is_plain = |b: u8| b.is_ascii_alphanumeric() || b"._-/:@+".contains(&b);
        let begins_well = text.bytes().next().is_some_and(|b| b.is_ascii_alphanumeric());
        if !begins_well || text.len() > 255 || !text.bytes().all(is_plain) {
            return Err(ImageError::NotAnImage { image: text.chars().take(255).collect() });
        }
        let name = text.split_once('@').map_or(text, |(name, _digest)| name);
        // A first part with a dot or a port, or `localhost`, is a registry; the rest of Docker Hub's names have none.
        let (registry, path) = match name.split_once('/') {
            Some((host, path)) if host.contains(['.', ':']) || host == "localhost" => (Registry::of_host(host), path),
            _ => (Registry::Hub, name),
        };
        let (repository, tag) = match path.rsplit_once(':') {
            Some((repository, tag)) if !tag.contains('/') => (repository, Some(tag.to_owned())),
            _ => (path, None),
        };
        if repository.is_empty() || repository.starts_with('/') {
            return Err(ImageError::NotAnImage { image: text.to_owned() });
        }
        let repository = match registry {
            Registry::Hub => repository.strip_prefix("library/").unwrap_or(repository),
            _ => repository,
        };
        Ok(ImageUri { text: text.to_owned(), registry, repository: repository.to_owned(), tag })
    }

    /// The name as it was given.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Version of the framework: the digits that the tag begins with, or those after `mark`
    /// (`transformers` in `2.3.0-transformers4.46.1-gpu-py311`).
    pub(super) fn version(&self, mark: Option<&str>) -> Option<Version> {
        let tag = self.tag.as_deref()?;
        let digits = match mark {
            Some(mark) => tag.split('-').find_map(|part| part.strip_prefix(mark))?,
            None => tag,
        };
        Version::parse(digits)
    }

    /// `py310` in a tag is 3.10; `py3` says nothing more than that it is Python 3.
    pub(super) fn python(&self) -> Option<Version> {
        let digits = self.tag.as_deref()?.split('-').find_map(|part| part.strip_prefix("py"))?;
        let (major, minor) = digits.split_at_checked(1)?;
        Some(Version { major: major.parse().ok()?, minor: minor.parse().ok()? })
    }

    /// `None` when the tag does not say.
    pub(super) fn device(&self) -> Option<Device> {
        let mut parts = self.tag.as_deref()?.split('-');
        parts.find_map(|part| match part {
            "cpu" => Some(Device::Cpu),
            "gpu" => Some(Device::Gpu),
            part if part.starts_with("cu1") => Some(Device::Gpu),
            _ => None,
        })
    }
}

impl Registry {
    fn of_host(host: &str) -> Registry {
        if host == "public.ecr.aws" {
            return Registry::PublicEcr;
        }
        if matches!(host, "docker.io" | "index.docker.io" | "registry-1.docker.io") {
            return Registry::Hub;
        }
        let parts: Vec<&str> = host.split('.').collect();
        match parts[..] {
            // `.amazonaws.com`, `.amazonaws.com.cn` and those of the isolated regions.
            [account, "dkr", "ecr" | "ecr-fips", region, _, ..]
                if account.len() == 12 && account.bytes().all(|b| b.is_ascii_digit()) =>
            {
                Registry::Ecr { account: account.to_owned(), region: region.to_owned() }
            }
            _ => Registry::Host(host.to_owned()),
        }
    }
}

/// The first two numbers of a version; images differ by these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Version {
    pub(super) major: u32,
    pub(super) minor: u32,
}

impl Version {
    /// `1.2` of `1.2-1-cpu-py3`; a lone number is a major version.
    pub(super) fn parse(text: &str) -> Option<Version> {
        let mut numbers = text.split(|c: char| !c.is_ascii_digit());
        let major = numbers.next()?.parse().ok()?;
        let is_dotted = text.trim_start_matches(|c: char| c.is_ascii_digit()).starts_with('.');
        let minor = if is_dotted { numbers.next()?.parse().ok()? } else { 0 };
        Some(Version { major, minor })
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

#[cfg(test)]
mod tests {
    use super::{Device, ImageUri, Registry, Version};

    fn parsed(text: &str) -> ImageUri {
        ImageUri::parse(text).expect(text)
    }

    #[test]
    fn registries_are_told_apart() {
        let uri =
            parsed("763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-training:2.1.0-gpu-py310-cu121-ubuntu20.04");
        let ecr = Registry::Ecr { account: "763104351884".to_owned(), region: "us-east-1".to_owned() };
        assert_eq!((&uri.registry, uri.repository.as_str()), (&ecr, "pytorch-training"));
        assert_eq!(uri.version(None), Some(Version { major: 2, minor: 1 }));
        assert_eq!(uri.python(), Some(Version { major: 3, minor: 10 }));
        assert_eq!(uri.device(), Some(Device::Gpu));
        for (text, registry, repository, tag) in [
            ("ubuntu", Registry::Hub, "ubuntu", None),
            ("docker.io/library/python:3.11", Registry::Hub, "python", Some("3.11")),
            ("pytorch/pytorch:2.1.0", Registry::Hub, "pytorch/pytorch", Some("2.1.0")),
            (
                "public.ecr.aws/sagemaker/sagemaker-distribution:3.2-cpu",
                Registry::PublicEcr,
                "sagemaker/sagemaker-distribution",
                Some("3.2-cpu"),
            ),
            ("localhost:5000/mine@sha256:00ff", Registry::Host("localhost:5000".to_owned()), "mine", None),
            (
                "390948362332.dkr.ecr.cn-north-1.amazonaws.com.cn/kmeans:1",
                Registry::Ecr { account: "390948362332".to_owned(), region: "cn-north-1".to_owned() },
                "kmeans",
                Some("1"),
            ),
        ] {
            let uri = parsed(text);
            assert_eq!(
                (&uri.registry, uri.repository.as_str(), uri.tag.as_deref()),
                (&registry, repository, tag),
                "{text}"
            );
        }
    }

    #[test]
    fn versions_come_from_the_tag() {
        for (tag, version, python) in [
            ("1.2-1-cpu-py3", Some((1, 2)), None),
            ("1.7-1", Some((1, 7)), None),
            ("1", Some((1, 0)), None),
            ("latest", None, None),
            ("2.3.0-cpu-py311", Some((2, 3)), Some((3, 11))),
        ] {
            let uri = parsed(&format!("683313688378.dkr.ecr.us-east-1.amazonaws.com/x:{tag}"));
            let pair = |version: Version| (version.major, version.minor);
            assert_eq!((uri.version(None).map(pair), uri.python().map(pair)), (version, python), "{tag}");
        }
        let uri = parsed("763104351884.dkr.ecr.us-east-1.amazonaws.com/h:2.3.0-transformers4.46.1-gpu-py311");
        assert_eq!(uri.version(Some("transformers")), Some(Version { major: 4, minor: 46 }));
    }

    #[test]
    fn what_is_no_image_is_refused() {
        for text in ["", "-v", "a b", "--privileged", "a\nb", "/x", "h.io//x", &"a".repeat(256)] {
            assert!(ImageUri::parse(text).is_err(), "{text}");
        }
    }
}
