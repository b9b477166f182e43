//! One attempt of a job: its hosts with their folders, data, source, environment; everything before `Training`.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt::Write;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::super::IsolationLevel;
use super::super::channel::{Channel, InputMode};
use super::super::channels::{ChannelError, fetch, find};
use super::super::checkpoints::Checkpoint;
use super::super::clock::now_ms;
use super::super::input_config::{self, About};
use super::super::journal::Entry;
use super::super::limits::Excess;
use super::super::objects::S3Uri;
use super::super::output::{HostLog, SharedLog, Tail};
use super::super::pipe::Feeder;
use super::super::place::Place;
use super::super::program::{Program, script_command};
use super::super::recover::JOB_DIR_VARIABLE;
use super::super::sandbox::{Exit, Network, SharedNetwork, Shown, Spec, THIS_PROGRAM};
use super::runtime::Runtime;
use super::watch::{End, Watch};
use super::{Finish, Job, Ledger, container, steps};
use crate::image::StandIn;

/// Why an attempt did not come to train.
pub(super) enum Halt {
    Failed(Finish),
    End(End),
}

impl Halt {
    pub(super) fn client(message: &str) -> Halt {
        Halt::Failed(Finish::client_error(message))
    }

    /// For `map_err`: this machine could not do `context`.
    pub(super) fn machine(context: &str) -> impl Fn(io::Error) -> Halt {
        let context = context.to_owned();
        move |error| Halt::Failed(Finish::machine_error(&context, &error))
    }
}

/// A host of this attempt.
pub(super) struct Host {
    pub(super) name: String,
    pub(super) place: Place,
    pub(super) log: SharedLog,
    pub(super) command: Vec<OsString>,
    pub(super) environment: BTreeMap<String, String>,
    pub(super) working_dir: PathBuf,
    /// Folders below `/opt/ml` that cannot be written.
    pub(super) read_only: Vec<PathBuf>,
    pub(super) exit: Option<Exit>,
    pub(super) tail: Tail,
    /// Why it was killed, if it took more than it may.
    pub(super) excess: Option<Excess>,
}

/// The hosts, ready to train, or after training.
pub(super) struct Attempt {
    pub(super) hosts: Vec<Host>,
    pub(super) checkpoints: Vec<Checkpoint>,
    /// Writers of channels in Pipe mode.
    pub(super) feeders: Vec<Feeder>,
    pub(super) shown: Vec<Shown>,
    network: Option<SharedNetwork>,
}

impl Attempt {
    pub(super) fn prepare(job: &Job, ledger: &mut Ledger, watch: &mut Watch, number: u32) -> Result<Attempt, Halt> {
        let mut hosts = Vec::new();
        for (_, name) in job.plan.hosts() {
            hosts.push(open_host(job, ledger, number, name).map_err(Halt::machine("make room for the job"))?);
        }
        let network = if is_network_isolated(job) && hosts.len() > 1 {
            Some(SharedNetwork::start(Path::new(THIS_PROGRAM)).map_err(Halt::machine("isolate the network"))?)
        } else {
            None
        };
        let (checkpoints, feeders, shown) = (Vec::new(), Vec::new(), Vec::new());
        let mut attempt = Attempt { hosts, checkpoints, feeders, shown, network };
        let prepared = attempt.fill(job, watch);
        if let Err(halt) = prepared {
            attempt.close();
            return Err(halt);
        }
        Ok(attempt)
    }

