"""Trains gradient boosting on the wine data with scikit-learn, a few trees at a time, and reports after each round.

Runs the same on Trainyard's local engine and in SageMaker's scikit-learn image. A round is saved as a checkpoint, from
which an interrupted job resumes.
"""

import argparse
import csv
import json
import os
import signal
import sys
import time

import joblib
import sklearn
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.metrics import accuracy_score, log_loss
from sklearn.model_selection import train_test_split

STOP = False


def on_sigterm(_signal, _frame):
    """SageMaker asks a job to stop: finish the round, keep the model, end in order."""
    global STOP
    STOP = True


def read_data(path):
    with open(path, newline="", encoding="utf-8") as file:
        header, *rows = csv.reader(file)
    return header[:-1], [[float(cell) for cell in row[:-1]] for row in rows], [int(row[-1]) for row in rows]


def parse_arguments():
    here = os.path.dirname(os.path.abspath(__file__))
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--trees-per-round", type=int, default=2)
    parser.add_argument("--learning-rate", type=float, default=0.05)
    parser.add_argument("--max-depth", type=int, default=2)
    parser.add_argument("--subsample", type=float, default=0.7)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--round-seconds", type=float, default=0.3, help="a pause after each round")
    parser.add_argument("--data", default=os.environ.get("SM_CHANNEL_TRAINING", here))
    parser.add_argument("--model-dir", default=os.environ.get("SM_MODEL_DIR", "model"))
    parser.add_argument("--output-data-dir", default=os.environ.get("SM_OUTPUT_DATA_DIR", "output"))
    base = os.path.dirname(os.environ.get("SM_MODEL_DIR", os.path.join(os.getcwd(), "model")))
    parser.add_argument("--checkpoint-dir", default=os.path.join(base, "checkpoints"))
    return parser.parse_args()


def save(path, value):
    """Whole or not at all: a checkpoint may be copied at any moment."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    joblib.dump(value, path + ".new")
    os.replace(path + ".new", path)


def main():
    signal.signal(signal.SIGTERM, on_sigterm)
    args = parse_arguments()
    names, features, labels = read_data(os.path.join(args.data, "wine.csv"))
    train_x, check_x, train_y, check_y = train_test_split(
        features, labels, test_size=0.25, stratify=labels, random_state=args.seed
    )
    print(f"scikit-learn {sklearn.__version__}: {len(train_x)} wines to learn from, {len(check_x)} to check with", flush=True)

    checkpoint = os.path.join(args.checkpoint_dir, "checkpoint.joblib")
    first = 1
    model = GradientBoostingClassifier(
        learning_rate=args.learning_rate,
        max_depth=args.max_depth,
        subsample=args.subsample,
        n_estimators=args.trees_per_round,
        warm_start=True,
        random_state=args.seed,
    )
    if os.path.exists(checkpoint):
        done, model = joblib.load(checkpoint)
        first = done + 1
        print(f"resumed from the checkpoint of round {done}", flush=True)

    for number in range(first, args.rounds + 1):
        # warm_start: fit() adds the trees that are missing.
        model.set_params(n_estimators=number * args.trees_per_round)
        model.fit(train_x, train_y)
        loss = log_loss(train_y, model.predict_proba(train_x))
        check_loss = log_loss(check_y, model.predict_proba(check_x))
        accuracy = accuracy_score(check_y, model.predict(check_x))
        print(
            f"round={number} train:loss={loss:.6f} validation:loss={check_loss:.6f} validation:accuracy={accuracy:.6f}",
            flush=True,
        )
        save(checkpoint, (number, model))
        if STOP:
            print(f"asked to stop after round {number}", flush=True)
            break
        if number < args.rounds:
            time.sleep(args.round_seconds)

    save(os.path.join(args.model_dir, "model.joblib"), model)
    os.makedirs(args.output_data_dir, exist_ok=True)
    importances = dict(zip(names, (round(float(value), 6) for value in model.feature_importances_)))
    with open(os.path.join(args.output_data_dir, "feature_importances.json"), "w", encoding="utf-8") as file:
        json.dump(importances, file, indent=2)
    print("model saved", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
