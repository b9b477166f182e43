//! The configuration file: TOML whose keys are the flags, with the team's policies and the local engine's tables besides.

use std::path::{Path, PathBuf};

use clap::Args as _;

use crate::{cli::Settings, config::ConfigError, engine_settings::EngineSettings};

fn folders() -> Option<directories::ProjectDirs> {
    directories::ProjectDirs::from("", "", "trainyard")
}

pub(crate) fn default_data() -> Option<PathBuf> {
    folders().map(|it| it.data_dir().to_path_buf())
}

/// The settings of the file that is named, or of the platform's when it is there.
pub(crate) fn file_settings(named: Option<PathBuf>) -> Result<Settings, ConfigError> {
    let usual = || folders().map(|it| it.config_dir().join("trainyard.toml")).filter(|it| it.exists());
    named.or_else(usual).map_or_else(|| Ok(Settings::default()), |path| read_file(&path))
}

fn read_file(path: &Path) -> Result<Settings, ConfigError> {
    let text =
        std::fs::read_to_string(path).map_err(|source| ConfigError::Unreadable { path: path.to_path_buf(), source })?;
    parse_file(&text).map_err(|message| ConfigError::Invalid { path: path.to_path_buf(), message })
}

/// The file's text as settings. The message names the key and stays on one line; it never repeats a value.
pub(crate) fn parse_file(text: &str) -> Result<Settings, String> {
    let say = |failure: toml::de::Error| {
        let line = failure.span().map_or(0, |span| text[..span.start.min(text.len())].matches('\n').count() + 1);
        let key = failure.span().and_then(|span| text.get(..span.start)).and_then(|before| before.lines().last());
        let key =
            key.and_then(|it| it.split_once('=')).map(|(key, _)| format!(", `{}`", key.trim())).unwrap_or_default();
        format!("line {line}{key}: {}", failure.message().replace('\n', " "))
    };
    // Two structs read one file, so neither can tell that a key is unknown to both; and each keeps its line numbers.
    let table: toml::Table = toml::from_str(text).map_err(say)?;
    if let Some(key) = table.keys().find(|key| !is_key(key)) {
        let line =
            text.lines().position(|line| line.trim_start_matches(['[', ' ', '\t', '"']).starts_with(key.as_str()));
        return Err(format!("line {}: unknown field `{key}`", line.map_or(0, |line| line + 1)));
    }
    let engine_settings = toml::from_str::<EngineSettings>(text).map_err(say)?;
    let settings = toml::from_str::<Settings>(text).map_err(say)?;
    Ok(Settings { engine_settings, ..settings })
}

/// Every flag is a key, and there are tables besides.
fn is_key(key: &str) -> bool {
    let flags = Settings::augment_args(clap::Command::new("keys"));
    flags.get_arguments().any(|flag| flag.get_long() == Some(key))
        || EngineSettings::TABLES.contains(&key)
        || Settings::TABLES.contains(&key)
}
