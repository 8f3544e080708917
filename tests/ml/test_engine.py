"""Which library runs a model, what its vectors are then called, and that nobody outside is told."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from modelmill.datasets.freeze import freeze
from modelmill.embed.encoder import IrEncoder, encoder_source, identity, load_encoder, weights
from modelmill.inference import base, compiled, engine, ir, onnx_model
from modelmill.records import Example, Split
from modelmill.settings import Settings
from modelmill.store import artifacts
from modelmill.tasks import semantic_search

# Python imports this in every process that is started: it fails and tells when a name is looked up or another machine
# called, and tells that it was there.
SITECUSTOMIZE = """
import os, socket, sys

def told(*words):
    with open(os.environ["TOLD"], "a") as file:
        print(*words, file=file)

def refuse(*words, **more):
    told("network", words)
    raise OSError("no network")

socket.getaddrinfo = socket.create_connection = socket.gethostbyname = refuse
connect = socket.socket.connect
socket.socket.connect = lambda self, to: connect(self, to) if self.family == socket.AF_UNIX else refuse(to)
told(*sys.orig_argv[1:3])
"""


@pytest.fixture(params=["openvino", "onnxruntime"])
def fast(
    settings: Settings,
    with_tiny_base: Callable[[Settings, str], Settings],
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> Settings:
    """An installation whose base model is tiny and was converted for another library than torch."""
    made = with_tiny_base(settings, request.param)
    monkeypatch.setenv("MILL_ENGINE", made.engine)
    monkeypatch.setenv("MILL_BASE_MODEL", made.base_model)
    return made


def test_the_base_model_is_converted_once_and_its_vectors_are_named_after_that(fast: Settings) -> None:
    own = identity(fast.base_model)
    away = (fast.home_dir / "engines").rename(fast.home_dir / "away")
    assert encoder_source(fast).name == f"{own}-unmade"
    away.rename(fast.home_dir / "engines")
    source = encoder_source(fast, made=True)
    known = base.peek(fast, own)
    assert known is not None and source.name == f"{own}-{known.kind}-{known.artifact[:8]}"
    loaded = load_encoder(fast)
    assert isinstance(loaded, IrEncoder) and loaded.name == source.name == encoder_source(fast).name

    by_torch = load_encoder(fast.model_copy(update={"engine": "torch"}))
    assert by_torch.name == own and weights(by_torch.name) == weights(source.name)
    texts = ["some words", "other words, and more of them"]
    assert (loaded.encode(texts) * by_torch.encode(texts)).sum(axis=1).min() > 0.95

    made_at = artifacts.open_artifact(fast, known.artifact).stat().st_ctime_ns
    assert base.ensure(fast, own, fast.base_model).stat().st_ctime_ns == made_at


def test_an_altered_conversion_is_made_again_to_the_same_bytes_by_a_process_that_asks_nobody(
    fast: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own, told = identity(fast.base_model), tmp_path / "told"
    folder = base.ensure(fast, own, fast.base_model)
    [weights_file] = [one for one in (folder / ir.FOLDER).iterdir() if one.name in (ir.IR[1], onnx_model.FILE)]
    weights_file.chmod(0o644)
    weights_file.write_bytes(bytes(weights_file.stat().st_size))
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text(SITECUSTOMIZE)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path / "site"), *sys.path]))
    monkeypatch.setenv("TOLD", str(told))
    assert base.ensure(fast, own, fast.base_model) == folder
    artifacts.verify(folder, folder.name)
    assert np.isfinite(ir.load(folder).rows(["a text"])).all()
    assert "-m modelmill.inference.worker" in told.read_text() and "network" not in told.read_text()


def test_a_candidate_that_torch_runs_is_compared_with_a_baseline_that_torch_runs(fast: Settings) -> None:
    target = {"corpus": "c", "path": "a.py", "name": "add", "kind": "function", "language": "python", "lines": [1, 2]}
    words = Example(
        {"query": "add numbers"}, {**target, "passage": "def add(a, b): return a + b"}, Split.TRAIN, (), "g"
    )
    baseline = semantic_search.baseline(freeze(fast, "semantic_search", [words], {}))
    assert [baseline.beside(kind).engine for kind in ("int8", "torch")] == [baseline.engine, "torch"]  # type: ignore


def test_the_setting_decides_and_auto_looks_at_the_processor(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = tmp_path / "cpuinfo"
    monkeypatch.setattr(compiled, "PROCESSOR", said)
    auto, always, other = (settings.model_copy(update={"engine": name}) for name in ("auto", "openvino", "onnxruntime"))
    for flags, multiplies in (("flags : sse4_2 avx2", False), ("flags : avx512_vnni", True), ("", False)):
        said.write_text(f"processor : 0\n{flags}\n")
        assert {engine.wanted(one) for one in (auto, always, other)} == {"converted"}
        assert engine.precisions(auto) == engine.precisions(always if multiplies else other)
        assert engine.precisions(always) == ("int8", "fp32")
        assert engine.precisions(other) == ("onnx-int8", "fp32")
    said.unlink()
    assert not engine.multiplies_bytes()
    assert engine.wanted(settings.model_copy(update={"engine": "torch"})) == "torch"

    ir.write_about(tmp_path, ir.Made("onnx-int8"))
    assert engine.of(auto, tmp_path) == "onnx-int8"
    monkeypatch.setattr(engine, "installed", lambda kind: kind != "onnx-int8")
    assert engine.precisions(auto) == ("fp32",) and engine.of(auto, tmp_path) == "torch"
    monkeypatch.setattr(engine, "installed", lambda _: False)
    assert engine.wanted(auto) == "torch"
