"""What only the endpoint does: jobs that run, pages of many jobs, and one large object."""

import hashlib
import tempfile
import time
from pathlib import Path

from .calls import request, wait_until_over
from .servers import BUCKET

MIB = 1024 * 1024
PAGE = 100


def concurrent_jobs(server, source, count):
    """Seconds from the first CreateTrainingJob to the last job's end. Each script ends when all have begun: `source` is
    `meeting(count)`, and the endpoint lets so many run."""
    sagemaker = server.client("sagemaker")
    begun = time.perf_counter()
    for number in range(count):
        sagemaker.create_training_job(**request(f"together-{number}", source))
    wait_until_over(sagemaker)
    seconds = time.perf_counter() - begun
    jobs = [sagemaker.describe_training_job(TrainingJobName=f"together-{number}") for number in range(count)]
    failed = [job.get("FailureReason") for job in jobs if job["TrainingJobStatus"] != "Completed"]
    assert not failed, f"{len(failed)} of {count} jobs did not complete: {failed[0]}"
    return {f"{count} jobs at the same time, s": seconds}


def meeting(count):
    """A script that puts an object and waits until there are as many."""
    return f"""
import os, sys, time, urllib.request
bucket = os.environ["AWS_ENDPOINT_URL"] + "/{BUCKET}"
mine = urllib.request.Request(bucket + "/meeting/" + os.environ["TRAINING_JOB_NAME"], data=b"here", method="PUT")
urllib.request.urlopen(mine).close()
until = time.monotonic() + 120
while time.monotonic() < until:
    with urllib.request.urlopen(bucket + "?list-type=2&prefix=meeting/") as page:
        if page.read().count(b"<Key>") == {count}:
            sys.exit(0)
    time.sleep(0.2)
sys.exit("not all of {count} jobs ran at the same time")
""".encode()


def pages(server, source, count):
    """Milliseconds a page of 100 when so many finished jobs are there."""
    sagemaker = server.client("sagemaker")
    for number in range(count):
        sagemaker.create_training_job(**request(f"many-{number}", source))
    wait_until_over(sagemaker, seconds=1800)

    def walked(call, key):
        took, token, seen = [], None, 0
        while True:
            begun = time.perf_counter()
            page = call(**({"NextToken": token} if token else {}))
            took.append((time.perf_counter() - begun) * 1000)
            seen += len(page[key])
            token = page.get("NextToken")
            if not token:
                assert seen >= count, f"{seen} of {count} jobs in {key}"
                return took

    found = {}
    listing = lambda **more: sagemaker.list_training_jobs(MaxResults=PAGE, **more)
    searching = lambda **more: sagemaker.search(Resource="TrainingJob", MaxResults=PAGE, **more)
    for name, call, key in [
        ("ListTrainingJobs", listing, "TrainingJobSummaries"),
        ("Search", searching, "Results"),
    ]:
        took = sorted(it for _ in range(10) for it in walked(call, key))
        found[f"{name}, page of {PAGE} among {count} jobs, p50 ms"] = took[len(took) // 2]
        found[f"{name}, page of {PAGE} among {count} jobs, p99 ms"] = took[len(took) * 99 // 100]
    return found


def large_object(server, mib):
    """A file up in parts and down again, and the most memory that the server has held until then."""
    s3 = server.client("s3")
    block = hashlib.sha256(b"trainyard").digest() * (MIB // 32)
    with tempfile.TemporaryDirectory(prefix="trainyard-bench-") as folder:
        up, down = Path(folder) / "up", Path(folder) / "down"
        with up.open("wb") as file:
            for _ in range(mib):
                file.write(block)
        begun = time.perf_counter()
        s3.upload_file(str(up), BUCKET, "large")
        uploaded = time.perf_counter()
        up.unlink()
        s3.download_file(BUCKET, "large", str(down))
        done = time.perf_counter()
        assert down.stat().st_size == mib * MIB, "not the whole object came back"
    s3.delete_object(Bucket=BUCKET, Key="large")
    return {
        f"{mib} MiB object up, MiB/s": mib / (uploaded - begun),
        f"{mib} MiB object down, MiB/s": mib / (done - uploaded),
        "peak memory of the endpoint in this run, MiB": server.peak_mib(),
    }
