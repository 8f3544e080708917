"""Erases a corpus from every table and folder, and marks what was trained on it. What cannot be undone is said.

A model is not unlearnt: the releases that knew it are marked, refused promotion, and named, until they are retrained.
One that was never released goes, weights and words: nobody is answered by it.
Files are deleted before the rows are committed: an erasure that is killed in between is there to be called again, with
rows whose files are gone, and never leaves a file that no row leads to.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from sqlalchemy import Connection, Engine

from modelmill import logs
from modelmill.normalize import clustering
from modelmill.records import Corpus, sha256_text
from modelmill.settings import Settings
from modelmill.store import artifacts, bucket, corpora, datasets, publications
from modelmill.store import erasure as rows


@dataclass(frozen=True, slots=True)
class Erased:
    """How many rows and files went, and the releases that knew it."""

    counts: dict[str, int]
    releases: tuple[str, ...]


def remove(settings: Settings, db: Engine, tenant: str, name: str) -> Erased:
    """Erase the corpus. Raises UserError when there is none of that name."""
    one = corpora.get(db, tenant, name)
    for asset in rows.PARTITIONED:  # whoever works on it now can no longer publish
        publications.take(db, asset, one.key)
    lease = publications.take(db, corpora.ERASED, one.key)
    with db.begin() as conn:
        clustering.lock(conn)
        knew = rows.knew(conn, one)
        unpublished = {path.name: str(path) for path in _unpublished(settings, conn, one)}
        counts = rows.erase(conn, one, knew)
        clustering.bring_up_to_date(conn)  # what only its texts held together falls apart
        knew = replace(knew, datasets={**knew.datasets, **unpublished})
        # Before the commit: if a file cannot be deleted the rows stay, and the same command tries again.
        counts["files"] = sum(delete(path) for path in _files(settings, one, knew))
        pages = [_page_of(sha256) for sha256 in knew.candidates]
        counts["files"] += bucket.erase(settings, [*knew.datasets, *knew.unreleased], pages)
        counts["log_lines"] = logs.forget(settings.home_dir, knew.runs, knew.partitions)
        nothing = sha256_text("")
        publications.publish(conn, lease, input_hash=nothing, sha256=nothing, rows=0, detail=counts)
    rows.forget_samples(db)
    return Erased(counts, knew.releases)


def _files(settings: Settings, one: Corpus, knew: rows.Knew) -> Iterator[Path]:
    """The frozen sets with their working copies, what DVC cached of them and what a training kept; models that were
    never released; the pages of reports that show examples, here and as MLflow has them; what Dagster's runs printed;
    and our copy of a remote source, if no other corpus is read from it.

    In the store that machines share bucket.erase deletes the same. The homes of other machines are not reached.
    """
    for sha256, folder in knew.datasets.items():
        yield from _cached_by_dvc(settings, Path(folder))
        yield from _working_copies(settings, sha256)
        yield Path(folder)
        yield settings.home_dir / "checkpoints" / sha256  # of a training that was stopped: weights that knew it
    for sha256 in knew.unreleased:
        yield artifacts.location(settings, sha256)
    for sha256 in knew.candidates:
        for folder in (settings.home_dir / "reports", settings.mlruns_dir):
            yield from sorted(folder.rglob(f"*{_page_of(sha256)}"))
    for run in knew.runs:
        yield settings.home_dir / "dagster" / "storage" / run
    if not knew.read_by_others:
        yield our_copy(settings, one)


def _unpublished(settings: Settings, conn: Connection, one: Corpus) -> Iterator[Path]:
    """Sets with something of the corpus whose run ended before a row led to them; one that is being made now is
    refused when it wants to be published.
    """
    for file in sorted(settings.artifacts_dir.glob("??/*/manifest.json")):
        said = json.loads(file.read_text(encoding="utf-8"))
        of = {source["corpus"] for source in said.get("sources", ())}
        if one.key in of and not datasets.recorded(conn, file.parent.name):
            yield file.parent


def our_copy(settings: Settings, of: Corpus) -> Path:
    """Where the working copy of a remote repository lies, if the corpus is one."""
    return settings.home_dir / "sources" / f"git-{sha256_text(of.uri.partition('#')[0])[:24]}"


def delete(path: Path) -> int:
    """Files deleted; none if there is nothing."""
    if path.is_dir():
        number = sum(file.is_file() for file in path.rglob("*"))
        shutil.rmtree(path)
        return number
    existed = path.exists()
    path.unlink(missing_ok=True)
    return int(existed)


def _page_of(sha256: str) -> str:
    """What the name of a candidate's report ends with."""
    return f"-{sha256[:12]}.html"


def _working_copies(settings: Settings, sha256: str) -> Iterator[Path]:
    for manifest in (settings.data_dir / "datasets").glob("*/artifact.json"):
        if sha256_text(manifest.read_text(encoding="utf-8")) == sha256:
            yield manifest.parent


def _cached_by_dvc(settings: Settings, folder: Path) -> Iterator[Path]:
    for file in sorted(folder.glob("*")):
        md5 = hashlib.md5(file.read_bytes(), usedforsecurity=False).hexdigest()  # DVC's name for a content
        yield settings.root / ".dvc" / "cache" / "files" / "md5" / md5[:2] / md5[2:]
