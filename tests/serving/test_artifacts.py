"""The artifact store: by content, whole or not at all, data only, verified at opening."""

from __future__ import annotations

import json
import os
import pickle
import shutil
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from modelmill.errors import DataError, PrerequisiteError, UserError
from modelmill.settings import Settings
from modelmill.store import artifacts


@pytest.fixture
def staging(tmp_path: Path) -> Path:
    folder = tmp_path / "staging"
    (folder / "1_Pooling").mkdir(parents=True)
    (folder / "config.json").write_text('{"hidden": 3}')
    (folder / "manifest.json").write_text('{"own": "manifest of a dataset"}')
    (folder / "1_Pooling" / "config.json").write_text("{}")
    return folder


def test_the_same_content_is_the_same_artifact(settings: Settings, staging: Path) -> None:
    sha256, path = artifacts.publish_dir(settings, staging, kind="model")
    assert artifacts.publish_dir(settings, staging, kind="model") == (sha256, path)
    assert artifacts.open_artifact(settings, sha256) == path
    assert set(artifacts.read_manifest(path)["files"]) == {"config.json", "manifest.json", "1_Pooling/config.json"}
    assert artifacts.size_bytes(path) == sum(f.stat().st_size for f in staging.rglob("*.json"))
    assert not list((settings.artifacts_dir / ".tmp").iterdir())


def test_other_content_or_another_kind_is_another_artifact(settings: Settings, staging: Path) -> None:
    first, _ = artifacts.publish_dir(settings, staging, kind="model")
    second, _ = artifacts.publish_dir(settings, staging, kind="dataset")
    (staging / "config.json").write_text('{"hidden": 4}')
    third, _ = artifacts.publish_dir(settings, staging, kind="model")
    assert len({first, second, third}) == 3


def test_sixteen_writers_of_the_same_content_leave_one_whole_artifact(settings: Settings, staging: Path) -> None:
    with ThreadPoolExecutor(16) as pool:
        made = set(pool.map(lambda _: artifacts.publish_dir(settings, staging, kind="model"), range(16)))
    assert len(made) == 1
    artifacts.open_artifact(settings, made.pop()[0])


@pytest.mark.parametrize("change", ["altered", "missing", "extra", "link", "manifest"])
def test_an_altered_artifact_is_refused_naming_the_file(settings: Settings, staging: Path, change: str) -> None:
    sha256, path = artifacts.publish_dir(settings, staging, kind="model")
    victim = path / "1_Pooling" / "config.json"
    if change == "altered":
        victim.chmod(0o644)
        victim.write_text("[]")
    elif change == "missing":
        victim.unlink()
    elif change == "extra":
        victim = path / "extra.json"
        victim.write_text("{}")
    elif change == "link":
        victim.unlink()
        victim.symlink_to(staging / "1_Pooling" / "config.json")
    else:
        victim = path / artifacts.MANIFEST
        victim.chmod(0o644)
        victim.write_text(json.dumps({"kind": "model", "files": {}}))
    with pytest.raises(DataError) as refused:
        artifacts.open_artifact(settings, sha256)
    assert str(victim) in refused.value.failed


def test_publishing_again_heals_a_damaged_artifact(settings: Settings, staging: Path) -> None:
    sha256, path = artifacts.publish_dir(settings, staging, kind="model")
    (path / "config.json").unlink()
    assert artifacts.publish_dir(settings, staging, kind="model") == (sha256, path)
    artifacts.open_artifact(settings, sha256)


@pytest.mark.parametrize("name", ["model.bin", "model.pkl", "model.safetensors", "run.py", "plain", "artifact.json"])
def test_what_could_run_is_refused(settings: Settings, staging: Path, name: str) -> None:
    (staging / name).write_bytes(pickle.dumps({"weights": [1, 2, 3]}))
    with pytest.raises(UserError, match=name):
        artifacts.publish_dir(settings, staging, kind="model")
    assert not list(settings.artifacts_dir.glob("??"))


