//! What a CreateTrainingJob request says about its program, as far as images are concerned.

use serde_json::{Value, json};

use super::{Environment, ImageError, ImageMapping, StandIn, resolve, resolve_algorithm};

/// Decides what stands for the request's `TrainingImage` or `AlgorithmName`, as long as no container is needed.
pub(crate) fn resolve_request(request: &Value, mappings: &[ImageMapping]) -> Result<Environment, ImageError> {
    let algorithm = &request["AlgorithmSpecification"];
    match algorithm["AlgorithmName"].as_str() {
        Some(name) => resolve_algorithm(name),
        None => resolve(algorithm["TrainingImage"].as_str().unwrap_or_default(), mappings, None),
    }
}

/// True when the job brings its own program: a training script or a `ContainerEntrypoint`.
pub(crate) fn has_program(request: &Value) -> bool {
    let entrypoint = &request["AlgorithmSpecification"]["ContainerEntrypoint"];
    request["HyperParameters"].get("sagemaker_program").is_some()
        || request["Environment"].get("SAGEMAKER_PROGRAM").is_some()
        || entrypoint.as_array().is_some_and(|words| !words.is_empty())
}

/// The stand-in that a request runs.
pub(crate) fn stand_in_of(request: &Value, mappings: &[ImageMapping]) -> Option<StandIn> {
    if has_program(request) {
        return None;
    }
    match resolve_request(request, mappings) {
        Ok(Environment::Packages(packages)) => packages.stand_in,
        _ => None,
    }
}

/// The request as SageMaker shows it: a built-in algorithm has its own metric definitions, whatever was sent.
pub(crate) fn with_own_metrics(request: &Value, mappings: &[ImageMapping]) -> Value {
    let mut request = request.clone();
    if let Some(algorithm) = stand_in_of(&request, mappings) {
        let definitions = algorithm.metric_definitions();
        request["AlgorithmSpecification"]["MetricDefinitions"] =
            definitions.iter().map(|(name, regex)| json!({ "Name": name, "Regex": regex })).collect();
    }
    request
}
