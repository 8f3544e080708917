"""Clusters of texts that are the same or nearly so, over all corpora, so that no split tears them apart.

Near: Jaccard of word 3-shingles at least .8 (Lee et al. 2022, https://arxiv.org/abs/2107.06499). MinHash LSH
(rensa) proposes, the exact Jaccard decides. A cluster is called by the smallest sha256 in it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

THRESHOLD = 0.8
MIN_SHINGLES = 8  # shorter texts are alike by chance; only exact copies count
PERMUTATIONS = 128
BANDS = 32  # four rows each: finds a pair of .8 with probability 1 - (1 - .8^4)^32 > .9999
SEED = 17
CROWD = 100  # texts in one bucket that are compared each with each; of a larger crowd, each with the first ones

WORD = re.compile(r"\w+")


def clusters(texts: Mapping[str, str]) -> dict[str, str]:
    """Per sha256 the cluster it is in (its own sha256 when it is alike to none). texts: per sha256 the text."""
    shingles = {sha: found for sha, text in sorted(texts.items()) if len(found := shingle(text)) >= MIN_SHINGLES}
    leader = {sha: sha for sha in texts}
    for one, other in _proposed(shingles):
        a, b = _find(leader, one), _find(leader, other)
        if a != b and jaccard(shingles[one], shingles[other]) >= THRESHOLD:
            leader[max(a, b)] = min(a, b)
    return {sha: _find(leader, sha) for sha in texts}


def shingle(text: str) -> frozenset[str]:
    """Three words in a row, as a set."""
    words = WORD.findall(text.lower())
    return frozenset(map(" ".join, zip(words, words[1:], words[2:], strict=False)))


def jaccard(one: frozenset[str], other: frozenset[str]) -> float:
    """Shared of all, 0..1."""
    shared = len(one & other)
    return shared / (len(one) + len(other) - shared) if shared else 0.0


def _find(leader: dict[str, str], sha: str) -> str:
    while leader[sha] != sha:
        leader[sha] = leader[leader[sha]]
        sha = leader[sha]
    return sha


def _proposed(shingles: Mapping[str, frozenset[str]]) -> Iterator[tuple[str, str]]:
    """Pairs with a whole band of their signatures in common, each once."""
    names = list(shingles)
    seen: set[tuple[int, int]] = set()
    for bucket in _buckets(list(shingles.values())):
        for place, other in enumerate(bucket[1:], start=1):
            for one in bucket[: min(place, CROWD)]:
                if (one, other) not in seen:
                    seen.add((one, other))
                    yield names[one], names[other]


def _buckets(sets: Sequence[frozenset[str]]) -> Iterator[list[int]]:
    """Indices, ascending, of sets that agree in a band. A band is hashed to 64 bits; a collision only costs a look."""
    import numpy as np
    from rensa import RMinHash  # pyright: ignore[reportAttributeAccessIssue]  (made by Rust, without types)

    if not sets:
        return
    digests = np.asarray(RMinHash.digests_from_token_sets(sets, PERMUTATIONS, SEED), dtype=np.uint64)
    odd = np.random.default_rng(SEED).integers(1, 2**63, PERMUTATIONS // BANDS, dtype=np.uint64) * np.uint64(
        2
    ) + np.uint64(1)
    for band in np.split(digests, BANDS, axis=1):
        keys = (band * odd).sum(axis=1, dtype=np.uint64)
        order = np.argsort(keys, kind="stable")
        ends = np.flatnonzero(np.diff(keys[order])) + 1
        for group in np.split(order, ends):
            if len(group) > 1:
                yield group.tolist()
