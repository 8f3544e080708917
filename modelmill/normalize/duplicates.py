"""Clusters of texts that are the same or nearly so, over all corpora, so that no split tears them apart.

Near: Jaccard of word 3-shingles at least .8 (Lee et al. 2022, https://arxiv.org/abs/2107.06499). MinHash LSH
(rensa) proposes, the exact Jaccard decides. A cluster is called by the smallest sha256 in it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import numpy as np

THRESHOLD = 0.8
MIN_SHINGLES = 8  # shorter texts are alike by chance; only exact copies count
PERMUTATIONS = 128
BANDS = 32  # four rows each: finds a pair of .8 with probability 1 - (1 - .8^4)^32 > .9999
SEED = 17
SIGN_VERSION = 2  # raise it when the same text would get other bands, or all are to be grouped anew
KEPT = 2000  # sets of shingles kept while pairs are compared: a set weighs ten times what its text does
CROWD = 100  # texts in one bucket that are compared each with each; of a larger crowd, each with the first ones

WORD = re.compile(r"\w+")


class Signed(NamedTuple):
    """A text as it is compared: its cluster so far, and a 64-bit hash of each band (none: too short to compare)."""

    cluster: str
    bands: bytes


def clusters(texts: Mapping[str, str]) -> dict[str, str]:
    """Per sha256 the cluster it is in (its own sha256 when it is alike to none). texts: per sha256 the text."""
    known = {sha: Signed(sha, bands) for sha, bands in sign(texts).items()}
    return regroup(known, texts.keys(), lambda shas: {sha: texts[sha] for sha in shas})


def regroup(
    known: Mapping[str, Signed], affected: Collection[str], texts_of: Callable[[Collection[str]], Mapping[str, str]]
) -> dict[str, str]:
    """The cluster of each text that is in another now, or may be: the `affected` ones, new or without a neighbour that
    they had, and what was in a cluster that one of them joins to another.

    Only they are compared, with all that share a band with them, so the cost follows the change. An affected text
    stands by itself until it is found to be alike to another; of what is not affected, clusters only grow.
    """
    fresh = frozenset(affected)
    leader: dict[str, str] = {}  # of a cluster that is part of another now
    pairs = sorted(_proposed(known, fresh))
    texts = texts_of({sha for pair in pairs for sha in pair})

    @lru_cache(KEPT)
    def shingles(sha: str) -> frozenset[str]:
        return shingle(texts[sha])

    def cluster_of(sha: str) -> str:
        return _find(leader, sha if sha in fresh else known[sha].cluster)

    for one, other in pairs:
        a, b = cluster_of(one), cluster_of(other)
        if a != b and jaccard(shingles(one), shingles(other)) >= THRESHOLD:
            leader[max(a, b)] = min(a, b)
    return {sha: cluster_of(sha) for sha, one in known.items() if sha in fresh or one.cluster in leader}


def sign(texts: Mapping[str, str]) -> dict[str, bytes]:
    """Per sha256 the hashes of its bands, as `Signed` has them."""
    shingles = {sha: found for sha, text in sorted(texts.items()) if len(found := shingle(text)) >= MIN_SHINGLES}
    hashed = _bands(list(shingles.values()))
    return dict.fromkeys(texts, b"") | {sha: row.tobytes() for sha, row in zip(shingles, hashed, strict=True)}


def shingle(text: str) -> frozenset[str]:
    """Three words in a row, as a set."""
    words = WORD.findall(text.lower())
    return frozenset(map(" ".join, zip(words, words[1:], words[2:], strict=False)))


def jaccard(one: frozenset[str], other: frozenset[str]) -> float:
    """Shared of all, 0..1."""
    shared = len(one & other)
    return shared / (len(one) + len(other) - shared) if shared else 0.0


def _find(leader: dict[str, str], cluster: str) -> str:
    while (above := leader.get(cluster)) is not None:
        leader[cluster] = leader.get(above, above)
        cluster = above
    return cluster


def _proposed(known: Mapping[str, Signed], affected: frozenset[str]) -> Iterator[tuple[str, str]]:
    """Pairs with a band in common of which one is affected, each once, in order."""
    import numpy as np

    names = sorted(sha for sha, one in known.items() if one.bands)
    if not names:
        return
    table = np.frombuffer(b"".join([known[sha].bands for sha in names]), dtype=np.uint64).reshape(-1, BANDS)
    looked_at = np.array([sha in affected for sha in names])
    seen: set[tuple[int, int]] = set()
    for bucket in _buckets(table, looked_at):
        for place, other in enumerate(bucket[1:], start=1):
            for one in bucket[: min(place, CROWD)]:
                if (looked_at[one] or looked_at[other]) and (one, other) not in seen:
                    seen.add((one, other))
                    yield names[one], names[other]


def _buckets(table: np.ndarray, looked_at: np.ndarray) -> Iterator[list[int]]:
    """Indices, ascending, of texts that agree in a band, where one of them is looked at."""
    import numpy as np

    # A quarter of each hash first: after a small change that leaves a few hundred rows a band to look for.
    quarters = table.view(np.uint16)[:, ::4]
    wanted = np.zeros(1 << 16, dtype=bool)
    wanted[quarters[looked_at]] = True
    possible = wanted[quarters]
    for keys, may_be in zip(table.T, possible.T, strict=True):
        some = np.flatnonzero(may_be)
        members = some[np.isin(keys[some], keys[looked_at])]
        order = members[np.argsort(keys[members], kind="stable")]
        ends = np.flatnonzero(np.diff(keys[order])) + 1
        starts = np.concatenate([[0], ends])
        lengths = np.diff(np.concatenate([starts, [len(order)]]))
        for start, length in zip(starts[lengths > 1].tolist(), lengths[lengths > 1].tolist(), strict=True):
            yield order[start : start + length].tolist()


def _bands(sets: Sequence[frozenset[str]]) -> np.ndarray:
    """A row a set, a column a band, hashed to 64 bits; a collision only costs a look."""
    import numpy as np
    from rensa import RMinHash  # pyright: ignore[reportAttributeAccessIssue]  (made by Rust, without types)

    if not sets:
        return np.empty((0, BANDS), dtype=np.uint64)
    digests = np.asarray(RMinHash.digests_from_token_sets(sets, PERMUTATIONS, SEED), dtype=np.uint64)
    random = np.random.default_rng(SEED).integers(1, 2**63, PERMUTATIONS // BANDS, dtype=np.uint64)
    odd = random * np.uint64(2) + np.uint64(1)
    return np.stack([(band * odd).sum(axis=1, dtype=np.uint64) for band in np.split(digests, BANDS, axis=1)], axis=1)
