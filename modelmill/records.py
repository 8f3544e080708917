"""The nouns of the platform: frozen records that the stages hand to each other. No behaviour but their identity."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal

UnitKind = Literal[
    "module", "class", "interface", "function", "method", "statement", "section", "entry", "component_text", "labelled"
]

# How the address of a corpus of what users said of answers begins, and the path of its one document.
FEEDBACK = "feedback:"

# Whose everything is where nobody said otherwise.
DEFAULT_TENANT = "default"


def sha256_text(text: str) -> str:
    """Hex sha256 of the UTF-8 bytes of `text`."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def sha256_file(path: Path) -> str:
    """Hex sha256 of the file's bytes, read in blocks. Raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def canonical_json(value: object) -> str:
    """One spelling per value: sorted keys, no spaces. What identities are hashed from."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


class Split(StrEnum):
    """Which part of a dataset an example is in. POOL examples are only there to be confused with (distractors)."""

    TRAIN = "train"
    VALIDATION = "validation"
    TEST = "test"
    POOL = "pool"


def corpus_key(tenant: str, name: str) -> str:
    """What a corpus is in one string, the name of its partitions: its name, after the tenant where that is another one
    than the default.
    """
    return name if tenant == DEFAULT_TENANT else f"{tenant}/{name}"


def name_within(tenant: str, key: str) -> str | None:
    """The name of the tenant's corpus that has this key; None when the key is another tenant's."""
    whose, _, name = key.rpartition("/")
    return name if (whose or DEFAULT_TENANT) == tenant else None


@dataclass(frozen=True, slots=True)
class Corpus:
    """What may be read. Consent is off unless somebody gave it; without it: searchable, never trained on."""

    id: int
    name: str
    kind: str
    uri: str
    licence: str | None = None
    consent_to_train: bool = False
    tenant: str = DEFAULT_TENANT
    revision: str | None = None

    @property
    def key(self) -> str:
        """See `corpus_key`."""
        return corpus_key(self.tenant, self.name)


@dataclass(frozen=True, slots=True)
class Document:
    """One file at one revision. Its text is never stored: what is read from it is cleaned first."""

    path: str
    sha256: str
    revision: str
    language: str
    size: int
    licence: str | None = None


@dataclass(frozen=True, slots=True)
class Dropped:
    """Something that was left out, and why."""

    path: str
    reason: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Unit:
    """A function, class, section, catalog entry... as cleaned text.

    group: what a split never tears apart (package, folder or repository). lines: first and last, from 1, inclusive.
    text: the whole unit. docstring: its own words about itself, also contained in text. meta: annotations and, for
    catalog entries, the entry's fields.
    """

    corpus: str
    path: str
    name: str
    kind: UnitKind
    language: str
    text: str
    group: str
    signature: str = ""
    docstring: str = ""
    start_line: int = 1
    end_line: int = 1
    meta: Mapping[str, Any] = field(default_factory=dict[str, Any])
    document_sha256: str = ""
    revision: str = ""
    cluster: str = ""

    @property
    def key(self) -> str:
        """Where the unit lives: corpus, path, qualified name."""
        return f"{self.corpus}:{self.path}::{self.name}"

    @property
    def sha256(self) -> str:
        """Identity of the content."""
        return sha256_text(self.text)


@dataclass(frozen=True, slots=True)
class Example:
    """One thing to learn from or to be measured on. `input` fits the task's Input model.

    units: keys of the units it was made from. group and cluster: what the split kept together. weight and kind are
    the task's own (`kind` names a slice: plain, typo, out_of_scope ...).
    """

    input: Mapping[str, Any]
    target: Mapping[str, Any]
    split: Split
    units: tuple[str, ...] = ()
    group: str = ""
    cluster: str = ""
    kind: str = ""

    @property
    def sha256(self) -> str:
        """Identity: what is asked and what is right."""
        return sha256_text(canonical_json([self.input, self.target]))


@dataclass(frozen=True, slots=True)
class Dataset:
    """A frozen set of examples; `path` holds one Parquet file a split and manifest.json."""

    sha256: str
    task: str
    path: Path
    counts: Mapping[str, int]
    manifest: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A trained, unreleased model directory in the artifact store."""

    sha256: str
    task: str
    dataset_sha256: str
    path: Path
    profile: str
    seed: int
    params: Mapping[str, Any]
    mlflow_run_id: str | None = None


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean with its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Report:
    """A candidate's scores on a frozen set, beside baseline and champion.

    scores: per score name, per side (candidate, baseline, champion) the value. delta: paired bootstrap of the main
    score, candidate minus baseline (and minus champion, None when there is none). slices: main score by slice.
    gains: per other score, per side (baseline, champion) the same over the n examples it applies to, more being better.
    flaws: what disqualifies the candidate whatever its scores are. engines: what ran each side, the candidate's with
    the reason.
    """

    id: int
    task: str
    candidate_sha256: str
    dataset_sha256: str
    main_score: str
    unit: str
    value: Interval
    baseline: float
    champion: float | None
    delta_baseline: Interval
    delta_champion: Interval | None
    n: int
    seed: int
    scores: Mapping[str, Mapping[str, float | None]]
    slices: Mapping[str, Mapping[str, float]]
    latency_ms: float
    size_bytes: int
    passed: bool
    reasons: Sequence[str]
    flaws: Sequence[str] = ()
    engines: Mapping[str, str] = field(default_factory=dict[str, str])
    gains: Mapping[str, Mapping[str, Mapping[str, float]]] = field(
        default_factory=dict[str, dict[str, dict[str, float]]]
    )


@dataclass(frozen=True, slots=True)
class Release:
    """A candidate that was let through the gate."""

    id: int
    task: str
    version: str
    number: int
    candidate_sha256: str
    dataset_sha256: str
    report_id: int
    status: Literal["champion", "previous", "retired"]
    bento_tag: str | None
    created_at: datetime

    @property
    def name(self) -> str:
        """What answers carry: task and version."""
        return f"{self.task}@{self.version}"
