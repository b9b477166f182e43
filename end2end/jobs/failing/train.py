"""A training that diverges: the learning rate is far too high, and the script says so with a traceback.

Predicts the petal width of iris flowers from the other measurements by gradient descent, in plain Python. With a
learning rate of 0.01 it would learn.
"""

import argparse
import csv
import os
import time


class DivergedError(ArithmeticError):
    """The loss grows without bound."""


def read_data(path):
    with open(path, newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))[1:]
    return [([float(value) for value in row[:3]] + [1.0], float(row[3])) for row in rows]


def train_epoch(weights, data, rate):
    """One step of gradient descent over all data; the loss before it."""
    loss, gradient = 0.0, [0.0] * len(weights)
    for features, wanted in data:
        error = sum(w * x for w, x in zip(weights, features)) - wanted
        loss += error * error / len(data)
        for i, value in enumerate(features):
            gradient[i] += 2.0 * error * value / len(data)
    for i, slope in enumerate(gradient):
        weights[i] -= rate * slope
    return loss


def check(loss, epoch, rate):
    if loss > 1e9:
        raise DivergedError(f"the loss is {loss:.3g} after epoch {epoch}: a learning rate of {rate} is too high")


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--learning-rate", type=float, default=0.05)
    parser.add_argument("--epoch-seconds", type=float, default=0.5, help="a pause after each epoch")
    parser.add_argument("--data", default=os.environ.get("SM_CHANNEL_TRAINING", here))
    args = parser.parse_args()

    data = read_data(os.path.join(args.data, "iris.csv"))
    weights = [0.0] * len(data[0][0])
    for epoch in range(1, args.epochs + 1):
        loss = train_epoch(weights, data, args.learning_rate)
        print(f"epoch={epoch} train:loss={loss:.6g}", flush=True)
        check(loss, epoch, args.learning_rate)
        time.sleep(args.epoch_seconds)


if __name__ == "__main__":
    main()
