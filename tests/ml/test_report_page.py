"""A candidate's report as a page: everything a reader wants, from what is on record, in one file that asks nobody."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import Engine

from assets import results
from modelmill import drawing
from modelmill.evaluate import compare, page, reports
from modelmill.records import Candidate, Dataset, Example, Interval, Release, Report, Split
from modelmill.settings import Settings
from modelmill.store import artifacts, tables
from modelmill.task import get_task

TASK = get_task("intent_classification")
HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)>"
SCORES = {name: {"candidate": 0.7, "baseline": 0.3, "champion": None} for name in ("accuracy", "calibration_error")}


class Parsed(HTMLParser):
    """What a browser sees."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str]] = []
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def examples() -> list[Example]:
    labels = ["a", "b", "b", HOSTILE]
    texts = ["one", "one two three four five", HOSTILE, " ".join(["word"] * 40)]
    return [
        Example({"text": text}, {"label": label, "language": "en"}, Split.TEST, kind="plain")
        for text, label in zip(texts, labels, strict=True)
    ]


def sides() -> dict[str, Any]:
    right = np.array([1.0, 0.0, 0.0, 1.0])
    words = {
        "right": np.array(["a", "b", "b", HOSTILE], dtype=object),
        "answered": np.array(["a", "a", HOSTILE, HOSTILE], dtype=object),
    }
    numbers = {"accuracy": right, "confidence": np.array([0.9, 0.8, 0.4, 0.6])}
    return {"candidate": {**numbers, **words}, "baseline": {**numbers, **words}}


def measured(settings: Settings, db: Engine, tmp_path: Path, beside: reports.Details) -> Report:
    staging = tmp_path / "model"
    staging.mkdir()
    (staging / "config.json").write_text("{}")
    sha256, _ = artifacts.publish_dir(settings, staging, kind="candidate")
    manifest = {
        "sources": [{"corpus": "code", "revision": "r1", "licence": HOSTILE, "units": 4}],
        "removed": {"leaks": {"train": 3}},
    }
    made = Report(
        id=0, task=TASK.name, candidate_sha256=sha256, dataset_sha256="d", main_score="accuracy", unit="share",
        value=Interval(0.7, 0.6, 0.8), baseline=0.3, champion=None, delta_baseline=Interval(0.4, 0.3, 0.5),
        delta_champion=None, n=4, seed=17, scores=SCORES, slices={"plain": {"n": 4, "candidate": 0.7, "baseline": 0.3}},
        latency_ms=2.0, size_bytes=2, passed=False, reasons=("the slice plain lost",),
    )  # fmt: skip
    row = {"task": TASK.name, "dataset_sha256": "d", "profile": "tiny", "seed": 17}
    with db.begin() as conn:
        counts = {"train": 9, "test": 4}
        conn.execute(
            tables.dataset.insert().values(sha256="d", task=TASK.name, path="x", counts=counts, manifest=manifest)
        )
        conn.execute(tables.candidate.insert().values(sha256=sha256, **row, params={"epochs": 3}, manifest={}))
        return reports.record(conn, made, "", beside)


def test_the_page_holds_what_is_on_record_and_nothing_that_runs_or_leaves_the_file(
    settings: Settings, db: Engine, tmp_path: Path
) -> None:
    beside = compare.details(TASK, examples(), sides())
    assert {trait: {value: int(row["n"]) for value, row in rows.items()} for trait, rows in beside.cuts.items()} == {
        "language": {"en": 4},
        "words": {"1-4": 2, "5-8": 1, "25 or more": 1},
    }
    report = measured(settings, db, tmp_path, beside)
    written = page.write(settings, db, TASK, report)
    said = written.read_text(encoding="utf-8")
    for expected in (
        report.candidate_sha256, "Refused by the gate", "the slice plain lost", "0.700", "[0.600, 0.800]", "epochs",
        "config.json", "leaks: near", "Mistaken most often", "25 or more", "TF-IDF", "by chance alone",
    ):  # fmt: skip
        assert expected in said, expected
    assert said.count("data:image/png;base64,") == 4  # gains, reliability, confusion, lengths
    parsed = Parsed()
    parsed.feed(said)
    assert HOSTILE in "".join(parsed.texts), "shown as text"
    assert "script" not in parsed.tags
    assert {name for name, _ in parsed.attributes} == {
        "lang", "charset", "name", "content", "http-equiv", "class", "src", "alt",
    }  # fmt: skip
    assert all(value.startswith("data:image/png;base64,") for name, value in parsed.attributes if name == "src")
    assert "default-src 'none'" in said
    assert page.write(settings, db, TASK, report).read_text(encoding="utf-8") == said, "the same twice"


def test_the_main_score_stands_first_whatever_order_the_database_keeps(
    settings: Settings, db: Engine, tmp_path: Path
) -> None:
    """jsonb orders the names of an object by their length."""
    three = {**sides(), "champion": sides()["baseline"]}
    report = measured(settings, db, tmp_path, compare.details(TASK, examples(), three))
    names = ("brier", "accuracy", "calibration_error", "in_scope_accuracy")
    values = {"candidate": 0.7, "baseline": 0.3, "champion": 0.2}
    shown = replace(report, scores=dict.fromkeys(names, values), engines={"champion": "torch", "candidate": "int8"})
    said = page.html(settings, db, TASK, shown)
    ordered = ("accuracy", "in_scope_accuracy", "brier", "calibration_error")
    places = [said.index(f"<td>{name}<br>") for name in ordered]
    assert places == sorted(places)
    assert "Run by: candidate int8; champion torch." in said
    told = page.pictures(TASK, shown, {**page.NEWER, **reports.details(db, report.id)}, {})["reliability"]["said"]
    assert told.index("candidate") < told.index("baseline") < told.index("champion")


