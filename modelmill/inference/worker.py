"""`python -m modelmill.inference.worker MODEL FOLDER`: write the IR of a model that nobody trained here into FOLDER.

Calibrated and judged on pairs of this project's own tests and benchmarks (calibration.jsonl), which no corpus and no
evaluation set holds: the name of a function as words, and its code. The first half calibrates, the second judges.
A model that cannot be loaded is exit code 3, with the error as JSON on standard output.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from modelmill.errors import MillError
from modelmill.inference import conversion, engine, retrieval
from modelmill.settings import load

PAIRS = Path(__file__).with_name("calibration.jsonl")


def convert(model: str, folder: Path) -> None:
    """Raises PrerequisiteError when the model cannot be loaded."""
    from modelmill.embed.encoder import load_sentence_model

    settings = load()
    encoder = load_sentence_model(settings, model)
    pairs = [json.loads(line) for line in PAIRS.read_text(encoding="utf-8").splitlines()]
    queries, passages = [str(one["query"]) for one in pairs], [str(one["passage"]) for one in pairs]
    half = len(pairs) // 2
    conversion.make(
        lambda: conversion.of_sentences(encoder.model, encoder.encode),
        folder,
        [*queries[:half], *passages[:half]],
        retrieval.judge(queries[half:], passages[half:]),
        precisions=engine.precisions(settings),
    )


def main(model: str, folder: Path) -> int:
    """Returns the exit code. Libraries print to standard error: standard output is ours."""
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    try:
        convert(model, folder)
    except MillError as error:
        out.write(json.dumps(error.as_dict()) + "\n")
        out.flush()
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], Path(sys.argv[2])))
