//! A `CreateHyperParameterTuningJob` request, checked: what is searched, how, and until when.

use serde_json::{Map, Value, json};

use super::space::{Chosen, Parameter, parameters};
use super::strategy::combinations;
use crate::field;
use crate::wire::ApiError;

/// Limits of one tuning job: <https://docs.aws.amazon.com/sagemaker/latest/dg/automatic-model-tuning-limits.html>.
const MAX_JOBS: usize = 10_000;
const MAX_PARALLEL: usize = 100;
const MAX_RESOURCE: usize = 20_000;

/// Static hyperparameters that tell Hyperband the most resources of a training job, as the API says.
const RESOURCE_NAMES: [&str; 5] = ["epochs", "numepochs", "n-epochs", "n_epochs", "num_epochs"];

/// Members of a definition that a training job has too, under the same name.
const SHARED: [&str; 12] = [
    "AlgorithmSpecification",
    "RoleArn",
    "InputDataConfig",
    "VpcConfig",
    "OutputDataConfig",
    "ResourceConfig",
    "StoppingCondition",
    "EnableNetworkIsolation",
    "EnableInterContainerTrafficEncryption",
    "EnableManagedSpotTraining",
    "RetryStrategy",
    "Environment",
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Strategy {
    Bayesian,
    Random,
    Hyperband,
    Grid,
}

/// Which results are better.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Objective {
    pub maximize: bool,
    pub metric: String,
}

impl Objective {
    /// Less is better.
    pub(super) fn loss(&self, value: f64) -> f64 {
        if self.maximize { -value } else { value }
    }

    pub(super) fn kind(&self) -> &'static str {
        if self.maximize { "Maximize" } else { "Minimize" }
    }
}

pub(super) struct Definition {
    pub name: Option<String>,
    pub objective: Objective,
    pub parameters: Vec<Parameter>,
    request: Value,
}

pub(super) struct Plan {
    pub strategy: Strategy,
    pub definitions: Vec<Definition>,
    pub max_jobs: usize,
    pub max_parallel: usize,
    pub max_runtime_ms: Option<i64>,
    /// `TrainingJobEarlyStoppingType` is Auto.
    pub early_stopping: bool,
    /// Of Hyperband: results of a training job before it may be stopped, and after which it is.
    pub resources: (usize, usize),
    pub target: Option<f64>,
    pub most_not_improving: Option<usize>,
    pub complete_on_convergence: bool,
}

impl Plan {
    pub(super) fn parse(input: &Value) -> Result<Self, ApiError> {
        let config = input.get("HyperParameterTuningJobConfig").unwrap_or(&Value::Null);
        let strategy = match field::text(config, "Strategy") {
            Some("Random") => Strategy::Random,
            Some("Hyperband") => Strategy::Hyperband,
            Some("Grid") => Strategy::Grid,
            _ => Strategy::Bayesian,
        };
        let definitions = definitions(input, config)?;
        if definitions.iter().any(|it| it.objective.maximize != definitions[0].objective.maximize) {
            return refuse("The objectives of all TrainingJobDefinitions must have the same Type to be comparable.");
        }
        let early_stopping = field::text(config, "TrainingJobEarlyStoppingType") == Some("Auto");
        let resources = if strategy == Strategy::Hyperband {
            if early_stopping {
                return refuse("TrainingJobEarlyStoppingType must be Off when the strategy is Hyperband.");
            }
            resources(config, &definitions)?
        } else if config.pointer("/StrategyConfig/HyperbandStrategyConfig").is_some() {
            return refuse("HyperbandStrategyConfig can only be given with the strategy Hyperband.");
        } else {
            (1, MAX_RESOURCE)
        };
        let limits = config.get("ResourceLimits").unwrap_or(&Value::Null);
        let criteria = config.get("TuningJobCompletionCriteria").unwrap_or(&Value::Null);
        let count = |value: &Value, name: &str| field::integer(value, name).and_then(|it| usize::try_from(it).ok());
        let max_parallel = count(limits, "MaxParallelTrainingJobs").unwrap_or(1);
        let given = count(limits, "MaxNumberOfTrainingJobs");
        if max_parallel > MAX_PARALLEL || given.is_some_and(|given| given > MAX_JOBS) {
            return refuse(&format!(
                "MaxParallelTrainingJobs can be at most {MAX_PARALLEL} and MaxNumberOfTrainingJobs at most {MAX_JOBS}."
            ));
        }
        let max_jobs = match strategy {
            Strategy::Grid => grid_size(&definitions, given)?,
            _ => given.unwrap_or(MAX_JOBS),
        };
        let most_not_improving =
            criteria.get("BestObjectiveNotImproving").and_then(|it| count(it, "MaxNumberOfTrainingJobsNotImproving"));
        Ok(Self {
            strategy,
            definitions,
            max_jobs,
            max_parallel,
            max_runtime_ms: field::integer(limits, "MaxRuntimeInSeconds").map(|seconds| seconds * 1000),
            early_stopping,
            resources,
            target: criteria.get("TargetObjectiveMetricValue").and_then(field::number),
            most_not_improving,
            complete_on_convergence: criteria.pointer("/ConvergenceDetected/CompleteOnConvergence")
                == Some(&json!("Enabled")),
        })
    }

