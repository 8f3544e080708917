"""Query and passage pairs for search: what somebody wrote about a piece of code, and the code without those words.

The method is CodeSearchNet's (https://arxiv.org/abs/1909.09436): the first paragraph of a documentation comment stands
for a query, the rest of the function is what must be found. Of a catalog entry the example queries and questions stand
for queries, its description is what must be found. Nothing here reads a file.
"""

from __future__ import annotations

import ast
import re
import textwrap
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from modelmill.embed.texts import passage
from modelmill.normalize.docstrings import words
from modelmill.records import Example, Split, Unit, sha256_text

if TYPE_CHECKING:
    import random

    from modelmill.settings import Profile

Thing = TypeVar("Thing")

# Pairs and distractors a profile takes: of 6,000 pairs a fifth tests, so the standard library alone asks 1,000 queries.
# Distractors fill up to the 999 that a query has where fewer are asked.
PAIRS: dict[Profile, int] = {"tiny": 700, "small": 6000, "full": 1_000_000}
DISTRACTORS: dict[Profile, int] = {"tiny": 100, "small": 999, "full": 999}
QUERIES_PER_ENTRY = 8  # more would make some fifty entries outweigh thousands of functions
MIN_WORDS, MAX_CHARS = 3, 256
TELLING = 5  # words of a query that stand in a passage in this order only where they were not cut out

_ROLE = re.compile(r":[a-z:]+:`~?([^`<]+)(?:<[^>]*>)?`")
_QUOTES = re.compile(r"`+")
_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-Z])")


def pairs(units: Sequence[Unit], rng: random.Random, profile: Profile) -> list[Example]:
    """Pairs as TRAIN (the split comes later, by group and cluster) and undocumented code as POOL, in a fixed order.

    What is taken goes by a hash of the unit, so a small change of the code is a small change of the set: a champion and
    its challenger are then trained and measured on nearly the same.
    """
    salt = str(rng.random())
    ordered = sorted(units, key=lambda unit: unit.key)
    made = _distinct(example for unit in ordered for example in _of_unit(unit, salt))
    silent = [unit for unit in ordered if _can_distract(unit)]
    chosen = _taken(made, PAIRS[profile], lambda example: f"{salt}:{example.units[0]}:{example.input['query']}")
    pool = _taken(silent, DISTRACTORS[profile], lambda unit: f"{salt}:{unit.key}")
    silent_pairs = (_example("", unit, unit, Split.POOL) for unit in pool)
    return [*chosen, *silent_pairs, *_every_entry(ordered)]


def _every_entry(units: Iterable[Unit]) -> Iterator[Example]:
    """Each entry as a distractor, those in other splits too: a visitor's words are looked for in the whole catalog.

    Without its cluster, because the same entry may be in another split on purpose.
    """
    for unit in units:
        bare = _bare_entry(unit) if unit.kind == "entry" else None
        if bare is not None:
            yield _example("", replace(unit, cluster=""), bare, Split.POOL)


def _taken(things: Iterable[Thing], number: int, name: Callable[[Thing], str]) -> list[Thing]:
    """`number` of them, first by the hash of their names: adding one changes at most one."""
    return sorted(things, key=lambda thing: sha256_text(name(thing)))[:number]


def query_of(docstring: str) -> str:
    """The first paragraph as plain words, cut at a sentence below MAX_CHARS; empty when it says too little."""
    first = re.split(r"\n\s*\n|>>>|\n\s*[:@]\w+", docstring.strip(), maxsplit=1)[0]
    plain = _QUOTES.sub("", _ROLE.sub(r"\1", first)).rstrip().rstrip(":")
    text = " ".join(plain.split())
    while len(text) > MAX_CHARS:
        sentences = _SENTENCE.split(text)
        text = " ".join(sentences[:-1]) if len(sentences) > 1 else text[:MAX_CHARS].rsplit(" ", 1)[0]
    return text if len(re.findall(r"[A-Za-z]{2,}", text)) >= MIN_WORDS else ""


def without_docstring(unit: Unit) -> Unit | None:
    """The unit as if nobody had documented it; None when the words cannot be taken out for certain."""
    above = _comment_above(unit)
    if above:
        return replace(unit, text=unit.text[above:].lstrip("\n"), docstring="")
    text = textwrap.dedent(unit.text)
    lines = text.splitlines()
    try:
        node = next(iter(ast.parse(text).body), None)
    except SyntaxError:
        return _cut_words(unit, text)
    first = getattr(node, "body", [None])[0]
    if not (
        isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str)
    ):
        return _cut_words(unit, text)
    kept = lines[: first.lineno - 1] + lines[first.end_lineno :]
    return replace(unit, text="\n".join(kept), docstring="")


