"""What is wrong is said in four parts on stderr, with an exit code that is not 0, and nothing is half written."""

from __future__ import annotations

import io
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, func, select, text
from sqlalchemy.exc import OperationalError

from modelmill import failures
from modelmill.errors import PrerequisiteError
from modelmill.settings import Settings
from modelmill.store import tables

Mill = Callable[..., subprocess.CompletedProcess[str]]


def parts(done: subprocess.CompletedProcess[str]) -> dict[str, str]:
    """The four parts from stderr; nothing else may be there, no traceback above all."""
    lines = [line for line in done.stderr.splitlines() if line.strip()]
    assert len(lines) == 4, done.stderr
    assert lines[0].startswith("error: ")
    names = [line.split(":")[0].strip() for line in lines[1:]]
    assert names == ["allowed", "found", "next"]
    return {
        "failed": lines[0][7:],
        **{name: line.split(":", 1)[1].strip() for name, line in zip(names, lines[1:], strict=True)},
    }


@pytest.mark.parametrize(
    ("words", "names"),
    [
        (("run", "--corpus", "nowhere"), "there is no corpus 'nowhere'"),
        (("run", "--task", "nothing"), "there is no task 'nothing'"),
        (("run", "--profile", "huge"), "the setting profile cannot be used"),
        (("run", "--stage", "polish"), "there is no stage 'polish'"),
        (("run", "--only"), "--only goes with a stage"),
        (("extract", "--corpus", "nowhere"), "there is no corpus 'nowhere'"),
        (("finetune", "--task", "nothing"), "there is no task 'nothing'"),
        (("predict", "nothing", "{}"), "there is no task 'nothing'"),
        (("predict", "semantic_search", '{"query": 3}'), "semantic_search cannot be asked this: query"),
        (("predict", "semantic_search", "{"), "semantic_search cannot be asked this"),
        (("search", "anything"), "there is nothing to search"),
        (("search", " "), "this cannot be looked for"),
        (("search", "\udcff"), "'\\udcff'"),
        (("search",), "Missing argument 'WORDS...'"),
        (("search", "anything", "-k", "0"), "greater than or equal to 1"),
        (("search", "anything", "--colour", "red"), "No such option"),
        (("dataset", "diff", "abc"), "Missing argument 'new'"),
        (("polish",), "No such command 'polish'"),
        (("rollback", "semantic_search"), "semantic_search cannot be rolled back"),
        (("report", "semantic_search"), "semantic_search has no report"),
        (("report", "semantic_search@9.9.9"), "there is no release 'semantic_search@9.9.9'"),
        (("lineage", "semantic_search@9.9.9"), "there is no release 'semantic_search@9.9.9'"),
        (("lineage", "no-uuid"), "no-uuid"),
        (("key", "revoke", "nobody"), "there is no live key 'nobody'"),
        (("key", "create", "app", "--scope", "everything"), "the key was not made"),
        (("corpus", "add", "x", "/nowhere/at/all"), "/nowhere/at/all"),
        (("corpus", "remove", "nowhere", "--yes"), "there is no corpus 'nowhere'"),
    ],
)
def test_a_wrong_argument_is_named_and_the_exit_code_is_two(inside: Mill, words: tuple[str, ...], names: str) -> None:
    done = inside(*words)
    assert done.returncode == 2, done.stderr
    said = parts(done)
    assert names in said["failed"] + said["found"]
    assert done.stdout == ""


def test_a_no_to_a_question_does_nothing(inside: Mill, monkeypatch: pytest.MonkeyPatch, db: Engine) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    assert inside("corpus", "list").returncode == 0  # makes the corpora that are there from the start
    done = inside("corpus", "remove", "stdlib")
    assert (done.returncode, done.stderr) == (1, "not done\n")
    with db.connect() as conn:
        assert conn.scalar(select(func.count()).where(tables.corpus.c.name == "stdlib")) == 1


def test_an_empty_directory_is_no_corpus(inside: Mill, db: Engine, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    done = inside("corpus", "add", "empty", str(empty))
    assert done.returncode == 2
    parts(done)
    with db.connect() as conn:
        known = conn.execute(select(func.count()).where(tables.corpus.c.name == "empty")).scalar_one()
    assert known == 0


def test_a_database_that_is_gone_is_said_without_its_password(mill: Mill) -> None:
    done = mill("status", MILL_DATABASE_URL="postgresql://mill:verysecret@127.0.0.1:9/mill")
    assert done.returncode == 3
    said = parts(done)
    assert said["failed"] == "the database does not answer"
    assert "verysecret" not in done.stderr


def test_a_wrong_setting_is_named(mill: Mill) -> None:
    done = mill("status", MILL_GATEWAY_PORT="a door")
    assert done.returncode == 2
    assert "MILL_GATEWAY_PORT" in parts(done)["failed"]


@pytest.mark.parametrize(
    ("file", "content"), [("params.yaml", b"profile: [small"), ("params.yaml", b"words"), (".env", b"\xff\xfe")]
)
def test_a_file_with_settings_that_cannot_be_read_is_told(
    mill: Mill, tmp_path: Path, file: str, content: bytes
) -> None:
    (tmp_path / file).write_bytes(content)
    done = mill("status", MILL_ROOT=str(tmp_path))
    assert done.returncode == 2
    said = parts(done)
    assert said["failed"] == "the files with settings cannot be read"
    assert str(tmp_path) in said["next"]


@pytest.fixture
def busy() -> Iterator[int]:
    """A port somebody listens on."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        held.listen()
        yield held.getsockname()[1]


def test_a_busy_port_is_named_with_its_setting_before_a_start(mill: Mill, settings: Settings, busy: int) -> None:
    done = mill("up", MILL_GATEWAY_PORT=str(busy))
    assert done.returncode == 2
    said = parts(done)
    assert str(busy) in said["failed"]
    assert "MILL_GATEWAY_PORT" in said["next"]
    assert not (settings.home_dir / "supervisor").exists()


def test_the_traceback_is_there_for_who_asks_for_it(mill: Mill) -> None:
    done = mill("run", "--profile", "huge", MILL_DEBUG="1")
    assert done.returncode != 0
    assert "Traceback" in done.stderr


def test_a_full_disk_is_a_missing_part_with_a_next_step() -> None:
    explained = failures.explained(OSError(28, "No space left on device", "/somewhere/model"))
    assert isinstance(explained, PrerequisiteError)
    assert "/somewhere/model" in explained.failed
    assert explained.next


def test_a_full_disk_of_the_database_is_not_called_a_database_that_does_not_answer(db: Engine) -> None:
    full = text("DO $$ BEGIN RAISE EXCEPTION 'No space left on device' USING ERRCODE = 'disk_full'; END $$")
    with pytest.raises(OperationalError) as caught, db.begin() as conn:
        conn.execute(full)
    explained = failures.explained(caught.value)
    assert explained.failed == "the disk is full (where the database lies)"
    assert "No space left on device" in explained.found


def test_what_nobody_foresaw_still_has_four_parts() -> None:
    explained = failures.explained(ZeroDivisionError("division by zero"))
    assert all(explained.as_dict().values())
