//! A host that is a container: the client of the engine runs as a plain process, because the sandbox hides the engine.
//!
//! Nothing of the job's environment reaches the client, which could be led astray by it; it goes into a file.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use nix::unistd::{getgid, getuid};
use sha2::{Digest, Sha256};

use super::super::IsolationLevel;
use super::super::recover::{Contained, JOB_DIR_VARIABLE};
use super::super::sandbox::{Network, Spec};
use super::Job;
use super::attempt::{Host, addresses, is_network_isolated};
use super::choice::Base;
use crate::image::{ContainerHost, Mounts};

/// What a client needs of the server's environment to find its engine.
const CLIENT_VARIABLES: [&str; 8] = [
    "PATH",
    "HOME",
    "XDG_RUNTIME_DIR",
    "DOCKER_HOST",
    "DOCKER_CONTEXT",
    "DOCKER_CONFIG",
    "DOCKER_CERT_PATH",
    "DOCKER_TLS_VERIFY",
];

/// The client's command line for a host; its container is written down first.
pub(super) fn command(job: &Job, host: &Host) -> io::Result<Vec<OsString>> {
    let Base::Container { engine, image } = &job.base else {
        return Err(io::Error::other("a container without an engine"));
    };
    // Two data folders may have jobs of the same name; two attempts have folders of their own.
    let mark = hex::encode(&Sha256::digest(host.place.root.as_os_str().as_encoded_bytes())[..6]);
    let name = format!("trainyard-{}-{}-{mark}", job.head.name, host.name);
    let environment_file = host.place.root.join("environment");
    let peers = addresses(job);
    let container = ContainerHost {
        engine,
        image,
        container: &name,
        hostname: &host.name,
        peers: &peers,
        mounts: Mounts {
            opt_ml: host.place.ml(),
            read_only: &host.read_only,
            tmp: host.place.tmp(),
            environment_file: environment_file.clone(),
        },
        environment: &host.environment,
        entrypoint: &job.plan.entrypoint,
        arguments: &job.plan.arguments,
        no_network: is_network_isolated(job),
        memory_mib: job.settings.config.job_memory_mib,
        cores: job.settings.config.job_cpus,
        user: (getuid().as_raw(), getgid().as_raw()),
        has_gpu: Path::new("/dev/nvidia0").exists(),
    };
    let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(environment_file)?;
    file.write_all(container.environment_file().as_bytes())?;
    let command = container.command();
    Contained { engine: engine.clone(), name }.write(&job.dir)?;
    Ok(command)
}

/// How the client is run.
pub(super) fn client_spec(job: &Job, host: &Host, command: Vec<OsString>) -> Spec {
    let mut environment: BTreeMap<String, String> =
        CLIENT_VARIABLES.iter().filter_map(|name| Some(((*name).to_owned(), std::env::var(name).ok()?))).collect();
    environment.insert(JOB_DIR_VARIABLE.to_owned(), job.dir.path.display().to_string());
    Spec {
        isolation: IsolationLevel::Plain,
        hostname: host.name.clone(),
        opt_ml: host.place.ml(),
        tmp: host.place.tmp(),
        hosts_file: None,
        hide: Vec::new(),
        show: Vec::new(),
        network: Network::Machine,
        read_only: Vec::new(),
        cores: None,
        command,
        environment,
        working_dir: PathBuf::from("/"),
    }
}