    fn fill(&mut self, job: &Job, watch: &mut Watch) -> Result<(), Halt> {
        for message in job.notes.iter().chain(&job.refused_metrics) {
            self.note(message);
        }
        if job.plan.network_isolation && !is_network_isolated(job) {
            let why = match job.program {
                Program::Image => "the containers of one job reach each other through this machine's network",
                _ => "this machine offers no namespaces",
            };
            self.note(&format!("EnableNetworkIsolation is not in force: {why}"));
        }
        let groups: Vec<_> = job.plan.hosts().collect();
        for ((group, name), host) in groups.iter().zip(&self.hosts) {
            input_config::write(&host.place, &job.plan, group, name)
                .map_err(Halt::machine("write the configuration"))?;
            write_hosts_file(job, &host.place).map_err(Halt::machine("write the hosts file"))?;
            for channel in job.plan.channels_of(group) {
                self.feeders.extend(bring(job, channel, host, watch)?);
            }
            if let Some(checkpoints) = &job.plan.checkpoints {
                let folder = host.place.ml().join(&checkpoints.below_opt_ml);
                let restored = Checkpoint::restore(folder, checkpoints.uri.clone(), job.objects.clone());
                self.checkpoints.push(restored.map_err(Halt::machine("restore the checkpoints"))?);
            }
            for (below, uri) in live_outputs(job) {
                let outwards = Checkpoint::outwards(host.place.ml().join(below), uri, job.objects.clone());
                self.checkpoints.push(outwards.map_err(Halt::machine("make an output folder"))?);
            }
        }
        let code = steps::bring_source(job, self, watch)?;
        let runtime = Runtime::prepare(job, self, watch, &code)?;
        self.shown.extend(runtime.shown);
        for ((group, name), host) in groups.iter().zip(&mut self.hosts) {
            let entry_point = match &job.program {
                Program::Script(script) => Some(script.entry_point.as_str()),
                Program::Container(_) | Program::Algorithm(_) | Program::Image => None,
            };
            let about = About {
                name: &job.head.name,
                arn: &job.head.arn,
                region: &job.settings.config.region,
                endpoint_url: job.settings.config.endpoint_url.as_deref(),
                access_key: job.settings.config.access_key.as_ref(),
                entry_point,
            };
            let place = &host.place;
            let mut environment = input_config::environment(&about, place, &job.plan, &job.parameters, group, name);
            host.working_dir = place.seen_ml(&code);
            if !matches!(job.program, Program::Image) {
                environment.entry("PATH".to_owned()).or_insert_with(|| search_path(runtime.python.as_deref()));
                environment.entry("PYTHONPATH".to_owned()).or_insert_with(|| host.working_dir.display().to_string());
            }
            if nix::unistd::geteuid().is_root() {
                // A sandbox has one user: root's tar would give what it unpacks to others, and fail.
                environment.entry("TAR_OPTIONS".to_owned()).or_insert_with(|| "--no-same-owner".to_owned());
            }
            environment.insert(JOB_DIR_VARIABLE.to_owned(), job.dir.path.display().to_string());
            host.environment = environment;
            host.read_only = job
                .plan
                .channels_of(group)
                .filter(|channel| channel.input_mode == InputMode::FastFile)
                .map(|channel| Path::new("input/data").join(&channel.name))
                .collect();
            let python = runtime.python.clone().unwrap_or_else(|| PathBuf::from("python3"));
            host.command = match &job.program {
                Program::Container(command) => command.iter().map(OsString::from).collect(),
                Program::Script(script) => {
                    let is_package = host.place.ml().join(&code).join("setup.py").is_file();
                    script_command(&python, &script.entry_point, is_package, &job.parameters.arguments())
                }
                Program::Algorithm(algorithm) => {
                    let program =
                        write_stand_in(*algorithm, &host.place).map_err(Halt::machine("write the program"))?;
                    vec![python.into(), program.into()]
                }
                Program::Image => container::command(job, host).map_err(Halt::machine("prepare the container"))?,
            };
        }
        Ok(())
    }

    /// A line in the log of the first host.
    pub(super) fn note(&self, message: &str) {
        if let Some(host) = self.hosts.first() {
            host.log.note(message);
        }
    }

    /// The logs of this attempt are complete.
    pub(super) fn close(&mut self) {
        for feeder in self.feeders.drain(..) {
            let _ = feeder.finish();
        }
        for host in &self.hosts {
            host.log.lock().close();
        }
    }

    /// The sandbox of a host, with the given command.
    pub(super) fn spec(&self, job: &Job, host: &Host, command: Vec<OsString>) -> Spec {
        if let Program::Image = job.program {
            return container::client_spec(job, host, command);
        }
        let home = std::env::var_os("HOME").map(PathBuf::from).and_then(|home| home.canonicalize().ok());
        let hide = [home, Some(job.data.root.clone()), Some(PathBuf::from("/run/user"))];
        Spec {
            isolation: job.settings.isolation.level,
            hostname: host.name.clone(),
            opt_ml: host.place.ml(),
            tmp: host.place.tmp(),
            hosts_file: Some(host.place.hosts_file()),
            hide: hide.into_iter().flatten().collect(),
            show: self.shown.clone(),
            network: match &self.network {
                Some(network) => Network::Shared(network.pid()),
                None if is_network_isolated(job) => Network::Own,
                None => Network::Machine,
            },
            read_only: host.read_only.clone(),
            cores: job.settings.config.job_cpus,
            command,
            environment: host.environment.clone(),
            working_dir: host.working_dir.clone(),
        }
    }
}

/// The hosts of an isolated job share a network that has no way out; a container of an engine can only have one of its own.
pub(super) fn is_network_isolated(job: &Job) -> bool {
    let is_possible = match job.program {
        Program::Image => job.plan.hosts().count() == 1,
        _ => job.settings.isolation.level == IsolationLevel::Namespaces,
    };
    job.plan.network_isolation && is_possible
}

