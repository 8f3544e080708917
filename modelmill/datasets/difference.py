"""What changed between two frozen datasets of a task: examples that came, went, moved or were labelled anew."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from modelmill.errors import UserError
from modelmill.records import Dataset, Example, Split, canonical_json
from modelmill.store import datasets

SHOWN = 10  # examples of each kind of change


@dataclass(frozen=True, slots=True)
class Difference:
    """From `old` to `new`. Examples are told apart by what is asked.

    added, removed: not asked in the other. moved: in another split now. changed: another answer is right now.
    labels: per label or kind the numbers before and now, where they differ. sources: per corpus its revision before and
    now ("" = not in it), where it differs. dial: fields of the manifest that differ. gone: how many examples of each
    are not there any more, because a corpus was removed or a file is missing: they are compared with nothing.
    """

    old: Dataset
    new: Dataset
    added: Sequence[Example]
    removed: Sequence[Example]
    moved: Sequence[tuple[Example, Example]]
    changed: Sequence[tuple[Example, Example]]
    labels: Mapping[str, tuple[int, int]]
    sources: Mapping[str, tuple[str, str]]
    dial: Mapping[str, tuple[Any, Any]]
    gone: tuple[int, int] = (0, 0)

    @property
    def same(self) -> bool:
        """Whether both hold the same examples in the same splits: all that they were made with."""
        return not (self.added or self.removed or self.moved or self.changed or any(self.gone))


def difference(old: Dataset, new: Dataset) -> Difference:
    """Compare. Raises UserError for datasets of two tasks, DataError when a file cannot be read."""
    if old.task != new.task:
        raise UserError(
            "these datasets cannot be compared",
            allowed="two datasets of one task",
            found=f"{old.sha256[:12]} of {old.task}, {new.sha256[:12]} of {new.task}",
            next="mill dataset list",
        )
    then, since = datasets.read_examples(old), datasets.read_examples(new)
    before, now = _by_question(then), _by_question(since)
    both = [(before[asked], now[asked]) for asked in before.keys() & now.keys()]
    return Difference(
        old,
        new,
        added=_ordered(now[asked] for asked in now.keys() - before.keys()),
        removed=_ordered(before[asked] for asked in before.keys() - now.keys()),
        moved=sorted((pair for pair in both if pair[0].split != pair[1].split), key=_key),
        changed=sorted((pair for pair in both if pair[0].target != pair[1].target), key=_key),
        labels=_differing(balance(before.values()), balance(now.values()), 0),
        sources=_differing(_revisions(old), _revisions(new), ""),
        dial={name: (old.manifest.get(name), new.manifest.get(name)) for name in ("profile", "seed", "made_with")
              if old.manifest.get(name) != new.manifest.get(name)},
        gone=(sum(old.counts.values()) - len(then), sum(new.counts.values()) - len(since)),
    )  # fmt: skip


def to_json(found: Difference) -> dict[str, Any]:
    """For programs: all of it, the examples by what is asked."""
    return {
        "task": found.new.task,
        "old": found.old.sha256,
        "new": found.new.sha256,
        "counts": {"old": dict(found.old.counts), "new": dict(found.new.counts)},
        "added": [_told(one) for one in found.added],
        "removed": [_told(one) for one in found.removed],
        "moved": [{**_told(now), "was": was.split.value} for was, now in found.moved],
        "changed": [{**_told(now), "was": dict(was.target)} for was, now in found.changed],
        "labels": {name: list(pair) for name, pair in found.labels.items()},
        "sources": {name: list(pair) for name, pair in found.sources.items()},
        "dial": {name: list(pair) for name, pair in found.dial.items()},
        "gone": {"old": found.gone[0], "new": found.gone[1]},
    }


def tables(found: Difference) -> list[Any]:
    """For a terminal: counts a split, then what changed, SHOWN examples of each kind."""
    from rich.table import Table

    old, new = found.old, found.new
    parts: list[Any] = [_counts(old, new)]
    for name, pairs in (("corpus", found.sources), ("dial", found.dial), ("label or kind", found.labels)):
        if pairs:
            table = Table(name, "before", "now")
            for key, (was, now) in list(pairs.items())[: 3 * SHOWN]:
                table.add_row(key, str(was)[:40], str(now)[:40])
            parts.append(table)
    parts += _changes("added", [_line(one) for one in found.added])
    parts += _changes("removed", [_line(one) for one in found.removed])
    parts += _changes("moved", [f"{was.split.value} → {_line(now)}" for was, now in found.moved])
    parts += _changes("another answer", [f"{_line(now)} (was {_answer(was)})" for was, now in found.changed])
    if any(found.gone):
        parts.append(
            f"not compared, because they are not there any more (mill corpus remove, or a file is missing): "
            f"{found.gone[0]} examples of {old.sha256[:12]}, {found.gone[1]} of {new.sha256[:12]}"
        )
    return [*parts, "the same examples in the same splits"] if found.same else parts


def _counts(old: Dataset, new: Dataset) -> Any:
    from rich.table import Table

    title = f"{new.task}: {old.sha256[:12]} → {new.sha256[:12]}"
    counts = Table("split", "before", "now", "", title=title, title_justify="left")
    for split, now in new.counts.items():
        was = old.counts.get(split, 0)
        counts.add_row(split, str(was), str(now), f"{now - was:+d}" if now != was else "=")
    return counts


def _changes(what: str, lines: Sequence[str]) -> list[str]:
    if not lines:
        return []
    more = [f"  and {len(lines) - SHOWN} more (--json has all)"] if len(lines) > SHOWN else []
    return ["\n".join([f"{what}: {len(lines)}", *(f"  {line}" for line in lines[:SHOWN]), *more])]


def _line(one: Example) -> str:
    asked = " ".join(str(value) for value in one.input.values())
    return f"{one.split.value}: {asked[:100]!r} → {_answer(one)}"


def _answer(one: Example) -> str:
    return str(one.target.get("label") or one.target.get("name") or canonical_json(one.target))[:60]


def _told(one: Example) -> dict[str, Any]:
    return {"input": dict(one.input), "target": dict(one.target), "split": one.split.value, "kind": one.kind}


def _by_question(examples: Iterable[Example]) -> dict[str, Example]:
    """Those of the pool are asked by nobody: their units tell them apart."""
    return {canonical_json([one.input, list(one.units) if one.split is Split.POOL else []]): one for one in examples}


def balance(examples: Iterable[Example]) -> Counter[str]:
    """How many of each label; of each kind where the targets are no labels."""
    return Counter(str(one.target.get("label") or one.kind or "all") for one in examples)


def _revisions(of: Dataset) -> dict[str, str]:
    return {str(one["corpus"]): str(one["revision"]) for one in of.manifest.get("sources", [])}


def _differing(before: Mapping[str, Any], now: Mapping[str, Any], none: Any) -> dict[str, tuple[Any, Any]]:
    pairs = {name: (before.get(name, none), now.get(name, none)) for name in sorted({*before, *now})}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


def _ordered(examples: Any) -> list[Example]:
    return sorted(examples, key=lambda one: (one.split.value, canonical_json(one.input)))


def _key(pair: tuple[Example, Example]) -> str:
    return canonical_json(pair[1].input)
