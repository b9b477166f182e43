"""What the stand-ins share: folders of the container contract, typed hyperparameters, failures, log lines.

Hyperparameters are text in the request. Each program declares its own with a type and a range; what is unknown, missing
or out of range ends the job with a ClientError in the wording of SageMaker's open algorithm toolkit.
"""

import json
import math
import os
import signal
import sys
import time


class ClientError(Exception):
    """Wrong hyperparameters or data: the user can mend it."""


def folder(variable, default):
    return os.environ.get(variable) or default


MODEL = folder("SM_MODEL_DIR", "/opt/ml/model")
OUTPUT = folder("SM_OUTPUT_DIR", "/opt/ml/output")
CONFIG = folder("SM_INPUT_CONFIG_DIR", "/opt/ml/input/config")
DATA = os.path.join(os.path.dirname(CONFIG), "data")
CHECKPOINTS = os.path.join(os.path.dirname(os.path.dirname(CONFIG)), "checkpoints")
HOST = os.environ.get("SM_CURRENT_HOST", "algo-1")


def read_json(name):
    try:
        with open(os.path.join(CONFIG, name), encoding="utf-8") as file:
            return json.load(file)
    except FileNotFoundError:
        return {}


class Integer:
    def __init__(self, low=None, high=None):
        self.low, self.high = low, high

    def parse(self, text):
        return int(text)

    def accepts(self, value):
        return (self.low is None or value >= self.low) and (self.high is None or value <= self.high)

    def __str__(self):
        return f"[{'-inf' if self.low is None else self.low}, {'+inf' if self.high is None else self.high}]"


class Number(Integer):
    """A real number; `open_low` leaves out the lower end."""

    def __init__(self, low=None, high=None, open_low=False):
        super().__init__(low, high)
        self.open_low = open_low

    def parse(self, text):
        value = float(text)
        if not math.isfinite(value):
            raise ValueError(text)
        return value

    def accepts(self, value):
        return super().accepts(value) and not (self.open_low and value == self.low)


class Choice:
    def __init__(self, *choices):
        self.choices = choices

    def parse(self, text):
        return text

    def accepts(self, value):
        return value in self.choices

    def __str__(self):
        return "[" + ", ".join(self.choices) + "]"


class Flag(Choice):
    def __init__(self):
        super().__init__(True, False)

    def parse(self, text):
        values = {"true": True, "1": True, "false": False, "0": False}
        if text.lower() not in values:
            raise ValueError(text)
        return values[text.lower()]

    def __str__(self):
        return "[true, false]"


class Text:
    def parse(self, text):
        return text

    def accepts(self, value):
        return True


class AutoOr:
    """`auto`, which is None here, or a value of another kind."""

    def __init__(self, kind):
        self.kind = kind

    def parse(self, text):
        return None if text == "auto" else self.kind.parse(text)

    def accepts(self, value):
        return value is None or self.kind.accepts(value)

    def __str__(self):
        return f"auto or {self.kind}"


def unquoted(text):
    """Version 2 of the SageMaker SDK sends strings as JSON."""
    if len(text) >= 2 and text.startswith('"') and text.endswith('"'):
        try:
            return str(json.loads(text))
        except ValueError:
            return text
    return text


def hyperparameters(kinds, required):
    """The job's hyperparameters, typed. `kinds`: name to kind."""
    values = {}
    for name, text in sorted(read_json("hyperparameters.json").items()):
        if name.startswith(("sagemaker_", "_tuning_", "_kfold", "_num_cv")):
            continue
        kind = kinds.get(name)
        if kind is None:
            raise ClientError(f"Extraneous hyperparameter found: {name}")
        text = unquoted(str(text)).strip()
        try:
            value = kind.parse(text)
        except ValueError:
            raise ClientError(f"Hyperparameter {name}: could not parse value {text!r}") from None
        if not kind.accepts(value):
            raise ClientError(f"Hyperparameter {name}: value {text} not in range {kind}")
        values[name] = value
    for name in required:
        if name not in values:
            raise ClientError(f"Missing required hyperparameter: {name}")
    return values


STOP = False


def on_sigterm(_signal, _frame):
    """A stop, or the end of spot capacity: finish the round."""
    global STOP
    STOP = True


def say(line):
    print(line, flush=True)


def info(line):
    stamp = time.strftime("%m/%d/%Y %H:%M:%S")
    say(f"[{stamp} INFO {os.getpid()}] {line}")


def quality(line):
    say(f"#quality_metric: host={HOST}, {line}")


def progress(percent):
    say(f"#progress_metric: host={HOST}, completed {percent:.6g} %")


def throughput(records, seconds):
    say(f"#throughput_metric: host={HOST}, train throughput={records / max(seconds, 1e-9):.6f} records/second")


def run(train):
    """Runs a program; only `algo-1` trains."""
    signal.signal(signal.SIGTERM, on_sigterm)
    if HOST != "algo-1":
        say(f"this stand-in trains on algo-1; {HOST} has nothing to do")
        return
    try:
        train()
    except ClientError as error:
        text = f"ClientError: {error}"
    except MemoryError:
        text = "ClientError: Out of memory. Please use a larger instance and/or reduce the values of other parameters."
    else:
        return
    with open(os.path.join(OUTPUT, "failure"), "w", encoding="utf-8") as file:
        file.write(text)
    print(text, file=sys.stderr, flush=True)
    sys.exit(1)
