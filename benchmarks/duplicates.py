"""Near duplicates among 10,000 real functions: ours beside datasketch and beside the exact join, in CPU seconds.

`pip install -e '.[bench]'`, then `python benchmarks/duplicates.py [FOLDER ...]` (default: the standard library and the
installed packages). Recall is of the pairs that the exact join finds with Jaccard .8 or more; the exact join is the
prefix filter of Chaudhuri et al. 2006.
"""

from __future__ import annotations

import math
import sys
import sysconfig
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

from modelmill.normalize.duplicates import MIN_SHINGLES, PERMUTATIONS, THRESHOLD, clusters, jaccard, shingle
from modelmill.normalize.python import LANGUAGE
from modelmill.records import Dropped, sha256_text

FUNCTIONS = 10_000
Pairs = set[tuple[str, str]]


def functions(folders: list[Path]) -> dict[str, str]:
    """Distinct functions and methods by sha256, in order of path."""
    found: dict[str, str] = {}
    for path in (path for folder in folders for path in sorted(folder.rglob("*.py"))):
        try:
            drafts = list(LANGUAGE.units(str(path), path.read_text(encoding="utf-8")))
        except (ValueError, RecursionError, OSError):
            continue
        for draft in drafts:
            if not isinstance(draft, Dropped) and draft.kind in ("function", "method"):
                found[sha256_text(draft.text)] = draft.text
        if len(found) >= FUNCTIONS:
            break
    return dict(list(found.items())[:FUNCTIONS])


def exact(texts: dict[str, str]) -> Pairs:
    """All pairs of .8 or more: two such sets share one of their rarest shingles."""
    sets = {sha: found for sha, text in texts.items() if len(found := shingle(text)) >= MIN_SHINGLES}
    often = Counter(one for found in sets.values() for one in found)
    holders: dict[str, list[str]] = defaultdict(list)
    pairs: Pairs = set()
    for sha, found in sorted(sets.items(), key=lambda item: len(item[1])):
        rarest = sorted(found, key=lambda one: (often[one], one))[: len(found) - math.ceil(THRESHOLD * len(found)) + 1]
        for other in {other for one in rarest for other in holders[one]}:
            if len(sets[other]) >= THRESHOLD * len(found) and jaccard(found, sets[other]) >= THRESHOLD:
                pairs.add((min(sha, other), max(sha, other)))
        for one in rarest:
            holders[one].append(sha)
    return pairs


def theirs(texts: dict[str, str]) -> Pairs:
    """datasketch's MinHash LSH with as many permutations; its candidates are checked exactly too."""
    from datasketch import MinHash, MinHashLSH

    sets = {sha: found for sha, text in texts.items() if len(found := shingle(text)) >= MIN_SHINGLES}
    index, pairs = MinHashLSH(threshold=THRESHOLD, num_perm=PERMUTATIONS), set[tuple[str, str]]()
    for sha, found in sets.items():
        hashed = MinHash(num_perm=PERMUTATIONS)
        hashed.update_batch([one.encode() for one in found])
        for other in index.query(hashed):
            if jaccard(found, sets[other]) >= THRESHOLD:
                pairs.add((min(sha, other), max(sha, other)))
        index.insert(sha, hashed)
    return pairs


def timed(work: Callable[[dict[str, str]], Any], texts: dict[str, str]) -> tuple[float, Any]:
    """CPU seconds and the result."""
    began = time.process_time()
    result = work(texts)
    return time.process_time() - began, result


if __name__ == "__main__":
    folders = [Path(one) for one in sys.argv[1:]] or [Path(sysconfig.get_path(one)) for one in ("stdlib", "purelib")]
    texts = functions(folders)
    clusters(dict(list(texts.items())[:10]))
    (a, joined), (b, ours), (c, other) = timed(exact, texts), timed(clusters, texts), timed(theirs, texts)
    together = sum(ours[one] == ours[two] for one, two in joined)
    print(f"{len(texts)} functions, {len(joined)} pairs of {THRESHOLD} or more")
    print(f"exact join {a:.2f} CPU-s")
    print(f"modelmill  {b:.2f} CPU-s, recall {together / len(joined):.4f}")
    print(f"datasketch {c:.2f} CPU-s, recall {len(joined & other) / len(joined):.4f}; ours takes {b / c:.3f} of it")
