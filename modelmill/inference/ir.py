"""A text model as OpenVINO runs it (https://docs.openvino.ai): the folder `openvino/` of a model, and rows from texts.

The folder holds model.xml and model.bin (OpenVINO's intermediate representation) or, where ONNX Runtime is to run it,
model.onnx (onnx_model.py), tokenizer.json, and engine.json: how it was made and how it was measured. Neither torch nor
transformers is imported here: serving needs this file, one of the two libraries, and `tokenizers`. What makes the
folder is conversion.py, what a batch is batches.py.
"""

from __future__ import annotations

import itertools
import json
import os
import queue
import sys
from collections import deque
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

from modelmill.errors import DataError, PrerequisiteError
from modelmill.inference import onnx_model
from modelmill.inference.batches import Batch, Tokens, reading
from modelmill.inference.compiled import compiled
from modelmill.optional import without

if TYPE_CHECKING:
    import numpy as np

FOLDER = "openvino"
ABOUT = "engine.json"
TOKENIZER = "tokenizer.json"
IR = ("model.xml", "model.bin")

Precision = Literal["int8", "onnx-int8", "fp32"]  # by OpenVINO, by ONNX Runtime, by OpenVINO
Kind = Precision | Literal["torch"]
BOTH: tuple[Precision, ...] = ("int8", "fp32")
QUANTIZED: tuple[Precision, ...] = ("int8", "onnx-int8")

WARM_SIZES, WARM_LENGTHS = (1, 2, 4, 8), (8, 16, 24)  # what questions are, and how many come at once
PATIENCE_MS = 120_000  # a batch takes 100 ms; a process that waits for ever would look like one that works


@dataclass(frozen=True, slots=True)
class Made:
    """engine.json. kind: what runs; torch: no IR, `reason` says why. width: numbers a row. measured: score by kind."""

    kind: Kind
    reason: str = ""
    width: int = 0
    max_tokens: int = 0
    pad_id: int = 0
    inputs: tuple[str, ...] = ()
    first_position: int = 0
    score: str = ""
    measured: dict[str, float] = field(default_factory=dict[str, float])
    n: int = 0
    made_with: dict[str, str] = field(default_factory=dict[str, str])

    @property
    def told(self) -> str:
        """In a line, for people."""
        numbers = ", ".join(f"{kind} {value:.4f}" for kind, value in self.measured.items())
        measured = f" ({self.score} of {self.n} examples: {numbers})" if numbers else ""
        return f"{self.kind}: {self.reason}{measured}"


def about(folder: Path) -> Made | None:
    """What the model in `folder` has beside its torch weights; None when nobody tried. Raises DataError."""
    file = folder / FOLDER / ABOUT
    if not file.is_file():
        return None
    try:
        read: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        unknown = sorted(read.keys() - {one.name for one in fields(Made)})
        read["inputs"] = tuple(read["inputs"])
        if not unknown:
            return Made(**read)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise _unreadable(file, error) from error
    raise DataError(
        f"the model in {file.parent.parent} is of a newer modelmill",
        allowed=f"{ABOUT} with " + ", ".join(one.name for one in fields(Made)),
        found="also " + ", ".join(unknown),
        next="update this one (git pull, make setup); its release answers meanwhile: mill up",
    )


def write_about(folder: Path, made: Made) -> None:
    """engine.json in the folder `openvino/` of `folder`."""
    (folder / FOLDER).mkdir(parents=True, exist_ok=True)
    text = json.dumps(asdict(made), indent=1, sort_keys=True) + "\n"
    (folder / FOLDER / ABOUT).write_text(text, encoding="utf-8")


@dataclass
class _Flight:
    """A batch that a request works on, whose arrays must outlive it."""

    request: Any
    batch: Batch


class TextModel(Protocol):
    """Texts -> rows of numbers. May be called by many threads at once."""

    @property
    def made(self) -> Made:
        """Its engine.json."""
        ...

    def rows(self, texts: Sequence[str]) -> np.ndarray:
        """(n, width) float32, in the order given."""
        ...

    def warm(self) -> None:
        """What the first who ask would else wait for."""
        ...


