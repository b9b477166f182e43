"""`python -m bench --json FILE`: the endpoint of TRAINYARD_BIN beside moto's server, and figures of the endpoint alone.

Ratios are taken in one run on one machine, so they can be compared between machines; the rest is only reported. It ends
with an error when something did not work, never because something was slow.
"""

import argparse
import io
import json
import platform
import tarfile
from pathlib import Path

from . import calls, figures, servers

SCRIPT = b"import os\nprint('loss=0.5', flush=True)\nopen(os.environ['SM_MODEL_DIR'] + '/m', 'w').write('m')\n"
JOBS = 20


def put_source(server, script=SCRIPT):
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        entry = tarfile.TarInfo("train.py")
        entry.size = len(script)
        tar.addfile(entry, io.BytesIO(script))
    server.client("s3").put_object(Bucket=servers.BUCKET, Key="sourcedir.tar.gz", Body=packed.getvalue())
    return f"s3://{servers.BUCKET}/sourcedir.tar.gz"


def main():
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--json", type=Path, required=True, help="where the figures are written")
    parser.add_argument("--calls", type=int, default=200, help="of each operation")
    parser.add_argument("--jobs", type=int, default=1000, help="finished jobs that are listed and searched")
    parser.add_argument("--mib", type=int, default=1024, help="size of the large object")
    options = parser.parse_args()

    with servers.endpoint() as server:
        ours = calls.rates(server, put_source(server), options.calls)
    with servers.peer() as server:
        theirs = calls.rates(server, put_source(server), options.calls)
    own = {}
    # Memory is read before a thousand jobs are in it.
    with servers.endpoint() as server:
        own |= figures.large_object(server, options.mib)
    with servers.endpoint("--max-jobs", str(JOBS)) as server:
        own |= figures.concurrent_jobs(server, put_source(server, figures.meeting(JOBS)), JOBS)
    with servers.endpoint() as server:
        own |= figures.pages(server, put_source(server), options.jobs)

    ratios = {name: ours[name] / theirs[name] for name in ours}
    print(f"{'calls a second':<28}{'trainyard':>12}{'moto':>12}{'ratio':>8}")
    for name, ratio in ratios.items():
        print(f"{name:<28}{ours[name]:>12.0f}{theirs[name]:>12.0f}{ratio:>8.2f}")
    print()
    for name, value in own.items():
        print(f"{name:<62}{value:>12.1f}")
    report = {"machine": platform.platform(), "calls_per_second": ours, "moto_calls_per_second": theirs}
    report |= {"ratio_to_moto": ratios, "endpoint": own}
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps(report, indent=2) + "\n")


if __name__ == "__main__":
    main()
