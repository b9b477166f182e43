//! The configuration as one value: settings of flags, environment and file laid over the defaults, then checked.
//!
//! Nothing else in the program reads the environment; what a part needs, it is given.

use std::{
    fmt,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use domain::{budget::Budget, launch_policy::LaunchPolicy};

use crate::{
    cli::{EngineChoice, LocalArgs, ServeArgs, Settings},
    config_file::{default_data, file_settings},
    engine_settings::EngineSettings,
};

/// What `trainyard serve` runs with.
#[derive(Clone, Debug)]
pub struct Config {
    pub addr: SocketAddr,
    pub data_dir: PathBuf,
    pub database_url: DatabaseUrl,
    pub engine: EngineChoice,
    pub aws_addr: SocketAddr,
    pub bucket: Option<String>,
    pub role_arn: Option<String>,
    pub output_path: Option<String>,
    pub region: Option<String>,
    pub local: EngineSettings,
    /// The program whose hidden subcommands run local jobs; `None`: this one.
    pub job_program: Option<PathBuf>,
    pub allowed_hosts: Vec<String>,
    pub tracking_uri: TrackingUri,
    pub insecure_no_login: bool,
    pub policies: Vec<LaunchPolicy>,
    pub budgets: Vec<Budget>,
    pub log: String,
}

/// Where jobs reach this server as an MLflow tracking server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TrackingUri {
    /// At its own address, when jobs run on this machine.
    Usual,
    /// Jobs are not told.
    Off,
    At(String),
}

/// What `trainyard local` runs with.
#[derive(Clone, Debug)]
pub struct LocalOnly {
    pub addr: SocketAddr,
    pub data_dir: PathBuf,
    pub bucket: String,
    pub region: String,
    pub local: EngineSettings,
    pub log: String,
}

