"""A catalog's entries have what they take from other files of the corpus; when one of these changes, they do, too."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from intake_project import write
from linked_files import entries, from_nothing, parsed_again, stored, took
from sqlalchemy import Engine

from modelmill.extract.stage import extract
from modelmill.normalize import linking, places, workers
from modelmill.normalize.linking import File
from modelmill.normalize.parsing import library
from modelmill.normalize.placeholders import named_by
from modelmill.normalize.places import There
from modelmill.normalize.stage import normalize
from modelmill.records import Corpus
from modelmill.settings import Settings
from modelmill.store import corpora

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
    assert places.leads_to(path, said) == place


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
    assert There(dict.fromkeys(there, "")).at(place) == path


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
    there = There({"a/b.ts": "1", "c.ts": "2"})
    made = linking.made_of("own", {"a/b": File("a/b.ts", "1", b""), "a/d": File()})
    assert linking.is_made_of(made, "own", there)
    others = [{"a/b.ts": "3"}, {}, {**there.files, "a/d.json": "4"}, {"a/b/index.ts": "1"}]
    assert not any(linking.is_made_of(made, "own", There(one)) for one in others)
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
