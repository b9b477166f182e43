"""Writes the names of packages that a training source imports and that this Python does not have, one a line.

Run as `python -I -c <this text> <source folder> <file to write> <names>..`, before training. It only reads: every .py file
of the source is parsed, none is run. A name counts unless it is part of Python, of the source itself, or can be found; so
do the names that follow.
"""

import ast
import importlib.util
import os
import sys

FILES_MAX = 2000
BYTES_MAX = 4 * 1024 * 1024

source, target, *names = sys.argv[1:]
own, imported, count = set(), set(names), 0
for folder, folders, files in os.walk(source):
    folders[:] = sorted(name for name in folders if not name.startswith("."))
    own.update(folders)
    for name in sorted(files):
        path = os.path.join(folder, name)
        if not name.endswith(".py") or count == FILES_MAX or os.path.getsize(path) > BYTES_MAX:
            continue
        count += 1
        own.add(name[:-3])
        try:
            with open(path, "rb") as file:
                tree = ast.parse(file.read())
        except (SyntaxError, ValueError, RecursionError, MemoryError, OSError):
            continue  # training will tell
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                imported.update(alias.name.split(".")[0] for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                imported.add(node.module.split(".")[0])
            elif isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
                function = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                if function in ("import_module", "__import__") and isinstance(node.args[0].value, str):
                    imported.add(node.args[0].value.split(".")[0])


def is_found(name):
    try:
        return importlib.util.find_spec(name) is not None
    except (ImportError, ValueError):
        return False


known = set(getattr(sys, "stdlib_module_names", ())) | set(sys.builtin_module_names) | own
missing = sorted(name for name in imported - known if name.isidentifier() and not is_found(name))
with open(target, "w", encoding="utf-8") as file:
    file.write("\n".join(missing))