/// Why a configuration cannot be run with; one line each, naming what to change.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("the configuration file {} cannot be read: {source}", path.display())]
    Unreadable { path: PathBuf, source: std::io::Error },
    #[error("the configuration file {} is not right: {message}", path.display())]
    Invalid { path: PathBuf, message: String },
    #[error("this platform names no data folder: pass --data DIR")]
    NoDataDir,
    #[error(
        "{flag} {addr} can be reached from other machines, and there is no login yet: use 127.0.0.1, or pass \
         --insecure-no-login if everyone who reaches it may run code here"
    )]
    NotLoopback { flag: &'static str, addr: SocketAddr },
    #[error("--spot-interruptions-per-hour must be a number from 0 to 3600")]
    Interruptions,
    #[error("--spot-interrupt-after must be numbers of seconds with commas between them, such as 30,60")]
    InterruptAfter,
    #[error("--spot-discount-percent must be a number from 0 to 99")]
    Discount,
    #[error("--tracking-uri must be http://host or https://host, with a port where there is one, or none")]
    TrackingUri,
    #[error("--account must be twelve digits")]
    Account,
    #[error("{key} must be 1 or more")]
    Zero { key: &'static str },
}

impl Config {
    /// Lays the flags (which already carry the environment) over the file, and both over the defaults.
    pub fn from_args(args: ServeArgs) -> Result<Self, ConfigError> {
        let settings = args.settings.over(file_settings(args.config)?);
        Self::from_settings(settings, default_data())
    }

    pub fn from_settings(settings: Settings, default_data: Option<PathBuf>) -> Result<Self, ConfigError> {
        let data_dir = settings.data.or(default_data).ok_or(ConfigError::NoDataDir)?;
        let database_url =
            settings.database_url.unwrap_or_else(|| data_dir.join("trainyard.db").to_string_lossy().into_owned());
        let config = Self {
            addr: settings.addr.unwrap_or(loopback(3000)),
            database_url: DatabaseUrl(database_url),
            data_dir,
            engine: settings.engine.unwrap_or(EngineChoice::Local),
            aws_addr: settings.aws_addr.unwrap_or(loopback(4566)),
            bucket: settings.bucket,
            role_arn: settings.role_arn,
            output_path: settings.output_path,
            region: settings.region,
            local: settings.engine_settings,
            job_program: None,
            allowed_hosts: settings.allowed_host.unwrap_or_default(),
            tracking_uri: TrackingUri::parse(settings.tracking_uri)?,
            insecure_no_login: settings.insecure_no_login.unwrap_or(false),
            policies: settings.policy,
            budgets: settings.budget,
            log: settings.log.unwrap_or_else(|| "info".to_owned()),
        };
        config.check()?;
        Ok(config)
    }

    /// The local engine's own folder.
    pub fn engine_dir(&self) -> PathBuf {
        self.data_dir.join("engine")
    }

    fn check(&self) -> Result<(), ConfigError> {
        refuse_open_door("--addr", self.addr, self.insecure_no_login)?;
        if self.engine == EngineChoice::Local {
            refuse_open_door("--aws-addr", self.aws_addr, self.insecure_no_login)?;
        }
        self.local.check()
    }
}

impl TrackingUri {
    /// An environment variable of a job has 512 characters.
    const MAX_CHARS: usize = 512;

    fn parse(text: Option<String>) -> Result<Self, ConfigError> {
        let Some(text) = text else { return Ok(Self::Usual) };
        if text == "none" {
            return Ok(Self::Off);
        }
        let parsed: axum::http::Uri = text.parse().map_err(|_| ConfigError::TrackingUri)?;
        let is_server = matches!(parsed.scheme_str(), Some("http" | "https")) && parsed.query().is_none();
        if !is_server || text.len() > Self::MAX_CHARS {
            return Err(ConfigError::TrackingUri);
        }
        Ok(Self::At(text.trim_end_matches('/').to_owned()))
    }

    /// The URI that jobs get. `own`: where this server listens, when jobs run on its machine.
    pub fn for_jobs(&self, own: Option<SocketAddr>) -> Option<String> {
        match self {
            Self::Off => None,
            Self::At(uri) => Some(uri.clone()),
            // Every address of this machine is the loopback one, too.
            Self::Usual => own.map(|addr| match addr.ip().is_unspecified().then_some(addr.port()) {
                Some(port) => format!("http://127.0.0.1:{port}"),
                None => format!("http://{addr}"),
            }),
        }
    }
}

impl LocalOnly {
    /// Lays the flags over the file, and both over the defaults. What only `serve` has is not looked at.
    pub fn from_args(args: LocalArgs) -> Result<Self, ConfigError> {
        let flags = Settings {
            aws_addr: args.addr,
            data: args.data,
            bucket: args.bucket,
            region: args.region,
            engine_settings: args.engine_settings,
            insecure_no_login: args.insecure_no_login,
            log: args.log,
            ..Settings::default()
        };
        Self::from_settings(flags.over(file_settings(args.config)?), default_data())
    }

    fn from_settings(settings: Settings, default_data: Option<PathBuf>) -> Result<Self, ConfigError> {
        let addr = settings.aws_addr.unwrap_or(loopback(4566));
        refuse_open_door("--addr", addr, settings.insecure_no_login.unwrap_or(false))?;
        settings.engine_settings.check()?;
        Ok(Self {
            addr,
            data_dir: settings.data.or(default_data).ok_or(ConfigError::NoDataDir)?,
            bucket: settings.bucket.unwrap_or_else(|| "trainyard".to_owned()),
            region: settings.region.unwrap_or_else(|| "us-east-1".to_owned()),
            local: settings.engine_settings,
            log: settings.log.unwrap_or_else(|| "info".to_owned()),
        })
    }

    /// The same folder that `serve` gives its engine, so that both see the same jobs.
    pub fn engine_dir(&self) -> PathBuf {
        self.data_dir.join("engine")
    }
}

fn refuse_open_door(flag: &'static str, addr: SocketAddr, allowed: bool) -> Result<(), ConfigError> {
    if allowed || addr.ip().is_loopback() { Ok(()) } else { Err(ConfigError::NotLoopback { flag, addr }) }
}

fn loopback(port: u16) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], port))
}

