"""Benchmarks are started by hand, some of them twice a year: each still finds what it imports."""

from __future__ import annotations

import os
import subprocess
import sys

from modelmill.settings import CHECKOUT

BENCH = ("datasketch", "detect_secrets", "hnswlib")  # the extra, which the tests do without
A_SERVICE = "one_by_one.py"  # loads a released model when it is imported
IMPORTED = f"""
import runpy, sys, traceback
failed = 0
for file in sys.argv[1:]:
    try:
        runpy.run_path(file)
    except Exception as error:
        if getattr(error, "name", None) not in {BENCH}:
            failed += 1
            traceback.print_exc()
sys.exit(failed)
"""


def test_every_benchmark_finds_what_it_imports() -> None:
    folder = CHECKOUT / "benchmarks"
    files = sorted(str(file) for file in folder.glob("*.py") if file.name != A_SERVICE)
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(CHECKOUT), str(folder)])}
    done = subprocess.run([sys.executable, "-c", IMPORTED, *files], env=env, capture_output=True, text=True)
    assert files and done.returncode == 0, done.stderr
