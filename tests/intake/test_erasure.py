"""A canary in code, path and comment is in many places after intake, and in none after the corpus is removed."""

from __future__ import annotations

import dataclasses
import json
import random
import shutil
import subprocess
import sysconfig
import time
import uuid
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from intake_project import git, write
from sqlalchemy import Engine, text

from modelmill import erasure, moving, reporting
from modelmill.datasets import stage as dataset_stage
from modelmill.errors import DataError, FencedError, UserError
from modelmill.extract.stage import extract
from modelmill.normalize.expectations import rescan
from modelmill.normalize.stage import normalize
from modelmill.records import Example, Unit, sha256_text
from modelmill.settings import Profile, Settings
from modelmill.store import consents, corpora, datasets, publications
from modelmill.task import get_task

CANARY = "quetzalcoatlus"
MODULES = (
    "argparse.py",
    "calendar.py",
    "textwrap.py",
    "shlex.py",
    "heapq.py",
    "csv.py",
    "difflib.py",
    "wave.py",
    "ast.py",
)
SEARCH = get_task("semantic_search")


def take_in(settings: Settings, db: Engine, name: str, root: Path) -> None:
    corpora.add(settings, db, name, str(root), "MIT", consent=True)
    extract(settings, db, corpora.get(db, "default", name))
    normalize(settings, db, corpora.get(db, "default", name))


@pytest.fixture
def shop(settings: Settings, db: Engine, tmp_path: Path) -> Path:
    """Two corpora, real modules both; in `shop` every function has the canary, in `other` none."""
    library = Path(sysconfig.get_path("stdlib"))
    for corpus, modules in (("shop", MODULES[:5]), ("other", MODULES[5:])):
        for name in modules:
            code = (library / name).read_text()
            marked = code.replace('"""', f'"""The {CANARY} ', 1).replace("return ", f"return {CANARY} or ")
            prefix = f"{CANARY}_" if corpus == "shop" else ""
            write(tmp_path / corpus, {prefix + name: marked if corpus == "shop" else code})
        take_in(settings, db, corpus, tmp_path / corpus)
    return tmp_path / "shop"


def tables_with(db: Engine, word: str) -> set[str]:
    """Tables of our schema in which a row, written out, holds the word."""
    holds = 'SELECT count(*) FROM mill."{}" t WHERE t::text ILIKE :word'
    with db.connect() as conn:
        names = conn.scalars(text("SELECT tablename FROM pg_tables WHERE schemaname = 'mill'")).all()
        return {
            name for name in names
            if conn.scalar(text(holds.format(name)), {"word": f"%{word}%"})
        }  # fmt: skip


def statistics_with(db: Engine, word: str) -> set[str]:
    """Columns of which the planner's statistics hold the word in a sample."""
    sampled = "concat(most_common_vals::text, histogram_bounds::text, most_common_elems::text)"
    where = f"SELECT tablename || '.' || attname FROM pg_stats WHERE schemaname = 'mill' AND {sampled} ILIKE :word"
    with db.connect() as conn:
        return set(conn.scalars(text(where), {"word": f"%{word}%"}))


def files_with(root: Path, word: str) -> set[Path]:
    """Files below the root that hold the word in their bytes, in their name, or in a Parquet table."""
    import pyarrow.parquet as pq

    found: set[Path] = set()
    for file in (file for file in root.rglob("*") if file.is_file()):
        content = file.read_bytes()
        if file.suffix == ".parquet":
            content = json.dumps(pq.read_table(file).to_pylist()).encode()
        if word in file.name or word.encode() in content.lower():
            found.add(file)
    return found


def release_of(db: Engine, dataset_sha256: str) -> None:
    """A candidate of the dataset, its report and release, and two answers: one names the canary's file."""
    statements = (
        "INSERT INTO candidate (sha256, task, dataset_sha256, profile, seed, params, manifest) "
        "VALUES ('c', 't', :sha, 'tiny', 1, '{}', '{}')",
        "INSERT INTO report (task, candidate_sha256, dataset_sha256, passed, body) VALUES ('t', 'c', :sha, true, '{}')",
        "INSERT INTO release (task, number, version, candidate_sha256, dataset_sha256, report_id, status) "
        "SELECT 't', 1, '1.0.0', 'c', :sha, id, 'champion' FROM report",
    )
    answers = [
        {"results": [{"corpus": "shop", "path": f"{CANARY}_shlex.py", "score": 1}]},
        {"results": [{"path": f"{CANARY}_heapq.py"}], "note": "its corpus is not named"},
        {"results": [{"corpus": "other", "path": "csv.py"}]},
    ]
    with db.begin() as conn:
        for statement in statements:
            conn.execute(text(statement), {"sha": dataset_sha256})
        for answer in answers:
            conn.execute(
                text(
                    "INSERT INTO prediction (id, tenant, key_prefix, task, release_id, request, answer, latency_ms) "
                    "SELECT :id, 'default', 'k', 't', id, '{}', cast(:answer AS jsonb), 1 FROM release"
                ),
                {"id": uuid.uuid4(), "answer": json.dumps(answer)},
            )


