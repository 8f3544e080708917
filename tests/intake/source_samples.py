"""For each kind of source a place that is one, and an address like its own where nothing is."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from intake_project import git


@dataclass(frozen=True, slots=True)
class Sample:
    """make: the URI, given the project's folder. nowhere: one that must be refused ("": it has but one).

    keeps: it has a name for its revision; without one the content says what it is. gives: there is a file in it; of
    what users said there is none before anybody said anything (tests/data/test_feedback.py has some).
    """

    make: Callable[[Path], str]
    nowhere: str
    keeps: bool = True
    gives: bool = True


def _archive(project: Path) -> str:
    return shutil.make_archive(str(project.with_name("packed")), "zip", project)


def _repository(project: Path) -> str:
    git(project, "init", "-q")
    git(project, "add", "-A")
    git(project, "commit", "-q", "-m", "first")
    return str(project)


SAMPLES = {
    "archive": Sample(_archive, "/nowhere/packed.zip"),
    "directory": Sample(lambda project: str(project), "/nowhere/folder", keeps=False),
    "feedback": Sample(
        lambda project: "feedback:intent_classification", "feedback:no_such_task", keeps=False, gives=False
    ),
    "git": Sample(_repository, "/nowhere/repository.git"),
    "python_packages": Sample(lambda project: "python:packages:pytest", "python:packages:no-such-package"),
    "python_stdlib": Sample(lambda project: "python:stdlib", ""),
}
