"""Bodies as the gateway and a release take them over real HTTP, and how they refuse those that cannot be used."""

from __future__ import annotations

import httpx
import pytest
from serving_house import ROUTE, House, refused


def test_bodies_that_cannot_be_used_are_refused_without_repeating_them(house: House) -> None:
    stranger = refused(house.post({"text": "x", "tenant": "another"}), 422, "tenant cannot be used")
    assert stranger.json()["error"]["allowed"] == "text", "the fields that there are"
    refused(house.post({}), 422, "text")
    refused(house.post({"text": ""}), 422, "text")
    refused(house.post({"text": 5}), 422, "text")
    refused(house.post([1, 2]), 422)
    assert len(refused(house.post({"text": "x" * 5000}), 422).text) < 600
    bearer = {"Authorization": f"Bearer {house.key}", "Content-Type": "application/json"}
    for raw in (b"{", b"", b"[" * 50_000, b'{"text": "\xff\xfe"}', b'{"text": "\\ud800"}', b"\x80\x04K*."):
        answer = httpx.post(house.url + ROUTE, content=raw, headers=bearer)
        assert answer.status_code in (400, 422), (raw[:20], answer.text)
        refused(answer, answer.status_code)
    said = httpx.post(house.url + ROUTE, content=b'{"text": ', headers=bearer).json()["error"]
    assert said["allowed"] == "a body of JSON in UTF-8"
    assert said["found"] == "EOF while parsing a value at line 1 column 9, in b'{\"text\": '"
    assert house.post({"text": "still here"}).status_code == 200


@pytest.mark.parametrize(
    ("route", "body"),
    [
        (ROUTE, '{"text": "banana", "text": "x"}'),
        ("/api/v1/feedback", '{"prediction_id": "x", "verdict": "right", "verdict": "wrong"}'),
        ("/api/v1/feedback", '{"correction": {"label": "a", "label": "b"}}'),
    ],
    ids=["task", "feedback", "within"],
)
def test_a_key_that_stands_twice_is_refused_and_not_the_last_one_taken(house: House, route: str, body: str) -> None:
    headers = {"Authorization": f"Bearer {house.key}", "Content-Type": "application/json"}
    for content in (body, iter([body.encode()])):  # with its length, and in chunks
        answer = httpx.post(house.url + route, content=content, headers=headers, timeout=20)
        refused(answer, 422, "each key once")


def test_a_body_is_json_and_says_so(house: House) -> None:
    def said(kind: str | None) -> httpx.Response:
        headers = {"Authorization": f"Bearer {house.key}", **({"Content-Type": kind} if kind else {})}
        return httpx.post(house.url + ROUTE, content=b'{"text": "banana"}', headers=headers)

    for kind in ("application/json", "application/json; charset=utf-8", "Application/JSON", "application/x+json"):
        assert said(kind).status_code == 200, kind
    for kind in (None, "text/plain", "application/jsonp", "text/json", "x" * 5000):
        assert len(refused(said(kind), 422, "Content-Type: application/json").text) < 600


def test_a_body_that_is_too_big_is_refused_with_and_without_its_length(house: House) -> None:
    refused(house.post({"text": "x" * 1_100_000}), 413)
    pieces = (b"x" * 10_000 for _ in range(200))
    answer = httpx.post(house.url + ROUTE, content=pieces, headers={"X-API-Key": house.key})
    refused(answer, 413)


def test_the_callers_fault_and_a_bug_in_the_model_are_told_apart(house: House) -> None:
    refused(house.post({"text": "?"}), 400, "nothing can be counted")
    refused(house.post({"text": "!"}), 503, "letter_count@1.0.0 answered 500")
    assert house.post({"text": "banana"}).json()["answer"] == {"count": 3}


def test_a_release_says_by_itself_what_is_wrong_with_a_body(house: House) -> None:
    url = f"http://127.0.0.1:{house.settings.release_port(house.release.number)}/predict"
    refused(httpx.post(url, content=b"{", headers={"Content-Type": "application/json"}), 400, "no JSON")
    refused(httpx.post(url, content=b"{}", headers={"Content-Type": "text/plain"}), 422, "Content-Type")
    for body in ({"tenant": "t", "inputs": []}, {"tenant": "t", "inputs": [{"text": ""}]}, {"tenant": "t"}):
        refused(httpx.post(url, json=body), 422)
    refused(httpx.post(url, json={"tenant": "t", "inputs": [{"text": "x"}], "more": 1}), 422, "more")
    refused(httpx.post(url, json={"tenant": "t", "inputs": [{"text": "?"}]}), 400, "nothing can be counted")
    refused(httpx.post(url, json={"tenant": "t", "inputs": [{"text": "!"}]}), 500)
    told = httpx.post(url, json={"tenant": "t", "inputs": [{"text": "banana"}, {"text": "sky"}]})
    assert [one["count"] for one in told.json()["outputs"]] == [3, 0]
