"""Two hosts train as one: `torchrun` on each, PyTorch's gloo between them, in what stands for AWS's PyTorch image.

`cargo x test --deep` runs it, nothing else does: the endpoint installs PyTorch from PyPI for the image, with the
libraries of NVIDIA that it cannot be imported without, 2 to 3 GB to fetch and some 5 GB on disk while it runs.
"""

import json
import re

import jobs

IMAGE = "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-training:2.0.0-cpu-py310"

# What SageMaker's PyTorch image and the driver of the SDK v3 do on each host.
LAUNCH = """
import json, os, subprocess, sys
hosts, host = json.loads(os.environ["SM_HOSTS"]), os.environ["SM_CURRENT_HOST"]
rendezvous = [f"--master_addr={hosts[0]}", "--master_port=7777", f"--node_rank={hosts.index(host)}"]
command = ["torchrun", f"--nnodes={len(hosts)}", "--nproc_per_node=2", *rendezvous, "worker.py"]
sys.exit(subprocess.run(command).returncode)
"""

# Ranks 0 to 3: their sum is 6. Data parallel training on y = 3x, each rank with points of its own, finds 3 everywhere.
WORKER = """
import json, os, torch
import torch.distributed as dist
dist.init_process_group("gloo")
rank, world = dist.get_rank(), dist.get_world_size()
total = torch.tensor([float(rank)])
dist.all_reduce(total)
torch.manual_seed(rank)
model = torch.nn.parallel.DistributedDataParallel(torch.nn.Linear(1, 1, bias=False))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for step in range(60):
    x = torch.randn(64, 1)
    loss = torch.nn.functional.mse_loss(model(x), 3 * x)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if rank == 0 and step % 20 == 19:
        print(f"step={step} loss={loss.item():.8f}", flush=True)
about = {
    "rank": rank,
    "world": world,
    "host": os.environ["SM_CURRENT_HOST"],
    "master": os.environ["MASTER_ADDR"],
    "total": total.item(),
    "weight": round(model.module.weight.item(), 3),
}
print("RESULT " + json.dumps(about), flush=True)
if rank == 0:
    torch.save(model.module.state_dict(), os.path.join(os.environ["SM_MODEL_DIR"], "model.pt"))
dist.destroy_process_group()
"""


def results(aws, name):
    """What the ranks printed, by rank, from the log of every host."""
    group = {"logGroupName": jobs.LOG_GROUP, "logStreamNamePrefix": f"{name}/"}
    streams = [it["logStreamName"] for it in aws("logs").describe_log_streams(**group)["logStreams"]]
    assert [it.split("/")[1].rpartition("-")[0] for it in streams] == ["algo-1", "algo-2"]
    printed = [line for stream in streams for line in jobs.lines(aws, stream)]
    # Two ranks of a host may write into one line.
    found = [json.loads(result) for line in printed for result in re.findall(r"RESULT (\{.*?\})", line)]
    return sorted(found, key=lambda it: it["rank"])


def launch(aws, **request):
    return jobs.create(
        aws,
        files={"train.py": LAUNCH, "worker.py": WORKER},
        AlgorithmSpecification={
            "TrainingImage": IMAGE,
            "TrainingInputMode": "File",
            "MetricDefinitions": [jobs.LOSS],
        },
        ResourceConfig={"InstanceType": "ml.m5.xlarge", "InstanceCount": 2, "VolumeSizeInGB": 30},
        StoppingCondition={"MaxRuntimeInSeconds": 3600},
        **request,
    )


def assert_trained_as_one(aws, name):
    job = jobs.finished(aws, name, seconds=1800)
    assert job["TrainingJobStatus"] == "Completed", job.get("FailureReason")
    ranks = results(aws, name)
    assert [(it["rank"], it["host"]) for it in ranks] == [(0, "algo-1"), (1, "algo-1"), (2, "algo-2"), (3, "algo-2")]
    assert {(it["world"], it["master"], it["total"], it["weight"]) for it in ranks} == {(4, "algo-1", 6.0, 3.0)}
    assert job["FinalMetricDataList"][0]["Value"] < 0.001


def test_two_hosts_train_as_one(aws):
    assert_trained_as_one(aws, launch(aws))


def test_two_isolated_jobs_at_once(aws):
    """Each has a network of its own, so both may listen on port 7777 of all addresses, as torchrun does. Jobs without
    isolation share this machine's network, where the second one would be refused the port."""
    for name in [launch(aws, EnableNetworkIsolation=True), launch(aws, EnableNetworkIsolation=True)]:
        assert_trained_as_one(aws, name)
