"""Trains a small neural network on the iris data with nothing but the standard library.

Runs the same on a bare python3, on Trainyard's local engine and in SageMaker's framework images: paths and
hyperparameters come by arguments and SM_* variables. The result depends on the hyperparameters alone, also when the
job was interrupted and resumed from its checkpoint.
"""

import argparse
import csv
import json
import math
import os
import random
import signal
import sys
import time

STOP = False


def on_sigterm(_signal, _frame):
    """SageMaker asks a job to stop: finish the epoch, keep what was learned, end in order."""
    global STOP
    STOP = True


def read_data(path, seed, validation_share):
    """Standardised (features, class) rows: training, validation; and the class names."""
    with open(path, newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))[1:]
    names = sorted({row[-1] for row in rows})
    features = [[float(value) for value in row[:-1]] for row in rows]
    columns = list(zip(*features))
    means = [sum(column) / len(column) for column in columns]
    deviations = [
        math.sqrt(sum((value - mean) ** 2 for value in column) / len(column)) for column, mean in zip(columns, means)
    ]
    data = [
        ([(value - mean) / deviation for value, mean, deviation in zip(row, means, deviations)], names.index(cells[-1]))
        for row, cells in zip(features, rows)
    ]
    random.Random(f"split {seed}").shuffle(data)
    held_out = round(len(data) * validation_share)
    return data[held_out:], data[:held_out], {"classes": names, "means": means, "deviations": deviations}


def new_weights(inputs, hidden, outputs, seed):
    """Two layers; the last weight of each unit is its bias."""
    rng = random.Random(f"weights {seed}")

    def layer(units, width):
        return [[rng.gauss(0.0, 1.0 / math.sqrt(width)) for _ in range(width)] + [0.0] for _ in range(units)]

    return [layer(hidden, inputs), layer(outputs, hidden)]


def forward(weights, features):
    hidden = [math.tanh(sum(w * x for w, x in zip(unit, features)) + unit[-1]) for unit in weights[0]]
    scores = [sum(w * x for w, x in zip(unit, hidden)) + unit[-1] for unit in weights[1]]
    top = max(scores)
    exponentials = [math.exp(score - top) for score in scores]
    total = sum(exponentials)
    return hidden, [value / total for value in exponentials]


def step(weights, features, label, rate):
    """One step of stochastic gradient descent on the cross entropy."""
    hidden, probabilities = forward(weights, features)
    output_errors = [p - (1.0 if c == label else 0.0) for c, p in enumerate(probabilities)]
    hidden_errors = [
        (1.0 - h * h) * sum(error * unit[j] for error, unit in zip(output_errors, weights[1]))
        for j, h in enumerate(hidden)
    ]
    for layer, errors, inputs in ((weights[1], output_errors, hidden), (weights[0], hidden_errors, features)):
        for unit, error in zip(layer, errors):
            for i, value in enumerate(inputs):
                unit[i] -= rate * error * value
            unit[-1] -= rate * error


def evaluate(weights, data):
    """Mean cross entropy and accuracy."""
    loss, right = 0.0, 0
    for features, label in data:
        _, probabilities = forward(weights, features)
        loss -= math.log(max(probabilities[label], 1e-12))
        right += max(range(len(probabilities)), key=probabilities.__getitem__) == label
    return loss / len(data), right / len(data)


def save(path, value):
    """Whole or not at all: a checkpoint may be copied at any moment."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path + ".new", "w", encoding="utf-8") as file:
        json.dump(value, file)
    os.replace(path + ".new", path)


def pause(seconds):
    """Time for a person to watch; a stop ends it."""
    until = time.monotonic() + seconds
    while not STOP and time.monotonic() < until:
        time.sleep(min(0.05, max(0.0, until - time.monotonic())))


def parse_arguments():
    here = os.path.dirname(os.path.abspath(__file__))
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=40)
    parser.add_argument("--learning-rate", type=float, default=0.02)
    parser.add_argument("--hidden-units", type=int, default=8)
    parser.add_argument("--validation-share", type=float, default=0.2)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--epoch-seconds", type=float, default=0.5, help="a pause after each epoch")
    parser.add_argument("--data", default=os.environ.get("SM_CHANNEL_TRAINING", here))
    parser.add_argument("--model-dir", default=os.environ.get("SM_MODEL_DIR", "model"))
    parser.add_argument("--output-data-dir", default=os.environ.get("SM_OUTPUT_DATA_DIR", "output"))
    base = os.path.dirname(os.environ.get("SM_MODEL_DIR", os.path.join(os.getcwd(), "model")))
    parser.add_argument("--checkpoint-dir", default=os.path.join(base, "checkpoints"))
    return parser.parse_args()


def main():
    signal.signal(signal.SIGTERM, on_sigterm)
    args = parse_arguments()
    train, validation, about = read_data(os.path.join(args.data, "iris.csv"), args.seed, args.validation_share)
    inputs, outputs = len(train[0][0]), len(about["classes"])
    checkpoint = os.path.join(args.checkpoint_dir, "checkpoint.json")
    weights, first, curve = new_weights(inputs, args.hidden_units, outputs, args.seed), 1, []
    if os.path.exists(checkpoint):
        with open(checkpoint, encoding="utf-8") as file:
            saved = json.load(file)
        weights, first, curve = saved["weights"], saved["epoch"] + 1, saved["curve"]
        print(f"resumed from the checkpoint of epoch {saved['epoch']}", flush=True)
    print(f"{len(train)} flowers to learn from, {len(validation)} to check with", flush=True)

    for epoch in range(first, args.epochs + 1):
        # The order depends on the epoch only, so that a resumed job goes on exactly as it would have.
        order = random.Random(f"epoch {args.seed} {epoch}").sample(train, len(train))
        for features, label in order:
            step(weights, features, label, args.learning_rate)
        loss, _ = evaluate(weights, train)
        validation_loss, accuracy = evaluate(weights, validation)
        curve.append({"epoch": epoch, "loss": loss, "validation_loss": validation_loss, "accuracy": accuracy})
        print(
            f"epoch={epoch} train:loss={loss:.6f} validation:loss={validation_loss:.6f} "
            f"validation:accuracy={accuracy:.6f}",
            flush=True,
        )
        save(checkpoint, {"epoch": epoch, "weights": weights, "curve": curve})
        if epoch < args.epochs:
            pause(args.epoch_seconds)
        if STOP:
            print(f"asked to stop after epoch {epoch}", flush=True)
            break

    save(os.path.join(args.model_dir, "model.json"), {**about, "weights": weights, "activation": "tanh"})
    save(os.path.join(args.output_data_dir, "metrics.json"), curve)
    print("model saved", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
