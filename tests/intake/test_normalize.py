"""From documents to units in the database: incremental, cleaned, clustered, checked, with consent and erasure."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from intake_project import SHAPES, write
from sqlalchemy import Engine, func, select, text, update

from modelmill import erasure
from modelmill.errors import FencedError, UserError
from modelmill.extract.stage import extract
from modelmill.licences.policy import may_train
from modelmill.normalize import parsing, stage
from modelmill.normalize.duplicates import clusters
from modelmill.normalize.expectations import check_units, rescan
from modelmill.normalize.stage import is_current, normalize
from modelmill.progress import Step
from modelmill.records import Corpus
from modelmill.settings import Settings
from modelmill.store import corpora, documents, publications, units
from modelmill.store.tables import dataset, dataset_unit, unit, vector


@pytest.fixture
def corpus(settings: Settings, db: Engine, project: Path) -> Corpus:
    """The project, extracted, with consent."""
    made = corpora.add(settings, db, "p", str(project), "MIT", consent=True, by="a person")
    extract(settings, db, made)
    return made


def test_units_of_every_kind_are_stored_with_what_leads_back_to_them(
    settings: Settings, db: Engine, corpus: Corpus
) -> None:
    result = normalize(settings, db, corpus)
    assert result.by_kind == {
        "class": 1, "component_text": 1, "entry": 2, "function": 3, "method": 1, "module": 2, "section": 3,
    }  # fmt: skip
    assert result.by_language == {"json": 1, "markdown": 3, "python": 5, "tsx": 3, "typescript": 1}
    assert result.dropped == {"trivial": 4}
    area = units.query(db, kinds=["method"])[0]
    assert area.key == "p:shapes/plane.py::Circle.area"
    stored = documents.all_documents(db, corpus.id)["shapes/plane.py"].record
    assert (area.document_sha256, area.revision) == (stored.sha256, stored.revision)


def test_no_secret_enters_the_database(settings: Settings, db: Engine, corpus: Corpus) -> None:
    assert normalize(settings, db, corpus).secrets == {"email": 1}
    everything = " ".join(str(tuple(row)) for row in _rows(db))
    assert "acme-shapes" not in everything
    assert re.search("<EMAIL_[a-p]{10}>", everything)
    assert rescan(db, corpus).passed


def test_a_secret_behind_an_escape_does_not_get_through(settings: Settings, db: Engine, tmp_path: Path) -> None:
    root = write(
        tmp_path / "c", {"a.json": '{"a": {"text": "write to jane\\u0040acme-shapes.com", "n\\u0000": "x y"}}'}
    )
    corpus = corpora.add(settings, db, "c", str(root))
    extract(settings, db, corpus)
    assert normalize(settings, db, corpus).secrets == {"email": 1}
    assert rescan(db, corpus).passed
    assert re.fullmatch("write to <EMAIL_[a-p]{10}>", units.query(db)[0].meta["text"])


def test_a_password_that_only_the_words_of_a_comment_tell_goes_from_its_code_too(
    settings: Settings, db: Engine, tmp_path: Path
) -> None:
    files: dict[str, str | bytes] = {
        "a.js": "// The password:\n//   Kestrel!mango42\n// opens it.\nfunction f() {\n  a();\n  b();\n  c();\n}\n",
        "b.py": 'def g():\n    """Opens it. Password: Kestrel!mango42"""\n    return h()\n',
    }
    corpus = corpora.add(settings, db, "c", str(write(tmp_path / "c", files)))
    extract(settings, db, corpus)
    normalize(settings, db, corpus)
    assert rescan(db, corpus).passed
    assert "mango42" not in " ".join(str(tuple(row)) for row in _rows(db))
    commented = units.query(db, kinds=["function"])[0]
    begin, end = commented.meta["docstring_at"]
    assert re.fullmatch(r"// The password:\n//   <PASSWORD_[a-p]{10}>\n// opens it\.", commented.text[begin:end])


def test_a_secret_that_is_left_is_found_again_without_being_shown(
    settings: Settings, db: Engine, corpus: Corpus
) -> None:
    normalize(settings, db, corpus)
    with db.begin() as conn:
        conn.execute(update(unit).where(unit.c.name == "contact").values(text="x\ny = 'jim@acme-shapes.com'"))
    left = rescan(db, corpus).left
    assert [(one.unit, one.kind, one.line) for one in left] == [("p:shapes/plane.py::contact", "email", 21)]


def test_code_in_which_a_placeholder_would_not_parse_gets_a_name_instead(
    settings: Settings, db: Engine, tmp_path: Path
) -> None:
    code = 'CARD = 4539148803436467\n\ndef pay():\n    """Pay."""\n    return charge(4539148803436467)\n'
    corpus = corpora.add(settings, db, "c", str(write(tmp_path / "c", {"a.py": code})))
    extract(settings, db, corpus)
    normalize(settings, db, corpus)
    assert re.search(r"charge\(CARD_[a-p]{10}\)", units.query(db, kinds=["function"])[0].text)


def test_a_number_in_json_is_taken_out_and_the_file_still_parses(
    settings: Settings, db: Engine, tmp_path: Path
) -> None:
    data = '{"order": {"card": 4539148803436467, "text": "paid by the card on file"}}'
    corpus = corpora.add(settings, db, "c", str(write(tmp_path / "c", {"a.json": data})))
    extract(settings, db, corpus)
    result = normalize(settings, db, corpus)
    assert (result.secrets, result.dropped, result.units) == ({"card": 1}, {}, 1)


def test_the_second_time_nothing_is_done(settings: Settings, db: Engine, corpus: Corpus) -> None:
    first = normalize(settings, db, corpus)
    again = normalize(settings, db, corpus)
    assert not again.fresh
    assert (again.sha256, again.units, again.by_kind) == (first.sha256, first.units, first.by_kind)
    assert is_current(db, corpus)


def test_only_what_changed_is_parsed_again(
    settings: Settings, db: Engine, corpus: Corpus, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    normalize(settings, db, corpus)
    before = {row.id for row in _rows(db)}
    (project / "README.md").write_text("# Shapes\n\nOther words.\n")
    extract(settings, db, corpus)
    told: list[Step] = []
    assert not is_current(db, corpus)
    result = normalize(settings, db, corpus, told.append)
    assert (told[-1].done, result.units) == (1, 11)
    assert len(before & {row.id for row in _rows(db)}) == 10
    assert result.dropped == {"trivial": 3}


@pytest.mark.parametrize("name", ["moved.py", "a::b.py"])
def test_what_was_found_in_a_file_goes_with_it(settings: Settings, db: Engine, tmp_path: Path, name: str) -> None:
    code = 'MAIL = "jane.roe@acme-shapes.com"\n\ndef f():\n    return MAIL\n\ndef g():\n    """Do."""\n    return 1\n'
    root = write(tmp_path / "c", {"a.py": code})
    corpus = corpora.add(settings, db, "c", str(root))
    extract(settings, db, corpus)
    before = normalize(settings, db, corpus)
    (root / "a.py").rename(root / name)
    write(root, {"other.py": code.replace("jane.roe", "joan.doe")})
    for content in (code, code + "\nA = 1\n"):
        (root / "more.py").write_text(content.replace("jane.roe@acme-shapes.com", "nobody"))
        extract(settings, db, corpus)
        after = normalize(settings, db, corpus)
        assert (before.secrets, before.dropped) == ({"email": 1}, {"trivial": 1})
        assert (after.secrets, after.dropped) == ({"email": 2}, {"trivial": 3})


def test_a_newer_parser_parses_everything_again(
    settings: Settings, db: Engine, corpus: Corpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = normalize(settings, db, corpus)
    monkeypatch.setattr(parsing, "NORMALIZE_VERSION", 1000)
    told: list[Step] = []
    second = normalize(settings, db, corpus, told.append)
    assert (told[-1].done, second.fresh, second.sha256) == (5, True, first.sha256)


def test_what_changed_since_extract_is_left_out_until_it_is_extracted_again(
    settings: Settings, db: Engine, corpus: Corpus, project: Path
) -> None:
    good = (project / "README.md").read_text()
    (project / "README.md").write_text("# Sneaked in\n\nwords\n")
    result = normalize(settings, db, corpus)
    assert result.dropped[stage.CHANGED] == 1
    assert not is_current(db, corpus)
    (project / "README.md").write_text(good)
    assert normalize(settings, db, corpus).by_kind["section"] == 3
    assert is_current(db, corpus)


def test_a_corpus_that_was_not_extracted_says_what_to_do(settings: Settings, db: Engine, project: Path) -> None:
    with pytest.raises(UserError) as caught:
        normalize(settings, db, corpora.add(settings, db, "p", str(project)))
    assert caught.value.next == "mill extract --corpus p"


def test_a_corpus_without_a_unit_is_refused_and_nothing_is_recorded(
    settings: Settings, db: Engine, tmp_path: Path
) -> None:
    corpus = corpora.add(settings, db, "c", str(write(tmp_path / "c", {"a.ts": "export const x = 1;\n"})))
    extract(settings, db, corpus)
    with pytest.raises(UserError, match="nothing in the corpus 'c' can be used"):
        normalize(settings, db, corpus)
    assert publications.current(db, "units", "c") is None


def test_a_run_that_was_overtaken_leaves_no_unit_behind(settings: Settings, db: Engine, corpus: Corpus) -> None:
    with pytest.raises(FencedError):
        normalize(settings, db, corpus, lambda step: publications.take(db, "units", "p") and None)
    assert units.count(db) == 0


def test_two_tenants_may_have_the_same_content_under_the_same_name(
    settings: Settings, db: Engine, corpus: Corpus, project: Path
) -> None:
    normalize(settings, db, corpus)
    theirs = settings.model_copy(update={"tenant": "another"})
    other = corpora.add(theirs, db, "p", str(project), "MIT")
    extract(theirs, db, other)
    assert not is_current(db, other)
    assert normalize(theirs, db, other).fresh
    assert len(units.query(db, tenant="another")) == len(units.query(db, tenant="default")) > 0


def test_copies_and_near_copies_share_a_cluster_over_all_corpora(
    settings: Settings, db: Engine, corpus: Corpus, tmp_path: Path
) -> None:
    normalize(settings, db, corpus)
    long = "".join(f"    step_{n} = values[{n}] + {n}\n" for n in range(40))
    one = f'def total(values):\n    """Add."""\n{long}    return step_0\n'
    files = {"a.py": one, "b.py": one.replace("step_0\n", "step_1\n"), "c.py": SHAPES}
    other = corpora.add(settings, db, "c", str(write(tmp_path / "c", files)))
    extract(settings, db, other)
    normalize(settings, db, other)
    found = {one.key: one.cluster for one in units.query(db, kinds=["function", "method"])}
    assert found["c:a.py::total"] == found["c:b.py::total"]
    assert found["c:c.py::Circle.area"] == found["p:shapes/plane.py::Circle.area"]
    assert found["c:a.py::total"] != found["c:c.py::mean"]


def test_clusters_are_called_by_their_smallest_member_and_do_not_depend_on_order() -> None:
    words = " ".join(f"word{n}" for n in range(50))
    texts = {"c": words, "a": words + " more", "b": "quite other words " * 10, "d": "short"}
    assert clusters(texts) == {"c": "a", "a": "a", "b": "b", "d": "d"}
    assert clusters(dict(reversed(texts.items()))) == clusters(texts)
    assert clusters({}) == {}


def test_only_consented_and_permissive_units_are_for_training(
    settings: Settings, db: Engine, corpus: Corpus, project: Path, tmp_path: Path
) -> None:
    write(project, {"gpl.py": "# SPDX-License-Identifier: GPL-3.0-only\n" + SHAPES})
    silent = corpora.add(settings, db, "silent", str(write(tmp_path / "s", {"a.py": SHAPES})), "MIT")
    unknown = corpora.add(settings, db, "unknown", str(write(tmp_path / "u", {"a.py": SHAPES})), None, consent=True)
    for one in (corpus, silent, unknown):
        extract(settings, db, one)
        normalize(settings, db, one)
    assert {one.corpus for one in units.query(db)} == {"p", "silent", "unknown"}
    trainable = units.query(db, consented_only=True)
    assert {one.corpus for one in trainable} == {"p"}
    assert "gpl.py" not in {one.path for one in trainable}
    corpora.add(settings, db, "p", str(project), "MIT", consent=False)
    assert units.query(db, consented_only=True) == []


@pytest.mark.parametrize(
    ("expression", "permissive"),
    [
        ("MIT", True), ("MIT OR GPL-3.0-only", True), ("MIT AND GPL-3.0-only", False), ("GPL-2.0-or-later", False),
        ("(Apache-2.0 AND MIT)", True), ("Apache-2.0 WITH LLVM-exception", True), (None, False), ("", False),
    ],
)  # fmt: skip
def test_licences_are_judged_by_their_expression(expression: str | None, permissive: bool) -> None:
    assert may_train(expression) is permissive


def test_units_are_counted_filtered_and_found_by_content(settings: Settings, db: Engine, corpus: Corpus) -> None:
    normalize(settings, db, corpus)
    assert units.count(db) == 13
    assert units.count(db, kinds=["section"], languages=["markdown"], corpora=["p"]) == 3
    assert units.query(db, corpora=[]) == []
    area = units.query(db, kinds=["method"])[0]
    assert units.by_sha256(db, [area.sha256, "0" * 64]) == {area.sha256: [area]}


def test_the_expectations_hold_and_name_what_breaks_them(settings: Settings, db: Engine, corpus: Corpus) -> None:
    normalize(settings, db, corpus)
    assert check_units(db, corpus).passed
    with db.begin() as conn:
        conn.execute(update(unit).where(unit.c.name == "contact").values(kind="poem", end_line=1, cluster="x"))
    checked = check_units(db, corpus)
    assert not checked.passed
    assert {one["column"] for one in checked.failures} == {"kind", "cluster", "end_line"}
    assert checked.failures[0]["count"] == 1
    assert all(one["because"] for one in checked.failures)


def test_expectations_on_nothing_are_an_error_not_a_pass(settings: Settings, db: Engine, corpus: Corpus) -> None:
    with pytest.raises(UserError, match="cannot be checked"):
        check_units(db, corpus)


def test_removal_erases_everything_of_the_corpus_and_marks_what_was_made_of_it(
    settings: Settings, db: Engine, corpus: Corpus, tmp_path: Path
) -> None:
    other = corpora.add(settings, db, "c", str(write(tmp_path / "c", {"c.py": SHAPES})))
    extract(settings, db, other)
    for one in (corpus, other):
        normalize(settings, db, one)
    shas = {one.sha256 for one in units.query(db)}
    with db.begin() as conn:
        conn.execute(vector.insert(), [{"model": "m", "sha256": sha, "embedding": [1.0, 0.0]} for sha in shas])
        for name in ("made-of-p", "made-of-c"):
            conn.execute(dataset.insert().values(sha256=name, task="t", path="/nowhere", counts={}, manifest={}))
            row = {"corpus": name[-1], "path": "a", "name": "a", "split": "train"}
            row |= {"unit_sha256": "a", "document_sha256": "a", "revision": "a", "dataset_sha256": name}
            conn.execute(dataset_unit.insert().values(**row))
    counts = erasure.remove(settings, db, "default", "p", by="a test").counts
    shared = {one.sha256 for one in units.query(db)}
    assert counts == {
        "documents": 5, "units": 13, "vectors": len(shas - shared), "datasets_tainted": 1, "releases_tainted": 0,
        "predictions": 0, "files": 0, "log_lines": 0, "reports_emptied": 0, "runs": 0,
    }  # fmt: skip
    with db.connect() as conn:
        assert set(conn.scalars(select(vector.c.sha256))) == shared
        assert dict(conn.execute(select(dataset.c.sha256, dataset.c.tainted)).all()) == {
            "made-of-p": "the corpus 'p' was erased",
            "made-of-c": None,
        }
        assert conn.scalar(text("SELECT count(*) FROM mill.document")) == 1
    assert publications.current(db, "units", "p") is None


def _rows(db: Engine) -> list:
    with db.connect() as conn:
        assert conn.scalar(select(func.count()).select_from(unit)) is not None
        return list(conn.execute(select(unit)).all())


def test_a_file_that_gives_no_unit_is_told_with_its_reason(settings: Settings, db: Engine, tmp_path: Path) -> None:
    root = write(
        tmp_path / "c",
        {
            "values.yaml": "replicas: 2\nimage:\n  tag: latest\n",
            "src/index.ts": 'export * from "./money";\n',
            "seeds.sql": "INSERT INTO shop (id) VALUES (1);\n",
            "README.md": "# Shop\n\nSells shoes.\n",
        },
    )
    made = corpora.add(settings, db, "c", str(root), "MIT")
    extract(settings, db, made)
    assert normalize(settings, db, made).dropped == {parsing.SILENT: 3}
    told = {one.path for one in documents.all_dropped(db, made.id, "normalize")}
    assert told == {"values.yaml::(file)", "src/index.ts::(file)", "seeds.sql::(file)"}
