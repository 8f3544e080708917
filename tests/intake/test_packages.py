"""The packages of this environment as a corpus: what is taken, under which licence, and what is refused."""

from __future__ import annotations

import importlib.metadata
from pathlib import Path

import pytest
from sqlalchemy import Engine

from modelmill.errors import UserError
from modelmill.extract.python_packages import SOURCE, installed, plain
from modelmill.extract.source import detect
from modelmill.extract.stage import extract, is_current
from modelmill.normalize.stage import normalize
from modelmill.settings import Settings
from modelmill.store import corpora, documents, units


def test_a_package_is_a_folder_with_its_own_licence(settings: Settings, db: Engine) -> None:
    corpus = corpora.add(settings, db, "environment", "python:packages:iniconfig, PLUGGY", consent=True)
    result = extract(settings, db, corpus)
    found = documents.all_documents(db, corpus.id)
    assert {path.split("/")[0] for path in found} == {"iniconfig", "pluggy"}
    assert {one.record.licence for one in found.values()} == {"MIT"}
    assert result.revision.startswith("packages-")
    assert not extract(settings, db, corpus).fresh
    assert is_current(settings, db, corpus)


def test_each_text_of_a_licence_stands_at_the_folder_that_it_is_of() -> None:
    with SOURCE.open("python:packages:numpy", Path()) as snapshot:
        paths = [entry.path for entry in snapshot.files()]
        texts = [path for path in paths if path.endswith("/LICENSE.md")]
        assert "numpy/numpy/random/LICENSE.md" in texts  # `licenses/numpy/random/LICENSE.md` of its metadata
        assert len(dict(snapshot.read(texts))) == len(texts)
    assert len(paths) == len(set(paths))


def test_its_units_are_grouped_by_package(settings: Settings, db: Engine) -> None:
    corpus = corpora.add(settings, db, "environment", "python:packages:iniconfig,pluggy", consent=True)
    extract(settings, db, corpus)
    normalize(settings, db, corpus)
    found = units.query(db, ("class",), corpora=["environment"], tenant="default", consented_only=True)
    assert {unit.group for unit in found} == {"iniconfig", "pluggy"}
    assert "IniConfig" in {unit.name for unit in found}


def test_nothing_outside_of_site_packages_is_listed() -> None:
    with SOURCE.open("python:packages:pytest", Path("unused")) as snapshot:
        paths = [entry.path for entry in snapshot.files()]
    assert any(str(file).startswith("..") for file in importlib.metadata.distribution("pytest").files or ())
    assert paths
    assert not [path for path in paths if ".." in path or not path.startswith("pytest/")]


def test_without_names_it_is_everything_that_is_installed() -> None:
    with SOURCE.open("python:packages", Path("unused")) as snapshot:
        read = dict(snapshot.read(["pluggy/METADATA"]))
        assert {entry.path.split("/")[0] for entry in snapshot.files()} <= installed().keys()
    assert b"Name: pluggy" in read["pluggy/METADATA"]


def test_a_package_that_is_not_there_is_named() -> None:
    with (
        pytest.raises(UserError, match="'no-such-thing' is not installed here"),
        SOURCE.open("python:packages:pluggy,No_Such.Thing", Path("unused")),
    ):
        pass


def test_a_list_longer_than_a_file_name_is_understood_and_a_long_nothing_is_refused() -> None:
    names = ",".join(["pluggy"] * 60)
    assert detect(f"python:packages:{names}").name == "python_packages"
    with pytest.raises(UserError, match="cannot be a corpus"):
        detect("x" * 5000)


def test_names_are_spelt_as_the_index_spells_them() -> None:
    assert plain("Ruamel.yaml_X") == "ruamel-yaml-x"