def _comment_above(unit: Unit) -> int:
    """Where the comment that the text begins with ends, if it is the docstring and nothing else; 0 otherwise.

    Cleaning may have moved the place (a placeholder is longer or shorter than what it stands for): the words decide.
    """
    first, last = unit.meta.get("docstring_at") or (1, 0)
    return last if first == 0 and words(unit.text[:last]) == unit.docstring else 0


def _cut_words(unit: Unit, text: str) -> Unit | None:
    """For summaries that are no program: line by line, every line that the docstring has too goes."""
    said = {line.strip() for line in unit.docstring.splitlines() if line.strip()}
    kept = [line for line in text.splitlines() if not {line.strip().strip("\"'").strip(), words(line)} & said]
    cut = "\n".join(kept)
    begins = _plain(query_of(unit.docstring)).split()[:TELLING]
    return None if " ".join(begins) in _plain(cut) else replace(unit, text=cut, docstring="")


def _plain(text: str) -> str:
    """Words and digits alone, so that comment signs and line breaks between them hide nothing."""
    return " ".join(re.findall(r"\w+", text))


def _of_unit(unit: Unit, salt: str) -> Iterator[Example]:
    if unit.kind == "entry":
        yield from _of_entry(unit, salt)
        return
    query = "" if _is_test(unit) or _is_special(unit) else query_of(unit.docstring)
    bare = without_docstring(unit) if query else None
    if bare is not None and len(bare.text.splitlines()) >= 3:
        yield _example(query, unit, bare, Split.TRAIN)


def _of_entry(unit: Unit, salt: str) -> Iterator[Example]:
    """The passage holds no words of the queries' fields, as a function's holds none of its docstring."""
    fields = unit.meta
    asked = [str(query) for query in fields.get("exampleQueries", ())]
    asked += [str(faq["question"]) for faq in fields.get("faqs", ()) if isinstance(faq, dict) and "question" in faq]
    queries = [query for query in asked if len(query.split()) >= MIN_WORDS]
    bare = _bare_entry(unit)
    if bare is None:
        return
    for query in _taken(queries, QUERIES_PER_ENTRY, lambda query: f"{salt}:{unit.key}:{query}"):
        yield _example(query[:MAX_CHARS], unit, bare, Split.TRAIN)


def _bare_entry(unit: Unit) -> Unit | None:
    """What describes it; None when nothing does."""
    told = _prose(unit.meta)
    return replace(unit, text=told, docstring="", signature="") if told else None


def _prose(fields: Any) -> str:
    names = ("title", "name", "tagline", "summary", "description", "problem", "features", "challenges")
    values = [fields[name] for name in names if fields.get(name)]
    return "\n".join(str(line) for value in values for line in (value if isinstance(value, list) else [value]))


def _example(query: str, unit: Unit, bare: Unit, split: Split) -> Example:
    target = {
        "corpus": unit.corpus, "path": unit.path, "name": unit.name, "kind": unit.kind, "language": unit.language,
        "lines": [unit.start_line, unit.end_line], "passage": passage(bare),
    }  # fmt: skip
    group = unit.path if unit.kind == "entry" else unit.group
    return Example({"query": query or unit.name}, target, split, (unit.key,), group, unit.cluster, unit.kind)


def _distinct(examples: Iterable[Example]) -> list[Example]:
    """The first of those that ask the same: two right answers to one query could not be told apart."""
    seen: dict[str, Example] = {}
    for example in examples:
        seen.setdefault(str(example.input["query"]).casefold(), example)
    return list(seen.values())


def _can_distract(unit: Unit) -> bool:
    return unit.kind in ("function", "method") and not unit.docstring and not _is_test(unit)


def _is_test(unit: Unit) -> bool:
    parts = unit.path.lower().split("/")
    return any(part in ("test", "tests", "idle_test") or part.startswith("test_") for part in parts)


def _is_special(unit: Unit) -> bool:
    last = unit.name.rsplit(".", 1)[-1]
    return last.startswith("__") and last.endswith("__")