def test_a_canary_is_in_no_table_and_no_folder_after_removal(
    settings: Settings, db: Engine, shop: Path, tmp_path: Path
) -> None:
    for place in (f"of_{CANARY}", f"again_of_{CANARY}"):  # so that one line of the audit log is about two such places
        moving.move(settings, db, "shop", str(shutil.copytree(shop, tmp_path / place)), consent=True, by="a person")
    built = dataset_stage.build(settings, db, SEARCH, "tiny", 17).dataset
    release_of(db, built.sha256)
    cached = _as_dvc_would(settings, built.path / "train.parquet")
    with db.begin() as conn:
        conn.execute(text("INSERT INTO mill.vector SELECT DISTINCT 'm', sha256, '[1,0]'::public.vector FROM mill.unit"))
    with db.begin() as conn:
        conn.execute(text("ANALYZE"))
    assert tables_with(db, CANARY) == {"corpus", "document", "dropped", "unit", "dataset_unit", "prediction"}
    assert "unit.text" in statistics_with(db, CANARY)
    folders = {built.path, dataset_stage.folder(settings, SEARCH.name), cached.parent}
    assert folders <= {file.parent for file in files_with(settings.root, CANARY)}

    erased = erasure.remove(settings, db, "default", "shop", by="a test")

    assert tables_with(db, CANARY) == statistics_with(db, CANARY) == set()
    assert files_with(settings.root, CANARY) == set()
    assert "erased" in datasets.tainted(db, built.sha256)
    assert erased.releases == ("t@1.0.0",)
    assert erased.counts["releases_tainted"] == erased.counts["datasets_tainted"] == 1
    assert erased.counts["predictions"] == 2
    with db.connect() as conn:
        line = "SELECT by, subject, detail FROM mill.audit WHERE action = 'corpus erased'"
        assert tuple(conn.execute(text(line)).one()) == ("a test", "shop", erased.counts)
        assert conn.scalar(text("SELECT tainted FROM mill.release")) == "the corpus 'shop' was erased"
        left = "SELECT (SELECT count(*) FROM mill.vector) - (SELECT count(DISTINCT sha256) FROM mill.unit)"
        assert conn.scalar(text(left)) == 0
        assert conn.scalar(text("SELECT count(*) FROM mill.signature s LEFT JOIN mill.unit u USING (sha256) "
                                "WHERE u.id IS NULL")) == 0  # fmt: skip


def test_a_frozen_set_that_was_never_published_goes_with_the_corpus_that_it_is_of(
    settings: Settings, db: Engine, shop: Path
) -> None:
    def overtaken(units: Sequence[Unit], rng: random.Random, profile: Profile) -> Iterable[Example]:
        publications.take(db, f"{SEARCH.name}/dataset")
        return SEARCH.examples(units, rng, profile)

    with pytest.raises(FencedError):
        dataset_stage.build(settings, db, dataclasses.replace(SEARCH, examples=overtaken), "tiny", 17)
    assert {file.parent.parent.parent for file in files_with(settings.root, CANARY)} == {settings.artifacts_dir}
    erasure.remove(settings, db, "default", "shop", by="a test")
    assert files_with(settings.root, CANARY) == set()


def test_answers_with_a_label_that_only_the_corpus_taught_go_with_it(
    settings: Settings, db: Engine, shop: Path, tmp_path: Path
) -> None:
    rows = "text,label\n" + "".join(f"how do I {verb} a parcel,{{}}\n" for verb in ("ship", "open", "count"))
    for name, label in ((f"{CANARY}s", CANARY), ("both", "shared"), ("too", "shared")):
        take_in(settings, db, name, write(tmp_path / name, {"rows/a.csv": rows.format(*[label] * 3)}))
    release_of(db, dataset_stage.build(settings, db, SEARCH, "tiny", 17).dataset.sha256)
    answers: list[tuple[dict[str, object], str | None]] = [
        ({"answer": {"label": CANARY}}, None),
        ({"answer": {"label": "shared"}, "alternatives": [{"label": CANARY}]}, None),
        ({"answer": {"label": "shared"}}, CANARY),
        ({"answer": {"label": "shared"}}, "shared"),
    ]
    with db.begin() as conn:
        conn.execute(text("DELETE FROM prediction"))
        for answer, correction in answers:
            said = {"id": uuid.uuid4(), "answer": json.dumps(answer), "label": json.dumps({"label": correction})}
            conn.execute(
                text(
                    "INSERT INTO prediction (id, tenant, key_prefix, task, release_id, request, answer, latency_ms) "
                    "SELECT :id, 'default', 'k', 't', id, '{}', cast(:answer AS jsonb), 1 FROM release"
                ),
                said,
            )
            if correction:
                put = "INSERT INTO feedback (prediction_id, tenant, key_prefix, verdict, correction) "
                put += "VALUES (:id, 'default', 'k', 'wrong', cast(:label AS jsonb))"
                conn.execute(text(put), said)
    for name, gone in (("both", 0), (f"{CANARY}s", 3)):
        assert erasure.remove(settings, db, "default", name, by="a test").counts["predictions"] == gone
    assert tables_with(db, CANARY) & {"prediction", "feedback"} == set()
    with db.connect() as conn:
        assert conn.scalar(text("SELECT count(*) FROM feedback")) == 1


