"""Stand-in for SageMaker's Linear Learner: linear models by Adam or SGD in numpy, in the algorithm's own terms.

Unlike AWS's, it trains one model, not 32 in parallel, on one host. Features are centred and scaled while it trains, and
the weights are given for the features as they came.
Model: `model_algo-1`, a zip as AWS's is, but with one JSON file `linear.json` in it:
{"predictor_type", "loss", "weights": [[per class], per feature], "bias": [per class], "threshold"}.
"""

import json
import math
import os
import time
import zipfile

import numpy
import scipy.sparse
import stand_in
import stand_in_data
from linear_metrics import Loss, binary_scores, regression_losses, sigmoid, softmax
from stand_in import MODEL, AutoOr, Choice, ClientError, Flag, Integer, Number, info, quality, say

REGRESSOR_LOSSES = (
    "auto", "squared_loss", "absolute_loss", "huber_loss", "quantile_loss", "eps_insensitive_squared_loss",
    "eps_insensitive_absolute_loss",
)
BINARY_CRITERIA = (
    "accuracy", "f_beta", "f1", "precision_at_target_recall", "recall_at_target_precision", "loss_function",
    "cross_entropy_loss",
)
KINDS = {
    "predictor_type": Choice("regressor", "binary_classifier", "multiclass_classifier"), "feature_dim": AutoOr(Integer(1)),
    "num_classes": AutoOr(Integer(3, 1_000_000)), "epochs": Integer(1), "mini_batch_size": Integer(1),
    "loss": Choice("logistic", "hinge_loss", "softmax_loss", *REGRESSOR_LOSSES), "wd": AutoOr(Number(0)),
    "l1": AutoOr(Number(0)), "learning_rate": AutoOr(Number(0, open_low=True)), "optimizer": Choice("auto", "sgd", "adam", "rmsprop"),
    "momentum": AutoOr(Number(0, 1)), "beta_1": AutoOr(Number(0, 1)), "beta_2": AutoOr(Number(0, 1)),
    "use_bias": Flag(), "normalize_data": AutoOr(Flag()), "normalize_label": AutoOr(Flag()), "unbias_data": AutoOr(Flag()),
    "unbias_label": AutoOr(Flag()), "num_models": AutoOr(Integer(1)), "num_calibration_samples": Integer(1),
    "num_point_for_scaler": Integer(1), "init_method": Choice("uniform", "normal"), "init_scale": Number(0),
    "init_sigma": Number(0), "init_bias": Number(), "use_lr_scheduler": Flag(), "bias_lr_mult": AutoOr(Number(0)),
    "bias_wd_mult": AutoOr(Number(0)), "early_stopping_patience": Integer(1), "early_stopping_tolerance": Number(0),
    "balance_multiclass_weights": Flag(), "target_recall": Number(0, 1),
    "target_precision": Number(0, 1), "binary_classifier_model_selection_criteria": Choice(*BINARY_CRITERIA),
    "f_beta": Number(0, open_low=True), "huber_delta": Number(0), "quantile": Number(0, 1),
    "loss_insensitivity": Number(0), "accuracy_top_k": Integer(1),
    "lr_scheduler_step": AutoOr(Integer(1)), "lr_scheduler_factor": AutoOr(Number(0, 1)),
    "lr_scheduler_minimum_lr": AutoOr(Number(0)),
}


class PositiveWeight:
    """`balanced`, `auto`, or a number."""

    def parse(self, text):
        return text if text in ("balanced", "auto") else float(text)

    def accepts(self, value):
        return isinstance(value, str) or value > 0

    def __str__(self):
        return "balanced, auto or a positive number"


KINDS["positive_example_weight_mult"] = PositiveWeight()
ACCEPTED = stand_in_data.RECORDS + stand_in_data.CSV


