"""The gateway over real HTTP: who is answered what, by which routes, who is not let in, which bodies are refused."""

from __future__ import annotations

import json
import re
import subprocess
import time
import uuid
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from serving_house import ROUTE, House, refused
from serving_programs import until

from modelmill.store import keys, predictions
from serving import scopes
from serving.asking import Answer


def test_an_answer_names_its_release_and_can_be_walked_back(house: House) -> None:
    answer = house.post({"text": "banana bread"})
    assert answer.status_code == 200
    said = answer.json()
    assert list(said) == ["task", "release", "prediction_id", "latency_ms", "confidence", "answer", "alternatives"]
    assert (said["task"], said["release"]) == ("letter_count", "letter_count@1.0.0")
    assert (said["answer"], said["confidence"], said["alternatives"]) == ({"count": 5}, 0.75, [6])
    assert said["latency_ms"] > 0
    tree = house.get(f"/api/v1/lineage/{said['prediction_id']}").json()
    assert tree["release"]["name"] == said["release"]
    assert tree["candidate"]["sha256"] == house.release.candidate_sha256
    assert tree["prediction"]["request"] == {"text": "banana bread"}
    assert [document["path"] for document in tree["documents"]["listed"]] == ["src/f0.py", "src/f1.py"]


def test_what_is_logged_is_clean_and_belongs_to_the_tenant_of_the_key(house: House) -> None:
    said = house.post({"text": "my card 4539 1488 0343 6467, mail anna.smith@contoso.com \u0000"}).json()
    kept = predictions.get(house.db, house.settings.tenant, said["prediction_id"])
    assert "contoso" not in str(kept.request) and "4539" not in str(kept.request)
    stranger = keys.create(house.settings, house.db, "stranger", ["predict"], tenant="another").secret
    answer = httpx.get(f"{house.url}/api/v1/lineage/{said['prediction_id']}", headers={"X-API-Key": stranger})
    refused(answer, 404, "no prediction")


def test_the_models_say_which_release_answers(house: House) -> None:
    found = {model["task"]: model for model in house.get("/api/v1/models").json()["models"]}
    assert found["letter_count"]["route"] == ROUTE
    (release,) = found["letter_count"]["releases"]
    assert (release["release"], release["status"], release["answers"]) == ("letter_count@1.0.0", "champion", True)
    assert found["semantic_search"]["releases"] == []


def test_feedback_is_taken_for_known_predictions_only(house: House) -> None:
    made = house.post({"text": "banana"}).json()["prediction_id"]
    said = {"prediction_id": made, "verdict": "wrong", "correction": {"count": 4}, "comment": "one is missing"}
    assert house.post(said, route="/api/v1/feedback").json() == {"prediction_id": made, "verdict": "wrong"}
    refused(house.post({**said, "prediction_id": str(uuid.uuid4())}, route="/api/v1/feedback"), 404)
    refused(house.post({**said, "verdict": "so so"}, route="/api/v1/feedback"), 422, "verdict")
    known = '"allowed":"prediction_id, verdict, correction, comment"'
    refused(house.post({**said, "rating": 5}, route="/api/v1/feedback"), 422, known)
    long = {**said, "correction": {"label": "x" * 10_000}}
    told = refused(house.post(long, route="/api/v1/feedback"), 422, "correction cannot be used").json()["error"]
    assert told["allowed"] == "at most 10000 characters of JSON"


def test_without_a_live_key_nobody_is_let_in(house: House) -> None:
    wrong = house.key[:-4] + "AAAA"
    for headers in ({}, {"X-API-Key": wrong}, {"Authorization": "Basic abc"}, {"Authorization": f"Bearer {wrong}"}):
        answer = refused(httpx.post(house.url + ROUTE, json={"text": "x"}, headers=headers), 401, "key")
        assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_a_revoked_key_is_refused_within_five_seconds(house: House) -> None:
    made = keys.create(house.settings, house.db, "short", ["predict"])
    assert house.post({"text": "x"}, made.secret).status_code == 200
    keys.revoke(house.db, house.settings.tenant, made.key.prefix)
    until(lambda: house.post({"text": "x"}, made.secret).status_code == 401, 5)


def test_a_key_without_the_scope_is_refused_and_told_which_one_is_missing(house: House) -> None:
    trainer = keys.create(house.settings, house.db, "trainer", ["train"]).secret
    refused(house.post({"text": "x"}, trainer), 403, "scope predict")
    admin = keys.create(house.settings, house.db, "boss", ["admin"]).secret
    assert house.post({"text": "x"}, admin).status_code == 200


