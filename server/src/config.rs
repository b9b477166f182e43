//! The configuration as one value: settings of flags, environment and file laid over the defaults, then checked.
//!
//! Nothing else in the program reads the environment; what a part needs, it is given.

use std::{
    fmt,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use crate::cli::{EngineChoice, LocalArgs, ServeArgs, Settings};

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
    pub local: LocalTuning,
    /// The program whose hidden subcommands run local jobs; `None`: this one.
    pub job_program: Option<PathBuf>,
    pub allowed_hosts: Vec<String>,
    pub insecure_no_login: bool,
    pub log: String,
}

/// How the local engine behaves.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LocalTuning {
    pub spot_interruptions_per_hour: f64,
    pub spot_discount_percent: u8,
    pub instance_metric_period_seconds: u32,
}

impl Default for LocalTuning {
    fn default() -> Self {
        Self { spot_interruptions_per_hour: 0.0, spot_discount_percent: 70, instance_metric_period_seconds: 2 }
    }
}

/// What `trainyard local` runs with.
#[derive(Clone, Debug)]
pub struct LocalOnly {
    pub addr: SocketAddr,
    pub data_dir: PathBuf,
    pub bucket: String,
    pub region: String,
    pub local: LocalTuning,
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
}

impl Config {
    /// Lays the flags (which already carry the environment) over the file, and both over the defaults.
    pub fn from_args(args: ServeArgs) -> Result<Self, ConfigError> {
        let folders = directories::ProjectDirs::from("", "", "trainyard");
        let file = match args.config {
            Some(path) => read_file(&path)?,
            None => match folders.as_ref().map(|it| it.config_dir().join("trainyard.toml")).filter(|it| it.exists()) {
                Some(path) => read_file(&path)?,
                None => Settings::default(),
            },
        };
        let settings = args.settings.over(file);
        let default_data = folders.map(|it| it.data_dir().to_path_buf());
        Self::from_settings(settings, default_data)
    }

    pub fn from_settings(settings: Settings, default_data: Option<PathBuf>) -> Result<Self, ConfigError> {
        let loopback = |port| SocketAddr::from(([127, 0, 0, 1], port));
        let data_dir = settings.data.or(default_data).ok_or(ConfigError::NoDataDir)?;
        let database_url =
            settings.database_url.unwrap_or_else(|| data_dir.join("trainyard.db").to_string_lossy().into_owned());
        let tuning = LocalTuning::default();
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
            local: LocalTuning {
                spot_interruptions_per_hour: settings
                    .spot_interruptions_per_hour
                    .unwrap_or(tuning.spot_interruptions_per_hour),
                spot_discount_percent: settings.spot_discount_percent.unwrap_or(tuning.spot_discount_percent),
                instance_metric_period_seconds: settings
                    .instance_metric_period_seconds
                    .unwrap_or(tuning.instance_metric_period_seconds),
            },
            job_program: None,
            allowed_hosts: settings.allowed_host.unwrap_or_default(),
            insecure_no_login: settings.insecure_no_login.unwrap_or(false),
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
        check_tuning(self.local)
    }
}

impl LocalOnly {
    pub fn from_args(args: LocalArgs) -> Result<Self, ConfigError> {
        refuse_open_door("--addr", args.addr, args.insecure_no_login)?;
        let default_data = directories::ProjectDirs::from("", "", "trainyard").map(|it| it.data_dir().to_path_buf());
        let local = LocalTuning {
            spot_interruptions_per_hour: args.spot_interruptions_per_hour,
            spot_discount_percent: args.spot_discount_percent,
            instance_metric_period_seconds: args.instance_metric_period_seconds,
        };
        check_tuning(local)?;
        Ok(Self {
            addr: args.addr,
            data_dir: args.data.or(default_data).ok_or(ConfigError::NoDataDir)?,
            bucket: args.bucket,
            region: args.region,
            local,
            log: args.log,
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

fn check_tuning(tuning: LocalTuning) -> Result<(), ConfigError> {
    if (0.0..=3600.0).contains(&tuning.spot_interruptions_per_hour) { Ok(()) } else { Err(ConfigError::Interruptions) }
}

fn read_file(path: &Path) -> Result<Settings, ConfigError> {
    let text =
        std::fs::read_to_string(path).map_err(|source| ConfigError::Unreadable { path: path.to_path_buf(), source })?;
    parse_file(&text).map_err(|message| ConfigError::Invalid { path: path.to_path_buf(), message })
}

/// The file's text as settings. The message names the key and stays on one line; it never repeats a value.
fn parse_file(text: &str) -> Result<Settings, String> {
    toml::from_str::<Settings>(text).map_err(|failure| {
        let line = failure.span().map_or(0, |span| text[..span.start.min(text.len())].matches('\n').count() + 1);
        let key = failure.span().and_then(|span| text.get(..span.start)).and_then(|before| before.lines().last());
        let key =
            key.and_then(|it| it.split_once('=')).map(|(key, _)| format!(", `{}`", key.trim())).unwrap_or_default();
        format!("line {line}{key}: {}", failure.message().replace('\n', " "))
    })
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
            spot_interruptions_per_hour: self.spot_interruptions_per_hour.or(lower.spot_interruptions_per_hour),
            spot_discount_percent: self.spot_discount_percent.or(lower.spot_discount_percent),
            instance_metric_period_seconds: self
                .instance_metric_period_seconds
                .or(lower.instance_metric_period_seconds),
            insecure_no_login: self.insecure_no_login.or(lower.insecure_no_login),
            allowed_host: self.allowed_host.or(lower.allowed_host),
            log: self.log.or(lower.log),
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
        let serve = Cli::command().find_subcommand("serve").cloned().unwrap_or_default();
        for flag in serve.get_arguments().filter_map(|it| it.get_long()).filter(|it| !["config", "help"].contains(it)) {
            let found = parse_file(&format!("{flag} = [[]]")).err().unwrap_or_default();
            assert!(!found.contains("unknown field"), "`{flag}` is a flag but no key: {found}");
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
    fn an_open_address_needs_the_long_word() {
        for flag in ["--addr", "--aws-addr"] {
            let refused = Config::from_settings(flags(&[flag, "0.0.0.0:3000"]), Some("/data".into()));
            assert!(matches!(refused, Err(ConfigError::NotLoopback { .. })), "{flag}: {refused:?}");
            let allowed = flags(&[flag, "0.0.0.0:3000", "--insecure-no-login"]);
            assert!(Config::from_settings(allowed, Some("/data".into())).is_ok(), "{flag}");
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
