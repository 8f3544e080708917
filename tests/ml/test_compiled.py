"""A model as it was compiled is read again, gives the same rows, and is made anew whenever it is not what was kept."""

from __future__ import annotations

import gc
import resource
import shutil
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from modelmill.embed.encoder import load_sentence_model
from modelmill.inference import compiled, conversion, ir, retrieval
from modelmill.settings import load

TEXTS = ["def area(radius): return 3.14 * radius ** 2", "a page about shapes", ""]


@pytest.fixture(scope="module")
def model(tiny_base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small model in fp32."""
    folder = tmp_path_factory.mktemp("compiled")
    encoder = load_sentence_model(load(), tiny_base)
    source = partial(conversion.of_sentences, encoder.model, encoder.encode)
    assert conversion.make(source, folder, TEXTS, retrieval.judge(TEXTS, TEXTS), precisions=("fp32",)).kind == "fp32"
    return folder


@pytest.fixture
def kept(tmp_path: Path, model: Path) -> Path:
    """The folder, after one has asked."""
    ir.load(model, 1, tmp_path / "kept")
    return tmp_path / "kept"


def reads(model: Path, kept: Path, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Whether what is kept is used: then nothing is written. Its rows are those of a model made now."""
    written: list[Path] = []
    with monkeypatch.context() as patch:
        patch.setattr(compiled, "_keep", lambda file, _: written.append(file))
        rows = ir.load(model, 1, kept).rows(TEXTS)
    assert np.array_equal(rows, ir.load(model, 1).rows(TEXTS))
    return not written


def test_it_is_read_again_and_gives_the_same_rows(model: Path, kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(list(kept.iterdir())) == 1
    assert reads(model, kept, monkeypatch)


def test_what_is_read_stays_though_another_takes_its_place(model: Path, kept: Path) -> None:
    """It works in the mapped file, which nothing else holds."""
    loaded = ir.load(model, 1, kept)
    compiled._keep(next(kept.iterdir()), b"of another model")
    gc.collect()
    assert np.array_equal(loaded.rows(TEXTS), ir.load(model, 1).rows(TEXTS))


def test_an_artifact_is_known_by_its_own_hash(model: Path, tmp_path: Path) -> None:
    """Whoever opened it has read all of it: it is not read once more."""
    ir.load(model, 1, tmp_path / "one", said="a" * 64)
    ir.load(model, 1, tmp_path / "two", said="b" * 64)
    ir.load(model, 1, tmp_path / "three")
    names = {file.name for folder in ("one", "two", "three") for file in (tmp_path / folder).iterdir()}
    assert len(names) == 3


@pytest.mark.parametrize("keep", [0, 10, 32, 1000, -1])
def test_what_was_cut_off_is_made_again(keep: int, model: Path, kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = next(kept.iterdir())
    file.write_bytes(file.read_bytes()[:keep])
    assert not reads(model, kept, monkeypatch)
    ir.load(model, 1, kept)
    assert reads(model, kept, monkeypatch)


def test_what_was_altered_is_made_again(model: Path, kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = next(kept.iterdir())
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)
    assert not reads(model, kept, monkeypatch)


def test_what_openvino_cannot_read_is_made_again(model: Path, kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    compiled._keep(next(kept.iterdir()), b"of another build")
    assert not reads(model, kept, monkeypatch)


def test_it_is_the_same_for_any_number_of_threads(model: Path, kept: Path) -> None:
    file = next(kept.iterdir())
    written = file.stat().st_mtime_ns
    two = ir.load(model, 2, kept)
    assert isinstance(two, ir.IrModel) and two.requests.qsize() == 2
    assert np.array_equal(two.rows(TEXTS), ir.load(model, 1).rows(TEXTS))
    assert file.stat().st_mtime_ns == written


def test_another_model_or_processor_has_its_own(
    model: Path, kept: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(compiled, "PROCESSOR", tmp_path / "cpuinfo")
        assert not reads(model, kept, monkeypatch)
    other = shutil.copytree(model, tmp_path / "other")
    weights = other / ir.FOLDER / ir.IR[1]
    weights.write_bytes(weights.read_bytes()[:-4] + b"\0\0\0\1")
    assert not reads(other, kept, monkeypatch)
    ir.load(other, 1, kept)
    assert len(list(kept.iterdir())) == 1, "the one before is gone"
    assert not reads(model, kept, monkeypatch)


def test_where_nothing_can_be_written_it_is_made_each_time(model: Path, tmp_path: Path) -> None:
    (tmp_path / "kept").write_text("a file")
    assert ir.load(model, 1, tmp_path / "kept").rows(TEXTS).shape[0] == len(TEXTS)


def test_a_disk_that_fills_up_half_way_leaves_nothing(model: Path, tmp_path: Path) -> None:
    """By the system's limit of a file's size, which ends a write as a full disk does."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
    try:
        ir.load(model, 1, tmp_path / "kept")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert list((tmp_path / "kept").iterdir()) == []


def test_what_a_killed_process_left_goes_with_the_next_that_writes(
    model: Path, kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    next(kept.iterdir()).unlink()
    (kept / "half").write_bytes(b"half")
    ir.load(model, 1, kept)
    assert len(list(kept.iterdir())) == 1
    assert reads(model, kept, monkeypatch)


def test_of_several_that_write_at_once_one_stays_and_is_whole(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ThreadPoolExecutor(4) as several:
        loaded = list(several.map(lambda _: ir.load(model, 1, tmp_path / "kept").rows(TEXTS), range(4)))
    assert all(np.array_equal(rows, loaded[0]) for rows in loaded)
    ir.load(model, 1, tmp_path / "kept")
    assert len(list((tmp_path / "kept").iterdir())) == 1
    assert reads(model, tmp_path / "kept", monkeypatch)