    /// Definitions take turns.
    pub(super) fn definition(&self, number: usize) -> usize {
        number % self.definitions.len()
    }
}

fn refuse<T>(message: &str) -> Result<T, ApiError> {
    Err(ApiError::validation(message))
}

fn definitions(input: &Value, config: &Value) -> Result<Vec<Definition>, ApiError> {
    let several = field::list(input, "TrainingJobDefinitions");
    let given: Vec<&Value> = match (input.get("TrainingJobDefinition"), several.is_empty()) {
        (Some(one), true) => vec![one],
        (None, false) => several.iter().collect(),
        _ => return refuse("You must specify exactly one of TrainingJobDefinition and TrainingJobDefinitions."),
    };
    let autotune = input.pointer("/Autotune/Mode") == Some(&json!("Enabled"));
    let mut parsed: Vec<Definition> = Vec::new();
    for definition in given {
        let name = field::text(definition, "DefinitionName").map(str::to_owned);
        if !several.is_empty() && (name.is_none() || parsed.iter().any(|known| known.name == name)) {
            return refuse("Every one of TrainingJobDefinitions must have a DefinitionName of its own.");
        }
        let objective = definition
            .get("TuningObjective")
            .or_else(|| config.get("HyperParameterTuningJobObjective").filter(|_| several.is_empty()));
        let Some(objective) = objective else {
            return refuse(
                "An objective must be specified: HyperParameterTuningJobObjective with TrainingJobDefinition, TuningObjective in \
                 each of TrainingJobDefinitions.",
            );
        };
        let objective = Objective {
            maximize: field::text(objective, "Type") == Some("Maximize"),
            metric: field::text(objective, "MetricName").unwrap_or_default().to_owned(),
        };
        let algorithm = definition.get("AlgorithmSpecification").unwrap_or(&Value::Null);
        if !field::list(algorithm, "MetricDefinitions")
            .iter()
            .any(|metric| field::text(metric, "Name") == Some(&objective.metric))
        {
            return refuse(&format!(
                "The objective metric {:?} must be one of the MetricDefinitions in AlgorithmSpecification.",
                objective.metric
            ));
        }
        let ranges = definition
            .get("HyperParameterRanges")
            .or_else(|| config.get("ParameterRanges").filter(|_| several.is_empty()))
            .unwrap_or(&Value::Null);
        let parameters = parameters(ranges, autotune)?;
        if parameters.is_empty() {
            return refuse("At least one hyperparameter must have a range to be tuned in.");
        }
        let fixed = definition.get("StaticHyperParameters");
        if let Some(both) = parameters.iter().find(|it| fixed.is_some_and(|fixed| fixed.get(&it.name).is_some())) {
            return refuse(&format!(
                "The hyperparameter {:?} is in StaticHyperParameters and has a range: it can be only one of the two.",
                both.name
            ));
        }
        parsed.push(Definition { name, objective, parameters, request: definition.clone() });
    }
    Ok(parsed)
}