def load(channel):
    features, labels, _ = stand_in_data.read(channel, stand_in_data.RECORDS[0], ACCEPTED)
    if labels is None:
        raise ClientError(f"The {channel} channel has no labels.")
    if scipy.sparse.issparse(features):
        features = features.toarray()
    if not numpy.isfinite(features).all() or not numpy.isfinite(labels).all():
        raise ClientError(f"The {channel} channel has values that are missing or not finite.")
    return features, labels


class Model:
    """Weights for scaled features; `margins` are in the scale of the labels."""

    def __init__(self, values, features, labels, classes):
        self.values, self.kind, self.classes = values, values["predictor_type"], classes
        is_regressor = self.kind == "regressor"
        centre = values.get("unbias_data") is not False
        self.mean = features.mean(axis=0) if centre else numpy.zeros(features.shape[1])
        scale = features.std(axis=0)
        self.scale = numpy.where(scale > 0, scale, 1) if values.get("normalize_data") is not False else numpy.ones_like(scale)
        self.label_mean = labels.mean() if is_regressor and values.get("unbias_label") is not False else 0.0
        deviation = labels.std() if is_regressor and values.get("normalize_label") is not False else 1.0
        self.label_scale = deviation if deviation > 0 else 1.0
        random = numpy.random.default_rng(0)
        size, spread = (features.shape[1], classes), values.get("init_scale", 0.07)
        if values.get("init_method") == "normal":
            self.weights = random.normal(0, values.get("init_sigma", 0.01), size)
        else:
            self.weights = random.uniform(-spread, spread, size)
        self.bias = numpy.full(classes, values.get("init_bias", 0.0))
        self.threshold = 0.5

    def scaled(self, features):
        return (features - self.mean) / self.scale

    def margins(self, features):
        return (self.scaled(features) @ self.weights + self.bias) * self.label_scale + self.label_mean

    def original(self):
        """Weights and bias for features as they came."""
        weights = self.weights / self.scale[:, None] * self.label_scale
        return weights, self.bias * self.label_scale + self.label_mean - self.mean @ weights

    def scores(self, features, loss):
        margins = self.margins(features)
        if self.kind == "regressor":
            return margins[:, 0]
        if self.kind == "multiclass_classifier":
            return softmax(margins)
        return margins[:, 0] if loss.name == "hinge_loss" else sigmoid(margins[:, 0])


def row_weights(values, labels, classes):
    weights = numpy.ones(len(labels))
    if values["predictor_type"] == "binary_classifier":
        mult = values.get("positive_example_weight_mult", 1.0)
        if mult in ("balanced", "auto"):
            mult = (labels == 0).sum() / max((labels == 1).sum(), 1)
        weights[labels == 1] = mult
    elif values.get("balance_multiclass_weights"):
        counts = numpy.bincount(labels.astype(int), minlength=classes)
        weights = (len(labels) / (classes * numpy.maximum(counts, 1)))[labels.astype(int)]
    return weights


def fit(values, model, loss, train, weights, report):
    """Adam, or SGD with momentum, over shuffled mini-batches; the learning rate falls as it goes on."""
    features, labels = model.scaled(train[0]), (train[1] - model.label_mean) / model.label_scale
    random = numpy.random.default_rng(1)
    batch = min(values.get("mini_batch_size", 1000), len(labels))
    epochs, is_sgd = values.get("epochs", 15), values.get("optimizer") == "sgd"
    rate = values.get("learning_rate") or (0.05 if is_sgd else 0.1)
    decay, l1 = values.get("wd") or 0.0, values.get("l1") or 0.0
    beta_1 = values.get("momentum") if is_sgd else values.get("beta_1")
    beta_1, beta_2 = 0.9 if beta_1 is None else beta_1, values.get("beta_2") or 0.999
    moments = [[numpy.zeros_like(part), numpy.zeros_like(part)] for part in (model.weights, model.bias)]
    steps, total = 0, epochs * math.ceil(len(labels) / batch)
    for epoch in range(epochs):
        order = random.permutation(len(labels))
        for begin in range(0, len(labels), batch):
            rows = order[begin : begin + batch]
            slope = loss.slope(features[rows] @ model.weights + model.bias, labels[rows]) * weights[rows, None] / len(rows)
            gradients = [features[rows].T @ slope + decay * model.weights + l1 * numpy.sign(model.weights), slope.sum(axis=0)]
            steps += 1
            now = rate * (0.5 + 0.5 * math.cos(math.pi * steps / (total + 1))) if values.get("use_lr_scheduler", True) else rate
            for part, gradient, moment in zip((model.weights, model.bias), gradients, moments):
                if part is model.bias and not values.get("use_bias", True):
                    continue
                moment[0] = beta_1 * moment[0] + (1 - beta_1) * gradient
                moment[1] = beta_2 * moment[1] + (1 - beta_2) * gradient**2
                if is_sgd:
                    part -= now * moment[0]
                else:
                    part -= now * (moment[0] / (1 - beta_1**steps)) / (numpy.sqrt(moment[1] / (1 - beta_2**steps)) + 1e-8)
        if report(epoch, epochs) or stand_in.STOP:
            return


