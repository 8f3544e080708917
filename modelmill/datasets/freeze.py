"""Examples -> Parquet with a manifest, byte for byte the same from the same examples, kept by content.

Inputs and targets are canonical JSON in text columns: every task has other fields, and one spelling has one hash.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from modelmill.errors import DataError, PrerequisiteError
from modelmill.records import Dataset, Example, Split, canonical_json, sha256_file
from modelmill.settings import Settings
from modelmill.store import artifacts
from modelmill.store.datasets import FILE

MANIFEST = "manifest.json"


def freeze(settings: Settings, task: str, examples: Sequence[Example], about: Mapping[str, Any]) -> Dataset:
    """Write one Parquet file a split and manifest.json into the artifact store.

    about: what the manifest says besides counts and files. The dataset's sha256 is its artifact's, which covers all.
    """
    counts = {one.value: sum(example.split is one for example in examples) for one in Split}
    with tempfile.TemporaryDirectory(prefix="mill-dataset-") as name:
        staging = Path(name)
        files = {
            FILE.format(split=one.value): _write(staging / FILE.format(split=one.value), examples, one)
            for one in Split
            if counts[one.value]
        }
        manifest = {"task": task, **about, "counts": counts, "files": files}
        (staging / MANIFEST).write_text(canonical_json(manifest) + "\n", encoding="utf-8")
        sha256, path = artifacts.publish_dir(settings, staging, kind="dataset")
    return Dataset(sha256, task, path, counts, manifest)


def made_of(folder: Path) -> frozenset[str]:
    """The keys of the corpora that the set in `folder` is of, by its manifest. Raises DataError when it says none."""
    file = folder / MANIFEST
    try:
        return frozenset(str(source["corpus"]) for source in json.loads(file.read_bytes())["sources"])
    except (OSError, ValueError, LookupError, TypeError, RecursionError) as error:
        raise DataError(
            f"{file} does not say of which corpora its set is",
            allowed="JSON with the corpora as `sources`, as it was frozen",
            found=f"{type(error).__name__}: {error}"[:300],
            next="restore it from a backup, or delete its folder",
        ) from error


def place(dataset: Dataset, folder: Path) -> bool:
    """Make `folder` a copy of the frozen set, as a whole; False when it is one already.

    The old folder steps aside for the new one, which is complete by then. A process killed between these two renames
    leaves none; the next run puts it there.
    """
    if _same(dataset, folder):
        return False
    beside = Path(f"{folder}.new"), Path(f"{folder}.old")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        for one in beside:
            shutil.rmtree(one, ignore_errors=True)
        shutil.copytree(dataset.path, beside[0], copy_function=shutil.copyfile)
        if folder.exists():
            folder.rename(beside[1])
        beside[0].rename(folder)
    except OSError as error:
        raise PrerequisiteError(
            f"the frozen set could not be put into {folder}",
            allowed="a writable folder with space",
            found=f"{type(error).__name__}: {error.strerror or error}",
            next="free space or mend the permissions, then run the same again",
        ) from error
    finally:
        for one in beside:
            shutil.rmtree(one, ignore_errors=True)
    return True


def _same(dataset: Dataset, folder: Path) -> bool:
    names = {file.name for file in folder.iterdir()} if folder.is_dir() else set[str]()
    if names != {*dataset.manifest["files"], MANIFEST, artifacts.MANIFEST}:
        return False
    return all((folder / name).read_bytes() == (dataset.path / name).read_bytes() for name in names)


def _write(file: Path, examples: Sequence[Example], split: Split) -> dict[str, Any]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows = [_row(one) for one in sorted(examples, key=lambda one: one.sha256) if one.split is split]
    names = ("sha256", "input", "target", "group", "cluster", "kind")
    schema = pa.schema([*((name, pa.string()) for name in names), ("units", pa.list_(pa.string()))])
    # Nothing that differs between two runs: no time, no statistics of pages, one fixed compression level.
    pq.write_table(pa.Table.from_pylist(rows, schema), file, compression="zstd", compression_level=3, version="2.6")
    return {"sha256": sha256_file(file), "size": file.stat().st_size, "rows": len(rows)}


def _row(example: Example) -> dict[str, Any]:
    return {
        "sha256": example.sha256,
        "input": canonical_json(example.input),
        "target": canonical_json(example.target),
        "units": list(example.units),
        "group": example.group,
        "cluster": example.cluster,
        "kind": example.kind,
    }
