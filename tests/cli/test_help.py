"""The command line is there at once: importing it loads nothing heavy."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from modelmill.settings import CHECKOUT

SLOW = {
    "torch", "transformers", "sentence_transformers", "mlflow", "dagster", "bentoml", "pandas", "great_expectations",
    "numpy", "sqlalchemy", "alembic", "rich",
}  # fmt: skip


@pytest.mark.parametrize("words", [[], ["--help"], ["run", "--help"], ["corpus", "add", "--help"]], ids=" ".join)
def test_the_help_loads_nothing_slow(words: list[str]) -> None:
    code = (
        "import json, sys\nsys.argv = ['mill', *json.loads(sys.argv[1])]\nfrom modelmill import cli\n"
        "try:\n    cli.app() if sys.argv[1:] else None\nexcept SystemExit:\n    pass\n"
        "print(); print(json.dumps(sorted({name.split('.')[0] for name in sys.modules})))"
    )
    argv = [sys.executable, "-c", code, json.dumps(words)]
    done = subprocess.run(argv, capture_output=True, text=True, cwd=CHECKOUT, check=False)
    assert done.returncode == 0, done.stderr
    assert set(json.loads(done.stdout.splitlines()[-1])) & SLOW == set()


def test_installed_from_a_wheel_the_root_is_where_it_is_called(tmp_path: Path) -> None:
    (tmp_path / "site").mkdir()
    shutil.copytree(CHECKOUT / "modelmill", tmp_path / "site/modelmill", ignore=shutil.ignore_patterns("__pycache__"))
    code = "from modelmill.settings import load; print(load().root)"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MILL_")}
    for site, root in ((tmp_path / "site", tmp_path), (CHECKOUT, CHECKOUT)):
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path,
            env=environment | {"PYTHONPATH": str(site)}, check=True,
        )  # fmt: skip
        assert done.stdout.strip() == str(root)
