"""A store that machines share: sent where one publishes, fetched where another opens, verified like everything."""

from __future__ import annotations

import io
import shutil
import tarfile
from pathlib import Path

import pytest
from pydantic import SecretStr

from modelmill.errors import DataError, PrerequisiteError
from modelmill.settings import Settings
from modelmill.store import artifacts, bucket


@pytest.fixture(params=["s3", "file"])
def one(request: pytest.FixtureRequest, settings: Settings, tmp_path: Path) -> Settings:
    """A machine with a shared store."""
    shared = f"file://{tmp_path}/shared"
    if request.param == "s3":
        shared = request.getfixturevalue("s3").format(tmp_path.name)
    return settings.model_copy(update={"store_url": SecretStr(shared)})


@pytest.fixture
def other(one: Settings, tmp_path: Path) -> Settings:
    """Another machine on the same store."""
    return one.model_copy(update={"home": tmp_path / "other-home"})


@pytest.fixture
def published(one: Settings, tmp_path: Path) -> str:
    """The name of an artifact that one machine published."""
    staging = tmp_path / "staging"
    (staging / "folder").mkdir(parents=True)
    (staging / "config.json").write_text('{"hidden": 3}')
    (staging / "folder" / "card.md").write_text("# A model\n" * 200_000)
    return artifacts.publish_dir(one, staging, "model")[0]


def test_what_one_machine_publishes_another_opens(one: Settings, other: Settings, published: str) -> None:
    path = artifacts.open_artifact(other, published)
    assert path == artifacts.location(other, published) != artifacts.location(one, published)
    assert (path / "folder" / "card.md").read_text() == "# A model\n" * 200_000
    assert path.joinpath("config.json").stat().st_mode & 0o777 == 0o444
    assert not list((other.artifacts_dir / ".tmp").iterdir())
    assert bucket.push(one, published, path) is False, "it is there already, byte for byte"


def test_what_is_lost_here_comes_back_from_there(one: Settings, published: str) -> None:
    path = artifacts.location(one, published)
    shutil.rmtree(path)
    assert artifacts.open_artifact(one, published) == path
    artifacts.verify(path, published)


def test_what_comes_and_is_another_is_refused_and_not_kept(one: Settings, other: Settings, published: str) -> None:
    path = artifacts.location(one, published)
    (path / "folder" / "card.md").chmod(0o644)
    (path / "folder" / "card.md").write_text("# Another model\n")
    assert bucket.push(one, published, path), "another size: it is replaced"
    with pytest.raises(DataError, match=r"card\.md"):
        artifacts.open_artifact(other, published)
    assert not artifacts.location(other, published).exists()


def test_an_artifact_that_nobody_has_and_a_store_that_does_not_answer_are_told_apart(
    one: Settings, tmp_path: Path
) -> None:
    with pytest.raises(PrerequisiteError, match="is not in the store"):
        artifacts.open_artifact(one, "a" * 64)
    nowhere = "s3://a:b@team/x?region=us-east-1&scheme=http&endpoint_override=127.0.0.1:9"
    away = one.model_copy(update={"store_url": SecretStr(nowhere)})
    with pytest.raises(PrerequisiteError, match="could not be read from") as told:
        artifacts.open_artifact(away, "a" * 64)
    assert "a:b" not in str(told.value)
    with pytest.raises(PrerequisiteError, match="could not be looked at"):
        bucket.look(away)
    bucket.look(one)


def _object(kind: bytes, name: str, leads_to: str = "") -> bytes:
    """A tar with one entry of that kind."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:") as archive:
        entry = tarfile.TarInfo(name)
        entry.type, entry.linkname = kind, leads_to
        entry.size = 4 if kind == tarfile.REGTYPE else 0
        archive.addfile(entry, io.BytesIO(b"evil"))
    return packed.getvalue()


@pytest.mark.parametrize(
    ("kind", "name", "leads_to"),
    [
        (tarfile.REGTYPE, "../outside.txt", ""),
        (tarfile.REGTYPE, "a/../../outside.txt", ""),
        (tarfile.REGTYPE, "/tmp/outside-of-the-artifact.txt", ""),
        (tarfile.SYMTYPE, "link", "/etc/passwd"),
        (tarfile.LNKTYPE, "link", "/etc/passwd"),
        (tarfile.FIFOTYPE, "pipe", ""),
        (tarfile.DIRTYPE, "folder", ""),
    ],
)
def test_an_object_that_somebody_else_put_there_writes_nothing_outside(
    settings: Settings, tmp_path: Path, kind: bytes, name: str, leads_to: str
) -> None:
    there = settings.model_copy(update={"store_url": SecretStr(f"file://{tmp_path}/shared")})
    sha256, into = "a" * 64, tmp_path / "home" / "into"
    into.mkdir(parents=True)
    (tmp_path / "shared" / "aa").mkdir(parents=True)
    (tmp_path / "shared" / "aa" / f"{sha256}.tar").write_bytes(_object(kind, name, leads_to))
    with pytest.raises(PrerequisiteError, match="could not be read from") as told:
        bucket.fetch(there, sha256, into)
    assert "no plain file" in told.value.found
    assert not list(into.iterdir()) and not list((tmp_path / "home").glob("outside*"))
    assert not Path("/tmp/outside-of-the-artifact.txt").exists()