def prepare(values):
    kind = values["predictor_type"]
    train = load("train")
    others = {name: load(name) for name in ("validation", "test") if stand_in_data.channel_exists(name)}
    width = values.get("feature_dim") or train[0].shape[1]
    for name, (features, labels) in {"train": train, **others}.items():
        if features.shape[1] != width:
            raise ClientError(f"The {name} channel has {features.shape[1]} features, and feature_dim is {width}.")
        if kind == "binary_classifier" and not set(numpy.unique(labels)) <= {0.0, 1.0}:
            raise ClientError(f"The labels of the {name} channel must be 0 or 1 for a binary_classifier.")
    classes = 1
    if kind == "multiclass_classifier":
        classes = values.get("num_classes")
        if not classes:
            raise ClientError("Missing required hyperparameter: num_classes")
        for name, (_, labels) in {"train": train, **others}.items():
            if labels.min() < 0 or labels.max() >= classes or (labels != labels.round()).any():
                raise ClientError(f"The labels of the {name} channel must be whole numbers from 0 to {classes - 1}.")
    return train, others, classes


def choose_loss(values):
    kind, name = values["predictor_type"], values.get("loss", "auto")
    default = {"regressor": "squared_loss", "binary_classifier": "logistic", "multiclass_classifier": "softmax_loss"}[kind]
    allowed = {
        "regressor": REGRESSOR_LOSSES, "binary_classifier": ("auto", "logistic", "hinge_loss"),
        "multiclass_classifier": ("auto", "softmax_loss"),
    }[kind]
    if name not in allowed:
        raise ClientError(f"Hyperparameter loss: value {name} not in range [{', '.join(allowed)}] of a {kind}")
    defaults = {"huber_delta": 1.0, "quantile": 0.5, "loss_insensitivity": 0.01}
    return Loss(default if name == "auto" else name, {key: values.get(key, value) for key, value in defaults.items()})


def objective_name(values, loss):
    words = {"logistic": "cross_entropy", "softmax_loss": "cross_entropy"}
    kind = {"regressor": "", "binary_classifier": "binary_classification_", "multiclass_classifier": "multiclass_"}
    return kind[values["predictor_type"]] + words.get(loss.name, loss.name) + "_objective"


