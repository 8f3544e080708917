"""What Dagster is told follows from the task files, costs little to load, and needs no heavy library."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from dagster import DagsterInstance
from dagster._core.scheduler import DagsterDaemonScheduler

from assets.tasks import STAGES
from modelmill import partrun
from modelmill.errors import UserError
from modelmill.settings import CHECKOUT, MOST_TRIALS, PROFILES, Settings
from modelmill.task import all_tasks
from orchestration import instance, launch

LOAD = """
import json, sys, time
HEAVY = ("torch", "mlflow", "great_expectations", "pandas", "matplotlib", "bentoml")
before = time.process_time()
from orchestration.definitions import defs
graph = defs.resolve_asset_graph()
nodes = [graph.get(key) for key in graph.get_all_asset_keys()]
print(json.dumps({
    "seconds": time.process_time() - before,
    "heavy": [name for name in HEAVY if name in sys.modules],
    "assets": sorted(node.key.to_user_string() for node in nodes),
    "groups": sorted({node.group_name for node in nodes}),
    "bare": [node.key.to_user_string() for node in nodes
             if not (node.description and node.owners and node.kinds and node.pools and node.freshness_policy)],
    "follow": sorted(node.key.path[-1] for node in nodes if node.automation_condition),
    "pools": sorted({pool for node in nodes for pool in node.pools}),
    "checks": sorted(f"{key.asset_key.to_user_string()}:{key.name}" for key in graph.asset_check_keys),
    "jobs": sorted(job.name for job in defs.resolve_all_job_defs()),
    "schedules": sorted(schedule.name for schedule in defs.schedules),
}))
"""
NOUNS = ("candidate", "dataset", "release", "report")


def _load(tree: Path) -> dict:
    environment = {**os.environ, "PYTHONPATH": str(tree)}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", LOAD],
        cwd=tree,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_the_definitions_load_quickly_without_a_heavy_library_and_say_who_owns_what() -> None:
    told = _load(CHECKOUT)
    assert told["heavy"] == []
    assert told["seconds"] < 4, "CPU-seconds; measured 1.4 on an idle machine, the rest is for a busy one"
    assert told["bare"] == [], "an asset without description, owner, kind, pool or freshness policy"
    assert told["groups"] == ["datasets", "deploy", "embed", "evaluate", "extract", "finetune", "normalize"]
    assert {"documents", "units", "vectors"} < set(told["assets"])
    assert tuple(told["pools"]) == instance.POOLS
    assert told["follow"] == sorted(["report", "release"] * len(all_tasks())), "nothing is trained without a reason"
    for task in all_tasks():
        assert {f"{task}/{noun}" for noun in NOUNS} < set(told["assets"])


def test_a_new_task_file_brings_its_assets_its_checks_its_job_and_its_night(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    for name in ("modelmill", "assets", "orchestration"):
        shutil.copytree(CHECKOUT / name, tree / name, ignore=shutil.ignore_patterns("__pycache__"))
    before = _load(tree)
    source = (tree / "modelmill" / "tasks" / "semantic_search.py").read_text()
    added = source.replace('name="semantic_search"', 'name="doc_search"')
    assert added != source
    (tree / "modelmill" / "tasks" / "doc_search.py").write_text(added)
    after = _load(tree)
    assert set(after["assets"]) - set(before["assets"]) == {f"doc_search/{noun}" for noun in NOUNS}
    assert set(after["checks"]) - set(before["checks"]) == {
        "doc_search/dataset:dataset_expectations",
        "doc_search/dataset:no_leak",
        "doc_search/report:gate",
    }
    assert set(after["jobs"]) - set(before["jobs"]) == {"train_doc_search"}
    assert set(after["schedules"]) - set(before["schedules"]) == {"nightly_doc_search"}


def test_the_launchpad_offers_the_profiles_that_there_are_and_bounds_seed_and_trials() -> None:
    from assets.mill import Dial, Mill

    assert tuple(one.value for one in Dial) == PROFILES
    fields = Mill.to_config_schema().config_type.fields
    assert {"profile", "seed", "trials", "base_model", "force"} <= set(fields)
    assert all(field.description for name, field in fields.items() if name in Mill.model_fields)
    for wrong in ({"seed": -1}, {"trials": 0}, {"trials": MOST_TRIALS + 1}, {"base_model": ""}):
        with pytest.raises(UserError, match=f"the setting {next(iter(wrong))} cannot be used"):
            Mill.model_validate(wrong).settings()
    turned = Mill(profile=Dial.full, seed=3, trials=5, base_model="another").settings()
    assert (turned.profile, turned.seed, turned.trials, turned.base_model) == ("full", 3, 5, "another")


def test_every_check_blocks() -> None:
    from orchestration.definitions import defs

    graph = defs.resolve_asset_graph()
    assert len(graph.asset_check_keys) == 2 + 3 * len(all_tasks())
    assert all(graph.get_check_spec(key).blocking for key in graph.asset_check_keys)


def test_the_instance_file_is_written_once_and_holds_no_password(settings: Settings) -> None:
    secret = settings.model_copy(update={"database_url": None})
    home = instance.prepare(secret)
    file = home / "dagster.yaml"
    written = file.stat().st_mtime_ns
    assert instance.prepare(secret) == home
    assert file.stat().st_mtime_ns == written
    assert yaml.safe_load(file.read_text())["storage"]["postgres"]["postgres_url"] == {"env": instance.URL_VARIABLE}
    assert instance.environment(settings)[instance.URL_VARIABLE].startswith("postgresql+psycopg2://")


def test_dagster_takes_the_instance_file_and_makes_one_missed_night_good(dagster: DagsterInstance) -> None:
    assert isinstance(dagster.scheduler, DagsterDaemonScheduler)
    assert dagster.scheduler.max_catchup_runs == 1
    assert dagster.run_monitoring_max_runtime_seconds == 24 * 3600


def test_the_workspace_names_the_module_that_loads() -> None:
    loaded = yaml.safe_load((CHECKOUT / "workspace.yaml").read_text())["load_from"]
    assert [entry["python_module"]["module_name"] for entry in loaded] == ["orchestration.definitions"]


def test_the_stages_are_the_same_to_the_command_the_launcher_and_the_assets() -> None:
    assert tuple(launch.INTAKE_STAGES) == partrun.INTAKE
    assert tuple(STAGES.values()) == partrun.TRAINING
    for word, stages in (("intake", partrun.INTAKE), ("train", partrun.TRAINING)):
        for stage in stages:
            assert launch._arguments([word, "--stage", stage]).stage == stage  # pyright: ignore[reportPrivateUsage]
