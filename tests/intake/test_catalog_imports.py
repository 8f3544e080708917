"""A catalog's entries have what they take from other files of the corpus; when one of these changes, they do, too."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from intake_project import write
from sqlalchemy import Engine, delete, select

from modelmill.extract.stage import extract
from modelmill.normalize import linking, workers
from modelmill.normalize.linking import File, Given, Library
from modelmill.normalize.parsing import Parsed, library, parse_document
from modelmill.normalize.placeholders import named_by
from modelmill.normalize.stage import normalize
from modelmill.progress import Step, silent
from modelmill.records import Corpus, Document, sha256_text
from modelmill.settings import Settings
from modelmill.store import corpora
from modelmill.store import tables as t

CARDS = """import type { UseCase } from '../types';
import owner, { INDUSTRIES, Level as Size } from './shared';
import * as everything from '../data';
import settings from './settings.json';
import { gone } from './nowhere';
import { outside } from '../../../outside';
import React from 'react';

export const cards: UseCase[] = [
  { id: 'alerts', title: 'Card fraud alerts', industry: INDUSTRIES.finance, size: Size.Large, owner, ...settings.all },
  { id: 'limits', title: 'Card limits', tags: [...everything.tags, 'of cards'], gone, outside, icon: React.Icon },
];
"""
FILES: dict[str, str | bytes] = {
    "src/data/cards.ts": CARDS,
    "src/data/index.ts": """export * from './cards';
export * from './shared';
export { words as tags } from './words';
""",
    "src/data/shared.tsx": """export enum Level { Small = 'a small one', Large = 'a large one' }
export const INDUSTRIES = { finance: 'finance and banking', retail: 'retail' } as const;
export default 'the data team';
""",
    "src/data/words/index.js": "const words = ['paid by card', 'paid online'];\nexport { words };\n",
    "src/data/settings.json": '{"all": {"region": "the whole of Europe", "text": "For all of them."}}',
    "src/all.ts": """import { cards } from './data';
