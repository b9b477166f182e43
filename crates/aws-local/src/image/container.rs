//! The command line that runs a host of a job in a container, as SageMaker runs it: `IMAGE train`, `/opt/ml` mounted.
//!
//! The network is this machine's, so that the job reaches the endpoint and its other hosts; with network isolation
//! there is none. Nothing of the job becomes an option: the image's name is checked when it is parsed, names and values
//! of the environment stay behind `--env` or in a file, and all that follows the image belongs to the container.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt::Write;
use std::path::{Path, PathBuf};

use super::engine::EngineKind;
use super::{Engine, ImageUri};

/// Processes and threads that one container may have.
const PROCESSES_MAX: &str = "32768";

/// A container that is to be run for one host of a job.
pub(crate) struct ContainerHost<'a> {
    pub(crate) engine: &'a Engine,
    pub(crate) image: &'a ImageUri,
    /// Unique on this machine.
    pub(crate) container: &'a str,
    pub(crate) hostname: &'a str,
    /// (host name, address) of all hosts of the job.
    pub(crate) peers: &'a [(String, String)],
    pub(crate) mounts: Mounts<'a>,
    pub(crate) environment: &'a BTreeMap<String, String>,
    /// `ContainerEntrypoint`; empty keeps the image's.
    pub(crate) entrypoint: &'a [String],
    /// `ContainerArguments`; empty with no entrypoint is `train`.
    pub(crate) arguments: &'a [String],
    pub(crate) no_network: bool,
    /// Most memory that its processes may take; one that takes more is killed (exit code 137).
    pub(crate) memory_mib: Option<u64>,
    /// Cores' worth of time that its processes may use.
    pub(crate) cores: Option<u32>,
    /// User and group of the files in the mounted folders.
    pub(crate) user: (u32, u32),
    pub(crate) has_gpu: bool,
}

/// Folders and files of this machine that the container sees.
pub(crate) struct Mounts<'a> {
    pub(crate) opt_ml: PathBuf,
    /// Folders below `opt_ml` that cannot be written.
    pub(crate) read_only: &'a [PathBuf],
    pub(crate) tmp: PathBuf,
    /// Written by [`ContainerHost::environment_file`].
    pub(crate) environment_file: PathBuf,
}

impl ContainerHost<'_> {
    /// The lines of the file for `--env-file`, which knows no way to write a line break in a value.
    pub(crate) fn environment_file(&self) -> String {
        let mut text = String::new();
        for (name, value) in self.environment.iter().filter(|(_, value)| !value.contains(['\n', '\r'])) {
            let _ = writeln!(text, "{name}={value}");
        }
        text
    }

    pub(crate) fn command(&self) -> Vec<OsString> {
        let mut words: Vec<OsString> = vec![self.engine.program.clone().into()];
        let mut add = |parts: &[&str]| words.extend(parts.iter().map(OsString::from));
        add(&["run", "--rm", "--name", self.container, "--hostname", self.hostname, "--init"]);
        add(&["--label", "trainyard.local=training-job", "--stop-signal", "SIGTERM"]);
        add(&["--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--pids-limit", PROCESSES_MAX]);
        // The engine's 64 MB are too few for the loaders of deep learning frameworks; this is a bound, not a reserve.
        add(&["--shm-size", "8g"]);
        add(&["--network", if self.no_network { "none" } else { "host" }]);
        if !self.no_network {
            for (name, address) in self.peers {
                add(&["--add-host", &format!("{name}:{address}")]);
            }
        }
        if let Some(mib) = self.memory_mib {
            // As much with swap: the limit is the whole limit.
            add(&["--memory", &format!("{mib}m"), "--memory-swap", &format!("{mib}m")]);
        }
        if let Some(cores) = self.cores {
            add(&["--cpus", &cores.to_string()]);
        }
        match self.engine.kind {
            EngineKind::Docker => {
                // Or what the job writes would be root's, and could not be cleared away.
                add(&["--user", &format!("{}:{}", self.user.0, self.user.1)]);
                if self.has_gpu {
                    add(&["--gpus", "all"]);
                }
            }
            // Without root, the container's root is this user already.
            EngineKind::Podman => {
                if self.has_gpu {
                    add(&["--device", "nvidia.com/gpu=all"]);
                }
            }
        }
        words.extend(mount(&self.mounts.opt_ml, "/opt/ml", false));
        for below in self.mounts.read_only {
            let inside = format!("/opt/ml/{}", below.display());
            words.extend(mount(&self.mounts.opt_ml.join(below), &inside, true));
        }
        words.extend(mount(&self.mounts.tmp, "/tmp", false));
        words.extend(["--env-file".into(), self.mounts.environment_file.clone().into()]);
        for (name, value) in self.environment.iter().filter(|(_, value)| value.contains(['\n', '\r'])) {
            words.extend(["--env".into(), format!("{name}={value}").into()]);
        }
        let (program, first_arguments) = match self.entrypoint.split_first() {
            Some((program, rest)) => (Some(program), rest),
            None => (None, &[][..]),
        };
        if let Some(program) = program {
            words.extend(["--entrypoint".into(), program.into()]);
        }
        words.push(self.image.as_str().into());
        words.extend(first_arguments.iter().map(OsString::from));
        if self.entrypoint.is_empty() && self.arguments.is_empty() {
            words.push("train".into());
        }
        words.extend(self.arguments.iter().map(OsString::from));
        words
    }
}

