"""The walls of the house: orchestration -> assets -> modelmill, serving -> modelmill; and imports are light."""

from __future__ import annotations

import json
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

import modelmill
from modelmill.settings import CHECKOUT

HEAVY = {
    "torch",
    "transformers",
    "sentence_transformers",
    "mlflow",
    "great_expectations",
    "pandas",
    "sklearn",
    "datasets",
    "openvino",
    "onnx",
    "onnxruntime",
    "nncf",
    "tokenizers",
}
FRAMEWORKS = {"dagster", "bentoml"}
ROOMS = {"assets", "orchestration", "serving", "sandbox"}


def loaded_by(*modules: str, then: str = "") -> set[str]:
    """Top-level packages in sys.modules of a fresh interpreter after importing `modules`, and running a statement."""
    code = (
        f"import importlib, json, sys; [importlib.import_module(m) for m in {list(modules)!r}]; {then or 'pass'}; "
        "print(json.dumps(sorted({m.split('.')[0] for m in sys.modules})))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=CHECKOUT, check=False)
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout.splitlines()[-1]))


def every_module() -> list[str]:
    """All modules of the pure package, but Alembic's scripts, which run only inside Alembic."""
    found = pkgutil.walk_packages(modelmill.__path__, "modelmill.")
    return sorted(m.name for m in found if ".migrations." not in m.name)


def test_the_pure_package_imports_no_framework_no_room_and_nothing_heavy() -> None:
    assert loaded_by(*every_module()) & (FRAMEWORKS | ROOMS | HEAVY) == set()


@pytest.mark.parametrize("room", ["assets", "orchestration.definitions"])
def test_the_definitions_load_without_anything_heavy(room: str) -> None:
    assert loaded_by(room) & (HEAVY | {"bentoml"}) == set()


def test_a_process_that_parses_starts_without_database_and_settings() -> None:
    every = "sys.modules['modelmill.normalize.language'].all_languages()"
    loaded = loaded_by("modelmill.normalize.workers", "modelmill.normalize.language", then=every)
    assert loaded & {"sqlalchemy", "psycopg", "pydantic", "dagster"} == set()


def test_serving_knows_neither_dagster_nor_the_assets() -> None:
    assert loaded_by("serving.gateway", "serving.release") & {"dagster", "assets", "orchestration", "mlflow"} == set()


def test_the_import_contracts_hold() -> None:
    done = subprocess.run(
        [str(Path(sys.executable).with_name("lint-imports"))], capture_output=True, text=True, cwd=CHECKOUT, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_telemetry_is_off_before_any_library_is_imported() -> None:
    code = (
        "import os, sys, modelmill; from modelmill import telemetry; "
        "print(all(os.environ[name] == off for name, off in telemetry.OFF.items()), 'pydantic' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=CHECKOUT, check=False)
    assert done.stdout == "True False\n", done.stderr
