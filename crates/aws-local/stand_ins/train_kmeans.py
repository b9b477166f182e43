"""Stand-in for SageMaker's K-Means: mini-batches over k * extra_center_factor centres, then Lloyd's algorithm over these
centres, weighted by their records, down to k, as AWS describes its own.

Model: `model_algo-1`, a zip as AWS's is, but with one JSON file `kmeans.json` in it: {"centers": [[per feature], per centre]}.
"""

import json
import os
import time
import zipfile

import numpy
import scipy.sparse
import stand_in
import stand_in_data
from stand_in import MODEL, AutoOr, Choice, ClientError, Integer, Number, info, quality

KINDS = {
    "k": Integer(1), "feature_dim": Integer(1), "mini_batch_size": Integer(1), "epochs": Integer(1),
    "extra_center_factor": AutoOr(Integer(1)), "half_life_time_size": Integer(0), "init_method": Choice("random", "kmeans++"),
    "local_lloyd_init_method": Choice("random", "kmeans++"), "local_lloyd_max_iter": Integer(1),
    "local_lloyd_num_trials": AutoOr(Integer(1)), "local_lloyd_tol": Number(0, 1), 
    "force_dense": Choice("true", "false"),
}


class Metrics:
    """A JSON list out of msd and ssd."""

    def parse(self, text):
        names = json.loads(text)
        if not isinstance(names, list):
            raise ValueError(text)
        return names

    def accepts(self, names):
        return bool(names) and set(names) <= {"msd", "ssd"}

    def __str__(self):
        return '["msd", "ssd"]'


KINDS["eval_metrics"] = Metrics()
ACCEPTED = stand_in_data.RECORDS + stand_in_data.CSV
ROWS_AT_ONCE = 8192


def load(channel, width):
    features, _, _ = stand_in_data.read(channel, stand_in_data.RECORDS[0], ACCEPTED, label_size=0)
    if scipy.sparse.issparse(features):
        features = features.toarray()
    if features.shape[1] != width:
        raise ClientError(f"The {channel} channel has {features.shape[1]} features, and feature_dim is {width}.")
    if not numpy.isfinite(features).all():
        raise ClientError(f"The {channel} channel has values that are missing or not finite.")
    return features


def nearest(rows, centers):
    """For each row the number of its centre, and the squared distance to it."""
    numbers, distances = numpy.empty(len(rows), dtype=int), numpy.empty(len(rows))
    squares = (centers**2).sum(axis=1)
    for begin in range(0, len(rows), ROWS_AT_ONCE):
        part = rows[begin : begin + ROWS_AT_ONCE]
        table = (part**2).sum(axis=1)[:, None] - 2 * part @ centers.T + squares
        numbers[begin : begin + len(part)] = table.argmin(axis=1)
        distances[begin : begin + len(part)] = table.min(axis=1)
    return numbers, numpy.maximum(distances, 0)


def begin_with(rows, weights, count, method, random):
    count = min(count, len(rows))
    if method == "random":
        return rows[random.choice(len(rows), count, replace=False)].astype(float)
    centers = rows[[random.choice(len(rows), p=weights / weights.sum())]].astype(float)
    distances = nearest(rows, centers)[1]
    while len(centers) < count:
        chances = distances * weights
        if chances.sum() <= 0:
            break
        centers = numpy.vstack([centers, rows[random.choice(len(rows), p=chances / chances.sum())]])
        distances = numpy.minimum(distances, nearest(rows, centers[-1:])[1])
    return centers


def lloyd(rows, weights, count, values, random):
    """The best of several trials over weighted points."""
    best = None
    for _ in range(values.get("local_lloyd_num_trials") or 10):
        centers = begin_with(rows, weights, count, values.get("local_lloyd_init_method", "kmeans++"), random)
        before = numpy.inf
        for _ in range(values.get("local_lloyd_max_iter", 300)):
            numbers, distances = nearest(rows, centers)
            cost = float((distances * weights).sum())
            for number in range(len(centers)):
                mine = numbers == number
                if weights[mine].sum() > 0:
                    centers[number] = numpy.average(rows[mine], axis=0, weights=weights[mine])
            if before - cost <= values.get("local_lloyd_tol", 0.0001) * cost:
                break
            before = cost
        cost = float((nearest(rows, centers)[1] * weights).sum())
        if best is None or cost < best[0]:
            best = (cost, centers)
    return best[1]


def train():
    values = stand_in.hyperparameters(KINDS, ["k", "feature_dim"])
    if not stand_in_data.channel_exists("train"):
        raise ClientError("Missing required channel: train")
    rows, k = load("train", values["feature_dim"]), values["k"]
    if len(rows) < k:
        raise ClientError(f"The train channel has {len(rows)} records, fewer than k = {k}.")
    info(f"Training on {len(rows)} records of {rows.shape[1]} features, k={k}")
    random = numpy.random.default_rng(0)
    batch, epochs = values.get("mini_batch_size", 5000), values.get("epochs", 1)
    factor = values.get("extra_center_factor") or 10
    first = rows[random.permutation(len(rows))[: max(batch, k * factor)]]
    centers = begin_with(first, numpy.ones(len(first)), k * factor, values.get("init_method", "random"), random)
    weights, began, seen = numpy.zeros(len(centers)), time.monotonic(), 0
    for epoch in range(epochs):
        order = random.permutation(len(rows))
        for begin in range(0, len(rows), batch):
            part = rows[order[begin : begin + batch]]
            numbers = nearest(part, centers)[0]
            counts = numpy.bincount(numbers, minlength=len(centers)).astype(float)
            if values.get("half_life_time_size"):
                weights *= 0.5 ** (len(part) / values["half_life_time_size"])
            sums = numpy.zeros_like(centers)
            numpy.add.at(sums, numbers, part)
            hit = counts > 0
            total = weights[hit] + counts[hit]
            centers[hit] = (centers[hit] * weights[hit, None] + sums[hit]) / total[:, None]
            weights += counts
            seen += len(part)
        stand_in.progress(100 * (epoch + 1) / epochs)
        if stand_in.STOP:
            break
    centers = lloyd(centers[weights > 0], weights[weights > 0], k, values, random)
    stand_in.throughput(seen, time.monotonic() - began)
    say_quality("train", rows, centers, ["msd"])
    if stand_in_data.channel_exists("test"):
        test = load("test", values["feature_dim"])
        say_quality("test", test, centers, values.get("eval_metrics", ["msd"]))
    with zipfile.ZipFile(os.path.join(MODEL, "model_algo-1"), "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("kmeans.json", json.dumps({"centers": centers.tolist()}))
    info("Saved the model as model_algo-1")


def say_quality(name, rows, centers, metrics):
    distances = nearest(rows, centers)[1]
    for metric in metrics:
        value = distances.mean() if metric == "msd" else distances.sum()
        quality(f"{name} {metric} <loss>={value:.12g}")


if __name__ == "__main__":
    stand_in.run(train)