@pytest.mark.parametrize(
    "damage", [b'{"sources": [', b"\xff\xfe", b"[]", b'{"sources": [{"licence": "MIT"}]}', b"[" * 100_000]
)
def test_a_frozen_set_that_says_nothing_of_itself_ends_no_erasure_and_is_named(
    settings: Settings, db: Engine, shop: Path, damage: bytes
) -> None:
    built = dataset_stage.build(settings, db, SEARCH, "tiny", 17).dataset
    copy = dataset_stage.folder(settings, SEARCH.name)
    stray = settings.artifacts_dir / "ab" / ("ab" * 32)
    shutil.copytree(built.path, stray, copy_function=shutil.copyfile)
    for place in (built.path, copy, stray):
        (place / "manifest.json").unlink()
        (place / "manifest.json").write_bytes(damage)

    erased = erasure.remove(settings, db, "default", "shop", by="a test")

    assert tables_with(db, CANARY) == set()
    assert {file.parent for file in files_with(settings.root, CANARY)} == {stray}
    with pytest.raises(DataError) as told:
        erased.whole("shop")
    assert (told.value.found, told.value.failed.split(",")[0]) == (str(stray), "shop was erased")
    shutil.rmtree(stray)
    erasure.remove(settings, db, "default", "other", by="a test").whole("other")


def test_a_working_copy_that_is_no_set_on_record_goes_by_what_it_says_itself(
    settings: Settings, db: Engine, shop: Path
) -> None:
    dataset_stage.build(settings, db, SEARCH, "tiny", 17)
    copy = dataset_stage.folder(settings, SEARCH.name)
    (copy / "artifact.json").write_bytes(b"\xff{}")
    erasure.remove(settings, db, "default", "shop", by="a test").whole("shop")
    assert files_with(settings.root, CANARY) == set()


def test_what_a_training_kept_goes_with_a_working_copy_that_no_row_leads_to(
    settings: Settings, db: Engine, shop: Path
) -> None:
    built = dataset_stage.build(settings, db, SEARCH, "tiny", 17).dataset
    kept = write(settings.home_dir / "checkpoints" / built.sha256, {"weights": CANARY})
    shutil.rmtree(built.path)
    with db.begin() as conn:
        conn.execute(text("DELETE FROM mill.dataset"))
    assert dataset_stage.folder(settings, SEARCH.name).exists()
    erasure.remove(settings, db, "default", "shop", by="a test").whole("shop")
    assert not kept.exists()
    assert files_with(settings.root, CANARY) == set()


def test_of_the_only_corpus_no_word_stays_in_the_statistics_either(
    settings: Settings, db: Engine, shop: Path, tmp_path: Path
) -> None:
    other = corpora.get(db, "default", "other")
    with db.begin() as conn:
        conn.execute(text("DELETE FROM mill.corpus WHERE id = :id"), {"id": other.id})
        # What a normalize puts aside is gone at its end, and may have been looked at while it was there.
        units = [{"name": f"{CANARY}_{n}"} for n in range(9)]
        put = "INSERT INTO mill.parsed SELECT id, corpus_id, :made, cast(:units AS jsonb), '[]' FROM mill.document"
        conn.execute(text(put), {"made": f"{CANARY}/1", "units": json.dumps(units)})
        conn.execute(text("ANALYZE"))
        conn.execute(text("DELETE FROM mill.parsed"))
    assert {"unit.text", "unit.name", "document.path", "parsed.units"} <= statistics_with(db, CANARY)
    erasure.remove(settings, db, "default", "shop", by="a test")
    assert statistics_with(db, CANARY) == set()
    take_in(settings, db, "shop", write(tmp_path / "again", {"a.py": "def f(value):\n    x = value\n    return x\n"}))
    with db.begin() as conn:
        conn.execute(text("ANALYZE"))
    assert "unit.text" in statistics_with(db, "")


