"""Examples into train, validation and test, by group and duplicate cluster: what belongs together stays together.

Groups (packages, folders) go whole, in the order of a hash of seed and name, so the same group goes the same way
whatever else comes along. Copies of one text (a cluster) in several groups would leak across: they are kept in the
most protected split they are in and removed from the others, because joining groups through their copies makes one
group of nearly everything. Near duplicates in code: https://arxiv.org/abs/1812.06469.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from modelmill.errors import UserError
from modelmill.records import Example, Split, sha256_text

SHARES: Mapping[Split, float] = {Split.TEST: 0.15, Split.VALIDATION: 0.10}

# Where copies are kept: what measures before what trains, what trains before what only distracts.
PROTECTED: Sequence[Split] = (Split.TEST, Split.VALIDATION, Split.TRAIN, Split.POOL)


@dataclass(frozen=True, slots=True)
class Divided:
    """The examples with their splits; removed: how many copies were left out, by the split they would have been in."""

    examples: list[Example]
    removed: Mapping[str, int]


def split(examples: Sequence[Example], seed: int, shares: Mapping[Split, float] = SHARES) -> Divided:
    """Divide what is TRAIN; POOL stays POOL. Raises UserError with fewer than three groups."""
    sizes = Counter(group_of(example) for example in examples if example.split is Split.TRAIN)
    home = assign(sizes, seed, shares)
    moved = [
        replace(example, split=home[group_of(example)]) if example.split is Split.TRAIN else example
        for example in examples
    ]
    return _one_split_a_cluster(moved)


def assign(sizes: Mapping[str, int], seed: int, shares: Mapping[Split, float] = SHARES) -> dict[str, Split]:
    """Per group its split. sizes: examples a group. shares: of all examples; what is in none trains.

    Each goes, in hash order, where it still fits; what fits nowhere trains. A split that stays empty gets the smallest.
    """
    if not sizes:
        raise UserError(
            "there is nothing to split: no unit gave an example",
            allowed="units that one can ask for, as functions of three lines or more that say what they do",
            found="units, but none of these",
            next="add a corpus: mill corpus add NAME URI --license SPDX --consent-to-train",
        )
    if len(sizes) < 3:
        raise UserError(
            "the examples cannot be split",
            allowed="at least three groups (packages or folders), one for each of train, validation and test",
            found=", ".join(sorted(sizes)),
            next="add a corpus: mill corpus add NAME URI --license SPDX --consent-to-train",
        )
    total = sum(sizes.values())
    left = {one: share * total for one, share in shares.items()}
    home: dict[str, Split] = {}
    for group in sorted(sizes, key=lambda name: sha256_text(f"{seed}:{name}")):
        fits = [one for one in shares if sizes[group] <= left[one]]
        home[group] = fits[0] if fits else Split.TRAIN
        if fits:
            left[fits[0]] -= sizes[group]
    for one in shares:
        if one not in home.values():
            home[_smallest(home, sizes)] = one
    return home


def group_of(example: Example) -> str:
    """What is never torn; an example that names no group is alone."""
    return example.group or example.cluster or example.sha256


def torn(examples: Iterable[Example]) -> tuple[list[str], list[str]]:
    """Groups and clusters that lie in more than one split, which `split` never leaves. Distractors have no group."""
    groups: dict[str, set[Split]] = {}
    clusters: dict[str, set[Split]] = {}
    for example in examples:
        if example.split is not Split.POOL:
            groups.setdefault(group_of(example), set()).add(example.split)
        if example.cluster:
            clusters.setdefault(example.cluster, set()).add(example.split)
    return _several(groups), _several(clusters)


def _several(found: Mapping[str, set[Split]]) -> list[str]:
    return sorted(name for name, splits in found.items() if len(splits) > 1)


def _smallest(home: Mapping[str, Split], sizes: Mapping[str, int]) -> str:
    return min((group for group in home if home[group] is Split.TRAIN), key=lambda group: (sizes[group], group))


def _one_split_a_cluster(examples: Sequence[Example]) -> Divided:
    best: dict[str, int] = {}
    for example in examples:
        rank = PROTECTED.index(example.split)
        best[example.cluster] = min(best.get(example.cluster, rank), rank)
    kept = [one for one in examples if not one.cluster or PROTECTED.index(one.split) == best[one.cluster]]
    removed = Counter(one.split.value for one in examples) - Counter(one.split.value for one in kept)
    return Divided(kept, dict(sorted(removed.items())))