/// `--mount` has its own commas, so folders with a comma are given by `--volume`, which has its own colons.
fn mount(from: &Path, to: &str, is_read_only: bool) -> [OsString; 2] {
    let text = from.as_os_str().to_string_lossy();
    if text.contains(',') {
        let mut volume = from.as_os_str().to_owned();
        volume.push(format!(":{to}{}", if is_read_only { ":ro" } else { "" }));
        return ["--volume".into(), volume];
    }
    let mut mount = OsString::from("type=bind,source=");
    mount.push(from);
    mount.push(format!(",target={to}{}", if is_read_only { ",readonly" } else { "" }));
    ["--mount".into(), mount]
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::path::PathBuf;

    use super::{ContainerHost, Mounts};
    use crate::image::engine::EngineKind;
    use crate::image::{Engine, ImageUri};

    fn command(kind: EngineKind, entrypoint: &[String], arguments: &[String], no_network: bool) -> (String, String) {
        let environment =
            BTreeMap::from([("A".to_owned(), "1".to_owned()), ("LINES".to_owned(), "x\n--privileged".to_owned())]);
        let host = ContainerHost {
            engine: &Engine { program: PathBuf::from("/usr/bin/engine"), kind },
            image: &ImageUri::parse("my-training:1").expect("an image"),
            container: "trainyard-job-algo-1",
            hostname: "algo-1",
            peers: &[("algo-1".to_owned(), "127.1.2.1".to_owned())],
            mounts: Mounts {
                opt_ml: "/d/ml".into(),
                read_only: &["input/data/train".into()],
                tmp: "/d/tmp".into(),
                environment_file: "/d/env".into(),
            },
            environment: &environment,
            entrypoint,
            arguments,
            no_network,
            memory_mib: Some(512),
            cores: Some(2),
            user: (1000, 1001),
            has_gpu: false,
        };
        let words: Vec<String> = host.command().iter().map(|word| word.to_string_lossy().into_owned()).collect();
        (words.join(" "), host.environment_file())
    }

    fn owned(words: &[&str]) -> Vec<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    #[test]
    fn a_container_is_run_as_sagemaker_runs_it() {
        let (line, file) = command(EngineKind::Docker, &[], &[], false);
        for part in [
            "/usr/bin/engine run --rm --name trainyard-job-algo-1 --hostname algo-1",
            "--network host --add-host algo-1:127.1.2.1 --memory 512m --memory-swap 512m --cpus 2 --user 1000:1001",
            "--mount type=bind,source=/d/ml,target=/opt/ml --mount type=bind,source=/d/ml/input/data/train",
            "target=/opt/ml/input/data/train,readonly --mount type=bind,source=/d/tmp,target=/tmp --env-file /d/env",
        ] {
            assert!(line.contains(part), "{line}");
        }
        assert!(line.ends_with("--env LINES=x\n--privileged my-training:1 train"), "{line}");
        assert_eq!(file, "A=1\n");
    }

    #[test]
    fn overrides_replace_entry_point_and_arguments() {
        let (line, _) = command(EngineKind::Podman, &owned(&["/bin/bash", "-c"]), &owned(&["echo 1"]), true);
        assert!(line.ends_with("--entrypoint /bin/bash my-training:1 -c echo 1"), "{line}");
        assert!(line.contains("--network none") && !line.contains("--add-host") && !line.contains("--user"), "{line}");
        let (line, _) = command(EngineKind::Docker, &[], &owned(&["serve"]), false);
        assert!(line.ends_with("my-training:1 serve"), "{line}");
    }
}
