"""A task's file that cannot be used says what is wrong with it, and is not called a mistake of modelmill."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from modelmill import tasks
from modelmill.errors import UserError
from modelmill.task import all_tasks

TASK = """\
from dataclasses import replace

from modelmill.tasks import semantic_search

TASK = replace(semantic_search.TASK, name="licence"{})
"""


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A task's file that is not there yet, in a folder where tasks are looked for."""
    folder = tmp_path / "modelmill" / "tasks"
    folder.mkdir(parents=True)
    monkeypatch.setattr(tasks, "__path__", [*tasks.__path__, str(folder)])
    all_tasks.cache_clear()
    yield folder / "licence.py"
    all_tasks.cache_clear()
    sys.modules.pop("modelmill.tasks.licence", None)
    tasks.__dict__.pop("licence", None)


def test_a_task_is_there_by_its_file(file: Path) -> None:
    file.write_text(TASK.format(""))
    assert "licence" in all_tasks()


@pytest.mark.parametrize(
    ("text", "allowed", "found"),
    [
        ("x = 1\n\nTASK = Task()\n", "that Python can import", "line 3: NameError: name 'Task' is not defined"),
        ("def (\n", "that Python can import", "SyntaxError: invalid syntax (licence.py, line 1)"),
        ("x = 1\n", "that sets TASK", "no TASK in it"),
        ("TASK = 3\n", "a Task as TASK", "int"),
        (TASK.format(", kinds=('func',)"), "TASK.kinds of module, class", "func"),
        (TASK.format(", params={'tiny': {}}"), "TASK.params for each of tiny, small, full", "none for full, small"),
        (TASK.format(", scores=()"), "TASK.scores with the one that decides first", "no score"),
        (TASK.format("[:3]"), "TASK.name equal to the file's name, 'licence'", "TASK.name = 'lic'"),
    ],
)
def test_one_that_cannot_be_used_says_what_is_wrong_with_it(file: Path, text: str, allowed: str, found: str) -> None:
    file.write_text(text)
    with pytest.raises(UserError) as raised:
        all_tasks()
    said = raised.value
    assert said.failed == "the file modelmill/tasks/licence.py cannot be used"
    assert allowed in said.allowed
    assert found in said.found
    assert said.next == "correct it, or take it out of modelmill/tasks until it is ready"
