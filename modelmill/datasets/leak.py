"""The same thing in two splits: exact copies but for case and punctuation, and near ones.

Near: Jaccard of word 3-shingles at least .8, proposed by MinHash (rensa), decided exactly, as duplicates are found at
intake. Looked at: every text of an input, and texts of a target (not labels or paths: they are alike on purpose).
Distractors (POOL) teach nothing and measure nothing, so they cannot leak.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from modelmill.datasets.split import PROTECTED
from modelmill.normalize.duplicates import WORD, clusters
from modelmill.records import Example, Split, sha256_text

# A label or a path is no text of its own; a passage has more words than this.
TARGET_WORDS = 8


@dataclass(frozen=True, slots=True)
class Leak:
    """An example whose like is in a split that is more protected."""

    example: Example
    like: Example


@dataclass(frozen=True, slots=True)
class Sealed:
    """Examples without leaks; removed: how many were left out, by split."""

    examples: list[Example]
    removed: Mapping[str, int]


def leaks(examples: Sequence[Example]) -> list[Leak]:
    """Every example with its like in a more protected split (test before validation before train)."""
    looked_at = [example for example in examples if example.split is not Split.POOL]
    found = [leak for side in (inputs, targets) for leak in _alike(looked_at, side)]
    return list({id(leak.example): leak for leak in reversed(found)}.values())[::-1]


def seal(examples: Sequence[Example]) -> Sealed:
    """Remove the less protected side of every leak, until there is none."""
    kept = list(examples)
    while found := leaks(kept):
        gone = {id(leak.example) for leak in found}
        kept = [example for example in kept if id(example) not in gone]
    removed = Counter(one.split.value for one in examples) - Counter(one.split.value for one in kept)
    return Sealed(kept, dict(sorted(removed.items())))


def inputs(example: Example) -> Iterator[str]:
    """What is asked."""
    yield from (value for value in example.input.values() if isinstance(value, str) and value.strip())


def targets(example: Example) -> Iterator[str]:
    """What is right, where that is a text."""
    texts = (value for value in example.target.values() if isinstance(value, str))
    yield from (value for value in texts if len(value.split()) >= TARGET_WORDS)


def _alike(examples: Sequence[Example], side: Callable[[Example], Iterable[str]]) -> Iterator[Leak]:
    texts = [sorted({_plain(text) for text in side(example)} - {""}) for example in examples]
    cluster = clusters({sha256_text(text): text for own in texts for text in own})
    guarded: dict[str, Example] = {}
    for example, own in _by_protection(examples, texts):
        for text in own:
            like = guarded.setdefault(cluster[sha256_text(text)], example)
            if like.split is not example.split:
                yield Leak(example, like)


def _by_protection(examples: Sequence[Example], texts: Sequence[list[str]]) -> Iterable[tuple[Example, list[str]]]:
    both = zip(examples, texts, strict=True)
    return sorted(both, key=lambda pair: (PROTECTED.index(pair[0].split), pair[0].sha256))


def _plain(text: str) -> str:
    return " ".join(WORD.findall(text.lower()))