/// `MinResource` and `MaxResource`, the latter inferred from the static hyperparameters where it is not given.
fn resources(config: &Value, definitions: &[Definition]) -> Result<(usize, usize), ApiError> {
    let given = config.pointer("/StrategyConfig/HyperbandStrategyConfig").unwrap_or(&Value::Null);
    let count = |name: &str| field::integer(given, name).and_then(|it| usize::try_from(it).ok());
    let inferred = definitions.iter().filter_map(|definition| {
        let fixed = definition.request.get("StaticHyperParameters")?;
        RESOURCE_NAMES.iter().find_map(|name| field::text(fixed, name)?.trim_matches('"').parse::<usize>().ok())
    });
    let Some(max) = count("MaxResource").or_else(|| inferred.max()) else {
        return refuse(&format!(
            "MaxResource of HyperbandStrategyConfig is not given and cannot be inferred: none of {} is in \
             StaticHyperParameters.",
            RESOURCE_NAMES.join(", ")
        ));
    };
    let min = count("MinResource").unwrap_or(1);
    if min > max || max > MAX_RESOURCE {
        return refuse(&format!("MinResource must not be above MaxResource, which can be at most {MAX_RESOURCE}."));
    }
    Ok((min, max))
}

/// Grid search has as many training jobs as there are combinations.
fn grid_size(definitions: &[Definition], given: Option<usize>) -> Result<usize, ApiError> {
    if definitions.iter().flat_map(|it| &it.parameters).any(|parameter| parameter.values().is_none()) {
        return refuse("The strategy Grid supports CategoricalParameterRanges only.");
    }
    if definitions.len() > 1 {
        return refuse("The strategy Grid takes one TrainingJobDefinition.");
    }
    match combinations(&definitions[0].parameters).filter(|count| *count <= MAX_JOBS) {
        Some(count) if given.is_none_or(|given| given == count) => Ok(count),
        Some(count) => refuse(&format!(
            "MaxNumberOfTrainingJobs must equal the number of combinations of the grid ({count}), or be left out."
        )),
        None => refuse(&format!("The grid has more than {MAX_JOBS} combinations.")),
    }
}

impl Definition {
    /// The CreateTrainingJob request of one of its training jobs.
    ///
    /// A checkpoint folder is the training job's own: `<S3Uri>/<training job>`, or one would go on from another's.
    pub(super) fn request(&self, name: &str, chosen: &Chosen, tags: &Value) -> Value {
        let mut request = Map::new();
        request.insert("TrainingJobName".to_owned(), name.into());
        for member in SHARED {
            if let Some(value) = self.request.get(member) {
                request.insert(member.to_owned(), value.clone());
            }
        }
        let fixed = self.request.get("StaticHyperParameters").and_then(Value::as_object).cloned();
        let mut hyperparameters = fixed.unwrap_or_default();
        hyperparameters.extend(chosen.iter().map(|(name, value)| (name.clone(), value.clone().into())));
        hyperparameters.insert("_tuning_objective_metric".to_owned(), self.objective.metric.clone().into());
        request.insert("HyperParameters".to_owned(), hyperparameters.into());
        if let Some(resources) = self.request.get("HyperParameterTuningResourceConfig") {
            let from = field::list(resources, "InstanceConfigs").first().unwrap_or(resources);
            let members = ["InstanceType", "InstanceCount", "VolumeSizeInGB"].map(|member| (member, from.get(member)));
            let key = [("VolumeKmsKeyId", resources.get("VolumeKmsKeyId"))];
            let members = members.into_iter().chain(key);
            let config: Map<String, Value> =
                members.filter_map(|(member, value)| Some((member.to_owned(), value?.clone()))).collect();
            request.insert("ResourceConfig".to_owned(), config.into());
        }
        if let Some(checkpoints) = self.request.get("CheckpointConfig") {
            let mut checkpoints = checkpoints.clone();
            let uri = field::text(&checkpoints, "S3Uri").unwrap_or_default().trim_end_matches('/');
            checkpoints["S3Uri"] = format!("{uri}/{name}").into();
            request.insert("CheckpointConfig".to_owned(), checkpoints);
        }
        request.insert("Tags".to_owned(), tags.clone());
        Value::Object(request)
    }
}
