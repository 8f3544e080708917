"""Two tenants in one database, each with a corpus `code`: what happens to the one's leaves the other's as it is."""

from __future__ import annotations

import json
import shutil
import uuid
from dataclasses import dataclass
from pathlib import Path

import pytest
from data_sources import Letters, known, take_in
from sqlalchemy import Engine, text

from modelmill import consenting, erasure, lineage, plan, receipts
from modelmill.datasets import stage as dataset_stage
from modelmill.deploy import stage as deploy_stage
from modelmill.embed import stage as embed_stage
from modelmill.errors import UserError
from modelmill.extract.stage import extract
from modelmill.normalize import stage as normalize_stage
from modelmill.records import Corpus, corpus_key, name_within, sha256_text
from modelmill.settings import Settings, load
from modelmill.store import consents, corpora, datasets, publications, releases, vectors
from modelmill.store.releases import Promotion
from modelmill.task import get_task

SEARCH = get_task("semantic_search")


@dataclass
class House:
    """Ours is the default tenant; both have taken in the same folder and made the task's dataset of it."""

    ours: Settings
    theirs: Settings
    folder: Path
    made: dict[str, str]


@pytest.fixture
def theirs(settings: Settings, tmp_path: Path) -> Settings:
    """The settings of another tenant, with a root and a home of its own."""
    shutil.copytree(settings.root, tmp_path / "theirs")
    elsewhere = {"root": tmp_path / "theirs", "home": tmp_path / "theirs/.mill"}
    return settings.model_copy(update={"tenant": "acme", **elsewhere})


@pytest.fixture
def house(settings: Settings, theirs: Settings, db: Engine, code: Path) -> House:
    take_in(theirs, db, "code", code)
    made = {one.tenant: dataset_stage.build(one, db, SEARCH, "tiny", 17).dataset.sha256 for one in (settings, theirs)}
    return House(settings, theirs, code, made)


def marked(db: Engine, house: House) -> dict[str, bool]:
    """By tenant whether its dataset is."""
    return {tenant: bool(datasets.tainted(db, sha256)) for tenant, sha256 in house.made.items()}


def test_a_corpus_has_one_key_in_an_installation_and_a_name_in_its_tenant() -> None:
    for tenant in ("default", "acme", "acme/labs"):
        key = corpus_key(tenant, "code")
        assert Corpus(1, "code", "directory", "/code", tenant=tenant).key == key
        assert name_within(tenant, key) == "code"
        assert {name_within(other, key) for other in {"default", "acme", "acme/labs"} - {tenant}} == {None}
    assert corpus_key("default", "code") == "code", "what was published before tenants were told apart is still found"