export const all = [...cards, { id: 'loans', title: 'Loans by the day' }];
export const by = { cards, first: { ...cards } };
""",
    "src/types.ts": "export type UseCase = { id: string };\n",
}


@pytest.fixture
def corpus(settings: Settings, db: Engine, tmp_path: Path) -> Corpus:
    """The files above, extracted."""
    made = corpora.add(settings, db, "c", str(write(tmp_path / "in" / "c", FILES)), "MIT", consent=True)
    write(tmp_path, {"outside.ts": "export const outside = 'not of the corpus';\n"})
    extract(settings, db, made)
    return made


def entries(db: Engine) -> dict[str, dict[str, Any]]:
    """The fields of every entry in TypeScript, by name."""
    wanted = (t.unit.c.kind == "entry") & (t.unit.c.language == "typescript")
    with db.connect() as conn:
        return {row.name: dict(row.meta) for row in conn.execute(select(t.unit).where(wanted))}


def stored(db: Engine) -> list[tuple[Any, ...]]:
    """All units, but for their numbers."""
    columns = [one for one in t.unit.c if one.name not in ("id", "document_id")]
    with db.connect() as conn:
        return [tuple(row) for row in conn.execute(select(*columns).order_by(t.unit.c.path, t.unit.c.name))]


def parsed_again(settings: Settings, db: Engine, corpus: Corpus) -> int:
    """Take in what changed; returns how many documents were parsed, after a comparison with taking in everything."""
    extract(settings, db, corpus)
    told: list[Step] = []
    part = normalize(settings, db, corpus, told.append)
    units = stored(db)
    whole = from_nothing(settings, db, corpus)
    assert (part.sha256, units) == (whole.sha256, stored(db))
    return told[-1].done


def from_nothing(settings: Settings, db: Engine, corpus: Corpus) -> Any:
    with db.begin() as conn:
        conn.execute(t.document.update().values(parsed_as=None))
        conn.execute(delete(t.publication).where(t.publication.c.asset == "units"))
    return normalize(settings, db, corpus, silent)


def test_names_of_other_files_stand_for_what_they_are_there(settings: Settings, db: Engine, corpus: Corpus) -> None:
    normalize(settings, db, corpus)
    found = entries(db)
    alerts, limits = found["cards.alerts"], found["cards.limits"]
    assert (alerts["industry"], alerts["size"], alerts["owner"], alerts["region"]) == (
        "finance and banking", "a large one", "the data team", "the whole of Europe",
    )  # fmt: skip
    assert limits["tags"] == ["paid by card", "paid online", "of cards"]
    assert not limits.keys() & {"gone", "outside", "icon"}


def test_an_entry_is_told_once_where_it_stands(settings: Settings, db: Engine, corpus: Corpus) -> None:
    normalize(settings, db, corpus)
    assert entries(db).keys() == {"cards.alerts", "cards.limits", "all.loans"}


@pytest.mark.parametrize(
    ("path", "content", "parsed", "field", "value"),
    [
        ("src/data/shared.tsx", str(FILES["src/data/shared.tsx"]).replace("finance and", "money and"), 3,
         ("cards.alerts", "industry"), "money and banking"),
        ("src/data/settings.json", None, 2, ("cards.alerts", "region"), None),
        ("src/data/nowhere.ts", "export const gone = 'here by now';\n", 3, ("cards.limits", "gone"), "here by now"),
        ("src/data/words.ts", "export const words = ['other words'];\n", 3,
         ("cards.limits", "tags"), ["other words", "of cards"]),
        ("src/types.ts", "export type UseCase = { name: string };\n", 1, ("cards.limits", "title"), "Card limits"),
    ],
)  # fmt: skip
def test_what_took_from_a_file_that_changed_is_read_again_and_nothing_else(
    settings: Settings, db: Engine, corpus: Corpus, path: str, content: str | None, parsed: int, field: tuple[str, str],
    value: Any,
) -> None:  # fmt: skip
    normalize(settings, db, corpus)
    changed = Path(corpus.uri, path)
    changed.unlink() if content is None else changed.write_text(content)
    assert parsed_again(settings, db, corpus) == parsed
    assert entries(db)[field[0]].get(field[1]) == value


def test_several_processes_link_what_one_links(
    settings: Settings, db: Engine, corpus: Corpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    normalize(settings, db, corpus)
    alone = stored(db)
    monkeypatch.setattr(workers, "WORTH_A_WORKER", 100)
    monkeypatch.setattr(workers, "BATCH", 1)
    from_nothing(settings.model_copy(update={"threads": 2}), db, corpus)
    assert stored(db) == alone


def test_a_secret_of_another_file_does_not_come_with_its_value(settings: Settings, db: Engine, corpus: Corpus) -> None:
    shared = Path(corpus.uri, "src/data/shared.tsx")
    shared.write_text(shared.read_text().replace("the data team", "jane\\u0040acme-shapes.com"))
    parsed_again(settings, db, corpus)
    assert entries(db)["cards.alerts"]["owner"].startswith("<EMAIL_")
    assert "acme-shapes" not in str(stored(db))


@pytest.mark.parametrize(
    ("path", "said", "place"),
    [
        ("a/b/c.ts", "./d", "a/b/d"), ("a/b/c.ts", "../d/./e.js", "a/d/e.js"), ("a/c.ts", "..", ""),
        ("c.ts", "..", None), ("a/c.ts", "../../a/d", None), ("c.ts", "react", None), ("c.ts", "/etc/passwd", None),
        ("c.ts", "", None),
    ],
)  # fmt: skip
def test_a_place_is_in_the_corpus_or_none(path: str, said: str, place: str | None) -> None:
    assert linking.leads_to(path, said) == place


@pytest.mark.parametrize(
    ("place", "there", "path"),
    [
        ("a/b", ["a/b/index.ts", "a/b.js", "a/b.ts"], "a/b.ts"), ("a/b.js", ["a/b.js", "a/b.ts"], "a/b.ts"),
        ("a/b", ["a/b/index.js", "a/b/index.tsx"], "a/b/index.tsx"), ("a/b.json", ["a/b.json"], "a/b.json"),
        ("", ["index.ts"], "index.ts"), ("a/b.data", ["a/b.data.ts"], "a/b.data.ts"), ("a/b.css", ["a/b.css"], ""),
        ("a", [], ""),
    ],
)  # fmt: skip
def test_a_place_stands_for_the_file_that_typescript_finds(place: str, there: list[str], path: str) -> None:
    assert linking.at(place, dict.fromkeys(there)) == path


def lying_at(path: str, files: dict[str, str]) -> File:
    return File(path, sha256_text(files[path]), files[path].encode()) if path else File()


def took(files: dict[str, str], path: str, known: Library | None = None) -> tuple[dict[str, Any], int, Parsed]:
    """The fields of a file's entries, and how often it was read, when the corpus has these files and no database."""
    known = known or library(named_by(b"k"))
    given: dict[str, File] = {}
    document = Document(path, sha256_text(files[path]), "r", "typescript", len(files[path]))
    for number in range(linking.MAX_ROUNDS + 1):
        more = number < linking.MAX_ROUNDS
        parsed = parse_document("c", document, files[path].encode(), named_by(b"k"), Given(given, more), known)
        if not parsed.wants:
            entries = {one.name: dict(one.meta) for one in parsed.units if one.kind == "entry"}
            return entries, number, parsed
        paths = {place: linking.at(place, files) for place in parsed.wants}
        given = linking.with_more(given, {place: lying_at(path, files) for place, path in paths.items()})
    raise AssertionError("it wants more than it may")


