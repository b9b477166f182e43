//! What Trainyard adds to a request besides what the form says, and how it is taken out again: its tags, and the
//! variables that lead the job's MLflow client to the job's own run.
//!
//! Invariant: `own_removed` leaves nothing that another run would take over from this one.

use serde_json::{Map, Value, json};

use super::tag;
use crate::ids::RunId;

/// Source: MLflow 3.17.2, `mlflow/environment_variables.py`; the fluent API resumes the run that the second one names.
pub const TRACKING_URI_VARIABLE: &str = "MLFLOW_TRACKING_URI";
const RUN_ID_VARIABLE: &str = "MLFLOW_RUN_ID";
/// Source: CreateTrainingJob, `Environment`: at most 100 entries.
const MAX_VARIABLES: usize = 100;

/// Tells the job where its own run can be logged to: `tracking_uri`, an MLflow tracking server.
///
/// The request stays as it is where the form says otherwise (either variable is set, even to nothing, or SageMaker's own
/// MLflow is named), where the job has no network, and where there is no room.
pub fn tracking_added(mut request: Value, run_id: &RunId, tracking_uri: &str) -> Value {
    let given = request.get("Environment").and_then(Value::as_object);
    let is_set = |name: &str| given.is_some_and(|it| it.contains_key(name));
    let is_settled = is_set(TRACKING_URI_VARIABLE) || is_set(RUN_ID_VARIABLE) || request.get("MlflowConfig").is_some();
    let is_isolated = request.get("EnableNetworkIsolation") == Some(&Value::Bool(true));
    let has_room = given.map_or(0, Map::len) + 2 <= MAX_VARIABLES;
    if !is_settled && !is_isolated && has_room {
        request["Environment"][TRACKING_URI_VARIABLE] = json!(tracking_uri);
        request["Environment"][RUN_ID_VARIABLE] = json!(run_id.as_str());
    }
    request
}

/// Takes out what is Trainyard's own. A container that held nothing else goes, too.
pub fn own_removed(request: &mut Map<String, Value>) {
    let tags = request.get("Tags").and_then(Value::as_array);
    let run_id = tags.and_then(|it| it.iter().find(|it| it["Key"] == tag::RUN_ID)).map(|it| it["Value"].clone());
    if let Some(variables) = request.get_mut("Environment").and_then(Value::as_object_mut) {
        // Variables that name another run were somebody's wish.
        if run_id.is_some() && variables.get(RUN_ID_VARIABLE) == run_id.as_ref() {
            variables.remove(RUN_ID_VARIABLE);
            variables.remove(TRACKING_URI_VARIABLE);
            if variables.is_empty() {
                request.remove("Environment");
            }
        }
    }
    if let Some(tags) = request.get_mut("Tags").and_then(Value::as_array_mut) {
        let had_own = tags.len();
        tags.retain(|it| it["Key"].as_str().is_none_or(|key| !key.starts_with(tag::PREFIX)));
        if tags.is_empty() && had_own > 0 {
            request.remove("Tags");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SERVER: &str = "http://127.0.0.1:3000";

    fn run_id() -> RunId {
        RunId::parse("01ARZ3NDEKTSV4RRFFQ69G5FAV").expect("an id")
    }

    fn tagged(environment: Value) -> Value {
        json!({ "Environment": environment, "Tags": [{ "Key": tag::RUN_ID, "Value": run_id().as_str() }] })
    }

    #[test]
    fn what_is_added_comes_out_again_and_nothing_else() {
        let mut request = tracking_added(tagged(json!({ "OMP_NUM_THREADS": "4" })), &run_id(), SERVER);
        assert_eq!(request["Environment"][TRACKING_URI_VARIABLE], SERVER);
        assert_eq!(request["Environment"][RUN_ID_VARIABLE], run_id().as_str());
        own_removed(request.as_object_mut().expect("an object"));
        assert_eq!(request, json!({ "Environment": { "OMP_NUM_THREADS": "4" } }));
        let mut alone = tracking_added(json!({ "Tags": tagged(json!({}))["Tags"] }), &run_id(), SERVER);
        own_removed(alone.as_object_mut().expect("an object"));
        assert_eq!(alone, json!({}));
    }

    #[test]
    fn who_says_otherwise_is_left_alone() {
        for mut request in [
            tagged(json!({ TRACKING_URI_VARIABLE: "http://tracking.example" })),
            tagged(json!({ TRACKING_URI_VARIABLE: "" })),
            tagged(json!({ RUN_ID_VARIABLE: "another" })),
            json!({ "EnableNetworkIsolation": true }),
            json!({ "MlflowConfig": { "MlflowResourceArn": "arn" } }),
            tagged((0..99).map(|it| (format!("V{it}"), json!("x"))).collect::<Map<_, _>>().into()),
        ] {
            let given = request.clone();
            assert_eq!(tracking_added(request.clone(), &run_id(), SERVER), given);
            own_removed(request.as_object_mut().expect("an object"));
            assert_eq!(request.get("Environment"), given.get("Environment"));
        }
    }
}