def tune_threshold(values, model, loss, data):
    """The threshold that the selection criterion wants."""
    criterion = values.get("binary_classifier_model_selection_criteria", "accuracy")
    scores, labels = model.scores(data[0], loss), data[1]
    model.threshold = 0.0 if loss.name == "hinge_loss" else 0.5
    if criterion in ("loss_function", "cross_entropy_loss"):
        return
    candidates = numpy.unique(numpy.quantile(scores, numpy.linspace(0, 1, 201)))
    beta, best = values.get("f_beta", 1.0), (-1.0, model.threshold)
    for threshold in [model.threshold, *candidates]:
        found = binary_scores(scores, labels, threshold, 1.0 if criterion == "f1" else beta)
        if criterion == "accuracy":
            score = found["binary_classification_accuracy"]
        elif criterion == "precision_at_target_recall":
            score = found["precision"] if found["recall"] >= values.get("target_recall", 0.8) else -1
        elif criterion == "recall_at_target_precision":
            score = found["recall"] if found["precision"] >= values.get("target_precision", 0.8) else -1
        else:
            score = next(value for name, value in found.items() if name.startswith("binary_f_"))
        best = max(best, (score, threshold), key=lambda pair: pair[0])
    model.threshold = float(best[1])


def report_scores(name, values, model, loss, data):
    scores, labels = model.scores(data[0], loss), data[1]
    if model.kind == "regressor":
        for metric, value in regression_losses(scores, labels).items():
            quality(f"{name} {metric} <loss>={value:.12g}")
        if labels.std() > 0:
            quality(f"{name} r2 <score>={1 - ((scores - labels) ** 2).mean() / labels.var():.12g}")
    elif model.kind == "multiclass_classifier":
        quality(f"{name} multiclass_accuracy <score>={(scores.argmax(axis=1) == labels).mean():.12g}")
    else:
        for metric, value in binary_scores(scores, labels, model.threshold, values.get("f_beta", 1.0)).items():
            quality(f"{name} {metric} <score>={value:.12g}")


def train():
    values = stand_in.hyperparameters(KINDS, ["predictor_type"])
    if not stand_in_data.channel_exists("train"):
        raise ClientError("Missing required channel: train")
    loss = choose_loss(values)
    data, others, classes = prepare(values)
    model = Model(values, *data, classes)
    weights = row_weights(values, data[1], classes)
    objective = objective_name(values, loss)
    info(f"Training on {data[0].shape[0]} records of {data[0].shape[1]} features with {loss.name}")
    began, last = time.monotonic(), {"best": math.inf, "since": 0}
    patience, tolerance = values.get("early_stopping_patience", 3), values.get("early_stopping_tolerance", 0.001)

    def report(epoch, epochs):
        value = loss.value(model.margins(data[0]), data[1], weights)
        quality(f"epoch={epoch}, train {objective} <loss>={value:.12g}")
        if "validation" in others:
            value = loss.value(model.margins(others["validation"][0]), others["validation"][1], None)
            quality(f"epoch={epoch}, validation {objective} <loss>={value:.12g}")
        say(f"#early_stopping_criteria_metric: host={stand_in.HOST}, epoch={epoch}, criteria={objective}, value={value:.12g}")
        stand_in.progress(100 * (epoch + 1) / epochs)
        is_better = value < last["best"] - tolerance * abs(last["best"]) if math.isfinite(last["best"]) else True
        last["best"], last["since"] = min(value, last["best"]), 0 if is_better else last["since"] + 1
        return last["since"] >= patience

    fit(values, model, loss, data, weights, report)
    stand_in.throughput(len(data[1]), time.monotonic() - began)
    if model.kind == "binary_classifier":
        tune_threshold(values, model, loss, others.get("validation", data))
    quality(f"train {objective} <loss>={loss.value(model.margins(data[0]), data[1], weights):.12g}")
    for name, other in others.items():
        quality(f"{name} {objective} <loss>={loss.value(model.margins(other[0]), other[1], None):.12g}")
        report_scores(name, values, model, loss, other)
    save(model, loss)


def save(model, loss):
    matrix, bias = model.original()
    content = {
        "predictor_type": model.kind, "loss": loss.name, "weights": matrix.tolist(), "bias": bias.tolist(),
        "threshold": model.threshold if model.kind == "binary_classifier" else None,
    }
    with zipfile.ZipFile(os.path.join(MODEL, "model_algo-1"), "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("linear.json", json.dumps(content))
    info("Saved the model as model_algo-1")


if __name__ == "__main__":
    stand_in.run(train)