def test_links_and_configurations_that_name_code_are_refused(settings: Settings, staging: Path) -> None:
    (staging / "passwd.txt").symlink_to("/etc/passwd")
    with pytest.raises(UserError, match=r"passwd\.txt"):
        artifacts.publish_dir(settings, staging, kind="model")
    (staging / "passwd.txt").unlink()
    (staging / "config.json").write_text('{"auto_map": {"AutoModel": "evil.Model"}}')
    with pytest.raises(UserError, match=r"config\.json"):
        artifacts.publish_dir(settings, staging, kind="model")


def test_an_artifact_that_is_not_there_says_how_to_get_it(settings: Settings) -> None:
    with pytest.raises(PrerequisiteError, match="not in the store"):
        artifacts.open_artifact(settings, "0" * 64)
    with pytest.raises(UserError):
        artifacts.open_artifact(settings, "../../etc")


def test_a_disk_that_is_full_is_an_error_in_four_parts_and_leaves_nothing(settings: Settings, staging: Path) -> None:
    (staging / "big.txt").write_text("x" * 3_000_000)
    program = (
        "import resource, signal, sys; from pathlib import Path\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))\n"
        "from modelmill.settings import load; from modelmill.store import artifacts\n"
        "from modelmill.errors import MillError\n"
        "try: artifacts.publish_dir(load(), Path(sys.argv[1]), 'model')\n"
        "except MillError as error: print(error); sys.exit(error.exit_code)\n"
    )
    env = {**os.environ, "MILL_ROOT": str(settings.root)}
    done = subprocess.run(
        [sys.executable, "-c", program, str(staging)], env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == PrerequisiteError.exit_code, done.stderr
    assert "no space left" in done.stdout and "next:" in done.stdout
    assert not list((settings.artifacts_dir / ".tmp").iterdir())
    assert not list(settings.artifacts_dir.glob("??"))


LAYER = '<layer id="0" name="w" type="{kind}" version="{version}"><data offset="{offset}" size="8"/></layer>'


def ir_file(kind: str = "Const", version: str = "opset1", offset: int = 0, before: str = "") -> str:
    """An IR of one layer, whose numbers are eight bytes."""
    layer = LAYER.format(kind=kind, version=version, offset=offset)
    return f'<?xml version="1.0"?>\n{before}<net name="m" version="11"><layers>{layer}</layers></net>'


def test_an_ir_is_let_in_at_its_place_only(settings: Settings, staging: Path) -> None:
    (staging / "openvino").mkdir()
    (staging / "openvino/model.xml").write_text(ir_file())
    (staging / "openvino/model.bin").write_bytes(bytes(8))
    sha256, path = artifacts.publish_dir(settings, staging, kind="model")
    assert {*artifacts.IR} < set(artifacts.read_manifest(path)["files"])
    (path / "openvino/model.bin").chmod(0o644)
    (path / "openvino/model.bin").write_bytes(bytes(7) + b"\x01")
    with pytest.raises(DataError, match=r"model\.bin"):
        artifacts.open_artifact(settings, sha256)
    (staging / "openvino/other.bin").write_bytes(bytes(8))
    with pytest.raises(UserError, match=r"other\.bin"):
        artifacts.publish_dir(settings, staging, kind="model")


@pytest.mark.parametrize(
    "text",
    [
        ir_file(kind="Loop"),
        ir_file(kind="If"),
        ir_file(kind="ReadValue"),
        ir_file(version="extension"),
        ir_file(offset=1),
        ir_file(offset=-8),
        ir_file(before='<!DOCTYPE net [<!ENTITY a SYSTEM "file:///etc/passwd">]>\n'),
        ir_file().replace("</net>", ""),
        ir_file().replace("<layers>", "<layers><!-- a -->"),
        '<?xml version="1.0"?>\n<net name="m" version="11"><layers></layers></net>',
        "\ufeff" + ir_file(),
        "",
    ],
)
def test_an_ir_that_is_more_than_arithmetic_is_refused(settings: Settings, staging: Path, text: str) -> None:
    (staging / "openvino").mkdir()
    (staging / "openvino/model.xml").write_text(text, encoding="utf-8")
    (staging / "openvino/model.bin").write_bytes(bytes(8))
    with pytest.raises(UserError, match="openvino/model"):
        artifacts.publish_dir(settings, staging, kind="model")


def test_the_numbers_of_an_ir_alone_are_refused(settings: Settings, staging: Path) -> None:
    (staging / "openvino").mkdir()
    (staging / "openvino/model.bin").write_bytes(bytes(8))
    with pytest.raises(UserError, match=r"no model\.xml beside it"):
        artifacts.publish_dir(settings, staging, kind="model")


def onnx_file() -> Any:
    """An ONNX model of one product with four weights."""
    from onnx import TensorProto, helper

    numbers = helper.make_tensor_value_info("a", TensorProto.FLOAT, [1, 2])
    weights = helper.make_tensor("w", TensorProto.FLOAT, [2, 2], np.eye(2, dtype=np.float32).tobytes(), raw=True)
    node = helper.make_node("MatMul", ["a", "w"], ["b"])
    result = helper.make_tensor_value_info("b", TensorProto.FLOAT, [1, 2])
    return helper.make_model(helper.make_graph([node], "m", [numbers], [result], [weights]))


def publish_onnx(settings: Settings, staging: Path, content: bytes) -> Path:
    (staging / "openvino").mkdir()
    (staging / "openvino/model.onnx").write_bytes(content)
    return artifacts.publish_dir(settings, staging, kind="model")[1]


def test_an_onnx_model_is_let_in_at_its_place_only(settings: Settings, staging: Path) -> None:
    path = publish_onnx(settings, staging, onnx_file().SerializeToString())
    assert artifacts.ONNX in artifacts.read_manifest(path)["files"]
    shutil.move(staging / "openvino/model.onnx", staging / "openvino/other.onnx")
    with pytest.raises(UserError, match=r"other\.onnx"):
        artifacts.publish_dir(settings, staging, kind="model")


def _elsewhere(model: Any) -> None:
    weights = model.graph.initializer[0]
    weights.data_location = 1
    weights.external_data.add(key="location", value="../../../../etc/passwd")
    weights.ClearField("raw_data")


def _within(model: Any) -> None:
    from onnx import helper

    model.graph.node[0].attribute.append(helper.make_attribute("then_branch", onnx_file().graph))


HOSTILE_ONNX: dict[str, Callable[[Any], Any]] = {
    "a loop": lambda model: setattr(model.graph.node[0], "op_type", "Loop"),
    "another domain": lambda model: setattr(model.graph.node[0], "domain", "com.microsoft"),
    "operations of another domain": lambda model: model.opset_import.add(domain="evil", version=1),
    "a function": lambda model: model.functions.add(name="f", domain="evil"),
    "a graph within": _within,
    "weights elsewhere": _elsewhere,
    "weights that are too short": lambda model: model.graph.initializer[0].dims.append(1 << 40),
    "a negative size": lambda model: model.graph.initializer[0].dims.append(-1),
    "words for weights": lambda model: setattr(model.graph.initializer[0], "data_type", 8),
    "an unknown type": lambda model: setattr(model.graph.initializer[0], "data_type", 99),
    "sparse weights": lambda model: model.graph.sparse_initializer.add(),
    "training": lambda model: model.training_info.add(),
    "no graph": lambda model: model.graph.ClearField("node"),
}


@pytest.mark.parametrize("what", HOSTILE_ONNX)
def test_an_onnx_model_that_is_more_than_arithmetic_is_refused(settings: Settings, staging: Path, what: str) -> None:
    model = onnx_file()
    HOSTILE_ONNX[what](model)
    with pytest.raises(UserError, match=r"openvino/model\.onnx"):
        publish_onnx(settings, staging, model.SerializeToString())


@pytest.mark.parametrize("content", [b"", b"\xff" * 64, b"<?xml"])
def test_what_is_no_onnx_at_all_is_refused(settings: Settings, staging: Path, content: bytes) -> None:
    with pytest.raises(UserError, match=r"openvino/model\.onnx"):
        publish_onnx(settings, staging, content)