def test_files_that_import_each_other_in_a_circle_are_read_once_each() -> None:
    files = {
        "a.ts": "import { b } from './b';\nexport const a = { text: 'Words of a', said: b.said };\n",
        "b.ts": "import { a } from './a';\nexport * from './c';\nexport const b = { said: 'by b', of: a.text };\n",
        "c.ts": "export * from './b';\nexport * from './c';\nimport { none } from './b';\nexport const c = none;\n",
        "d.ts": "import { c, none } from './c';\nexport const d = { text: 'Words of d', c, none };\n",
        "e.ts": "import { f } from './f';\nexport const e = { text: 'Words of e', ...f };\n",
        "f.ts": "import { e } from './e';\nexport const f = { title: 'Words of f', ...e };\n",
    }
    assert took(files, "a.ts")[0]["a"]["said"] == "by b"
    assert took(files, "d.ts")[0]["d"] == {"text": "Words of d"}
    endless = took(files, "e.ts")[2]
    assert not endless.units and "nested deeper" in endless.dropped[0].detail


def test_a_chain_is_followed_as_far_as_it_may_be() -> None:
    files = {f"m{n}.ts": f"export * from './m{n + 1}';\n" for n in range(3000)}
    files["m3.ts"] = "export const near = 'from nearby';\n" + files["m3.ts"]
    files["m2000.ts"] = "export const far = 'from far away';\n" + files["m2000.ts"]
    files["a.ts"] = "import { near, far } from './m0';\nexport const a = { text: 'Words of a', near, far };\n"
    found, rounds, parsed = took(files, "a.ts")
    assert found["a"] == {"text": "Words of a", "near": "from nearby"}
    assert rounds == linking.MAX_ROUNDS and str(parsed.made_of).count("m") < 50


def test_a_fan_gives_at_most_so_many_files_and_so_much_of_them() -> None:
    files = {f"m{n}.ts": f"export const x{n} = 'word {n}';\n" for n in range(1000)}
    files["index.ts"] = "".join(f"export * from './m{n}';\n" for n in range(1000))
    files["large.ts"] = f"export const large = {['some words'] * 10_000};\n"
    files["a.ts"] = """import { x7, x900 } from '.';
import { large } from './large';
export const a = { text: 'Words of a', x7, x900, large };
"""
    found, _, parsed = took(files, "a.ts")
    assert found["a"] == {"text": "Words of a", "x7": "word 7"}
    assert str(parsed.made_of).count(".ts") == linking.MAX_FILES


def test_what_it_is_made_of_is_told_by_all_that_it_was_given() -> None:
    there = {"a/b.ts": "1", "c.ts": "2"}
    made = linking.made_of("own", {"a/b": File("a/b.ts", "1", b""), "a/d": File()})
    assert linking.is_made_of(made, "own", there)
    others = [{"a/b.ts": "3"}, {}, {**there, "a/d.json": "4"}, {"a/b/index.ts": "1"}]
    assert not any(linking.is_made_of(made, "own", one) for one in others)
    assert not any(linking.is_made_of(one, "own", there) for one in (None, "owner", "other {}", "ow", "own "))
    assert linking.is_made_of("own", "own", there) and not linking.is_made_of(made, "new", there)


@pytest.mark.parametrize("text", ["", "{", '{"a": 1', "// nothing", "1, 2", '"some words"'])
def test_what_is_no_json_gives_nothing(text: str) -> None:
    files = {"d.json": text, "a.ts": "import d from './d.json';\nexport const a = { text: 'Words of a', d: d.a };\n"}
    assert took(files, "a.ts")[0]["a"] == {"text": "Words of a"}


def test_a_place_that_may_not_be_stored_is_not_asked_for() -> None:
    said = "export const a = { text: 'Words of a', b, c };\n"
    files = {"home/a.ts": "import { b } from './marta/b';\nimport { c } from '../c';\n" + said}
    assert list(json.loads(str(took(files, "home/a.ts")[2].made_of).partition(" ")[2])) == ["c"]


def test_what_one_document_takes_does_not_depend_on_which_were_read_before() -> None:
    long = "word " * 24_000
    files = {f"m{n}.ts": f"export const m{n} = {{ text: 'Words of {n}', long: '{long}' }};\n" for n in range(9)}
    files["a.ts"] = "".join(f"import {{ m{n} }} from './m{n}';\n" for n in range(9)) + (
        "export const a = { text: 'Words of a', " + ", ".join(f"m{n}: m{n}.text" for n in range(9)) + " };\n"
    )
    found = took(files, "a.ts")[0]["a"]
    assert found == {"text": "Words of a", **{f"m{n}": f"Words of {n}" for n in range(4)}}
    known = library(named_by(b"k"))
    for path in reversed(files):
        took(files, path, known)
    assert took(files, "a.ts", known)[0]["a"] == found
