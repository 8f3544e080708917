"""The encoder as it serves beside sentence-transformers (fp32, batch 32): texts a second, CPU, quality; in turns.

    python benchmarks/embedding.py                         # the base model, 512 functions of the standard library
    python benchmarks/embedding.py --model CANDIDATE --texts 1024
    python benchmarks/embedding.py --theirs 256            # sentence-transformers as that model comes: 256 word pieces

Both are asked for the same texts in each round, who goes first changes, and what is printed is the median of the
rounds' ratios with the least and the greatest. `CPU-s` are the process's own seconds, so another load disturbs them
less than the clock. MRR: the docstring's first paragraph -> the function without it, among all. Nothing is cached.
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import sysconfig
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from modelmill.datasets.pairs import pairs
from modelmill.embed import encoder
from modelmill.evaluate.bootstrap import interval
from modelmill.inference.retrieval import reciprocal_ranks
from modelmill.normalize.python import LANGUAGE
from modelmill.records import Dropped, Split, Unit
from modelmill.settings import load
from modelmill.task import Encoder

SHORT, CALL, REPEAT = 40, 16, 30  # characters of a short query; queries in one call; calls of each kind


@dataclass(frozen=True)
class Spent:
    """Seconds by the clock and of the processor."""

    wall: float
    cpu: float


def examples(number: int, seed: int) -> tuple[list[str], list[str]]:
    """Queries and passages of `number` documented functions, chosen by seed."""
    library = Path(sysconfig.get_path("stdlib"))
    found: list[Unit] = []
    for file in sorted(library.glob("*.py")):
        for draft in LANGUAGE.units(file.name, file.read_text(encoding="utf-8")):
            if not isinstance(draft, Dropped) and draft.kind in ("function", "method"):
                unit = Unit("stdlib", file.name, draft.name, draft.kind, "python", draft.text, file.name)
                found.append(replace(unit, signature=draft.signature, docstring=draft.docstring))
    made = [one for one in pairs(found, random.Random(seed), "full") if one.split == Split.TRAIN]
    chosen = random.Random(seed).sample(made, number)
    return [str(one.input["query"]) for one in chosen], [str(one.target["passage"]) for one in chosen]


def spent(work: Callable[[], Any]) -> Spent:
    """What one call costs."""
    wall, cpu = time.perf_counter(), os.times()
    work()
    after = os.times()
    return Spent(time.perf_counter() - wall, after.user + after.system - cpu.user - cpu.system)


def in_turns(ours: Callable[[], Any], theirs: Callable[[], Any], rounds: int) -> tuple[list[Spent], list[Spent]]:
    """What each round of both cost; who goes first changes."""
    mine: list[Spent] = []
    other: list[Spent] = []
    for number in range(rounds):
        for work, into in ((ours, mine), (theirs, other))[:: 1 if number % 2 else -1]:
            into.append(spent(work))
    return mine, other


def told(what: str, count: int, mine: Sequence[Spent], other: Sequence[Spent]) -> None:
    """One line: each side's median cost, and the ratio of every round."""
    for unit, pick in (("s", lambda one: one.wall), ("CPU-s", lambda one: one.cpu)):
        here, there = [pick(one) for one in mine], [pick(one) for one in other]
        ratios = sorted(a / b for a, b in zip(there, here, strict=True) if b)
        a, b = statistics.median(there), statistics.median(here)
        print(
            f"  {what:28s} {unit:5s} theirs {a * 1000 / count:8.2f} ms, ours {b * 1000 / count:8.2f} ms each "
            f"({count / a:6.1f} and {count / b:6.1f} a second): {statistics.median(ratios):.2f}x "
            f"[{ratios[0]:.2f}, {ratios[-1]:.2f}], {len(ratios)} rounds",
            flush=True,
        )


def calls(model: Encoder, texts: Sequence[str], size: int) -> Callable[[], None]:
    """REPEAT calls of `size` texts each."""

    def work() -> None:
        for start in range(0, REPEAT * size, size):
            model.encode([texts[place % len(texts)] for place in range(start, start + size)])

    return work


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", help="a candidate's folder in the artifact store (default: the base model)")
    parser.add_argument("--texts", type=int, default=512)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seed", type=int, default=17)
    parser.add_argument("--theirs", type=int, default=encoder.MAX_TOKENS, help="word pieces they read")
    words = parser.parse_args()
    settings = load()
    ours, theirs = encoder.load_encoder(settings, words.model), encoder.load_sentence_model(settings, words.model)
    theirs.model.max_seq_length = words.theirs
    queries, passages = examples(words.texts, words.seed)
    short = [query[:SHORT] for query in queries]
    print(f"{ours.engine} beside sentence-transformers; {len(passages)} functions, {encoder.MAX_TOKENS} word pieces "
          f"beside {words.theirs}, {len(os.sched_getaffinity(0))} cores, load {os.getloadavg()[0]:.1f}")  # fmt: skip
    for model in (ours, theirs):
        model.encode(passages[:64])
    both = in_turns(lambda: ours.encode(passages), lambda: theirs.encode(passages), words.rounds)
    told("indexing", len(passages), *both)
    for size, what in ((1, "one short query"), (CALL, f"short queries, {CALL} a call")):
        both = in_turns(calls(ours, short, size), calls(theirs, short, size), words.rounds)
        told(what, REPEAT * size, *both)
    alone = in_turns(calls(ours, short, CALL), calls(theirs, short, 1), words.rounds)
    ratios = (there.cpu * CALL / here.cpu for here, there in zip(*alone, strict=True))
    print(f"  ours in calls of {CALL} beside theirs one by one, CPU each: {statistics.median(ratios):.1f}x")
    mine, other = (reciprocal_ranks(model.encode, queries, passages) for model in (ours, theirs))
    gap = interval(mine - other, words.seed)
    print(f"  MRR ours {mine.mean():.4f}, theirs {other.mean():.4f}, ratio {mine.mean() / other.mean():.4f}, "
          f"difference {gap.value:+.4f} [{gap.low:+.4f}, {gap.high:+.4f}], n {len(queries)}")  # fmt: skip
    cosine = (ours.encode(passages) * theirs.encode(passages)).sum(axis=1)
    print(f"  cosine of both for one text: mean {np.mean(cosine):.4f}, least {np.min(cosine):.4f}")


if __name__ == "__main__":
    main()
