"""Questions as people ask them, over what is indexed: rank of the first right unit, by encoder and form of the passage.

    python benchmarks/asked.py --among 2000

`data/eval/semantic_search/asked.jsonl` names the right units of the standard library for each question, written by hand
without looking at what any model finds. The docstrings stay in, as they do in the index that people search. Encoders:
the base model and, where there is one, the released one. 95 % intervals by paired bootstrap over the questions.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from sqlalchemy import Engine

from modelmill.embed import encoder, texts
from modelmill.embed.stage import current_encoder
from modelmill.evaluate.bootstrap import interval
from modelmill.records import Interval, Unit
from modelmill.settings import Settings, load
from modelmill.store import database, units
from modelmill.task import Encoder


@dataclass(frozen=True)
class Asked:
    """right: per question the places in `units` of what answers it."""

    queries: list[str]
    right: list[list[int]]
    units: list[Unit]


def read(settings: Settings, db: Engine, among: int, seed: int) -> Asked:
    """The questions, and `among` units of the standard library with all right ones in them."""
    lines = (settings.data_dir / "eval/semantic_search/asked.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    everything = units.query(db, corpora=["stdlib"], tenant=settings.tenant)
    named = {f"{unit.path}:{unit.name}": unit for unit in everything if unit.kind != "module"}
    wanted = sorted({name for row in rows for name in row["right"] if name in named})
    chosen = wanted + random.Random(seed).sample(sorted(set(named) - set(wanted)), among - len(wanted))
    places = {name: place for place, name in enumerate(chosen)}
    right = [[places[name] for name in row["right"] if name in places] for row in rows]
    return Asked([row["query"] for row in rows], right, [named[name] for name in chosen])


def ranks(model: Encoder, asked: Asked, form: Callable[[Unit], str]) -> np.ndarray:
    """Reciprocal rank of the first right unit, per question."""
    scores = model.encode(asked.queries) @ model.encode([form(unit) for unit in asked.units]).T
    best = (max(row[places]) for row, places in zip(scores, asked.right, strict=True))
    return np.array([1 / (1 + (row > top).sum()) for row, top in zip(scores, best, strict=True)])


def signature_first(unit: Unit) -> str:
    """The passage as it was before the docstring's summary went ahead of the signature."""
    return texts.passage(replace(unit, docstring=""))


FORMS: dict[str, Callable[[Unit], str]] = {"signature first": signature_first, "summary first": texts.passage}


def shown(one: Interval, sign: str = "") -> str:
    return f"{one.value:{sign}.3f} [{one.low:{sign}.3f}, {one.high:{sign}.3f}]"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--among", type=int, default=2000, help="units looked in, the right ones among them")
    parser.add_argument("--seed", type=int, default=17)
    words = parser.parse_args()
    settings = load()
    db = database.engine(settings)
    asked = read(settings, db, words.among, words.seed)
    print(f"{len(asked.queries)} questions among {len(asked.units)} units, {encoder.MAX_TOKENS} word pieces")
    sources = {source.name: source for source in (encoder.encoder_source(settings), current_encoder(settings, db))}
    first = None
    for name, source in sources.items():
        model = source.load()
        for form, make in FORMS.items():
            got = ranks(model, asked, make)
            first = got if first is None else first
            mean, gain = interval(got, words.seed), interval(got - first, words.seed)
            print(f"  {name[:24]:24s} {form}  MRR {shown(mean)}  minus first row {shown(gain, '+')}", flush=True)


if __name__ == "__main__":
    main()