def test_an_answer_is_what_is_documented(house: House) -> None:
    told = house.post({"text": "banana"})
    assert told.headers["content-type"] == "application/json"
    Answer.model_validate_json(told.content, strict=True)
    shown = httpx.get(house.url + "/openapi.json").json()
    kind = shown["paths"][ROUTE]["post"]["responses"]["200"]["content"]["application/json"]["schema"]["$ref"]
    assert list(shown["components"]["schemas"][kind.rpartition("/")[2]]["properties"]) == list(told.json())
    asked = shown["paths"][ROUTE]["post"]["requestBody"]["content"]["application/json"]["schema"]["$ref"]
    assert shown["components"]["schemas"][asked.rpartition("/")[2]]["additionalProperties"] is False


def test_a_task_that_nothing_was_released_of_is_503_with_the_next_command(house: House) -> None:
    answer = refused(house.post({"text": "x"}, route="/api/v1/intent-classification"), 503)
    assert "mill run --task intent_classification" in answer.json()["error"]["next"]


def test_what_is_not_in_the_table_does_not_exist_bentomls_own_routes_included(house: House) -> None:
    for path in (
        "/healthz",
        "/schema.json",
        "/docs.json",
        "/static_content/index.css",
        "/api/v1/nothing",
        "/predict",
    ):
        refused(house.get(path), 404)
    for path in ("/docs/../../etc/passwd", "/docs/swagger-initializer.js", "/%2e%2e/etc/passwd", "//livez"):
        refused(house.get(path), 404)
    assert refused(house.get(ROUTE), 405).headers["Allow"] == "POST"
    refused(httpx.options(house.url + ROUTE), 405)
    for path in (ROUTE + "/", "/api/v1/letter_count", "//api/v1/letter-count"):
        refused(house.post({"text": "a"}, route=path), 404, words=f'"allowed":"POST {ROUTE}"')


def test_what_can_be_asked_with_get_can_be_asked_with_head(house: House) -> None:
    for path in ("/livez", "/readyz", "/metrics", "/docs", "/openapi.json"):
        answer = httpx.head(house.url + path)
        assert answer.status_code == 200 and not answer.content and int(answer.headers["Content-Length"]) > 0
    assert httpx.head(house.url + "/api/v1/models").status_code == 401
    assert httpx.head(house.url + ROUTE).status_code == 405
    assert httpx.options(house.url + "/livez").headers["Allow"] == "GET, HEAD"


def test_the_front_page_is_the_documentation(house: House) -> None:
    assert httpx.get(house.url, follow_redirects=True).url.path == "/docs"


def test_every_route_has_a_scope_and_every_scope_a_route(house: House) -> None:
    spoken = httpx.get(house.url + "/openapi.json").json()["paths"]
    found = {(method.upper(), path) for path, methods in spoken.items() for method in methods}
    undocumented = {("GET", "/"), ("GET", "/docs"), ("GET", "/docs/{file}"), ("GET", "/openapi.json")}
    undocumented.add(("WS", "/api/v1/devlab/execute/stream"))  # OpenAPI has no word for it
    assert found | undocumented == set(scopes.table())
    for (method, path), rule in scopes.table().items():
        answer = httpx.request(method, house.url + re.sub(r"\{\w+_id\}", str(uuid.uuid4()), path))
        if rule.needs != scopes.OPEN and method != "WS":
            refused(answer, 401)


def test_the_documentation_asks_no_other_host(house: House) -> None:
    page = httpx.get(house.url + "/docs")
    assert page.status_code == 200 and "http://" not in page.text and "https://" not in page.text
    for file in ("swagger-ui.css", "swagger-ui-bundle.js"):
        assert f"/docs/{file}" in page.text and httpx.get(f"{house.url}/docs/{file}").status_code == 200
    example = httpx.get(house.url + "/openapi.json").json()["paths"][ROUTE]["post"]["requestBody"]
    assert example["content"]["application/json"]["example"] == {"text": "banana"}
    assert example["content"]["application/json"]["schema"]["$ref"].endswith("/LetterCountInput")
    assert house.post(example["content"]["application/json"]["example"]).status_code == 200


def test_curl_as_documented_works(house: House) -> None:
    argv = ["curl", "-sS", f"{house.url}{ROUTE}", "-H", f"Authorization: Bearer {house.key}"]
    argv += ["-H", "Content-Type: application/json", "-d", '{"text": "banana"}']
    done = subprocess.run(argv, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)["answer"] == {"count": 3}


def test_sixteen_connections_lose_no_request(house: House) -> None:
    count = 60

    def one(_: int) -> list[tuple[int, int]]:
        with httpx.Client(headers={"X-API-Key": house.key}, timeout=20) as client:
            answers = [client.post(house.url + ROUTE, json={"text": "a" * (n % 7 + 1)}) for n in range(count)]
            return [(answer.status_code, answer.json()["answer"]["count"]) for answer in answers]

    start = time.monotonic()
    with ThreadPoolExecutor(16) as pool:
        found = list(pool.map(one, range(16)))
    assert found == [[(200, n % 7 + 1) for n in range(count)]] * 16
    print(f"{16 * count / (time.monotonic() - start):.0f} requests/s")


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
