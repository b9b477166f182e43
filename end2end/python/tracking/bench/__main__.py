"""`python -m bench --json FILE`: the tracking server of TRAINYARD_BIN beside `mlflow server`, both on SQLite.

The same data in one run on one machine, so that ratios can be compared between machines. Every answer that is timed is
compared with the other server's, to the bit. It ends with an error when something did not work, never because something
was slow.
"""

import argparse
import json
import os
import platform
from pathlib import Path

from . import servers
from .story import METRICS, Story


def measure(server, options):
    """The figures of one server, and what it answered."""
    story = Story(server, options.runs, options.steps, options.small_runs, options.long_steps)
    figures, answers = {}, {}
    empty_bytes = server.disk_bytes()
    figures["log-batch, 1 client, points/s"] = story.ingest(1)
    figures["log-batch, 8 clients, points/s"] = story.ingest(8)
    server.stop()
    points = options.runs * options.steps * METRICS
    figures["store, bytes per point"] = (server.disk_bytes() - empty_bytes) / points
    server.start()
    story.wire = type(story.wire)(server.url)
    figures["log-metric, median ms"] = story.metric_ms(options.calls)
    story.fill()
    figures["search of small runs, median ms"], answers["search"] = story.search_ms(options.reads)
    figures["long history, ms"], answers["history"] = story.history_ms(options.reads)
    figures["history of 20 runs, ms"], answers["bulk"] = story.bulk_ms(options.reads)
    figures["resident, MiB"] = server.resident_mib()
    server.stop()
    figures["start with this data, s"] = server.start()
    return figures, answers


# A figure where more is better; of all others less is.
RATES = ("points/s",)


def main():
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--json", type=Path, required=True, help="where the figures are written")
    parser.add_argument("--runs", type=int, default=200, help="with 10 metrics each")
    parser.add_argument("--steps", type=int, default=1_000, help="of each metric")
    parser.add_argument("--small-runs", type=int, default=5_000, help="that are searched")
    parser.add_argument("--long-steps", type=int, default=100_000, help="of the one long metric")
    parser.add_argument("--calls", type=int, default=200, help="of log-metric")
    parser.add_argument("--reads", type=int, default=5, help="of each search and history")
    parser.add_argument("--workers", type=int, default=4, help="processes of MLflow's server; 4 is its own default")
    options = parser.parse_args()

    load_before = os.getloadavg()[0]
    with servers.ours() as server:
        ours, our_answers = measure(server, options)
    with servers.theirs(options.workers) as server:
        theirs, their_answers = measure(server, options)
    for name, answer in their_answers.items():
        assert answer and answer == our_answers[name], f"{name}: the two servers answer differently"

    ratios = {
        name: ours[name] / theirs[name] if name.endswith(RATES) else theirs[name] / ours[name] for name in ours
    }
    print(f"{'':<36}{'trainyard':>14}{'mlflow':>14}{'ratio':>9}")
    for name, ratio in ratios.items():
        print(f"{name:<36}{ours[name]:>14,.2f}{theirs[name]:>14,.2f}{ratio:>8.1f}x")
    scale = {name.replace("_", " "): getattr(options, name) for name in ("runs", "steps", "small_runs", "long_steps")}
    print(f"\n{scale}; load before: {load_before:.1f}")
    report = {"machine": platform.platform(), "load_before": load_before, "scale": scale}
    report |= {"trainyard": ours, "mlflow": theirs, "ratio": ratios}
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps(report, indent=2) + "\n")


if __name__ == "__main__":
    main()
