"""Which library runs a model, what its vectors are then called, and that nobody outside is told."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from modelmill.datasets.freeze import freeze
from modelmill.embed.encoder import IrEncoder, encoder_source, identity, load_encoder, weights
from modelmill.inference import base, compiled, engine, ir, onnx_model
from modelmill.records import Example, Split
from modelmill.settings import CHECKOUT, Settings
from modelmill.store import artifacts
from modelmill.tasks import semantic_search

# A Python that fails and says so when anything looks up a name or connects to another machine.
ALONE = (
    "import runpy, socket, sys\n"
    "def refuse(*words, **more):\n"
    "    sys.stderr.write(f'NETWORK {words}'); raise OSError('no network')\n"
    "socket.getaddrinfo = socket.create_connection = socket.gethostbyname = refuse\n"
    "connect = socket.socket.connect\n"
    "socket.socket.connect = lambda self, to: connect(self, to) if self.family == socket.AF_UNIX else refuse(to)\n"
    "sys.argv = sys.argv[1:]\n"
    "runpy.run_module(sys.argv[0], run_name='__main__')\n"
)


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


def test_an_altered_conversion_is_made_again_to_the_same_bytes(fast: Settings) -> None:
    own = identity(fast.base_model)
    folder = base.ensure(fast, own, fast.base_model)
    [weights_file] = [one for one in (folder / ir.FOLDER).iterdir() if one.name in (ir.IR[1], onnx_model.FILE)]
    weights_file.chmod(0o644)
    weights_file.write_bytes(bytes(weights_file.stat().st_size))
    assert base.ensure(fast, own, fast.base_model) == folder
    artifacts.verify(folder, folder.name)


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


def test_converting_asks_nobody(tiny_base: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", ALONE, "modelmill.inference.worker", str(tiny_base), str(tmp_path)],
        capture_output=True, text=True, cwd=CHECKOUT, check=False, env=dict(os.environ),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "NETWORK" not in done.stderr + done.stdout
    made = ir.about(tmp_path)
    assert made is not None and made.kind != "torch", made
    assert np.isfinite(ir.load(tmp_path).rows(["a text"])).all()
