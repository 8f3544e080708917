"""Questions to the models: over HTTP at the gateway, as an application asks, or in this process when none runs."""

from __future__ import annotations

import json
import secrets
import time
import urllib.error
import urllib.request
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.client import HTTPException
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError
from sqlalchemy import Engine

from modelmill import programs, readiness
from modelmill.errors import MillError, PrerequisiteError, UserError
from modelmill.settings import Settings
from modelmill.task import Hit, Task, all_tasks

if TYPE_CHECKING:
    from modelmill.predictors.lexicon import Lexicon

KEY_MINUTES = 10  # far longer than any question; the key is revoked right after it anyway


@contextmanager
def passing_key(settings: Settings, db: Engine) -> Generator[str]:
    """A key for as long as this lasts."""
    from modelmill.store import keys

    until = datetime.now(UTC) + timedelta(minutes=KEY_MINUTES)
    name = f"passing-{secrets.token_hex(4)}"
    made = keys.create(settings, db, name, ["predict"], expires_at=until, by="cli")
    try:
        yield made.secret
    finally:
        keys.revoke(db, settings.tenant, made.key.prefix, by="cli")


def over_http(
    settings: Settings, task: Task, body: Mapping[str, Any], key: str, seconds: float = 30.0
) -> dict[str, Any]:
    """The gateway's answer. Raises the error it answers with, or PrerequisiteError when nothing answers."""
    url = f"{settings.address(settings.gateway_port)}/api/v1/{task.route}"
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    request = urllib.request.Request(url, json.dumps(body).encode(), headers)  # noqa: S310  (http, to our own gateway)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=seconds) as reply:
            return json.load(reply)
    except urllib.error.HTTPError as error:
        raise _refused(url, error.code, error.read()) from None
    except (OSError, HTTPException, ValueError) as error:  # the last two: another program listens there
        raise PrerequisiteError(
            f"the gateway did not answer at {url}",
            allowed=f"an answer within {seconds:.0f} s",
            found=f"{type(error).__name__}: {error}",
            next="mill status, then `mill up`",
        ) from error


def _refused(url: str, status: int, content: bytes) -> MillError:
    """The gateway's own four parts, as the error they were."""
    kind = UserError if status < 500 else PrerequisiteError
    try:
        said = json.loads(content)["error"]
        return kind(said["failed"], allowed=said["allowed"], found=said["found"], next=said["next"])
    except (ValueError, KeyError, TypeError):
        return kind(
            f"{url} refused", allowed="status 200", found=f"status {status}: {content[:200]!r}", next="mill status"
        )


def parsed(task: Task, text: str) -> dict[str, Any]:
    """The request as the task's Input takes it. Raises UserError naming the field that is wrong."""
    try:
        task.input.model_validate_json(text)
        return json.loads(text)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the request"
        raise UserError(
            f"{task.name} cannot be asked this: {where}: {first['msg']}",
            allowed=f"JSON with {', '.join(task.input.model_fields)}",
            found=text[:200],
            next=f"mill predict {task.name} '{json.dumps(task.sample)}'",
        ) from None


def predict(settings: Settings, db: Engine, task: Task, body: Mapping[str, Any]) -> dict[str, Any]:
    """What the gateway answers, from the gateway when it runs. Raises UserError before the first release."""
    from modelmill.store import releases

    released = releases.champion(db, task.name)
    if released is None:
        raise UserError(
            f"{task.name} has no release to ask",
            allowed="a task with a champion",
            found="none yet",
            next=f"mill run --task {task.name}",
        )
    if readiness.answers(programs.gateway(settings)):
        with passing_key(settings, db) as key:
            return over_http(settings, task, body, key)
    return _here(settings, db, task, released.candidate_sha256, released.name, body)


def _here(
    settings: Settings, db: Engine, task: Task, candidate: str, release: str, body: Mapping[str, Any]
) -> dict[str, Any]:
    """The release's predictor in this process; the same one that its service holds. Nothing is logged."""
    from modelmill.embed.encoder import encoder_source
    from modelmill.store import artifacts, filters
    from modelmill.store.vectors import PgIndex

    path = artifacts.open_artifact(settings, candidate)
    predictor = task.predictor(path)
    index = PgIndex(db, encoder_source(settings, path).name, settings.tenant) if task.indexes else None
    start = time.perf_counter()
    [output] = predictor.predict([task.input.model_validate(body)], index)
    took = (time.perf_counter() - start) * 1000
    answer = output.model_dump(mode="json")
    if index is not None and not answer.get("results"):
        filters.refuse_unknown(db, settings.tenant, body)
    alternatives = answer.pop("alternatives", None) or []
    return {
        "task": task.name,
        "release": release,
        "prediction_id": None,
        "latency_ms": round(took, 2),
        "confidence": answer.pop("confidence", None),
        "answer": answer,
        "alternatives": alternatives,
    }


def search(settings: Settings, db: Engine, query: str, k: int, filters: Mapping[str, str]) -> list[Hit]:
    """The k best units for `query`, in the order that the released model gives them. Raises UserError when nothing is
    embedded yet, or nothing has what a filter asks for.
    """
    from modelmill.embed.stage import current_encoder
    from modelmill.predictors.search import found
    from modelmill.store import filters as unknown
    from modelmill.store import vectors

    _refuse_no_words(query)
    source = current_encoder(settings, db)
    if vectors.count(db, source.name) == 0:
        raise UserError(
            "there is nothing to search",
            allowed="at least one embedded corpus",
            found=f"no vectors of {source.name}",
            next="mill extract && mill normalize && mill embed, or mill run",
        )
    index = vectors.PgIndex(db, source.name, settings.tenant)
    [hits] = found(index, source.load(few=True).encode([query]), _words(settings, db), [query], k, filters)
    if not hits:
        unknown.refuse_unknown(db, settings.tenant, filters)
    return hits


def _refuse_no_words(query: str) -> None:
    """Of nothing something is nearest too, so it would be answered."""
    if not query.strip(" \t\r\n\0") or query != query.encode("utf-8", "ignore").decode():
        raise UserError(
            "this cannot be looked for",
            allowed="words, in UTF-8",
            found=ascii(query)[:200],
            next="mill search parse a date out of a string",
        )


def _words(settings: Settings, db: Engine) -> Lexicon | None:
    """What the champion of the task that indexes knows of words; None without one, or for one made without."""
    from modelmill.predictors import lexicon
    from modelmill.store import artifacts, releases

    for task in all_tasks().values():
        champion = releases.champion(db, task.name) if task.indexes else None
        if champion is not None:
            return lexicon.load(artifacts.location(settings, champion.candidate_sha256))
    return None


def as_dict(hit: Hit) -> dict[str, Any]:
    """A hit for programs."""
    unit = hit.unit
    lines = [unit.start_line, unit.end_line]
    where = {"corpus": unit.corpus, "path": unit.path, "name": unit.name, "kind": unit.kind, "lines": lines}
    return {**where, "score": round(hit.score, 4), "text": unit.text}
