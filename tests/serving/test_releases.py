"""Promotion exactly once, one champion, rollback; the prediction log, lineage and traffic."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from serving_chain import TASK, add_candidate, add_dataset, add_report
from sqlalchemy import Engine, text
from sqlalchemy.exc import IntegrityError

from modelmill import lineage, status
from modelmill.errors import UserError
from modelmill.monitor.traffic import traffic
from modelmill.records import Release
from modelmill.settings import Settings
from modelmill.store import audit, predictions, releases
from modelmill.store.predictions import Prediction
from modelmill.store.releases import Promotion


@pytest.fixture
def wishes(settings: Settings, db: Engine, tmp_path: Path) -> list[Promotion]:
    data = add_dataset(db)
    made: list[Promotion] = []
    for number in range(20):
        model = add_candidate(settings, db, tmp_path / f"m{number}", data, letters=chr(ord("a") + number))
        made.append(Promotion(TASK, model, data, add_report(db, model, data), f"bento:{number}", f"key-{number}"))
    return made


def promote(db: Engine, wish: Promotion) -> releases.Promoted:
    with db.begin() as conn:
        return releases.promote(conn, wish)


def test_two_hundred_callers_with_twenty_keys_make_twenty_rollouts_and_one_champion(
    db: Engine, wishes: list[Promotion]
) -> None:
    with ThreadPoolExecutor(200) as pool:
        done = list(pool.map(lambda wish: promote(db, wish), wishes * 10))
    assert sum(one.fresh for one in done) == 20
    assert len({one.release.name for one in done}) == 20
    found = releases.all_releases(db, TASK)
    assert sorted(r.number for r in found) == list(range(1, 21))
    assert [r.status for r in found] == ["champion", "previous"] + ["retired"] * 18
    assert [r["number"] for r in releases.rollouts(db, TASK)] == list(range(1, 21))
    assert found[0].version == "1.19.0" and {r.number for r in releases.live(db)} == {19, 20}
    assert audit.check(db) == 20


def test_two_champions_cannot_be_written_even_by_hand(db: Engine, wishes: list[Promotion]) -> None:
    promote(db, wishes[0])
    promote(db, wishes[1])
    with pytest.raises(IntegrityError), db.begin() as conn:
        conn.execute(text("UPDATE release SET status = 'champion'"))


def test_rollback_returns_to_the_release_kept_warm_once(db: Engine, wishes: list[Promotion]) -> None:
    first, second = promote(db, wishes[0]).release, promote(db, wishes[1]).release
    with db.begin() as conn:
        back = releases.rollback(conn, TASK, by="me", idempotency_key="undo")
    with db.begin() as conn:
        again = releases.rollback(conn, TASK, by="me", idempotency_key="undo")
    assert (back.fresh, again.fresh) == (True, False)
    assert back.release.name == again.release.name == first.name == f"{TASK}@1.0.0"
    assert {r.name: r.status for r in releases.all_releases(db)} == {first.name: "champion", second.name: "retired"}
    with pytest.raises(UserError, match="cannot be rolled back"), db.begin() as conn:
        releases.rollback(conn, TASK)
    assert [r["shares"] for r in releases.rollouts(db, TASK)] == [{"1.0.0": 1.0}, {"1.1.0": 1.0}, {"1.0.0": 1.0}]


def test_nobody_is_answered_again_by_what_learnt_from_something_erased(db: Engine, wishes: list[Promotion]) -> None:
    clean = add_dataset(db, "clean")
    first, second, third, fourth = (replace(wish, dataset_sha256=clean) for wish in wishes[:4])
    promote(db, first)
    promote(db, replace(second, dataset_sha256=wishes[1].dataset_sha256))
    with db.begin() as conn:
        conn.execute(text("UPDATE dataset SET tainted = 'erased' WHERE sha256 <> :clean"), {"clean": clean})
    promote(db, third)
    statuses = [one.status for one in releases.all_releases(db, TASK)]
    assert statuses == ["champion", "retired", "previous"], "the one before the marked one stays warm"
    with db.begin() as conn:
        conn.execute(text("UPDATE dataset SET tainted = 'erased'"))
    with pytest.raises(UserError, match=f"{TASK}@1.0.0: erased"), db.begin() as conn:
        releases.rollback(conn, TASK)
    promote(db, fourth)
    assert [one.status for one in releases.all_releases(db, TASK)] == ["champion", *["retired"] * 3]


def test_what_was_rolled_back_does_not_return_by_itself(db: Engine, wishes: list[Promotion]) -> None:
    promote(db, wishes[0])
    promote(db, wishes[1])
    with db.begin() as conn:
        releases.rollback(conn, TASK)
    with db.begin() as conn:
        tried = releases.promote(
            conn,
            Promotion(TASK, wishes[1].candidate_sha256, wishes[1].dataset_sha256, wishes[1].report_id, None, "new"),
        )
    assert not tried.fresh and tried.release.status == "retired"
    champion = releases.champion(db, TASK)
    assert champion is not None and champion.version == "1.0.0"


def test_a_candidate_compared_with_another_champion_is_not_promoted(db: Engine, wishes: list[Promotion]) -> None:
    promote(db, wishes[0])
    stale = Promotion(
        TASK, wishes[1].candidate_sha256, wishes[1].dataset_sha256, wishes[1].report_id, None, "k", against=""
    )
    with pytest.raises(UserError, match="not promoted"):
        promote(db, stale)
    assert len(releases.all_releases(db)) == 1


def test_nothing_to_roll_back_is_an_error(db: Engine) -> None:
    with pytest.raises(UserError, match="cannot be rolled back"), db.begin() as conn:
        releases.rollback(conn, TASK)
    assert releases.champion(db, TASK) is None and releases.live(db) == []
    with pytest.raises(UserError, match="no release"):
        releases.by_name(db, "x@1.0.0")


def predict(db: Engine, release: Release, **changes: object) -> uuid.UUID:
    made = uuid.uuid4()
    values: dict[str, object] = {
        "request": {"text": "hello"},
        "answer": {"count": 2},
        "confidence": 0.5,
        "latency_ms": 4.0,
    }
    with db.begin() as conn:
        predictions.log(conn, [Prediction(made, "default", "p", TASK, release.id, **{**values, **changes})])  # type: ignore[arg-type]
    return made


def test_what_is_logged_holds_no_secret_no_code_and_nothing_that_json_cannot_hold(
    db: Engine, wishes: list[Promotion]
) -> None:
    release = promote(db, wishes[0]).release
    asked = {"text": "mail anna.smith@contoso.com \0 \ud800 AKIAIOSFODNN7QQQQQQQ", "deep": [{"mail": "bo@contoso.com"}]}
    made = predict(db, release, request=asked, answer={"snippet": "def f():\n" * 100, "short": "ok"})
    kept = predictions.get(db, "default", made)
    assert "anna" not in str(kept.request) and "AKIA" not in str(kept.request) and "bo@" not in str(kept.request)
    assert kept.request["text"].startswith("mail <EMAIL_1>")
    assert kept.answer["short"] == "ok" and kept.answer["snippet"].startswith("sha256:")


def test_a_prediction_is_seen_by_its_own_tenant_only(db: Engine, wishes: list[Promotion]) -> None:
    made = predict(db, promote(db, wishes[0]).release)
    for tenant, wanted in (("another", made), ("default", uuid.uuid4()), ("default", "no uuid")):
        with pytest.raises(UserError, match="no prediction"):
            lineage.lineage(db, wanted, tenant=tenant)


def test_an_answer_can_be_walked_back_to_the_files_it_was_learned_from(db: Engine, wishes: list[Promotion]) -> None:
    made = predict(db, promote(db, wishes[0]).release)
    tree = lineage.lineage(db, made, limit=2)
    assert tree["prediction"]["id"] == str(made)
    assert tree["release"]["name"] == f"{TASK}@1.0.0"
    assert tree["candidate"]["sha256"] == wishes[0].candidate_sha256
    assert tree["dataset"]["revisions"] == [{"corpus": "demo", "revision": "r7", "units": 3}]
    assert tree["dataset"]["sources"][0]["licence"] == "MIT"
    assert [d["path"] for d in tree["documents"]["listed"]] == ["src/f0.py", "src/f1.py"]
    assert tree["units"]["total"] == 3 and len(tree["units"]["listed"]) == 2
    assert tree == {"prediction": tree["prediction"], **lineage.of_release_name(db, f"{TASK}@1.0.0", limit=2)}


def test_feedback_counts_once_a_key_and_shows_in_the_traffic(
    settings: Settings, db: Engine, wishes: list[Promotion]
) -> None:
    release = promote(db, wishes[0]).release
    made = [predict(db, release, latency_ms=float(ms)) for ms in (1, 2, 3)]
    predictions.give_feedback(db, "default", "p", made[0], "right")
    predictions.give_feedback(db, "default", "p", made[0], "wrong", {"count": 3}, "mail bo@contoso.com")
    predictions.give_feedback(db, "default", "p", made[1], "right")
    (found,) = traffic(db, "default")
    assert traffic(db, "another") == []
    assert (found.predictions, found.p50_ms, found.right, found.wrong, found.mean_confidence) == (3, 2.0, 1, 1, 0.5)
    (table,) = (one for one in status.parts(settings, db) if getattr(one, "title", "") == "Answers of the last 24 h")
    assert [list(column.cells) for column in table.columns] == [
        [f"{TASK}@1.0.0"], ["3"], ["2.0"], ["2.9"], ["0.50"], ["1"], ["1"],
    ]  # fmt: skip
    assert status.as_dict(settings, db)["traffic"][0]["predictions"] == 3
    with db.connect() as conn:
        assert "contoso" not in conn.execute(text("SELECT string_agg(comment, ' ') FROM feedback")).scalar_one()
    with pytest.raises(UserError):
        predictions.give_feedback(db, "another", "p", made[2], "right")
