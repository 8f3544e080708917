"""Examples of labels that a team brings itself (units of kind `labelled`: rows of CSV, JSON, JSONL), and their faults.

Split by duplicate cluster within each label: of its clusters, in the order of their hashes, 15 % test, 10 % validate,
the others train; at least one tests, at least one trains, and with three or more one validates. A row that is like
one of another label goes where that one goes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import combinations

from modelmill.datasets.intent_labels import OUT_OF_SCOPE
from modelmill.datasets.split import SHARES
from modelmill.errors import DataError
from modelmill.normalize.duplicates import WORD
from modelmill.records import Example, Split, Unit, sha256_text

KIND = "labelled"
OUTSIDE = frozenset({"out_of_scope", "out of scope", "out-of-scope", "oos"})  # spellings of the one label
RARE = 0.05  # a label with at most this share of the examples of its near namesake is taken for a typing error
MIN_NAME = 4  # characters; shorter names are alike by chance
SHOWN = 5  # faults told in one error


def given(units: Sequence[Unit], known: Collection[str] = ()) -> list[Example]:
    """Examples of all splits in a fixed order. known: labels that have examples elsewhere.

    Raises DataError, which names up to five faults.
    """
    rows = sorted((unit for unit in units if unit.kind == KIND), key=lambda unit: (unit.text, unit.key))
    if not rows:
        return []
    faults = list(_faults(rows, known))
    if faults:
        raise _refused(faults)
    home = _homes(rows)
    return [
        Example({"text": row.text}, {"label": label_of(row)}, home[_cluster(row)], (row.key,), label_of(row),
                _cluster(row), "out_of_scope" if label_of(row) == OUT_OF_SCOPE else "given")
        for row in rows
    ]  # fmt: skip


def label_of(row: Unit) -> str:
    """The row's label; every spelling of out of scope is one."""
    label = " ".join(str(row.meta["label"]).split())
    return OUT_OF_SCOPE if label.casefold() in OUTSIDE else label


def _homes(rows: Sequence[Unit]) -> dict[str, Split]:
    """Per cluster its split. Hash order: a text keeps its place whatever else the file says of it."""
    home: dict[str, Split] = {}
    for _, members in sorted(_by_label(rows).items()):
        new = sorted({_cluster(row) for row in members} - home.keys(), key=lambda one: sha256_text(f"split:{one}"))
        home |= dict(zip(new, _places(len(new)), strict=True))
    return home


def _places(clusters: int) -> list[Split]:
    test = max(1, round(SHARES[Split.TEST] * clusters)) if clusters > 1 else 0
    validation = max(1, round(SHARES[Split.VALIDATION] * clusters)) if clusters > 2 else 0
    return [Split.TEST] * test + [Split.VALIDATION] * validation + [Split.TRAIN] * (clusters - test - validation)


def _cluster(row: Unit) -> str:
    return row.cluster or row.sha256


def _by_label(rows: Sequence[Unit]) -> dict[str, list[Unit]]:
    found: dict[str, list[Unit]] = {}
    for row in rows:
        found.setdefault(label_of(row), []).append(row)
    return found


def _faults(rows: Sequence[Unit], known: Collection[str]) -> Iterator[str]:
    """What makes the rows unfit to learn from, worst first, each with its place."""
    by_label = _by_label(rows)
    if len({*by_label, *known}) == 1:
        yield f"all {len(rows)} rows have the one label {next(iter(by_label))!r} ({_place(rows[0])})"
    yield from _misspelt(by_label)
    yield from _contradictions(rows)
    for label, members in sorted(by_label.items()):
        if label not in known and len({_plain(row.text) for row in members}) == 1:
            yield f"the label {label!r} has one example ({_place(members[0])})"


def _misspelt(by_label: Mapping[str, Sequence[Unit]]) -> Iterator[str]:
    for one, other in combinations(sorted(by_label, key=lambda label: (len(by_label[label]), label)), 2):
        few, many = len(by_label[one]), len(by_label[other])
        if _bare(one) == _bare(other) or (few <= max(1, RARE * many) < many and _one_slip(_bare(one), _bare(other))):
            place = _place(by_label[one][0])
            yield f"the label {one!r} ({few} rows, {place}) looks like a slip for {other!r} ({many} rows)"


def _contradictions(rows: Sequence[Unit]) -> Iterator[str]:
    first: dict[str, Unit] = {}
    for row in rows:
        known = first.setdefault(_plain(row.text), row)
        if label_of(known) != label_of(row):
            yield (
                f"the text {row.text[:60]!r} has the labels {label_of(known)!r} ({_place(known)}) "
                f"and {label_of(row)!r} ({_place(row)})"
            )


def _plain(text: str) -> str:
    return " ".join(WORD.findall(text.casefold())) or text


def _bare(label: str) -> str:
    """Letters and digits alone: `Book flight` and `book_flight` are one name."""
    return "".join(character for character in label.casefold() if character.isalnum()) or label


def _one_slip(one: str, other: str) -> bool:
    """Whether one letter more, less, another or two swapped make one name of the other."""
    short, long = sorted((one, other), key=len)
    if len(short) < MIN_NAME or len(long) - len(short) > 1:
        return False
    at = next((i for i, (a, b) in enumerate(zip(short, long, strict=False)) if a != b), len(short))
    if len(short) < len(long):
        return short[at:] == long[at + 1 :]
    swapped = short[at + 1 : at + 2] + short[at : at + 1] + short[at + 2 :]
    return short[at + 1 :] == long[at + 1 :] or swapped == long[at:]


def _place(row: Unit) -> str:
    return f"{row.corpus}: {row.path} line {row.start_line}"


def _refused(faults: Sequence[str]) -> DataError:
    more = f"; and {len(faults) - SHOWN} more" if len(faults) > SHOWN else ""
    return DataError(
        "the labelled texts cannot be learnt from",
        allowed="two labels or more, two different texts or more of each, one label a text, each label spelt one way",
        found="; ".join(faults[:SHOWN]) + more,
        next="correct these rows, then mill run; or leave the corpus out: mill corpus consent NAME --withdraw",
    )
