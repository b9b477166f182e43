"""Stand-in for SageMaker's XGBoost algorithm: the same hyperparameters, channels, log lines and model file, with the
XGBoost library from PyPI. Its metrics are the library's own.

Model: `xgboost-model` in XGBoost's own format (UBJSON), which `Booster.load_model` of XGBoost 1.6 and later reads.
Checkpoints: `xgboost-checkpoint.<round>`; a job that starts again goes on after the last one.
"""

import os
import re
import sys

import numpy
import stand_in
import stand_in_data
import xgboost
from stand_in import CHECKPOINTS, MODEL, AutoOr, Choice, ClientError, Flag, Integer, Number, Text, info, say

KINDS = {
    "num_round": Integer(1), "early_stopping_rounds": Integer(1), "csv_weights": Integer(0, 1),
    "save_model_on_termination": Choice("true", "false"), "booster": Choice("gbtree", "gblinear", "dart"),
    "verbosity": Integer(0, 3), "silent": Integer(0, 1), "nthread": Integer(1), "seed": Integer(), "num_class": Integer(2),
    "objective": Text(), "eval_metric": Text(), "base_score": Number(), "scale_pos_weight": Number(),
    "eta": Number(0, 1), "gamma": Number(0), "max_depth": Integer(0), "min_child_weight": Number(0),
    "max_delta_step": Number(0), "subsample": Number(0, 1, open_low=True), "sampling_method": Choice("uniform"),
    "colsample_bytree": Number(0, 1, open_low=True), "colsample_bylevel": Number(0, 1, open_low=True),
    "colsample_bynode": Number(0, 1, open_low=True), "lambda": Number(0), "alpha": Number(0), "lambda_bias": Number(0),
    "tree_method": Choice("auto", "exact", "approx", "hist"), "sketch_eps": Number(0, 1), "updater": Text(),
    "refresh_leaf": Integer(0, 1), "process_type": Choice("default", "update"),
    "grow_policy": Choice("depthwise", "lossguide"), "max_leaves": Integer(0), "max_bin": Integer(2),
    "num_parallel_tree": Integer(1), "monotone_constraints": Text(), "interaction_constraints": Text(),
    "sample_type": Choice("uniform", "weighted"), "normalize_type": Choice("tree", "forest"), "rate_drop": Number(0, 1),
    "one_drop": Integer(0, 1), "skip_drop": Number(0, 1), "feature_selector": Text(), "top_k": Integer(0),
    "tweedie_variance_power": Number(1, 2), "huber_slope": Number(), "max_cat_to_onehot": Integer(1),
    "dsplit": Choice("row", "col"), "prob_buffer_row": Number(0, 1), "single_precision_histogram": Flag(),
    "deterministic_histogram": Flag(), "aft_loss_distribution": Text(), "aft_loss_distribution_scale": Number(0),
    "use_dask_gpu_training": Choice("true", "false"), "predictor": Text(), "num_feature": AutoOr(Integer(0)),
}
# For SageMaker's container, or gone from the library.
NOT_THE_LIBRARYS = {
    "num_round", "early_stopping_rounds", "csv_weights", "save_model_on_termination", "eval_metric", "silent", "sketch_eps",
    "dsplit", "prob_buffer_row", "single_precision_histogram", "deterministic_histogram", "use_dask_gpu_training",
    "predictor", "num_feature",
}
# Metrics that SageMaker's container adds to the library's.
def labels_of(predictions, matrix):
    if predictions.ndim > 1:
        return predictions.argmax(axis=1)
    return (predictions > 0.5).astype(int) if set(numpy.unique(matrix.get_label())) <= {0.0, 1.0} else predictions.round()


def f1_scores(found, truth):
    scores = []
    for label in numpy.unique(truth):
        hits = ((found == label) & (truth == label)).sum()
        total = (found == label).sum() + (truth == label).sum()
        scores.append(2 * hits / total if total else 0.0)
    return scores


def accuracy(found, truth):
    return (found == truth).mean()


def balanced_accuracy(found, truth):
    return numpy.mean([(found[truth == label] == label).mean() for label in numpy.unique(truth)])


def f1_weighted(found, truth):
    counts = numpy.unique(truth, return_counts=True)[1]
    return numpy.average(f1_scores(found, truth), weights=counts)


CLASSIFIERS = {
    "accuracy": accuracy, "balanced_accuracy": balanced_accuracy, "f1": f1_weighted,
    "f1_binary": lambda found, truth: f1_scores(found, truth)[-1],
    "f1_macro": lambda found, truth: numpy.mean(f1_scores(found, truth)),
}
REGRESSORS = {
    "mse": lambda found, truth: ((found - truth) ** 2).mean(),
    "r2": lambda found, truth: 1 - ((found - truth) ** 2).sum() / ((truth - truth.mean()) ** 2).sum(),
}
# The smaller the better, unless the metric is one of these.
GROWING = ("auc", "aucpr", "map", "ndcg", "accuracy", "balanced_accuracy", "f1", "f1_binary", "f1_macro", "r2")


