"""Deploy: the gate is looked up again, a release is made once, and what was taken back stays back."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from serving_chain import TASK, add_candidate, add_dataset, add_report
from serving_programs import tiny_tasks
from sqlalchemy import Engine, text

from modelmill import tracking
from modelmill.deploy import bento
from modelmill.deploy.stage import deploy, rollback
from modelmill.errors import DataError, FencedError, PrerequisiteError, UserError
from modelmill.settings import CHECKOUT, Settings
from modelmill.store import artifacts, publications, releases
from modelmill.task import Task, get_task


@pytest.fixture
def task() -> Iterator[Task]:
    with tiny_tasks():
        yield get_task(TASK)


def evaluated(settings: Settings, db: Engine, folder: Path, letters: str = "aeiou", **report: object) -> str:
    data = add_dataset(db, letters)
    model = add_candidate(settings, db, folder / letters, data, letters)
    add_report(db, model, data, **report)  # type: ignore[arg-type]
    return model


def test_nothing_trained_or_nothing_evaluated_is_an_error_with_the_next_command(
    settings: Settings, db: Engine, task: Task, tmp_path: Path
) -> None:
    with pytest.raises(PrerequisiteError, match="nothing of letter_count") as refused:
        deploy(settings, db, task)
    assert refused.value.next == "mill finetune --task letter_count"
    add_candidate(settings, db, tmp_path / "model", add_dataset(db))
    with pytest.raises(PrerequisiteError) as refused:
        deploy(settings, db, task)
    assert refused.value.next == "mill evaluate --task letter_count"


def test_a_candidate_that_the_gate_refused_is_not_released(
    settings: Settings, db: Engine, task: Task, tmp_path: Path
) -> None:
    evaluated(settings, db, tmp_path, passed=False)
    done = deploy(settings, db, task)
    assert done.release is None and "exact minus baseline" in done.reason and not done.fresh
    assert releases.all_releases(db) == []


def test_a_report_whose_verdict_was_changed_does_not_release_what_its_numbers_refuse(
    settings: Settings, db: Engine, task: Task, tmp_path: Path
) -> None:
    evaluated(settings, db, tmp_path, passed=False)
    with db.begin() as conn:
        conn.execute(text("UPDATE report SET passed = true, body = jsonb_set(body, '{passed}', 'true')"))
    done = deploy(settings, db, task)
    assert done.release is None and "lower bound must be above 0" in done.reason


def test_a_candidate_that_knew_what_was_erased_is_not_released(
    settings: Settings, db: Engine, task: Task, tmp_path: Path
) -> None:
    evaluated(settings, db, tmp_path)
    with db.begin() as conn:
        conn.execute(text("UPDATE dataset SET tainted = 'corpus demo was removed'"))
    done = deploy(settings, db, task)
    assert done.release is None and "corpus demo was removed" in done.reason


def test_a_candidate_compared_with_another_champion_is_not_released(
    settings: Settings, db: Engine, task: Task, tmp_path: Path
) -> None:
    evaluated(settings, db, tmp_path, against="f" * 64)
    done = deploy(settings, db, task)
    assert done.release is None and "not compared with the present champion" in done.reason


def test_an_altered_candidate_is_refused(settings: Settings, db: Engine, task: Task, tmp_path: Path) -> None:
    file = artifacts.open_artifact(settings, evaluated(settings, db, tmp_path)) / "letters.json"
    file.chmod(0o644)
    file.write_text("{}")
    with pytest.raises(DataError, match=r"letters\.json"):
        deploy(settings, db, task)
    assert releases.all_releases(db) == []


def test_a_bento_that_cannot_be_built_leaves_no_release(
    settings: Settings, db: Engine, task: Task, tmp_path: Path
) -> None:
    evaluated(settings, db, tmp_path)
    settings.home_dir.mkdir(exist_ok=True)
    (settings.home_dir / "bentoml").write_text("a file where the store should be")
    with pytest.raises(PrerequisiteError, match="was not built"):
        deploy(settings, db, task)
    assert releases.all_releases(db) == []


DEPLOY = """
import sys
from serving_programs import tiny_tasks
from modelmill.deploy.stage import deploy
from modelmill.errors import MillError
from modelmill.settings import load
from modelmill.store import database
from modelmill.task import get_task
with tiny_tasks():
    try:
        deploy(load(), database.engine(load()), get_task(sys.argv[1]))
    except MillError as error:
        sys.exit(str(error))
