//! The fields of a run: what may be a column, be searched, ordered and grouped by.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{MAX_FIELDS, SearchFault, fault::near, lexer::is_plain, parse::Parser};

#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Field {
    Id,
    /// The job's.
    Name,
    Experiment,
    /// A [`crate::run::RunBadge`].
    Status,
    Origin,
    InstanceType,
    InstanceCount,
    Spot,
    /// From the start to the end or, while it runs, to now.
    Duration,
    TrainingSeconds,
    BillableSeconds,
    /// As [`crate::cost::CostSummary::total`].
    Cost,
    /// What Managed Spot Training saved, in percent.
    Savings,
    Created,
    Started,
    Ended,
    Archived,
    /// A hyperparameter, by its name.
    Param(String),
    /// By its key; Trainyard's own are none.
    Tag(String),
    Metric {
        name: String,
        stat: Stat,
    },
}

/// Which value of a metric's series.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stat {
    #[default]
    Last,
    /// Of the finite values, as `Max`.
    Min,
    Max,
    First,
    /// How many values there are, NaN included.
    Count,
}

/// What a field's values are, and so what they may be compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FieldKind {
    Text,
    Number,
    Seconds,
    Dollars,
    Percent,
    Time,
    Flag,
}

impl Stat {
    pub const ALL: [Self; 5] = [Self::Last, Self::Min, Self::Max, Self::First, Self::Count];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Last => "last",
            Self::Min => "min",
            Self::Max => "max",
            Self::First => "first",
            Self::Count => "count",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.as_str().eq_ignore_ascii_case(text))
    }
}