@dataclass(frozen=True)
class IrModel:
    """A model that OpenVINO runs. Each batch borrows one of the requests, which do not hold the model themselves."""

    made: Made
    tokens: Tokens
    model: Any
    requests: queue.SimpleQueue[Any]
    threads: int

    def rows(self, texts: Sequence[str]) -> np.ndarray:
        """(n, width) float32, in the order given. Raises PrerequisiteError when OpenVINO stops answering."""
        import numpy as np

        found = np.zeros((len(texts), self.made.width), dtype=np.float32)
        flights = deque[_Flight]()
        try:
            for batch in self.tokens.batches(texts, self.threads):
                request = self._free(flights, found)
                flights.append(_Flight(request, batch))
                request.start_async(batch.given, share_inputs=True)
        finally:
            self._land_all(flights, found)
        return found

    def warm(self) -> None:
        """Make the kernels for short texts, some .5 CPU-s: else the first who ask wait for them, 10 to 100 ms each."""
        borrowed = [self.requests.get() for _ in range(self.requests.qsize())]
        for size, length in itertools.product(WARM_SIZES, WARM_LENGTHS):
            given = self.tokens.arrays([[self.made.pad_id] * length] * size, size, length)
            for request in borrowed:  # all at once, so that each stream makes its own
                request.start_async(given, share_inputs=True)
            for request in borrowed:
                request.wait()
        for request in borrowed:
            self.requests.put(request)

    def _free(self, flights: deque[_Flight], found: np.ndarray) -> Any:
        """A request. Who holds one waits for that one: so callers never wait for each other in a ring."""
        while True:
            try:
                return self.requests.get(block=not flights)
            except queue.Empty:
                self._land(flights, found)

    def _land_all(self, flights: deque[_Flight], found: np.ndarray) -> None:
        """Also those behind one that failed: without their requests the next callers would wait for ever."""
        try:
            while flights:
                self._land(flights, found)
        finally:
            if flights:
                self._land_all(flights, found)

    def _land(self, flights: deque[_Flight], found: np.ndarray) -> None:
        """Wait for the oldest batch, keep its rows, give its request back, but for one that is still at work."""
        flight = flights.popleft()
        places, done = flight.batch.places, True
        try:
            done = flight.request.wait_for(PATIENCE_MS)  # raises what its work ended with
            if not done:
                raise _no_answer(len(places))
            found[places] = flight.request.get_output_tensor(0).data[: len(places)]
        finally:
            if done:
                self.requests.put(flight.request)


def tokens(folder: Path, made: Made) -> Tokens:
    """The tokenizer in the folder `openvino/` of `folder`."""
    from tokenizers import Tokenizer

    tokenizer: Any = Tokenizer.from_file(str(folder / FOLDER / TOKENIZER))
    return reading(tokenizer, made.inputs, made.max_tokens, made.pad_id, made.first_position)


def load(folder: Path, threads: int = 0, kept: Path | None = None, said: str = "") -> TextModel:
    """The model in the folder `openvino/` of `folder`, whose bytes the caller has verified.

    threads: 0 means one per core. kept, said: see `compiled`. Raises DataError.
    """
    made = about(folder)
    if made is None or made.kind == "torch":
        raise _unreadable(folder / FOLDER, ValueError("it has none but for torch"))
    threads = threads or len(os.sched_getaffinity(0))
    try:
        reader = tokens(folder, made)
        if made.kind == "onnx-int8":
            return onnx_model.load(folder / FOLDER, made, reader, threads)
        model = compiled(runtime(), folder / FOLDER / IR[0], config(threads), kept, said)
    except Exception as error:  # both libraries raise their own, without a common parent
        raise _unreadable(folder / FOLDER, error) from error
    requests: queue.SimpleQueue[Any] = queue.SimpleQueue()
    for _ in range(threads):
        requests.put(model.create_infer_request())
    return IrModel(made, reader, model, requests, threads)


def runtime() -> Any:
    """The library. Importing it would tell its maker so, over the network, unless its telemetry cannot be found.

    It comes without its converter, which takes two fifths of the time, and which conversion.py alone needs.
    """
    sys.modules.setdefault("openvino_telemetry", None)  # pyright: ignore  (None: an import of it fails)
    with without("openvino.tools.ovc"):
        import openvino

    return openvino


def config(threads: int) -> dict[str, Any]:
    """Each thread works on a batch of its own: two threads on one batch of short texts wait for each other.

    f32 wherever a model is not quantized: some processors would take bf16 by themselves, and give other rows.
    """
    return {
        "NUM_STREAMS": threads,
        "INFERENCE_NUM_THREADS": threads,
        "ENABLE_CPU_PINNING": False,  # several services share the cores
        "INFERENCE_PRECISION_HINT": "f32",
    }


def _no_answer(texts: int) -> PrerequisiteError:
    return PrerequisiteError(
        f"OpenVINO did not answer for {texts} texts",
        allowed=f"an answer within {PATIENCE_MS // 1000} s",
        found="none",
        next="start the program again; if it comes back, set MILL_ENGINE=torch",
    )


def _unreadable(file: Path, error: Exception) -> DataError:
    return DataError(
        f"the model in {file} cannot be run",
        allowed="what modelmill wrote there when the model was made",
        found=f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else 'no message'}",
        next="make it again: mill run --force --only --stage finetune",
    )
