"""Values that a file may say and PostgreSQL refuses: each is stored as something else, and ends no intake."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from intake_project import write
from sqlalchemy import Engine

from modelmill.extract.stage import extract
from modelmill.normalize.stage import normalize
from modelmill.settings import Settings
from modelmill.storable import storable
from modelmill.store import corpora, units

SAYS = {
    "nul.yaml": '- title: "two \\0 words"\n',
    "infinite.yaml": "- {title: more words, most: 1.e999, least: -1.e999}\n",
    "nul.toml": '[a]\ntitle = "two words"\nmark = "\\u0000"\n',
    "infinite.toml": '[a]\ntitle = "two words"\nmost = inf\nnone = nan\n',
    "infinite.json": '{"title": "two words", "most": 1e999}\n',
    "half.jsonl": '{"text": "half \\ud800 of it", "label": "x"}\n{"text": "more", "label": {"a": "\\udfff"}}\n',
    "digits.ts": "// a line\n" * 20 + f"export const a = [{{ title: 'two words', most: 0x{'f' * 4000} }}];\n",
    "half.ts": "export const a = [{ title: 'two words', '\\ud800': 'of them', '\\0': 'are here' }];\n",
    "half.ipynb": '{"cells": [{"cell_type": "markdown", "source": "# Half \\ud800\\n\\ntwo \\u0000 words"}]}\n',
}


def test_what_no_database_takes_is_stored_as_something_else(settings: Settings, db: Engine, tmp_path: Path) -> None:
    write(tmp_path / "p", {**SAYS})
    corpus = corpora.add(settings, db, "p", str(tmp_path / "p"), "MIT")
    assert extract(settings, db, corpus).documents == len(SAYS)
    assert normalize(settings, db, corpus).units >= len(SAYS)
    found: dict[str, Any] = {one.path: one for one in units.sample(db, corpus.id, 100)}
    assert found["nul.yaml"].text == "two � words"
    assert found["infinite.yaml"].meta["most"] == "inf"
    assert found["infinite.toml"].meta["none"] == "nan"
    assert found["half.jsonl"].text == "half ? of it"
    assert found["digits.ts"].meta["most"] == "0x" + "f" * 4000


@pytest.mark.parametrize(
    "value",
    [None, True, 7, -(10**4000), 0.5, "plain", "ünï", {"a": [1, {"b": "c"}]}],
    ids=lambda value: str(value)[:12],
)
def test_what_a_database_takes_stays_as_it_is(value: object) -> None:
    assert storable(value) == value
