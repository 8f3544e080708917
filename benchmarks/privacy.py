"""The privacy scan beside detect-secrets: MB/s over the same files, and per kind what is found of the planted set.

`pip install -e '.[bench]'`, then `python benchmarks/privacy.py [FOLDER]` (default: the standard library's own modules).
Both run alternately on one core; detect-secrets with all its plugins and filters, file by file, as its scan does.
"""

from __future__ import annotations

import statistics
import sys
import sysconfig
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

sys.path.append(str(Path(__file__).parent.parent / "tests" / "intake"))

from planted import look_alikes, secrets
from test_planted import hits
from test_privacy import HOSTILE

from modelmill.normalize.privacy import find

ROUNDS = 3
MAX_BYTES = 2_000_000  # detect-secrets takes ten seconds a megabyte


def sample(folder: Path) -> list[tuple[Path, str]]:
    """Python files in order of name until MAX_BYTES are together."""
    chosen: list[tuple[Path, str]] = []
    for path in sorted(folder.glob("*.py")):
        if sum(len(text) for _, text in chosen) >= MAX_BYTES:
            break
        chosen.append((path, path.read_text(encoding="utf-8", errors="replace")))
    return chosen


def theirs(files: list[tuple[Path, str]]) -> int:
    """How many secrets detect-secrets finds."""
    from detect_secrets import SecretsCollection
    from detect_secrets.settings import default_settings

    found = SecretsCollection()
    with default_settings():
        for path, _ in files:
            found.scan_file(str(path))
    return sum(1 for _ in found)


def ours(files: list[tuple[Path, str]]) -> int:
    """How many values are found."""
    return sum(len(find(text)) for _, text in files)


def timed(work: Callable[[], int]) -> tuple[float, int]:
    """CPU seconds and what came out."""
    began = time.process_time()
    found = work()
    return time.process_time() - began, found


def compare(folder: Path) -> None:
    files = sample(folder)
    size = sum(len(text) for _, text in files) / 1e6
    find("warm")
    rounds = [(timed(lambda: ours(files)), timed(lambda: theirs(files))) for _ in range(ROUNDS)]
    mine, other = (statistics.median(size / one[side][0] for one in rounds) for side in (0, 1))
    print(f"{len(files)} files, {size:.1f} MB, median of {ROUNDS}, CPU time of one core")
    print(
        f"modelmill {mine:.2f} MB/s, {rounds[0][0][1]} found; detect-secrets {other:.3f} MB/s, {rounds[0][1][1]} found"
    )
    print(f"ratio {mine / other:.0f}")


def hostile() -> None:
    """What a megabyte made to be slow to read takes; the aim is less than a second."""
    slowest = max(HOSTILE, key=lambda piece: timed(lambda: len(find(megabyte(piece))))[0])
    seconds, _ = timed(lambda: len(find(megabyte(slowest))))
    print(f"a hostile megabyte takes at most {seconds:.2f} s (of {slowest!r})")


def megabyte(piece: str) -> str:
    return (piece * (1_000_000 // len(piece) + 1))[:1_000_000]


def per_kind() -> None:
    planted = secrets()
    there, found = Counter(one.kind for one in planted), Counter[str]()
    for one in planted:
        found[one.kind] += hits(one, find(one.text))
    wrong = Counter(place.kind for text in look_alikes() for place in find(text))
    total = sum(found.values())
    print(f"planted: {total} of {len(planted)} found; of 2000 look-alikes {sum(wrong.values())} taken")
    for kind, number in sorted(there.items()):
        print(f"  {kind:20} {found[kind]:3} of {number:3}, {wrong[kind]} look-alikes taken")


if __name__ == "__main__":
    per_kind()
    hostile()
    compare(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(sysconfig.get_path("stdlib")))
