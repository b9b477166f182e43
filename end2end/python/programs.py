"""Programs of other Python environments: the AWS CLI, the SDKs."""

import subprocess


def program(tools, name, file):
    """A program of the Python environment `name`, which `cargo x test` makes."""
    path = tools / f"python-{name}" / "bin" / file
    assert path.exists(), f"{path} is missing: `cargo x test` makes it (TRAINYARD_TOOLS says where)"
    return str(path)


def run(command, environment, folder, **more):
    """Runs a client to its end; it must succeed."""
    done = subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True, timeout=400, **more)
    assert done.returncode == 0, f"{command} ended with {done.returncode}:\n{done.stdout[-6000:]}\n{done.stderr[-6000:]}"
    return done