def test_a_model_without_a_mistake_has_a_page_too(settings: Settings, db: Engine, tmp_path: Path) -> None:
    never = {"accuracy": np.ones(4), "confidence": np.ones(4), "answered": sides()["candidate"]["right"]}
    right = {side: {**numbers, **never} for side, numbers in sides().items()}
    report = measured(settings, db, tmp_path, compare.details(TASK, examples(), right))
    said = page.html(settings, db, TASK, report)
    assert "Mistaken most often" not in said
    assert "None of its 4 test examples." in said
    assert said.count("data:image/png;base64,") == 3  # gains, reliability, lengths


def test_what_it_gets_wrong_are_no_right_answers(settings: Settings, db: Engine, tmp_path: Path) -> None:
    beside = compare.details(TASK, examples(), sides())
    assert [(one["right"], one["answered"]) for one in beside.failures] == [("b", "a"), ("b", HOSTILE)]
    fine = {**beside.failures[0], "input": {"text": "a right one"}, "answered": "b", "score": 1.0}
    report = measured(settings, db, tmp_path, replace(beside, failures=[*beside.failures, fine]))
    assert "a right one" not in page.html(settings, db, TASK, report), "of a report of before"


def test_texts_stand_to_the_left_and_numbers_to_the_right(settings: Settings, db: Engine, tmp_path: Path) -> None:
    said = page.html(settings, db, TASK, measured(settings, db, tmp_path, compare.details(TASK, examples(), sides())))
    assert "<td>r1</td><td>&lt;script&gt;" in said, "a revision and a licence"
    assert '<th>revision</th><th>licence</th><th class="n">units</th>' in said
    assert '<td>train</td><td class="n">3</td>' in said


def test_a_report_of_before_has_a_page_too(settings: Settings, db: Engine, tmp_path: Path) -> None:
    report = measured(settings, db, tmp_path, reports.Details({}, [], []))
    with db.begin() as conn:
        body = {**reports.to_json(report), "details": {"curves": {}, "confusions": [], "failures": [
            {"input": {"text": "old"}, "target": {"label": "a"}, "kind": "plain", "score": 0.0}]}}  # fmt: skip
        conn.execute(tables.report.update().values(body=body))
    said = page.html(settings, db, TASK, report)
    assert '<td class="text">old</td>' in said and "Certainty" not in said


def test_the_page_of_the_asset_gives_each_reason_a_row_and_says_in_words_what_its_pictures_show(
    settings: Settings, db: Engine, tmp_path: Path
) -> None:
    made = measured(settings, db, tmp_path, compare.details(TASK, examples(), sides()))
    two = replace(made, reasons=("the slice plain lost", "too slow"))
    shown = results.report(settings, db, TASK, two, fresh=True).metadata or {}
    assert shown["reasons"].value == "| reason |\n| --- |\n| the slice plain lost |\n| too slow |"
    assert shown["picture_words"].value.startswith("![1-4 words: 2, 5-8 words: 1, 25 or more words: 1](data:image/png")


def test_the_page_of_a_release_shows_the_whole_command_that_asks_it(
    settings: Settings, db: Engine, tmp_path: Path
) -> None:
    made = measured(settings, db, tmp_path, compare.details(TASK, examples(), sides()))
    release = Release(
        1, TASK.name, "1.0.0", 1, made.candidate_sha256, "d", made.id, "champion", "b:1", datetime.now(UTC)
    )
    shown = results.release(settings, db, release, "passed the gate", fresh=True).metadata or {}
    lines = shown["ask"].value.splitlines()
    assert lines[1].startswith("curl http") and lines[1].endswith(" \\")
    assert max(map(len, lines)) < 100


def test_the_labels_mistaken_most_come_first_and_every_answer_is_counted() -> None:
    pairs = [
        {"right": "a", "answered": "b", "n": 3},
        {"right": "b", "answered": "b", "n": 5},
        {"right": "c", "answered": "a", "n": 1},
        {"right": "d", "answered": "d", "n": 9},
    ]
    names, cells = page.mistaken_most(pairs)
    assert names == ["a", "b", "c"], "d is never mistaken"
    assert cells == [[0, 3, 0], [0, 5, 0], [1, 0, 0]]


def test_pictures_are_the_same_bytes_of_the_same_numbers() -> None:
    intervals = {"over the baseline": Interval(0.1, 0.05, 0.15), "over the champion": Interval(-0.1, -0.2, 0.0)}
    drawn = [drawing.png(drawing.gains("gain", intervals, "mrr")) for _ in range(2)]
    assert drawn[0] == drawn[1] and drawn[0].startswith(b"\x89PNG")


def test_the_card_tells_what_it_learned_from() -> None:
    from modelmill.evaluate import card

    dataset = Dataset("d", TASK.name, Path("x"), {"train": 3}, {"sources": [{"corpus": "code", "revision": "r1"}]})
    candidate = Candidate("c", TASK.name, "d", Path("x"), "tiny", 17, {})
    said = card.markdown(TASK, candidate, dataset, None)
    assert "code at `r1`, licence not said" in said and "Not measured yet" in said and "3 train" in said
