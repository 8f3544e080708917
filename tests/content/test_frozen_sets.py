"""What the READMEs of the shipped content say of it is what is there; the frozen sets share no text with training."""

from __future__ import annotations

import json
import re
from collections import Counter
from itertools import combinations
from pathlib import Path

import pytest

from modelmill.settings import CHECKOUT

SETS = CHECKOUT / "data/eval/intent_classification"
CATALOG = CHECKOUT / "data/catalog"
FILES = ("test.jsonl", "validation.jsonl", "out_of_scope_train.jsonl")


def rows(name: str) -> list[dict[str, str]]:
    return [json.loads(line) for line in (SETS / name).read_text().splitlines()]


def table(readme: Path, first_column: str) -> list[list[str]]:
    """The cells of the Markdown table whose header begins with `first_column`."""
    lines = readme.read_text().splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith(f"| {first_column} |"))
    cells: list[list[str]] = []
    for line in lines[start + 2 :]:
        if not line.startswith("|"):
            break
        cells.append([cell.strip().strip("`") for cell in line.strip("|").split("|")])
    return cells


def grams(text: str) -> frozenset[tuple[str, ...]]:
    words = re.findall(r"\w+", text.lower())
    return frozenset(zip(words, words[1:], words[2:], strict=False)) or frozenset([tuple(words)])


def jaccard(a: frozenset[tuple[str, ...]], b: frozenset[tuple[str, ...]]) -> float:
    return len(a & b) / len(a | b)


def catalog_queries() -> list[str]:
    """Every quoted string inside an `exampleQueries: [...]` of the catalog."""
    text = "\n".join(path.read_text() for path in sorted(CATALOG.glob("src/data/**/*.ts")))
    blocks = re.findall(r"exampleQueries:\s*\[(.*?)\n\s*\]", text, re.S)
    return [m[1] for block in blocks for m in re.findall(r"""(["'`])((?:\\.|(?!\1).)+)\1""", block)]


def test_the_readme_counts_the_files_as_they_are() -> None:
    for name, queries, labels, out_of_scope, fewest, _use in table(SETS / "README.md", "file"):
        counted = Counter(row["label"] for row in rows(name))
        assert (int(queries), int(labels)) == (counted.total(), len(counted)), name
        assert (int(out_of_scope), int(fewest)) == (counted["out_of_scope"], min(counted.values())), name


def test_the_readme_counts_the_kinds_as_they_are() -> None:
    for kind, _meaning, *counts in table(SETS / "README.md", "kind"):
        assert [int(c) for c in counts] == [sum(r["kind"] == kind for r in rows(name)) for name in FILES], kind


def test_the_catalog_readme_counts_what_is_there() -> None:
    counts = {what: int(count) for what, count in table(CATALOG / "README.md", "what")}
    sources = "\n".join(p.read_text() for p in CATALOG.glob("src/data/useCases/*.ts") if p.name != "index.ts")
    assert counts["use cases"] == len(re.findall(r"^    id:|^  id:|^\s+id: ", sources, re.M))
    assert counts["components"] == len(list(CATALOG.glob("src/components/*.tsx")))
    assert counts["configuration files"] == len(list(CATALOG.glob("config/*.json")))
    assert counts["guides"] == len(list(CATALOG.glob("docs/*.md")))
    in_readme = sum(counts[f"example queries of {of}"] for of in ("industries", "use cases", "developer actions"))
    assert in_readme == len(catalog_queries())


def test_every_label_of_the_validation_set_is_tested_and_the_other_way_round() -> None:
    test, validation = ({row["label"] for row in rows(name)} for name in FILES[:2])
    assert test == validation
    assert all(re.fullmatch(r"(use_case|industry|action):[a-z-]+|out_of_scope", label) for label in test)


@pytest.mark.parametrize(("one", "other"), list(combinations(("catalog", *FILES), 2)))
def test_no_frozen_query_is_nearly_equal_to_one_of_another_set(one: str, other: str) -> None:
    texts = {name: [row["text"] for row in rows(name)] for name in FILES} | {"catalog": catalog_queries()}
    sets = {name: [grams(text) for text in texts[name]] for name in (one, other)}
    near = [
        (texts[one][i], texts[other][j])
        for i, a in enumerate(sets[one])
        for j, b in enumerate(sets[other])
        if a & b and jaccard(a, b) >= 0.5
    ]
    assert near == []
