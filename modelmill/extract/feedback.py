"""`feedback:TASK`: what users said of a task's answers, as labelled texts, so that the next model learns from them.

One row a text: the label that a user confirmed or gave as correction; the newest word counts. A corpus as any other:
without consent nothing is learnt from it, and `mill corpus remove` takes it away. Only what the prediction log holds is
read, which is without secrets and personal data. docs/decisions/0012 says what such rows may and may not do.
"""

from __future__ import annotations

import json
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from modelmill.errors import UserError
from modelmill.extract.source import Entry
from modelmill.records import FEEDBACK
from modelmill.task import Task, all_tasks


class FeedbackSnapshot:
    """The words of now. The content is the revision."""

    revision = None

    def __init__(self, task: str, rows: Iterable[tuple[str, str]]) -> None:
        self.path = f"{FEEDBACK}{task}.jsonl"  # a file of no folder: datasets tell by it who said so
        lines = (json.dumps({"text": text, "label": label}, ensure_ascii=False) for text, label in rows)
        self.content = "".join(f"{line}\n" for line in lines).encode()

    def files(self) -> Iterator[Entry]:
        if self.content:
            yield Entry(self.path, len(self.content))

    def read(self, paths: Iterable[str]) -> Iterator[tuple[str, bytes]]:
        for path in paths:
            if path == self.path and self.content:
                yield path, self.content


class Feedback:
    """Reads the database of this installation; the tenant is the one that the command line works for."""

    name = "feedback"

    def matches(self, uri: str) -> bool:
        return uri.startswith(FEEDBACK)

    @contextmanager
    def open(self, uri: str, home: Path, revision: str | None = None) -> Generator[FeedbackSnapshot]:
        from modelmill.settings import load
        from modelmill.store import database, predictions

        name = uri.removeprefix(FEEDBACK).replace("-", "_")
        if name not in labelling():
            raise UserError(
                f"{uri!r} cannot be a corpus",
                allowed=", ".join(f"{FEEDBACK}{known}" for known in labelling()) + ": tasks that answer a text's label",
                found=name or "no task",
                next=f"mill corpus add corrections {FEEDBACK}{labelling()[0]}",
            )
        settings = load()
        yield FeedbackSnapshot(name, predictions.labels_said(database.engine(settings), settings.tenant, name))


def labelling() -> list[str]:
    """The tasks whose answers users can put right by a word: a text goes in, a label comes out."""
    return [task.name for task in all_tasks().values() if _labels(task)]


def _labels(task: Task) -> bool:
    return "text" in task.input.model_fields and "label" in task.output.model_fields


SOURCE = Feedback()