impl Settings {
    /// These settings where they are set, `lower` elsewhere.
    #[must_use]
    pub fn over(self, lower: Self) -> Self {
        Self {
            addr: self.addr.or(lower.addr),
            data: self.data.or(lower.data),
            database_url: self.database_url.or(lower.database_url),
            engine: self.engine.or(lower.engine),
            aws_addr: self.aws_addr.or(lower.aws_addr),
            bucket: self.bucket.or(lower.bucket),
            role_arn: self.role_arn.or(lower.role_arn),
            output_path: self.output_path.or(lower.output_path),
            region: self.region.or(lower.region),
            engine_settings: self.engine_settings.over(lower.engine_settings),
            insecure_no_login: self.insecure_no_login.or(lower.insecure_no_login),
            allowed_host: self.allowed_host.or(lower.allowed_host),
            tracking_uri: self.tracking_uri.or(lower.tracking_uri),
            log: self.log.or(lower.log),
            // A flag knows nothing of the tables.
            policy: lower.policy,
            budget: lower.budget,
        }
    }
}

/// A database URL that does not show its password, neither in logs nor in messages.
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseUrl(String);

impl DatabaseUrl {
    pub fn new(url: impl Into<String>) -> Self {
        Self(url.into())
    }

    /// The whole URL, for the database driver alone.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// A file in the data folder, or anywhere: then one server alone may use it.
    pub fn is_sqlite(&self) -> bool {
        !self.0.starts_with("postgres")
    }

    /// A file right in this folder, whose lock then is the database's, too.
    pub fn is_file_in(&self, folder: &Path) -> bool {
        let file = Path::new(self.0.strip_prefix("sqlite://").unwrap_or(&self.0));
        let holds = |parent: &Path| matches!((parent.canonicalize(), folder.canonicalize()), (Ok(a), Ok(b)) if a == b);
        self.is_sqlite() && file.parent().is_some_and(holds)
    }

    /// `text` without this URL's secrets: drivers like to repeat what they were given.
    pub fn redact(&self, text: &str) -> String {
        let mut shown = text.replace(&self.0, &self.to_string());
        if let Some(password) = self.password().filter(|it| !it.is_empty()) {
            shown = shown.replace(password, "***");
        }
        shown
    }

