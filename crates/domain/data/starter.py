# A training script: hyperparameters come as --name value, data in /opt/ml/input/data/<channel>,
# and what is written to SM_MODEL_DIR is the model.
import argparse
import os

parser = argparse.ArgumentParser()
parser.add_argument("--epochs", type=int, default=10)
args, _ = parser.parse_known_args()

for epoch in range(1, args.epochs + 1):
    print(f"epoch={epoch} loss={1 / epoch:.4f}", flush=True)

with open(os.path.join(os.environ["SM_MODEL_DIR"], "model.txt"), "w") as model:
    model.write("trained\n")