@pytest.mark.parametrize("name", ["", "a\nb", "a\x7f", "a" * 64])
def test_a_tenants_name_can_be_shown_and_logged(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MILL_TENANT", name)
    with pytest.raises(UserError, match="MILL_TENANT cannot be used"):
        load()


def test_the_same_content_of_two_tenants_is_two_datasets(db: Engine, house: House) -> None:
    assert house.made["default"] != house.made["acme"]
    told = {tenant: datasets.get(db, sha256).manifest["sources"] for tenant, sha256 in house.made.items()}
    assert {tenant: [one["corpus"] for one in sources] for tenant, sources in told.items()} == {
        "default": ["code"], "acme": ["acme/code"],
    }  # fmt: skip
    assert not dataset_stage.is_current(house.ours, db, SEARCH, "tiny", 17), "the newest of the task is theirs"
    assert dataset_stage.is_current(house.theirs, db, SEARCH, "tiny", 17)


@pytest.mark.parametrize("whose", ["default", "acme"])
def test_withdrawing_consent_marks_the_datasets_of_its_tenant(db: Engine, house: House, whose: str) -> None:
    own = house.ours if whose == "default" else house.theirs
    told = list(consenting.change(own, db, "code", give=False, withdraw=True, by="me"))
    assert told[0].startswith("withdrawn; 1 datasets are marked")
    assert marked(db, house) == {tenant: tenant == whose for tenant in house.made}


def test_a_licence_that_no_longer_trains_marks_the_datasets_of_its_tenant(db: Engine, house: House) -> None:
    corpora.add(house.theirs, db, "code", str(house.folder), "GPL-3.0-only", consent=True)
    assert marked(db, house) == {"default": False, "acme": True}


def test_a_set_of_before_whose_maker_is_not_known_counts_as_everybodys(db: Engine, house: House) -> None:
    with db.begin() as conn:
        conn.execute(text("UPDATE dataset SET tenant = NULL"))
        assert consents.withdraw(conn, known(house.theirs, db), "train", "me") == 2
    assert marked(db, house) == {"default": True, "acme": True}


def test_a_set_that_two_tenants_froze_is_everybodys(db: Engine, house: House) -> None:
    frozen = datasets.get(db, house.made["default"])
    for tenant, now in (("default", "default"), ("acme", None), ("default", None)):
        with db.begin() as conn:
            datasets.record(conn, frozen, [], tenant)
            statement = text("SELECT tenant FROM dataset WHERE sha256 = :sha")
            assert conn.scalar(statement, {"sha": frozen.sha256}) == now


def release_of(db: Engine, sha256: str) -> str:
    """A candidate trained on the dataset, let through and released; its name."""
    model = sha256_text(f"model of {sha256}")
    statements = (
        "INSERT INTO candidate (sha256, task, dataset_sha256, profile, seed, params, manifest) "
        "VALUES (:model, 't', :sha, 'tiny', 1, '{}', '{}')",
        "INSERT INTO report (task, candidate_sha256, dataset_sha256, passed, body) "
        "VALUES ('t', :model, :sha, true, '{}') RETURNING id",
    )
    with db.begin() as conn:
        report = [conn.execute(text(one), {"model": model, "sha": sha256}) for one in statements][-1].scalar_one()
        return releases.promote(conn, Promotion("t", model, sha256, report, None, model)).release.name


def answered(db: Engine, tenant: str, answer: str) -> None:
    statement = text(
        "INSERT INTO prediction (id, tenant, key_prefix, task, release_id, request, answer, latency_ms) "
        "SELECT :id, :tenant, 'k', 't', max(id), '{}', cast(:answer AS jsonb), 1 FROM release"
    )
    with db.begin() as conn:
        conn.execute(statement, {"id": uuid.uuid4(), "tenant": tenant, "answer": answer})


def test_removing_a_corpus_takes_nothing_of_anothers_of_its_name(db: Engine, house: House) -> None:
    named = {tenant: release_of(db, sha256) for tenant, sha256 in house.made.items()}
    for tenant in house.made:
        answered(db, tenant, '{"results": [{"corpus": "code", "path": "csv.py"}]}')
        answered(db, tenant, '{"results": [{"path": "csv.py"}]}')
    for one in (house.ours, house.theirs):
        embed_stage.embed(one, db, known(one, db), encoder=Letters())
    found = publications.all_current(db, "units")
    before = vectors.count(db, "letters")

    erased = erasure.remove(house.theirs, db, "acme", "code", by="a test")

    assert erased.releases == (named["acme"],)
    assert (erased.counts["datasets_tainted"], erased.counts["releases_tainted"]) == (1, 1)
    assert erased.counts["predictions"] == 2, "by its name, and by a path that no other corpus of the tenant has"
    assert marked(db, house) == {"default": False, "acme": True}
    with db.connect() as conn:
        learnt = dict(conn.execute(text("SELECT task || '@' || version, tainted IS NOT NULL FROM release")).all())
        assert learnt == {named["default"]: False, named["acme"]: True}
        left = conn.execute(text("SELECT DISTINCT dataset_sha256 FROM dataset_unit")).scalars().all()
        assert left == [house.made["default"]]
        assert conn.scalar(text("SELECT count(*) FROM prediction WHERE tenant = 'default'")) == 2
    assert publications.all_current(db, "units") == {"code": found["code"]}
    assert vectors.count(db, "letters") == before, "the same texts are ours, too"
    ours = datasets.get(db, house.made["default"])
    assert datasets.read_examples(ours) and (dataset_stage.folder(house.ours, SEARCH.name) / "test.parquet").is_file()
    assert not datasets.get(db, house.made["acme"]).path.exists()


def test_what_one_tenant_removed_is_there_for_another(settings: Settings, theirs: Settings, db: Engine) -> None:
    for one in (settings, theirs):
        assert [corpus.name for corpus in corpora.ensure_defaults(one, db)] == ["stdlib"]
    erasure.remove(theirs, db, "acme", "stdlib", by="a test")
    assert corpora.ensure_defaults(theirs, db) == []
    with db.begin() as conn:
        conn.execute(text("DELETE FROM corpus"))
    assert [corpus.name for corpus in corpora.ensure_defaults(settings, db)] == ["stdlib"]


def test_our_copy_of_a_repository_stays_while_another_corpus_is_read_from_it(
    settings: Settings, theirs: Settings, db: Engine
) -> None:
    url = "https://example.com/r.git"
    copy = settings.home_dir / "sources" / f"git-{sha256_text(url)[:24]}"
    copy.mkdir(parents=True)
    with db.begin() as conn:
        for tenant, branch in (("default", ""), ("acme", "#next")):
            row = {"tenant": tenant, "uri": url + branch}
            conn.execute(text("INSERT INTO corpus (tenant, name, kind, uri) VALUES (:tenant, 'r', 'git', :uri)"), row)
    at_one_home = theirs.model_copy(update={"home": settings.home})
    erasure.remove(at_one_home, db, "acme", "r", by="a test")
    assert copy.exists()
    erasure.remove(settings, db, "default", "r", by="a test")
    assert not copy.exists()


def test_an_intake_neither_fences_out_nor_supersedes_anothers(
    settings: Settings, theirs: Settings, db: Engine, code: Path, tmp_path: Path
) -> None:
    ours = known(settings, db)
    embed_stage.embed(settings, db, ours, encoder=Letters())
    before = {asset: publications.current(db, asset, ours.key) for asset in publications.PARTITIONED}
    held = publications.take(db, "units", ours.key)
    small = tmp_path / "small"
    small.mkdir()
    (small / "a.py").write_text('def total(values):\n    """Add all of them up."""\n    return sum(values) + 1\n')
    take_in(theirs, db, "code", small)
    other = known(theirs, db)
    embed_stage.embed(theirs, db, other, encoder=Letters())
    with db.begin() as conn:
        publications.check(conn, held)
    assert {asset: publications.current(db, asset, ours.key) for asset in publications.PARTITIONED} == before
    assert not extract(settings, db, ours).fresh and not normalize_stage.normalize(settings, db, ours).fresh
    assert not embed_stage.embed(settings, db, ours, encoder=Letters()).fresh
    for one, corpus in ((settings, ours), (theirs, other)):
        published = publications.current(db, "documents", corpus.key)
        said = json.loads(receipts.write(one, "extract").read_text())
        assert published and said == {"code": receipts.entry(published.sha256, published.rows)}


def test_a_new_model_has_vectors_of_all_tenants_before_it_answers(
    settings: Settings, theirs: Settings, db: Engine, code: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = tmp_path / "small"
    small.mkdir()
    (small / "a.py").write_text('def zebra(values):\n    """Zigzag through all zones."""\n    return values[::-1]\n')
    take_in(theirs, db, "code", small)
    letters = Letters("newest")
    deploy_stage._index(db, letters, publications.take(db, "search/release"), lambda step: None)
    found = vectors.PgIndex(db, "newest", "acme").nearest(letters.encode(["zebra zigzag"]), 1, {})
    assert [hit.unit.name for hit in found[0]] == ["zebra"]
    monkeypatch.setattr(embed_stage, "current_encoder", lambda *_, **__: embed_stage._given(letters))
    deploy_stage._publish_vectors(settings, db)
    assert {key: one.detail["model"] for key, one in publications.all_current(db, "vectors").items()} == {
        "code": "newest", "acme/code": "newest",
    }  # fmt: skip
    for one in (settings, theirs):
        assert plan.reasons(one, db, corpora=["code"]) == ()


def test_lineage_says_whose_corpora_a_model_learnt_from(db: Engine, house: House) -> None:
    for tenant, sha256 in house.made.items():
        told = lineage.of_release_name(db, release_of(db, sha256))["dataset"]
        assert (told["tenant"], told["sources"][0]["corpus"]) == (tenant, corpus_key(tenant, "code"))


def test_a_tenant_without_units_is_told_so_and_not_of_anothers(theirs: Settings, db: Engine, code: Path) -> None:
    with pytest.raises(UserError, match="has nothing to learn from"):
        dataset_stage.build(theirs, db, SEARCH, "tiny", 17)
