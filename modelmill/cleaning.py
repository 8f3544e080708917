"""What an installation has on its disk and goes back to no more: `mill clean`.

Models that were superseded, with the pages of their reports; models that learnt from what was erased since, as soon as
they answer no more; conversions of a base model that is not in use any more; what trainings that never ended left.
Rows stay: lineage, reports and scores are told as before. Frozen sets stay: they are compared and trained on again. So
does what lies in a bucket (MILL_STORE_URL), which others read, but for what learnt from what was erased.

Whatever goes can be made again: a training or conversion that finds its files gone makes them anew.
"""

from __future__ import annotations

import shutil
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine

from modelmill.embed.encoder import BUNDLED, identity
from modelmill.errors import DataError
from modelmill.finetune import checkpoints
from modelmill.inference import base
from modelmill.settings import Settings
from modelmill.store import artifacts, bucket, candidates

DAYS = 30  # a month of nights to look back at; a training and its evaluation take hours


@dataclass(frozen=True, slots=True)
class Leftover:
    """Something that may go. task: of a model, whose trainings wait while it goes. erased: from the bucket, too."""

    what: str
    name: str
    why: str
    paths: tuple[Path, ...]
    task: str = ""
    erased: bool = False

    @property
    def bytes(self) -> int:
        """Of all its files."""
        files = (file for path in self.paths for file in (path, *path.rglob("*")))
        return sum(file.lstat().st_size for file in files if file.is_file())


def leftovers(settings: Settings, db: Engine, days: int = DAYS) -> list[Leftover]:
    """All that may go now, of what is older than `days`; of what learnt from an erased corpus all."""
    with db.connect() as conn:
        models, erased = candidates.superseded(conn, days), candidates.replaced(conn)
    found = [_model(settings, sha256, task, "never released, superseded") for sha256, task in sorted(models.items())]
    why = "learnt from an erased corpus, answers no more"
    found += [_model(settings, sha256, task, why, erased=True) for sha256, task in sorted(erased.items())]
    found += [*_conversions(settings, days), *_abandoned(settings, days)]
    return [one for one in found if one.paths]


def remove(settings: Settings, db: Engine, days: int = DAYS) -> list[Leftover]:
    """Remove it; what went. A model that somebody goes back to meanwhile stays."""
    return [one for one in leftovers(settings, db, days) if _removed(settings, db, one, days)]


def _removed(settings: Settings, db: Engine, one: Leftover, days: int) -> bool:
    with db.begin() as conn:
        if one.task:
            candidates.hold(conn, one.task)
            if one.name not in (candidates.replaced(conn) if one.erased else candidates.superseded(conn, days)):
                return False
            if one.erased:
                bucket.erase(settings, [one.name], ())
        for path in one.paths:
            _remove(settings, path)
    return True


def _remove(settings: Settings, path: Path) -> None:
    if path.is_relative_to(settings.artifacts_dir):  # at once: half of one would be taken for an altered one
        away = settings.artifacts_dir / ".tmp" / uuid.uuid4().hex
        away.parent.mkdir(parents=True, exist_ok=True)
        path = path.rename(away)
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _model(settings: Settings, sha256: str, task: str, why: str, erased: bool = False) -> Leftover:
    page = settings.home_dir / "reports" / f"{task}-{sha256[:12]}.html"
    there = tuple(path for path in (artifacts.location(settings, sha256), page) if path.exists())
    return Leftover("model", sha256, f"a candidate of {task}, {why}", there, task, erased)


def _conversions(settings: Settings, days: int) -> Iterator[Leftover]:
    """All but those of the base model in the settings and of the one that comes with modelmill."""
    in_use = {base.peek(settings, identity(model)) for model in (settings.base_model, BUNDLED)}
    kept = {one.artifact for one in in_use if one}
    records = {path: path.read_text(encoding="utf-8") for path in (settings.home_dir / "engines").glob("*.json")}
    for folder in sorted(settings.artifacts_dir.glob("??/*")):
        if folder.name not in kept and _kind(folder) == "engine" and _is_old(folder, days):
            naming = [path for path, said in records.items() if folder.name in said]
            why = "made of a base model, or by a version, that is not in use"
            yield Leftover("conversion", folder.name, why, (*naming, folder))


def _abandoned(settings: Settings, days: int) -> Iterator[Leftover]:
    for what, pattern in (("checkpoints", f"{checkpoints.root(settings).name}/*/*"), ("draft", "staging/*")):
        for path in sorted(settings.home_dir.glob(pattern)):
            if _is_old(path, days):
                yield Leftover(what, path.name, "of a training or conversion that did not end", (path,))


def _kind(folder: Path) -> str:
    try:
        return artifacts.read_manifest(folder)["kind"]
    except DataError:  # damaged, or gone meanwhile
        return ""


def _is_old(path: Path, days: int) -> bool:
    """Nothing in it was written for so long."""
    newest = max(one.lstat().st_mtime for one in (path, *path.rglob("*")))
    return time.time() - newest > days * 24 * 3600
