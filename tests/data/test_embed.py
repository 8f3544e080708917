"""Texts become vectors, once; vectors are found."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from data_sources import Letters, known, take_in
from sqlalchemy import text

from modelmill.embed import encoder, stage
from modelmill.embed.texts import MAX_CHARS, passage, words
from modelmill.errors import FencedError, PrerequisiteError, UserError
from modelmill.records import Unit
from modelmill.store import corpora, filters, publications, units, vectors


def _unit(name: str, body: str, signature: str = "") -> Unit:
    return Unit("code", "a.py", name, "function", "python", body, "a", signature)


def test_a_name_is_read_as_words():
    assert words("useCases.claims-triage") == "use Cases claims triage"
    assert words("HTTPServer.parse_header") == "HTTP Server parse header"


def test_what_the_author_says_comes_before_a_long_signature():
    unit = replace(
        _unit("loads", "def loads(s):\n    ...", "def loads(s)"), docstring="Read JSON\n  text.\n\nMore of it."
    )
    assert passage(unit).startswith("loads\nRead JSON text.\ndef loads(s):")


def test_a_passage_says_the_name_once_the_signature_once_and_is_cut():
    body = "    def parse(self, raw):\n        return raw"
    assert passage(_unit("Reader.parse", body, "def parse(self, raw)")).count("def parse(self, raw)") == 1
    assert passage(_unit("Reader.parse", "return raw", "def parse(self, raw)")).startswith("Reader parse\ndef parse")
    assert len(passage(_unit("f", "x" * 5000))) == MAX_CHARS


def test_the_base_model_finds_code_by_what_it_does(settings, db, code):
    base = encoder.load_encoder(settings)
    assert base.name == encoder.encoder_source(settings).name
    for path in code.iterdir():
        if path.name not in ("textwrap.py", "heapq.py"):
            path.unlink() if path.is_file() else [child.unlink() for child in path.rglob("*") if child.is_file()]
    take_in(settings, db, "code", code)
    made = stage.embed(settings, db, known(settings, db))
    assert made.fresh and made.embedded == vectors.count(db, base.name) > 20
    queries = base.encode(["remove common leading whitespace from every line", "push an item onto the heap"])
    assert queries.shape == (2, base.dim) and np.allclose(np.linalg.norm(queries, axis=1), 1, atol=1e-5)
    found = vectors.PgIndex(db, base.name, settings.tenant).nearest(queries, 3, {})
    assert "dedent" in [hit.unit.name for hit in found[0]]
    assert any("push" in hit.unit.name for hit in found[1])
    assert found[0][0].score >= found[0][1].score >= found[0][2].score
    again = stage.embed(settings, db, known(settings, db))
    assert (again.fresh, again.embedded, again.reused, again.sha256) == (False, 0, made.embedded, made.sha256)


def test_only_what_is_new_is_embedded(settings, db, code):
    first = stage.embed(settings, db, known(settings, db), encoder=Letters())
    (code / "new.py").write_text('def shout(words):\n    """Say it loud."""\n    return words.upper()\n')
    take_in(settings, db, "code", code)
    letters = Letters()
    second = stage.embed(settings, db, known(settings, db), encoder=letters)
    assert second.fresh and second.sha256 != first.sha256
    assert second.embedded == letters.seen == 2  # the function and the module
    assert second.reused == first.embedded


def test_what_was_stored_before_a_kill_is_not_embedded_again(settings, db, code, monkeypatch):
    monkeypatch.setattr(stage, "CHUNK", 50)
    with pytest.raises(KeyboardInterrupt):
        stage.embed(settings, db, known(settings, db), encoder=Letters(fail_after=2))
    assert publications.current(db, "vectors", "code") is None
    assert vectors.count(db, "letters") == 100
    after = Letters()
    done = stage.embed(settings, db, known(settings, db), encoder=after)
    assert after.seen == done.embedded == vectors.distinct_texts(db, known(settings, db).id) - 100


def test_an_outdated_run_stops_and_publishes_nothing(settings, db, code):
    class Overtaken(Letters):
        def encode(self, texts):
            publications.take(db, "vectors", "code")
            return super().encode(texts)

    with pytest.raises(FencedError, match="vectors code was not published"):
        stage.embed(settings, db, known(settings, db), encoder=Overtaken())
    assert vectors.count(db, "letters") == 0


def test_a_corpus_without_units_says_what_to_do(settings, db, tmp_path):
    (tmp_path / "a.py").write_text("x = 1\n")
    nowhere = corpora.add(settings, db, "nowhere", str(tmp_path))
    with pytest.raises(UserError, match="has no units to embed") as caught:
        stage.embed(settings, db, nowhere, encoder=Letters())
    assert "mill normalize" in caught.value.next


def test_a_search_keeps_to_its_filters_and_its_tenant(settings, db, code, catalog):
    letters = Letters()
    stage.prepare(db, letters, corpora.everyones(db), publications.take(db, "search/release"))
    index = vectors.PgIndex(db, letters.name, settings.tenant)
    query = letters.encode(["anything at all"])
    for name, value in (("corpus", "catalog"), ("language", "python"), ("kind", "entry")):
        hits = index.nearest(query, 7, {name: value})[0]
        assert len(hits) == 7 and {getattr(hit.unit, name) for hit in hits} == {value}
    assert vectors.PgIndex(db, letters.name, "somebody else").nearest(query, 7, {}) == [[]]
    with pytest.raises(UserError, match="cannot be filtered by 'size'"):
        index.nearest(query, 7, {"size": "1"})


def test_a_filter_that_nothing_has_is_told_with_those_that_there_are(settings, db, code, catalog):
    stage.prepare(db, Letters(), corpora.everyones(db), publications.take(db, "search/release"))
    filters.refuse_unknown(db, settings.tenant, {"query": "x", "language": "python", "corpus": "code", "kind": ""})
    for name, there in (("language", "python"), ("corpus", "catalog, code"), ("kind", "function")):
        with pytest.raises(UserError, match=f"nothing that is searched has the {name} 'klingon'") as caught:
            filters.refuse_unknown(db, settings.tenant, {name: "klingon"})
        assert there in caught.value.allowed
    with pytest.raises(UserError) as caught:
        filters.refuse_unknown(db, "somebody else", {"corpus": "code"})
    assert "catalog" not in str(caught.value), "another tenant's corpora are not told"


def test_an_index_gives_the_same_answers_as_looking_at_everything(settings, db, code, monkeypatch):
    letters = Letters("letters'; drop table mill.vector; --")
    stage.prepare(db, letters, [known(settings, db)], publications.take(db, "search/release"))
    assert not vectors.ensure_index(db, letters.name, letters.dim)
    index = vectors.PgIndex(db, letters.name, settings.tenant)
    query = letters.encode(["sort a list of numbers", "read rows"])
    exact = [[hit.unit.sha256 for hit in hits] for hits in index.nearest(query, 10, {"kind": "method"})]
    monkeypatch.setattr(vectors, "INDEX_FROM", 10)
    before = vectors.index_name(letters.name).replace(vectors.HALF, vectors.WHOLE)
    with db.begin() as conn:
        conn.execute(text(f'CREATE INDEX "{before}" ON mill.vector (sha256)'))  # an earlier version's, by its name
    assert vectors.ensure_index(db, letters.name, letters.dim) and vectors.ensure_index(db, letters.name, letters.dim)
    with db.begin() as conn:
        kept = conn.scalars(text("SELECT indexname FROM pg_indexes WHERE indexname LIKE 'ix_vector_h%'")).all()
        assert kept == [vectors.index_name(letters.name)]
        conn.execute(text("ALTER DATABASE " + str(db.url.database) + " SET enable_seqscan = off"))
    db.dispose()
    assert [[hit.unit.sha256 for hit in hits] for hits in index.nearest(query, 10, {"kind": "method"})] == exact


def test_the_vector_of_a_text_goes_with_the_last_unit_that_has_it(settings, db, code):
    stage.embed(settings, db, known(settings, db), encoder=Letters())
    copied = (code / "wave.py").read_text()
    (code / "again").mkdir()
    (code / "again/wave.py").write_text(copied)
    take_in(settings, db, "code", code)
    stage.embed(settings, db, known(settings, db), encoder=Letters())
    before = vectors.count(db, Letters().name)
    for name, fewer in (("wave.py", False), ("again/wave.py", True)):
        (code / name).unlink()
        take_in(settings, db, "code", code)
        distinct = {unit.sha256 for unit in units.query(db)}
        assert vectors.count(db, Letters().name) == len(distinct)
        assert (len(distinct) < before - 10) == fewer


def test_pruning_keeps_what_is_used(settings, db, code):
    for name in ("old", "live"):
        stage.embed(settings, db, known(settings, db), encoder=Letters(name))
    before = vectors.count(db, "live")
    (code / "wave.py").unlink()
    take_in(settings, db, "code", code)
    with db.begin() as conn:
        vectors.prune(conn, ["live"])
    assert vectors.count(db, "old") == 0
    distinct = {unit.sha256 for unit in units.query(db)}
    assert vectors.count(db, "live") == len(distinct) < before


def test_a_model_that_is_not_there_is_named(settings):
    with pytest.raises(PrerequisiteError, match="'/nowhere/model' could not be loaded") as caught:
        encoder.load_encoder(settings, "/nowhere/model")
    assert "MILL_BASE_MODEL" in caught.value.next


def test_the_wait_for_a_model_that_is_converted_first_is_told_before_it(settings, db, code):
    take_in(settings, db, "code", code)
    told = []
    elsewhere = settings.model_copy(update={"base_model": "/nowhere/model", "engine": "auto"})
    with pytest.raises(PrerequisiteError, match="'/nowhere/model'"):
        stage.embed(elsewhere, db, known(settings, db), told.append)
    assert [str(step) for step in told] == ["embed code: 0 (converting the base model, which is done once)"]


def test_knowing_the_model_costs_no_torch(settings):
    program = (
        "import sys; from modelmill.settings import load; from modelmill.embed.encoder import encoder_source;"
        "print(encoder_source(load()).name, 'torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split()[-1] == "False"