/// Brings a channel to a host: as files, or through a pipe whose writer is given.
fn bring(job: &Job, channel: &Channel, host: &Host, watch: &mut Watch) -> Result<Option<Feeder>, Halt> {
    let mut end = None;
    let mut go_on = || {
        end = watch.look();
        end.is_none()
    };
    let others: Vec<&str> =
        job.plan.hosts().filter(|(group, _)| channel.is_for(&group.name)).map(|(_, name)| name).collect();
    let position = (others.iter().position(|name| *name == host.name).unwrap_or(0), others.len());
    let brought = find(&job.objects, channel, position, &job.role).and_then(|found| match channel.input_mode {
        InputMode::Pipe => Ok(Some(Feeder::start(&host.place, channel, found, &job.objects)?)),
        InputMode::File | InputMode::FastFile => fetch(found, channel, &host.place, &mut go_on).map(|_| None),
    });
    brought.map_err(|error| match (error, end) {
        (ChannelError::Client(message), _) => Halt::client(&message),
        (ChannelError::Machine(error), _) => Halt::machine("bring the input data")(error),
        (ChannelError::Interrupted, end) => Halt::End(end.unwrap_or(End::Shutdown)),
    })
}

/// Folders below `/opt/ml` that are copied to S3 while the job runs, and where to.
fn live_outputs(job: &Job) -> Vec<(PathBuf, S3Uri)> {
    let name = &job.head.name;
    let outputs = job.plan.live_outputs.iter();
    let mut all: Vec<_> = outputs
        .map(|output| (output.below_opt_ml.clone(), output.uri.join(&format!("{name}/{}", output.name))))
        .collect();
    // The toolkit does this itself, when it is told where to.
    if let Some(Ok(uri)) = job.parameters.framework_text("sagemaker_s3_output").map(|uri| S3Uri::parse(&uri)) {
        all.push((PathBuf::from("output/intermediate"), uri.join(&format!("{name}/output/intermediate"))));
    }
    all
}

fn open_host(job: &Job, ledger: &mut Ledger, number: u32, name: &str) -> io::Result<Host> {
    let root = job.dir.hosts().join(number.to_string()).join(name);
    // A container has its own /opt/ml in any case.
    let isolation = match job.program {
        Program::Image => IsolationLevel::Namespaces,
        _ => job.settings.isolation.level,
    };
    let place = Place::create(root, isolation)?;
    let at_ms = now_ms();
    // Two attempts may begin within a second; a stream is never used twice.
    let mut second = at_ms / 1000;
    let file = loop {
        let file = format!("{name}-{second}");
        if !job.dir.log(&file).exists() {
            break file;
        }
        second += 1;
    };
    let log = HostLog::create(&job.dir.log(&file), job.budget.clone())?;
    ledger.write(Entry::Stream { at_ms, host: name.to_owned(), file })?;
    Ok(Host {
        name: name.to_owned(),
        working_dir: place.seen_ml(""),
        place,
        log,
        command: Vec::new(),
        environment: BTreeMap::new(),
        read_only: Vec::new(),
        exit: None,
        tail: Tail::default(),
        excess: None,
    })
}

/// `algo-<n>` as addresses of the loopback network. Each job has addresses of its own, so that two jobs may listen on
/// the same port of `algo-1`.
pub(super) fn addresses(job: &Job) -> Vec<(String, String)> {
    let hash =
        job.head.name.bytes().fold(2_166_136_261_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(16_777_619));
    let (a, b) = (hash % 254 + 1, (hash >> 8) % 256);
    let hosts = job.plan.hosts().enumerate();
    hosts.map(|(index, (_, name))| (name.to_owned(), format!("127.{a}.{b}.{}", index + 1))).collect()
}

fn write_hosts_file(job: &Job, place: &Place) -> io::Result<()> {
    let mut text = String::from("127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n");
    for (name, address) in addresses(job) {
        let _ = writeln!(text, "{address} {name}");
    }
    fs::write(place.hosts_file(), text)
}

/// Puts the files of a stand-in where the host sees them; returns its program.
fn write_stand_in(algorithm: StandIn, place: &Place) -> io::Result<PathBuf> {
    let folder = place.tmp().join("stand-in");
    fs::create_dir_all(&folder)?;
    let files = algorithm.files();
    for (name, text) in files {
        fs::write(folder.join(name), text)?;
    }
    Ok(place.seen_tmp("stand-in").join(files[0].0))
}

/// `PATH` of the job: its Python first, then the server's.
fn search_path(python: Option<&Path>) -> String {
    let system = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    let inherited = std::env::var("PATH").ok().filter(|path| !path.is_empty()).unwrap_or_else(|| system.to_owned());
    match python.and_then(Path::parent) {
        Some(folder) => format!("{}:{inherited}", folder.display()),
        None => inherited,
    }
}