impl Field {
    /// All that have no name of their own, in the order of a chooser.
    pub const BUILT_IN: &'static [Self] = &[
        Self::Name,
        Self::Experiment,
        Self::Status,
        Self::Created,
        Self::Duration,
        Self::Cost,
        Self::Savings,
        Self::InstanceType,
        Self::InstanceCount,
        Self::Spot,
        Self::Origin,
        Self::Started,
        Self::Ended,
        Self::TrainingSeconds,
        Self::BillableSeconds,
        Self::Archived,
        Self::Id,
    ];

    pub fn metric(name: impl Into<String>, stat: Stat) -> Self {
        Self::Metric { name: name.into(), stat }
    }

    /// `cost`, `` params.`a b` ``, `min(metrics.loss)`: what `Display` writes, aliases, and keywords of any case.
    pub fn parse(text: &str) -> Result<Self, SearchFault> {
        let mut parser = Parser::new(text)?;
        let field = parser.field()?;
        parser.end("a field ends here: put quotes around a name that is no plain word, as in params.`a b`")?;
        Ok(field)
    }

    /// With commas between; blank is none.
    pub fn parse_list(text: &str) -> Result<Vec<Self>, SearchFault> {
        Parser::new(text)?.list(MAX_FIELDS, "fields", Parser::field)
    }

    pub fn kind(&self) -> FieldKind {
        match self {
            Self::Id
            | Self::Name
            | Self::Experiment
            | Self::Status
            | Self::Origin
            | Self::InstanceType
            | Self::Param(_)
            | Self::Tag(_) => FieldKind::Text,
            Self::InstanceCount | Self::Metric { .. } => FieldKind::Number,
            Self::Duration | Self::TrainingSeconds | Self::BillableSeconds => FieldKind::Seconds,
            Self::Cost => FieldKind::Dollars,
            Self::Savings => FieldKind::Percent,
            Self::Created | Self::Started | Self::Ended => FieldKind::Time,
            Self::Spot | Self::Archived => FieldKind::Flag,
        }
    }

    /// A short heading: `Cost`, `lr`, `loss`, `min loss`.
    pub fn label(&self) -> String {
        let label = match self {
            Self::Id => "Id",
            Self::Name => "Name",
            Self::Experiment => "Experiment",
            Self::Status => "Status",
            Self::Origin => "Origin",
            Self::InstanceType => "Instance type",
            Self::InstanceCount => "Instances",
            Self::Spot => "Spot",
            Self::Duration => "Duration",
            Self::TrainingSeconds => "Training time",
            Self::BillableSeconds => "Billable time",
            Self::Cost => "Cost",
            Self::Savings => "Savings",
            Self::Created => "Created",
            Self::Started => "Started",
            Self::Ended => "Ended",
            Self::Archived => "Archived",
            Self::Param(name) | Self::Tag(name) | Self::Metric { name, stat: Stat::Last } => name,
            Self::Metric { name, stat } => return format!("{} {name}", stat.as_str()),
        };
        label.to_owned()
    }

    /// The word of a field without a name; `None` for the others.
    const fn word(&self) -> Option<&'static str> {
        Some(match self {
            Self::Id => "id",
            Self::Name => "name",
            Self::Experiment => "experiment",
            Self::Status => "status",
            Self::Origin => "origin",
            Self::InstanceType => "instance_type",
            Self::InstanceCount => "instance_count",
            Self::Spot => "spot",
            Self::Duration => "duration",
            Self::TrainingSeconds => "training_seconds",
            Self::BillableSeconds => "billable_seconds",
            Self::Cost => "cost",
            Self::Savings => "savings",
            Self::Created => "created",
            Self::Started => "started",
            Self::Ended => "ended",
            Self::Archived => "archived",
            Self::Param(_) | Self::Tag(_) | Self::Metric { .. } => return None,
        })
    }

    /// The field of a word: `cost`, `metrics.loss`. The message says what it could have been.
    pub(super) fn of_word(word: &str) -> Result<Self, String> {
        if let Some((head, name)) = word.split_once('.') {
            return Self::of_name(head, name);
        }
        let is_named = |it: &&Self| it.word().is_some_and(|it| it.eq_ignore_ascii_case(word));
        if let Some(field) = Self::BUILT_IN.iter().find(is_named) {
            return Ok(field.clone());
        }
        if word.eq_ignore_ascii_case("job_name") {
            return Ok(Self::Name);
        }
        let shown = super::fault::shown(word);
        Err(match near(word, Self::BUILT_IN.iter().filter_map(Self::word)) {
            Some(near) => format!("{shown} is no field: {near}"),
            None if is_plain(word) && word.len() <= 40 => {
                format!(
                    "{shown} is no field: write params.{word}, metrics.{word} or tags.{word}, or a field such as status"
                )
            }
            None => {
                format!("{shown} is no field: write params.NAME, metrics.NAME or tags.NAME, or a field such as status")
            }
        })
    }

    /// The field `head.name`, the name without quotes.
    pub(super) fn of_name(head: &str, name: &str) -> Result<Self, String> {
        let make: fn(String) -> Self = match head.to_lowercase().as_str() {
            "params" | "param" | "parameters" | "parameter" => Self::Param,
            "tags" | "tag" => Self::Tag,
            "metrics" | "metric" => |name| Self::Metric { name, stat: Stat::Last },
            _ => {
                let near = near(head, ["params", "metrics", "tags"].into_iter())
                    .unwrap_or_else(|| "what has a name begins with params., metrics. or tags.".to_owned());
                return Err(format!("{} is nothing that has fields: {near}", super::fault::shown(head)));
            }
        };
        if name.is_empty() {
            return Err(format!(
                "a name is missing behind {head}. : write {head}.NAME, or {head}.`a name` if it has blanks"
            ));
        }
        Ok(make(name.to_owned()))
    }
}

/// The name as it is read back: in backticks when it is no plain word.
struct Quoted<'n>(&'n str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if is_plain(self.0) { f.write_str(self.0) } else { write!(f, "`{}`", self.0.replace('`', "``")) }
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Param(name) => write!(f, "params.{}", Quoted(name)),
            Self::Tag(name) => write!(f, "tags.{}", Quoted(name)),
            Self::Metric { name, stat: Stat::Last } => write!(f, "metrics.{}", Quoted(name)),
            Self::Metric { name, stat } => write!(f, "{}(metrics.{})", stat.as_str(), Quoted(name)),
            _ => f.write_str(self.word().unwrap_or_default()),
        }
    }
}
