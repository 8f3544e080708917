"""What every kind of source in `modelmill/extract/` must hold; a new file there is held to it by being there."""

from __future__ import annotations

import sys
from collections.abc import Generator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path, PurePosixPath

import pytest
from source_samples import SAMPLES

from modelmill.errors import MillError
from modelmill.extract.source import MAX_FILE_BYTES, Snapshot, all_sources, detect
from modelmill.settings import Settings

STRANGE = ["", " ", "\0", "~nobody-here/x", "https://", "://", "x" * 100_000, "\ud800", "..", "feedback", "python:"]


@pytest.fixture(params=sorted(all_sources()))
def name(request: pytest.FixtureRequest) -> str:
    """Each source's name."""
    assert request.param in SAMPLES, f"tests/intake/source_samples.py has no sample for {request.param}"
    return request.param


@pytest.fixture
def uri(name: str, settings: Settings, project: Path) -> str:
    """A place of its kind."""
    return SAMPLES[name].make(project)


@contextmanager
def opened(name: str, uri: str, settings: Settings) -> Generator[Snapshot]:
    with all_sources()[name].open(uri, settings.home_dir / "sources") as snapshot:
        yield snapshot


def test_its_module_says_what_it_is(name: str) -> None:
    module = sys.modules[type(all_sources()[name]).__module__]
    assert len((module.__doc__ or "").split()) >= 10


def test_its_own_addresses_are_understood_as_its_kind(name: str, uri: str) -> None:
    assert detect(uri).name == name


@pytest.mark.parametrize("strange", STRANGE, ids=lambda one: ascii(one)[:20])
def test_no_address_is_too_strange_to_be_asked_about(name: str, strange: str) -> None:
    assert all_sources()[name].matches(strange) in (True, False)


def test_it_lists_honest_paths_once_each_and_the_same_ones_twice(name: str, uri: str, settings: Settings) -> None:
    with opened(name, uri, settings) as snapshot:
        first, second = list(snapshot.files()), list(snapshot.files())
    paths = [one.path for one in first]
    assert first == second
    assert bool(first) is SAMPLES[name].gives
    assert len(set(paths)) == len(paths)
    assert not [one for one in paths if one.startswith("/") or ".." in PurePosixPath(one).parts]


def test_it_gives_the_bytes_of_what_is_asked_for_and_of_nothing_else(name: str, uri: str, settings: Settings) -> None:
    with opened(name, uri, settings) as snapshot:
        given = (one for one in snapshot.files() if not one.refused and one.size <= MAX_FILE_BYTES)
        sizes = {one.path: one.size for one in islice(given, 20)}
        read = dict(snapshot.read([*sizes, "no/such/file.py"]))
    assert {path: len(content) for path, content in read.items()} == sizes
    assert bool(sizes) is SAMPLES[name].gives


def test_its_revision_stays_while_nothing_changes(name: str, uri: str, settings: Settings) -> None:
    found: set[str | None] = set()
    for _ in range(2):
        with opened(name, uri, settings) as snapshot:
            found.add(snapshot.revision)
    assert len(found) == 1
    assert (None not in found) is SAMPLES[name].keeps


def test_it_writes_nothing_where_it_reads(name: str, uri: str, settings: Settings, project: Path) -> None:
    before = sorted(path for path in project.rglob("*"))
    with opened(name, uri, settings) as snapshot:
        dict(snapshot.read([one.path for one in islice(snapshot.files(), 20)]))
    assert sorted(path for path in project.rglob("*")) == before


def test_what_is_not_there_is_refused_in_four_parts(name: str, settings: Settings) -> None:
    nowhere = SAMPLES[name].nowhere
    if not nowhere:
        pytest.skip("it has one address, which is always there")
    with pytest.raises(MillError) as told, opened(name, nowhere, settings) as snapshot:
        list(snapshot.files())
    assert all(told.value.as_dict().values())
