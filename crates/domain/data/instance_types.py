#!/usr/bin/env python3
"""Fills and checks the sizes in instance_types.csv; names, order and prices stay as they are.

    python3 instance_types.py CHECKOUT [COMMIT]

CHECKOUT is a git repository of github.com/getmoto/moto; COMMIT is HEAD unless named. Its
`moto/ec2/resources/instance_types.json` is what Amazon EC2 answered to DescribeInstanceTypes, renewed every few weeks:
`ml.g5.xlarge` is EC2's `g5.xlarge` in vCPU, memory, GPUs and local disks. Types that EC2 has retired are read from the
last commit that had them. A cell that is filled already must agree; a type that nothing attests stays empty.
"""

import csv
import json
import subprocess
import sys
from pathlib import Path

TABLE = Path(__file__).resolve().parent / "instance_types.csv"
RESOURCE = "moto/ec2/resources/instance_types.json"

# The commits before moto's data lost p2 (2025-03-30) and p3 (2026-05-01).
RETIRED = {"p2.": "af824feb752c98f04ffe1becc046dde8a1073387", "p3.": "252bbcfcfd2968dec1d726bd53da2e1d8f4baafc"}

# Not sold by itself, so EC2 does not describe it: docs.aws.amazon.com/ec2/latest/instancetypes/ac.html.
DOCUMENTED = {
    "p6e-gb200.36xlarge": {
        "vcpu": "144",
        "memory_gib": "960",
        "gpu_count": "4",
        "gpu_model": "NVIDIA B200",
        "local_nvme": "yes",
    }
}

SIZES = ["vcpu", "memory_gib", "gpu_count", "gpu_model", "local_nvme"]


def described(checkout, commit):
    command = ["git", "-C", checkout, "show", f"{commit}:{RESOURCE}"]
    return json.loads(subprocess.run(command, check=True, capture_output=True).stdout)


def sizes(entry):
    """An entry of DescribeInstanceTypes in the columns of the table."""
    mib = entry["MemoryInfo"]["SizeInMiB"]
    gpus = entry.get("GpuInfo", {}).get("Gpus", [])
    model = next((f"{gpu['Manufacturer']} {gpu['Name']}" for gpu in gpus), "")
    for device in entry.get("NeuronInfo", {}).get("NeuronDevices", []):
        # Shown, but not counted as GPUs: CUDA images do not run there.
        model = f"AWS {device['Name']} x{device['Count']} (accelerator, not GPU)"
    nvme = entry.get("InstanceStorageInfo", {}).get("NvmeSupport") in ("required", "supported")
    return {
        "vcpu": str(entry["VCpuInfo"]["DefaultVCpus"]),
        "memory_gib": f"{mib / 1024:.10f}".rstrip("0").rstrip("."),
        "gpu_count": str(sum(gpu["Count"] for gpu in gpus)),
        "gpu_model": model,
        "local_nvme": "yes" if nvme else "no",
    }


def main(checkout, commit="HEAD"):
    current = described(checkout, commit)
    known = {name: sizes(entry) for name, entry in current.items()} | DOCUMENTED
    for beginning, last in RETIRED.items():
        for name, entry in described(checkout, last).items():
            if name.startswith(beginning):
                known.setdefault(name, sizes(entry))
    with TABLE.open(newline="", encoding="utf-8") as table:
        rows = list(csv.DictReader(table))
    filled, agreeing, unknown, wrong = 0, 0, [], []
    for row in rows:
        facts = known.get(row["name"].removeprefix("ml."))
        if facts is None:
            unknown.append(row["name"])
        for column in SIZES:
            row.setdefault(column, "")
            fact = facts and facts[column]
            if not fact or row[column] == fact:
                agreeing += bool(fact)
            elif row[column]:
                wrong.append(f"{row['name']}: {column} is {row[column]}, EC2 says {fact}")
            else:
                row[column] = fact
                filled += 1
    if wrong:
        sys.exit("\n".join(wrong))
    with TABLE.open("w", newline="", encoding="utf-8") as out:
        writer = csv.DictWriter(out, rows[0], lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    print(f"{len(rows)} types: {filled} cells filled, {agreeing} agreed already, without sizes: {unknown or 'none'}")


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    main(*sys.argv[1:])