    fn password(&self) -> Option<&str> {
        let (_, rest) = self.0.split_once("://")?;
        let authority = rest.split(['/', '?']).next()?;
        let (user, _) = authority.rsplit_once('@')?;
        user.split_once(':').map(|(_, password)| password)
    }
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A password may also be a parameter of the query: nothing of the query is shown.
        let shown = self.0.split('?').next().unwrap_or_default();
        match self.password() {
            Some(password) => f.write_str(&shown.replacen(&format!(":{password}@"), ":***@", 1)),
            None => f.write_str(shown),
        }
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory as _, Parser as _};

    use super::*;
    use crate::cli::{Cli, Command};
    use crate::config_file::parse_file;

    fn flags(arguments: &[&str]) -> Settings {
        let words = ["trainyard", "serve"].iter().chain(arguments);
        match Cli::try_parse_from(words).map(|it| it.command) {
            Ok(Command::Serve(args)) => args.settings,
            other => panic!("expected serve, got {other:?}"),
        }
    }

    #[test]
    fn the_command_line_is_sound_and_every_flag_is_a_file_key() {
        Cli::command().debug_assert();
        for command in ["serve", "local"] {
            let command = Cli::command().find_subcommand(command).cloned().unwrap_or_default();
            let flags = command.get_arguments().filter_map(|it| it.get_long());
            for flag in flags.filter(|it| !["config", "help"].contains(it)) {
                // A key that no struct has would be skipped, and this would be a file.
                let found = parse_file(&format!("{flag} = [[]]")).expect_err(flag);
                assert!(!found.contains("unknown field"), "`{flag}` is a flag but no key: {found}");
            }
        }
    }

    #[test]
    fn a_flag_wins_over_the_file_and_the_file_over_the_default() {
        let file = parse_file("addr = \"127.0.0.1:5000\"\nregion = \"eu-west-1\"\n").expect("a file");
        let settings = flags(&["--addr", "127.0.0.1:6000"]).over(file);
        let config = Config::from_settings(settings, Some("/data".into())).expect("a configuration");
        assert_eq!(config.addr.port(), 6000);
        assert_eq!(config.region.as_deref(), Some("eu-west-1"));
        assert_eq!(config.aws_addr.port(), 4566);
        assert_eq!(config.database_url.expose(), "/data/trainyard.db");
    }

    #[test]
    fn an_unknown_key_is_named() {
        let message = parse_file("addr = \"127.0.0.1:5000\"\nadress = \"x\"\n").expect_err("unknown key");
        assert!(message.contains("line 2") && message.contains("`adress`"), "{message}");
    }

    #[test]
    fn one_file_serves_both_commands_and_has_the_engines_tables() {
        let file = parse_file(
            "aws-addr = \"127.0.0.1:5001\"\nmax-jobs = 3\nspot-interrupt-after = [1.5, 2]\n[keys]\nAKIATEAM = \"secret\"\n[quotas]\n\"training:ml.m5.large\" = 2\n[[image]]\nimage = \"*xgboost*\"\nrequirements = [\"xgboost\"]\n[limits]\nlog-mib = 5\n",
        )
        .expect("a file");
        let config = LocalOnly::from_settings(flags(&["--max-jobs", "7"]).over(file), Some("/data".into()));
        let config = config.expect("a configuration");
        assert_eq!((config.addr.port(), config.bucket.as_str(), config.local.max_jobs), (5001, "trainyard", Some(7)));
        let mut local = aws_local::LocalConfig::new("/data".into(), aws_local::JobConfig::new("/bin/trainyard".into()));
        config.local.apply(&mut local);
        assert_eq!((local.job.max_jobs, local.job.log_bytes_max, local.job.images.len()), (7, 5 << 20, 1));
        assert_eq!(local.quotas["training:ml.m5.large"], 2);
        assert_eq!(format!("{:?}", local.keys), "{\"AKIATEAM\"}");
        assert_eq!(local.job.spot_interrupt_after_seconds, [1.5, 2.0]);

        for (text, word) in [("account = \"12\"", "--account"), ("max-jobs = 0", "max-jobs")] {
            let refused = LocalOnly::from_settings(parse_file(text).expect("a file"), Some("/data".into()));
            assert!(refused.expect_err(text).to_string().contains(word), "{text}");
        }
        assert!(parse_file("[limits]\nlogs = 5\n").expect_err("unknown").contains("unknown field `logs`"));
        let aimless = parse_file("[[image]]\nimage = \"*xgboost*\"\n").expect_err("no target");
        assert!(aimless.contains("exactly one of python, requirements and container = true"), "{aimless}");
    }

    #[test]
    fn policies_are_read_and_a_wrong_one_is_named_with_its_line() {
        let text = "addr = \"127.0.0.1:5001\"\n\n[[policy]]\nexperiments = \"vision-*\"\nrequired_tags = [\"cost-center\"]\n\
                    allowed-instance-types = [\"ml.g5.*\"]\nmax_instances = 4\n";
        let settings = flags(&[]).over(parse_file(text).expect("a file"));
        let config = Config::from_settings(settings, Some("/data".into())).expect("a configuration");
        let [policy] = config.policies.as_slice() else { panic!("one policy: {:?}", config.policies) };
        assert_eq!((policy.experiments.to_string().as_str(), policy.max_instances), ("vision-*", Some(4)));
        for (table, words) in [
            ("experiments = \"a\"", "says nothing"),
            ("experiments = \"a\"\nmax-instance = 1", "unknown field `max-instance`"),
            ("experiments = \"a\"\nallowed_instance_types = [\"g5.*\"]", "begin with `ml.`"),
        ] {
            let message = parse_file(&format!("[[policy]]\n{table}\n")).expect_err(table);
            assert!(message.contains(words) && message.starts_with("line ") && !message.contains('\n'), "{message}");
        }
    }

    #[test]
    fn budgets_are_read_and_a_wrong_one_is_named_with_its_line() {
        let text = "[[budget]]\nname = \"vision\"\nexperiments = \"vision-*\"\nusd-per-month = \"500\"\nhard = true\n";
        let settings = flags(&[]).over(parse_file(text).expect("a file"));
        let config = Config::from_settings(settings, Some("/data".into())).expect("a configuration");
        let [budget] = config.budgets.as_slice() else { panic!("one budget: {:?}", config.budgets) };
        assert_eq!((budget.name.as_str(), budget.limit.to_string().as_str()), ("vision", "$500.00"));
        let wrong = parse_file("[[budget]]\nname = \"vision\"\nusd_per_month = \"-1\"\n").expect_err("a negative one");
        assert!(wrong.contains("vision needs usd_per_month") && wrong.starts_with("line "), "{wrong}");
    }

    #[test]
    fn an_interruption_is_a_command_to_an_endpoint() {
        let words = ["trainyard", "local", "interrupt", "a-job", "--addr", "127.0.0.1:7000"];
        let Ok(Command::Local(args)) = Cli::try_parse_from(words).map(|it| it.command) else { panic!("local") };
        let Some(crate::cli::LocalAction::Interrupt { job, addr, .. }) = args.action else { panic!("interrupt") };
        assert_eq!((job.as_str(), addr.port()), ("a-job", 7000));
    }

    #[test]
    fn an_open_address_needs_the_long_word() {
        for flag in ["--addr", "--aws-addr"] {
            let refused = Config::from_settings(flags(&[flag, "0.0.0.0:3000"]), Some("/data".into()));
            assert!(matches!(refused, Err(ConfigError::NotLoopback { .. })), "{flag}: {refused:?}");
            let allowed = flags(&[flag, "0.0.0.0:3000", "--insecure-no-login"]);
            assert!(Config::from_settings(allowed, Some("/data".into())).is_ok(), "{flag}");
        }
    }

    #[test]
    fn jobs_are_told_where_this_server_is_unless_it_is_out_of_their_reach() {
        let uri = |text: Option<&str>| TrackingUri::parse(text.map(str::to_owned));
        let own = Some(SocketAddr::from(([0, 0, 0, 0], 3000)));
        let usual = uri(None).expect("the usual one");
        assert_eq!(usual.for_jobs(own).as_deref(), Some("http://127.0.0.1:3000"));
        assert_eq!(usual.for_jobs(Some(loopback(4000))).as_deref(), Some("http://127.0.0.1:4000"));
        assert_eq!(usual.for_jobs(None), None);
        assert_eq!(uri(Some("none")).expect("none").for_jobs(own), None);
        let named = uri(Some("https://yard.example:8443/")).expect("a name");
        assert_eq!(named.for_jobs(None).as_deref(), Some("https://yard.example:8443"));
        for wrong in ["", "yard.example", "ftp://yard.example", "file:///tmp"] {
            assert!(matches!(uri(Some(wrong)), Err(ConfigError::TrackingUri)), "{wrong}");
        }
    }

    #[test]
    fn no_password_is_shown() {
        let url = DatabaseUrl::new("postgres://ann:s3cret@db.example/yard?sslpassword=other");
        assert_eq!(url.to_string(), "postgres://ann:***@db.example/yard");
        assert_eq!(format!("{url:?}"), url.to_string());
        assert_eq!(url.redact("no route to s3cret"), "no route to ***");
        assert_eq!(DatabaseUrl::new("sqlite:///data/a.db").to_string(), "sqlite:///data/a.db");
    }

    #[test]
    fn only_a_file_in_the_data_folder_shares_its_lock() {
        let folder = std::env::temp_dir();
        let is_in = |url: String| DatabaseUrl::new(&url).is_file_in(&folder);
        assert!(is_in(folder.join("trainyard.db").display().to_string()));
        assert!(is_in(format!("sqlite://{}", folder.join(".").join("other.db").display())));
        assert!(!is_in("/trainyard.db".to_owned()));
        assert!(!is_in(folder.join("deeper/trainyard.db").display().to_string()));
        assert!(!is_in("postgres://db/trainyard".to_owned()));
    }
}
