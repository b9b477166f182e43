"""What is logged and asked, the same for both servers: deterministic, encoded before anything is timed."""

import json
import statistics
import threading

from .wire import Wire, seconds

STEPS_PER_BATCH = 100
METRICS = 10
PARAMS = 30
TAGS = 10


def value(run, metric, step):
    """A double with all its digits."""
    return (run * 31 + metric * 7 + 1) / (step + 3)


def batch(run_id, run, first_step):
    """1,000 points: 10 metrics of 100 steps."""
    metrics = [
        {"key": f"metric_{metric}", "value": value(run, metric, step), "timestamp": 1_700_000_000_000 + step, "step": step}
        for step in range(first_step, first_step + STEPS_PER_BATCH)
        for metric in range(METRICS)
    ]
    return json.dumps({"run_id": run_id, "metrics": metrics}).encode()


class Story:
    def __init__(self, server, runs, steps, small_runs, long_steps):
        self.server, self.wire = server, Wire(server.url)
        self.count, self.steps, self.small_runs, self.long_steps = runs, steps, small_runs, long_steps
        self.experiment = self.wire.post("experiments/create", {"name": "bench"})["experiment_id"]
        self.small = self.wire.post("experiments/create", {"name": "small"})["experiment_id"]
        self.runs = [self.created(self.experiment, run) for run in range(runs)]

    def created(self, experiment, number):
        body = {"experiment_id": experiment, "start_time": 1_700_000_000_000 + number, "run_name": f"run {number}"}
        return self.wire.post("runs/create", body)["run"]["info"]["run_id"]

    def describe(self, run_id, number):
        params = [{"key": f"param_{it}", "value": str((number * 7 + it) % 23)} for it in range(PARAMS)]
        tags = [{"key": f"tag_{it}", "value": f"value {(number + it) % 11}"} for it in range(TAGS)]
        self.wire.post("runs/log-batch", {"run_id": run_id, "params": params, "tags": tags})

    def ingest(self, clients):
        """Points a second of `clients` at once; each has half of the runs' share, so that two calls log everything."""
        half = self.count // 2
        runs = range(half) if clients == 1 else range(half, self.count)
        bodies = [batch(self.runs[run], run, step) for run in runs for step in range(0, self.steps, STEPS_PER_BATCH)]
        failures = []

        def send(own):
            try:
                wire = Wire(self.server.url)
                for body in own:
                    wire.call("POST", "/api/2.0/mlflow/runs/log-batch", body)
            except AssertionError as failure:
                failures.append(failure)

        threads = [threading.Thread(target=send, args=(bodies[index::clients],)) for index in range(clients)]

        def work():
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()

        took, _ = seconds(work)
        assert not failures, failures[0]
        return len(bodies) * STEPS_PER_BATCH * METRICS / took

    def metric_ms(self, calls):
        """The median of one log-metric, over and over in a run of its own."""
        run = self.created(self.small, 0)
        bodies = [
            json.dumps({"run_id": run, "key": "one", "value": step / 7, "timestamp": step, "step": step}).encode()
            for step in range(calls)
        ]
        took = [seconds(lambda: self.wire.call("POST", "/api/2.0/mlflow/runs/log-metric", it))[0] for it in bodies]
        return statistics.median(took) * 1_000

    def fill(self):
        """What is only there to be searched and read."""
        for number, run in enumerate(self.runs):
            self.describe(run, number)
        for number in range(self.small_runs):
            run = self.created(self.small, number)
            self.describe(run, number)
            metrics = [{"key": "loss", "value": value(number, 0, 0), "timestamp": number, "step": 0}]
            self.wire.post("runs/log-batch", {"run_id": run, "metrics": metrics})
        self.long = self.created(self.small, -1)
        for first in range(0, self.long_steps, 1_000):
            metrics = [
                {"key": "long", "value": value(0, 1, step), "timestamp": step, "step": step} for step in range(first, first + 1_000)
            ]
            self.wire.post("runs/log-batch", {"run_id": self.long, "metrics": metrics})

    def search_ms(self, calls):
        """A filter over all small runs, sorted by a metric; and the names that it found."""
        body = {
            "experiment_ids": [self.small],
            "filter": "metrics.loss > 100 and params.param_3 = '5' and tags.tag_2 != 'value 4'",
            "order_by": ["metrics.loss DESC"],
            "max_results": 100,
        }
        both = [seconds(lambda: self.wire.post("runs/search", body)) for _ in range(calls)]
        found = [(it["info"]["run_name"], it["data"]["metrics"][0]["value"]) for it in both[0][1]["runs"]]
        return statistics.median(took for took, _ in both) * 1_000, found

    def history_ms(self, calls):
        """All points of the long metric in the client's pages; and their values."""

        def read():
            values, token = [], ""
            while True:
                query = f"run_id={self.long}&metric_key=long&max_results=25000" + (f"&page_token={token}" if token else "")
                page = self.wire.get(f"metrics/get-history?{query}")
                values += [it["value"] for it in page["metrics"]]
                token = page.get("next_page_token")
                if not token:
                    return values

        both = [seconds(read) for _ in range(calls)]
        return statistics.median(took for took, _ in both) * 1_000, both[0][1]

    def bulk_ms(self, calls):
        """One metric of 20 runs; and its values, in the order of the runs' creation."""
        runs = self.runs[:20]
        query = "&".join(f"run_id={run}" for run in runs)
        path = f"/ajax-api/2.0/mlflow/metrics/get-history-bulk?{query}&metric_key=metric_4&max_results=25000"
        both = [seconds(lambda: json.loads(self.wire.call("GET", path))) for _ in range(calls)]
        found = {}
        for point in both[0][1]["metrics"]:
            found.setdefault(point["run_id"], []).append(point["value"])
        return statistics.median(took for took, _ in both) * 1_000, [found[run] for run in runs]
