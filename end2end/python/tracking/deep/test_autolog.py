"""What `mlflow.sklearn.autolog()` logs of a fit: scikit-learn comes with the whole of MLflow, so this runs with it."""

import json

import mlflow
import numpy as np


def test_a_fit_is_logged(client, experiment):
    from sklearn.linear_model import LogisticRegression

    mlflow.set_experiment(experiment_id=experiment)
    mlflow.sklearn.autolog()
    try:
        inputs = np.arange(40, dtype=float).reshape(-1, 2)
        wanted = (inputs.sum(axis=1) > 40).astype(int)
        with mlflow.start_run() as active:
            model = LogisticRegression(C=0.5, max_iter=200).fit(inputs, wanted)
    finally:
        mlflow.sklearn.autolog(disable=True)
    run = client.get_run(active.info.run_id)
    assert run.info.status == "FINISHED"
    assert (run.data.params["C"], run.data.params["max_iter"]) == ("0.5", "200")
    assert run.data.metrics["training_accuracy_score"] == model.score(inputs, wanted)
    assert run.data.metrics.keys() >= {"training_f1_score", "training_log_loss", "training_roc_auc", "training_score"}
    assert run.data.tags["estimator_name"] == "LogisticRegression"
    (dataset,) = run.inputs.dataset_inputs
    assert json.loads(dataset.dataset.profile)["features_shape"] == [20, 2]
    # The model is an entity of its own, with the run's params and metrics, and artifacts that load.
    (output,) = run.outputs.model_outputs
    logged = client.get_logged_model(output.model_id)
    assert (logged.status, logged.source_run_id, logged.params["C"]) == ("READY", run.info.run_id, "0.5")
    assert {it.key for it in logged.metrics} == run.data.metrics.keys()
    files = {it.path for it in client.list_logged_model_artifacts(output.model_id)}
    assert {"MLmodel", "requirements.txt"} <= files
    assert {it.path for it in client.list_artifacts(run.info.run_id)} >= {"estimator.html", "training_confusion_matrix.png"}
    loaded = mlflow.sklearn.load_model(logged.model_uri)
    assert (loaded.predict(inputs) == model.predict(inputs)).all()
