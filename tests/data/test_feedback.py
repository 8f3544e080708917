"""What users say of answers teaches the next model, and can do nothing else: refuse no dataset, measure nothing."""

from __future__ import annotations

import shutil
import uuid
from datetime import timedelta
from pathlib import Path

import pytest
from data_sources import take_in
from labelled_rows import ROWS, table
from sqlalchemy import Engine, func, select, update

from modelmill import plan
from modelmill.datasets import stage
from modelmill.errors import UserError
from modelmill.extract.source import detect
from modelmill.extract.stage import extract
from modelmill.normalize.stage import normalize
from modelmill.records import Split
from modelmill.settings import CHECKOUT, Settings
from modelmill.store import corpora, datasets, predictions, tables
from modelmill.store.predictions import Prediction
from modelmill.task import get_task

INTENT = get_task("intent_classification")
URI = "feedback:intent_classification"


@pytest.fixture
def release(db: Engine) -> int:
    """The id of a release that answered."""
    made = {"task": INTENT.name, "dataset_sha256": "d"}
    with db.begin() as conn:
        conn.execute(tables.dataset.insert().values(sha256="d", task=INTENT.name, path="x", counts={}, manifest={}))
        row = {"sha256": "c", "profile": "tiny", "seed": 17, "params": {}, "manifest": {}}
        conn.execute(tables.candidate.insert().values(**made, **row))
        report = {"candidate_sha256": "c", "passed": True, "body": {}}
        number = conn.execute(
            tables.report.insert().values(**made, **report).returning(tables.report.c.id)
        ).scalar_one()
        row = {"version": "1.0.0", "number": 1, "candidate_sha256": "c", "report_id": number, "status": "champion"}
        return conn.execute(tables.release.insert().values(**made, **row).returning(tables.release.c.id)).scalar_one()


@pytest.fixture
def desk(settings: Settings, db: Engine, tmp_path: Path) -> Path:
    """The team's own rows as the corpus `desk`, with the frozen queries beside."""
    shutil.copytree(CHECKOUT / "data/eval", settings.data_dir / "eval")
    folder = tmp_path / "desk"
    folder.mkdir()
    (folder / "questions.csv").write_text(table())
    take_in(settings, db, "desk", folder)
    return folder


def say(db: Engine, release: int, text: str, answered: str, right: str | None = None, key: str = "k") -> uuid.UUID:
    """Somebody asked, was answered, and said that it was right, or what would have been."""
    asked = Prediction(
        uuid.uuid4(), "default", key, INTENT.name, release, {"text": text}, {"label": answered}, 0.9, 1.0
    )
    with db.begin() as conn:
        predictions.log(conn, [asked])
    give(db, asked.id, right, key)
    return asked.id


def give(db: Engine, asked: uuid.UUID, right: str | None, key: str = "k") -> None:
    verdict, correction = ("right", None) if right is None else ("wrong", {"label": right})
    predictions.give_feedback(db, "default", key, asked, verdict, correction)


def learnt(settings: Settings, db: Engine, consent: bool = True) -> dict[str, str]:
    """text -> label of the dataset's examples that came from users."""
    known = {corpus.name for corpus in corpora.all_corpora(db, settings.tenant)}
    if "corrections" not in known:
        corpora.add(settings, db, "corrections", URI, "Apache-2.0", consent=consent)
    corpus = corpora.get(db, settings.tenant, "corrections")
    extract(settings, db, corpus)
    normalize(settings, db, corpora.get(db, settings.tenant, "corrections"))
    made = datasets.read_examples(stage.build(settings, db, INTENT, "tiny", 17).dataset)
    own = [one for one in made if any(unit.startswith("corrections:") for unit in one.units)]
    assert {one.split for one in own} <= {Split.TRAIN}, "what users said never measures"
    return {str(one.input["text"]): str(one.target["label"]) for one in own}


def test_old_answers_are_forgotten_but_not_those_that_somebody_said_something_of(
    settings: Settings, db: Engine, release: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(predictions, "PIECE", 2)
    told = say(db, release, "my card was charged twice", "invoice")
    made = [
        Prediction(uuid.uuid4(), "default", "k", INTENT.name, release, {"text": "x"}, {"label": "y"}, 0.9, 1.0)
        for _ in range(6)
    ]
    with db.begin() as conn:
        predictions.log(conn, made)
        old = [told, *(one.id for one in made[1:])]
        ago = func.now() - timedelta(days=31)
        conn.execute(update(tables.prediction).where(tables.prediction.c.id.in_(old)).values(created_at=ago))
    assert predictions.forget(db, 40) == 0
    assert predictions.forget(db, 30) == 5
    with db.connect() as conn:
        assert set(conn.scalars(select(tables.prediction.c.id))) == {told, made[0].id}


def test_a_confirmed_answer_and_a_correction_are_learnt_from_and_the_newest_word_counts(
    settings: Settings, db: Engine, desk: Path, release: int
) -> None:
    say(db, release, "my money has not come back yet", "refund")
    asked = say(db, release, "the lorry never stopped here", "password", right="invoice")
    give(db, asked, "delivery")
    say(db, release, "mail me at jane.doe@mueller-transporte.de about the bill", "invoice")
    say(db, release, "no label in this correction", "invoice", right="")
    said = learnt(settings, db)
    assert said["my money has not come back yet"] == "refund"
    assert said["the lorry never stopped here"] == "delivery"
    assert not any("jane.doe" in text for text in said) and len(said) == 3


def test_what_would_harm_is_passed_over_and_refuses_nothing(
    settings: Settings, db: Engine, desk: Path, release: int
) -> None:
    say(db, release, "a label from nowhere", "refund", right="pwned")
    own = ROWS["refund"][0]
    say(db, release, own.upper(), "refund", right="delivery")
    before = stage.build(settings, db, INTENT, "tiny", 17).dataset
    tests = [one for one in datasets.read_examples(before, Split.TEST) if one.kind == "given"]
    say(db, release, f"{tests[0].input['text']}!", "invoice")
    say(db, release, "an honest new question on my bill", "invoice")
    assert learnt(settings, db) == {"an honest new question on my bill": "invoice"}
    after = stage.build(settings, db, INTENT, "tiny", 17).dataset
    measured = [
        {(one.sha256, one.split) for one in datasets.read_examples(made, Split.TEST)} for made in (before, after)
    ]
    assert measured[0] == measured[1]


def test_new_feedback_is_a_reason_for_the_night_and_without_consent_it_is_none(
    settings: Settings, db: Engine, desk: Path, release: int
) -> None:
    say(db, release, "my money has not come back yet", "refund")
    assert learnt(settings, db, consent=False) == {}
    corpus = corpora.get(db, settings.tenant, "corrections")
    assert not [why for why in plan.corpus_reasons(settings, db, corpus) if why.stage == "extract"]
    say(db, release, "second word on my parcel today", "delivery")
    assert [why.stage for why in plan.corpus_reasons(settings, db, corpus)] == ["extract"]


@pytest.mark.parametrize("uri", ["feedback:", "feedback:semantic_search", "feedback:../../etc/passwd"])
def test_only_tasks_that_answer_labels_have_feedback_to_learn_from(settings: Settings, uri: str) -> None:
    source = detect(uri)
    with pytest.raises(UserError, match="cannot be a corpus"), source.open(uri, settings.home_dir):
        pass