"""
ON_A_SMALL_DISK = 'mount -t tmpfs -o size=256k tmpfs "$1" && exec "$2" "$3" "$4"'
# A namespace of its own: nobody else sees the small disk. Who is root already stays it, or the database is another's.
ALONE = ("unshare", "--mount", *(() if os.geteuid() == 0 else ("--user", "--map-root-user")))


@pytest.mark.parametrize("place", ["bentoml", "temporary"])
def test_a_disk_that_is_full_while_the_bento_is_built_is_named_and_with_space_the_same_releases(
    settings: Settings, db: Engine, task: Task, tmp_path: Path, place: str
) -> None:
    if subprocess.run([*ALONE, "true"], check=False, capture_output=True).returncode:
        without = "this machine lets nobody mount a disk of his own (unshare --mount)"
        pytest.fail(without) if os.environ.get("CI") else pytest.skip(without)
    evaluated(settings, db, tmp_path)
    temporary, program = tmp_path / "temporary", tmp_path / "deploy.py"
    disk = settings.home_dir / "bentoml" if place == "bentoml" else temporary
    for folder in (disk, temporary):
        folder.mkdir(exist_ok=True)
    program.write_text(DEPLOY)
    here = Path(__file__).parent
    path = os.pathsep.join([str(CHECKOUT), str(here), str(here.parent)])
    done = subprocess.run(
        [*ALONE, "sh", "-c", ON_A_SMALL_DISK, "sh", disk, sys.executable, program, TASK],
        env=settings.child_env() | {"TMPDIR": str(temporary), "PYTHONPATH": path},
        cwd=CHECKOUT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1 and done.stderr.startswith("the disk is full ("), done.stderr
    assert str(disk) in done.stderr.splitlines()[0] and "Traceback" not in done.stderr
    assert releases.all_releases(db) == [] and publications.current(db, f"{TASK}/release") is None
    assert deploy(settings, db, task).fresh


def test_a_mark_that_cannot_be_written_does_not_make_a_failure_of_a_release(
    settings: Settings, db: Engine, task: Task, tmp_path: Path
) -> None:
    evaluated(settings, db, tmp_path)
    (settings.home_dir / "aliases").write_text("a file where the folder of the marks should be")
    assert deploy(settings, db, task).fresh
    assert deploy(settings, db, task).release == releases.champion(db, TASK)


def test_a_release_is_made_once_replaced_by_a_better_one_and_taken_back(
    settings: Settings, db: Engine, task: Task, tmp_path: Path
) -> None:
    first = evaluated(settings, db, tmp_path)
    made = deploy(settings, db, task, by="me")
    assert made.fresh and made.release is not None and made.release.name == f"{TASK}@1.0.0"
    assert made.release.bento_tag is not None and bento.stored(settings, made.release.bento_tag)
    published = publications.current(db, f"{TASK}/release")
    assert published is not None and published.sha256 == first
    again = deploy(settings, db, task)
    assert not again.fresh and again.release == made.release

    second = evaluated(settings, db, tmp_path, "bcd", against=first)
    better = deploy(settings, db, task).release
    assert better is not None and (better.version, better.number) == ("1.1.0", 2)
    assert tracking.project_aliases(settings, db, TASK) == {"champion": second}

    assert rollback(settings, db, task, by="me").version == "1.0.0"
    assert tracking.project_aliases(settings, db, TASK)["champion"] == first
    tried = deploy(settings, db, task)
    assert not tried.fresh and tried.release is not None and tried.release.status == "retired"
    champion = releases.champion(db, TASK)
    assert champion is not None and champion.candidate_sha256 == first
    with pytest.raises(UserError, match="cannot be rolled back"):
        rollback(settings, db, task)


def test_an_older_run_that_wakes_up_late_releases_nothing(
    settings: Settings, db: Engine, task: Task, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    evaluated(settings, db, tmp_path)
    build = bento.build

    def overtaken(*args: object) -> str:
        publications.take(db, f"{TASK}/release")
        return build(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(bento, "build", overtaken)
    with pytest.raises(FencedError):
        deploy(settings, db, task)
    assert releases.all_releases(db) == [] and releases.rollouts(db, TASK) == []


def test_the_bento_holds_the_exact_code_and_names_the_exact_model(
    settings: Settings, db: Engine, task: Task, tmp_path: Path
) -> None:
    tag = bento.build(settings, task, "ab" * 32)
    name, _, version = tag.partition(":")
    folder = settings.home_dir / "bentoml" / "bentos" / name / version
    assert (folder / "src" / "modelmill" / "tasks" / "letter_count.py").is_file()
    assert (folder / "src" / "serving" / "release.py").is_file()
    assert '"ab' in (folder / "src" / "release.json").read_text()
    assert "torch==" in (folder / "env" / "python" / "requirements.txt").read_text()