def _as_dvc_would(settings: Settings, file: Path) -> Path:
    import hashlib

    md5 = hashlib.md5(file.read_bytes()).hexdigest()
    cached = settings.root / ".dvc" / "cache" / "files" / "md5" / md5[:2] / md5[2:]
    cached.parent.mkdir(parents=True)
    return Path(shutil.copy(file, cached))


def test_our_copy_of_a_remote_repository_goes_with_its_corpus(settings: Settings, db: Engine, tmp_path: Path) -> None:
    root = write(tmp_path / "r", {"a.py": "x = 1\n"})
    git(root, "init", "--quiet")
    git(root, "add", ".")
    git(root, "commit", "--quiet", "-m", "one")
    url = "https://example.com/r.git"
    copy = settings.home_dir / "sources" / f"git-{sha256_text(url)[:24]}"
    subprocess.run(["git", "clone", "--quiet", "--bare", str(root), str(copy)], check=True)
    with db.begin() as conn:
        conn.execute(
            text("INSERT INTO corpus (tenant, name, kind, uri) VALUES ('default', 'r', 'git', :uri)"), {"uri": url}
        )
    assert erasure.remove(settings, db, "default", "r", by="a test").counts["files"] > 5
    assert not copy.exists()


def test_a_report_counts_what_was_taken_and_dropped_and_shows_no_value(
    settings: Settings, db: Engine, project: Path
) -> None:
    take_in(settings, db, "p", project)
    told = reporting.report(settings, db, "p")
    assert (told.documents, told.units, dict(told.secrets)) == (5, 13, {"email": 1})
    assert told.left_out["extract"]["unsupported language"] == 2
    assert dict(told.licences) == {"MIT": 5}
    said = "\n".join(reporting.lines(told))
    assert dict(told.files) == dict.fromkeys(("json", "markdown", "python", "tsx", "typescript"), 1)
    assert "files: 1 json, 1 markdown, 1 python, 1 tsx, 1 typescript" in said and "by kind: " in said
    assert "5 MIT (trains)" in said and "masked: shapes/plane.py::contact" in said
    with db.begin() as conn:
        consents.withdraw(conn, corpora.get(db, "default", "p"), "train", "me")
    assert "5 MIT (search only)" in "\n".join(reporting.lines(reporting.report(settings, db, "p")))
    assert "acme-shapes" not in said + json.dumps(told.as_dict())


def test_every_dropped_thing_is_a_line_of_json(settings: Settings, db: Engine, project: Path, tmp_path: Path) -> None:
    take_in(settings, db, "p", project)
    told = reporting.report(settings, db, "p")
    reporting.write_dropped(db, told, str(tmp_path / "dropped.jsonl"))
    found = [json.loads(line) for line in (tmp_path / "dropped.jsonl").read_text().splitlines()]
    assert len(found) == sum(sum(reasons.values()) for reasons in told.left_out.values())
    assert {
        "stage": "extract",
        "path": "latin.py",
        "reason": "wrong encoding",
        "detail": "not UTF-8 at byte 8",
    } in found


@pytest.mark.parametrize(("work", "said"), [(extract, "UserError"), (normalize, "UserError"), ("rescan", "passed")])
def test_who_still_works_on_what_is_being_erased_is_told_so(
    settings: Settings, db: Engine, tmp_path: Path, work, said: str
) -> None:
    """No row of it is written, and no error of the database is shown, when the erasure ends in the middle of it."""
    root = write(tmp_path / "c", {"a.py": 'def area(r):\n    """Area."""\n    return r * r\n'})
    take_in(settings, db, "c", root)
    corpus = corpora.get(db, "default", "c")
    if work is normalize:
        write(root, {"b.py": 'def side(r):\n    """Side."""\n    return r + r\n'})
        extract(settings, db, corpus)
    elif work is extract:
        write(root, {"b.py": "x = 1\n"})

    def working() -> str:
        try:
            return "passed" if work == "rescan" and rescan(db, corpus).passed else str(work(settings, db, corpus))
        except UserError as error:
            assert "was removed meanwhile" in str(error)
            return "UserError"

    with ThreadPoolExecutor(1) as another, db.connect() as conn:
        conn.execute(text("DELETE FROM mill.corpus WHERE id = :id"), {"id": corpus.id})
        at_work = another.submit(working)
        _wait(db)
        conn.commit()
        assert at_work.result(60) == said
    with db.connect() as conn:
        for table in ("document", "unit", "parsed", "verdict", "seen"):
            assert conn.scalar(text(f"SELECT count(*) FROM mill.{table} WHERE corpus_id = :id"), {"id": corpus.id}) == 0


def _wait(db: Engine) -> None:
    """Until somebody waits for a lock."""
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    with db.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
        for _ in range(600):
            if conn.scalar(text(waiting)):
                return
            time.sleep(0.05)
    raise AssertionError("nobody waits")