def added_metrics(names):
    def compute(predictions, matrix):
        truth = matrix.get_label()
        found = []
        for name in names:
            if name in CLASSIFIERS:
                found.append((name, float(CLASSIFIERS[name](labels_of(predictions, matrix), truth))))
            else:
                found.append((name, float(REGRESSORS[name](predictions, truth))))
        return found

    return compute


def matrix(channel, weights):
    accepted = stand_in_data.CSV + stand_in_data.LIBSVM + stand_in_data.RECORDS
    features, labels, weight = stand_in_data.read(channel, "text/libsvm", accepted, weights=weights)
    if labels is None:
        raise ClientError(f"The {channel} channel has no labels.")
    return xgboost.DMatrix(features, label=labels, weight=weight)


def last_checkpoint():
    found = []
    for name in os.listdir(CHECKPOINTS) if os.path.isdir(CHECKPOINTS) else []:
        match = re.fullmatch(r"xgboost-checkpoint\.(\d+)", name)
        if match:
            found.append((int(match[1]), os.path.join(CHECKPOINTS, name)))
    return max(found, default=None)


class Rounds(xgboost.callback.TrainingCallback):
    """One log line a round, as SageMaker's container writes it, and a checkpoint."""

    def __init__(self, first):
        self.first = first

    def after_iteration(self, model, epoch, evals_log):
        number = self.first + epoch
        values = [
            f"{name}-{metric}:{history[-1]:.5f}"
            for name, metrics in evals_log.items()
            for metric, history in metrics.items()
        ]
        say("#011".join([f"[{number}]", *values]))
        if os.path.isdir(CHECKPOINTS):
            path = os.path.join(CHECKPOINTS, f"xgboost-checkpoint.{number}")
            with open(path + ".part", "wb") as file:
                file.write(model.save_raw())
            os.replace(path + ".part", path)
            old = os.path.join(CHECKPOINTS, f"xgboost-checkpoint.{number - 5}")
            if os.path.exists(old):
                os.remove(old)
        return stand_in.STOP


def train():
    values = stand_in.hyperparameters(KINDS, ["num_round"])
    objective = values.get("objective", "reg:squarederror")
    if objective == "reg:linear":
        values["objective"] = objective = "reg:squarederror"
    if objective.startswith("multi:") and "num_class" not in values:
        raise ClientError(f"Require input for parameter 'num_class' for multi-classification {objective}")
    if not stand_in_data.channel_exists("train"):
        raise ClientError("Missing required channel: train")
    weights = values.get("csv_weights") == 1
    sets = [(matrix("train", weights), "train")]
    info(f"Determined delimiter of CSV input is ','; train matrix has {sets[0][0].num_row()} rows and "
         f"{sets[0][0].num_col()} columns")
    if stand_in_data.channel_exists("validation"):
        sets.append((matrix("validation", weights), "validation"))
        info(f"Validation matrix has {sets[1][0].num_row()} rows")
    parameters = {name: value for name, value in values.items() if name not in NOT_THE_LIBRARYS}
    metrics = [name.strip() for name in values.get("eval_metric", "").split(",") if name.strip()]
    added = [name for name in metrics if name in CLASSIFIERS or name in REGRESSORS]
    own = [name for name in metrics if name not in added]
    if own:
        parameters["eval_metric"] = own
    elif added:
        parameters["disable_default_eval_metric"] = 1
    rounds, first, begin = values["num_round"], 0, None
    checkpoint = last_checkpoint()
    if checkpoint:
        with open(checkpoint[1], "rb") as file:
            first, begin = checkpoint[0] + 1, xgboost.Booster(model_file=bytearray(file.read()))
        info(f"Resuming from the checkpoint of round {checkpoint[0]}")
    callbacks = [Rounds(first)]
    patience = values.get("early_stopping_rounds")
    if patience:
        if len(sets) < 2:
            raise ClientError("early_stopping_rounds needs a validation channel")
        last = (metrics or [None])[-1]
        grows = last is not None and last.split("@")[0] in GROWING
        stop = xgboost.callback.EarlyStopping(
            patience, metric_name=last, data_name="validation", maximize=grows, save_best=True
        )
        callbacks.append(stop)
    try:
        booster = xgboost.train(
            parameters, sets[0][0], num_boost_round=max(rounds - first, 0), evals=sets, xgb_model=begin,
            custom_metric=added_metrics(added) if added else None, callbacks=callbacks, verbose_eval=False,
        )
    except (xgboost.core.XGBoostError, ValueError) as error:
        raise ClientError("XGBoost refused this: " + reason(str(error))) from None
    if stand_in.STOP and values.get("save_model_on_termination") != "true":
        info("Stopped; save_model_on_termination is not true, so there is no model")
        sys.exit(1)
    with open(os.path.join(MODEL, "xgboost-model"), "wb") as file:
        file.write(booster.save_raw())
    info("Saved the model as xgboost-model")


def reason(text):
    """The library's sentence, without the place in its C++ source and the stack."""
    first = text.split("Stack trace")[0].strip()
    return re.sub(r"^\[[^\]]*\] \S+:\d+: ", "", first)


if __name__ == "__main__":
    stand_in.run(train)
