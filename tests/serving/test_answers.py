"""What was answered before is said again only while nothing that was searched has changed and its release is there."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from ports import free_port
from serving_chain import add_candidate, add_dataset, add_report
from sqlalchemy import Engine, create_engine, text

from modelmill.settings import Settings
from modelmill.store import corpora, erasure, publications, releases
from modelmill.store.keys import Key
from modelmill.store.releases import Promotion
from modelmill.task import Task, get_task
from serving import answers, state, switch
from serving.answers import Answers
from serving.asking import Asking
from serving.metrics import Metrics
from serving.problems import Problem
from serving.state import AwayError, State
from serving.switch import Switch

SEARCH, OTHER = "semantic_search", "intent_classification"


class Service:
    """A release's service that counts what it is asked; it answers with the count."""

    def __init__(self, port: int) -> None:
        self.port, self.asked = port, 0
        self.requests: list[int] = []  # how many inputs each had
        self.told: list[object] = []  # what the database had said of what is searched
        self.free = asyncio.Event()  # to answer
        self.free.set()
        app = web.Application()
        app.add_routes([web.post("/predict", self.predict), web.get("/readyz", self.readyz)])
        self.runner = web.AppRunner(app)

    async def predict(self, request: web.Request) -> web.Response:
        body = await request.json()
        inputs = body["inputs"]
        self.told.append(body["searched"])
        self.asked += len(inputs)
        self.requests.append(len(inputs))
        await self.free.wait()
        status = self.status(inputs)
        if status != 200:
            said = {"failed": "f", "allowed": "a", "found": "f", "next": "n"}
            return web.json_response({"error": said}, status=status)
        return web.json_response({"outputs": [{"count": self.asked, **one} for one in inputs]})

    @staticmethod
    def status(inputs: list[dict[str, str]]) -> int:
        """The callers' fault, a bug that one of them meets, or a release that is not there."""
        said = {one["query"] for one in inputs}
        return 422 if "bad" in said else 500 if "bug" in said else 503 if "away" in said else 200

    async def readyz(self, _request: web.Request) -> web.Response:
        return web.Response()

    async def start(self) -> None:
        await self.runner.setup()
        await web.TCPSite(self.runner, "127.0.0.1", self.port).start()


class House:
    """The way from a route to a release's service, in one event loop."""

    def __init__(self, task: Task) -> None:
        self.task, self.state = task, State()
        self.switch = Switch(self.state.settings, Metrics())
        self.answers = Answers(self.state, self.switch)
        self.service = Service(self.state.settings.release_port(1))

    async def ask(self, query: str = "q", tenant: str = "default") -> int:
        return (await self.answers.ask(self.task, tenant, {"query": query})).output["count"]


@pytest.fixture
def within(settings: Settings, db: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Runs a story with a house whose task has a champion."""
    monkeypatch.setenv("MILL_RELEASE_PORT_BASE", str(free_port(1)))
    monkeypatch.setattr(switch, "SEEN_SECONDS", 0.1)

    def run(story: Callable[[House], Any], name: str = SEARCH) -> None:
        data = add_dataset(db, task=name)
        model = add_candidate(settings, db, tmp_path / name, data, task=name)
        report = add_report(db, model, data, task=name)
        with db.begin() as conn:
            releases.promote(conn, Promotion(name, model, data, report, "bento:1", "first"))

        async def told() -> None:
            house = House(get_task(name))
            await house.service.start()
            try:
                await story(house)
            finally:
                await house.switch.client.close()
                await house.service.runner.cleanup()

        asyncio.run(told())

    return run


def publish(db: Engine, asset: str) -> None:
    lease = publications.take(db, asset, "demo")
    with db.begin() as conn:
        publications.publish(conn, lease, input_hash="i", sha256="s", rows=1)


def test_the_same_again_is_asked_once_a_tenant_and_a_query(within: Callable[..., None]) -> None:
    async def story(house: House) -> None:
        assert [await house.ask(), await house.ask(), await house.ask("other")] == [1, 1, 2]
        assert [await house.ask(tenant="another"), await house.ask()] == [3, 1]
        assert house.service.asked == 3

    within(story)


def test_a_release_is_told_what_the_database_said_so_that_it_need_not_ask(
    within: Callable[..., None], db: Engine
) -> None:
    async def story(house: House) -> None:
        await house.ask()
        publish(db, "units")
        await house.ask()
        now = list(publications.searched(db))
        assert house.service.told[0] != house.service.told[1] == now

    within(story)


@pytest.mark.parametrize("asset", publications.PARTITIONED)
def test_what_is_searched_has_changed_and_is_searched_again(
    within: Callable[..., None], db: Engine, asset: str
) -> None:
    async def story(house: House) -> None:
        assert [await house.ask(), await house.ask()] == [1, 1]
        publish(db, asset)
        assert [await house.ask(), await house.ask()] == [2, 2]

    within(story)


def test_what_was_erased_is_not_told_any_more(
    within: Callable[..., None], settings: Settings, db: Engine, tmp_path: Path
) -> None:
    (tmp_path / "demo").mkdir()
    (tmp_path / "demo" / "a.py").write_text("def f(): pass")
    corpus = corpora.add(settings, db, "demo", str(tmp_path / "demo"))
    publish(db, "units")

    async def story(house: House) -> None:
        assert [await house.ask(), await house.ask()] == [1, 1]
        with db.begin() as conn:
            erasure.erase(conn, corpus, erasure.knew(conn, corpus), ())
        assert await house.ask() == 2

    within(story)


def test_a_task_that_searches_nothing_depends_on_its_release_alone(within: Callable[..., None], db: Engine) -> None:
    async def story(house: House) -> None:
        assert await house.ask() == 1
        publish(db, "units")
        assert await house.ask() == 1

    within(story, OTHER)


def test_a_release_that_is_gone_says_nothing_any_more(within: Callable[..., None]) -> None:
    async def story(house: House) -> None:
        assert await house.ask() == 1
        await house.service.runner.cleanup()
        await asyncio.sleep(0.2)
        with pytest.raises(Problem, match="no release answers"):
            await house.ask()

    within(story)


def test_only_the_newest_are_kept(within: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "MOST", 2)

    async def story(house: House) -> None:
        assert [await house.ask(one) for one in "abab"] == [1, 2, 1, 2]
        assert [await house.ask(one) for one in "caba"] == [3, 4, 5, 4]

    within(story)


async def at_once(house: House, queries: list[str]) -> list[str]:
    """What each was told: its own query, or how it failed."""
    asked = [house.answers.ask(house.task, "default", {"query": one}) for one in queries]
    found = await asyncio.gather(*asked, return_exceptions=True)
    return [str(one.status_code) if isinstance(one, Problem) else one.output["query"] for one in found]  # type: ignore[union-attr]


def test_what_is_asked_at_once_goes_to_the_release_in_few_requests(within: Callable[..., None]) -> None:
    async def story(house: House) -> None:
        queries = [f"q{number}" for number in range(16)]
        house.service.free.clear()
        asked = asyncio.create_task(at_once(house, queries))
        while sum(one.taken + len(one.waiting) for one in house.switch.together.values()) < len(queries):
            await asyncio.sleep(0.001)
        house.service.free.set()
        assert await asked == queries
        assert sum(house.service.requests) == 16 and len(house.service.requests) <= 6

    within(story)


def test_a_bad_question_and_a_bug_fail_those_who_met_them_alone(within: Callable[..., None]) -> None:
    async def story(house: House) -> None:
        assert await at_once(house, ["a", "bad", "b", "bug", "c"]) == ["a", "422", "b", "503", "c"]

    within(story)


def test_a_release_that_answers_nobody_is_not_asked_for_each(within: Callable[..., None]) -> None:
    async def story(house: House) -> None:
        assert set(await at_once(house, ["away"] * 8)) == {"503"}
        assert sum(house.service.requests) <= 8

    within(story)


def test_a_filter_that_nothing_has_is_no_empty_answer(within: Callable[..., None]) -> None:
    key = Key("k", "app", "default", frozenset({"predict"}), datetime.now(UTC), None, None)

    async def story(house: House) -> None:
        asking = Asking(house, house.task)  # type: ignore[arg-type]
        with pytest.raises(Problem, match="has the language 'klingon'") as told:
            await asking.answer(key, {"query": "q", "language": "klingon"})
        assert told.value.status_code == 422

    within(story)


@pytest.mark.parametrize("name", [SEARCH, OTHER])
def test_a_database_that_goes_away_is_told_as_such_to_all_who_were_let_in(
    within: Callable[..., None], db: Engine, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """The search asks it what is searched; what searches nothing finds out when its answer is logged."""
    monkeypatch.setattr(state, "RELEASE_SECONDS", 1000.0)
    key = Key("k", "app", "default", frozenset({"predict"}), datetime.now(UTC), None, None)

    async def story(house: House) -> None:
        asking = Asking(house, house.task)  # type: ignore[arg-type]
        await house.ask()
        database = db.url.database
        admin = create_engine(db.url.set(database="postgres"), isolation_level="AUTOCOMMIT")
        with admin.connect() as conn:
            conn.execute(text(f"ALTER DATABASE {database} ALLOW_CONNECTIONS false"))
            conn.execute(text(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{database}'"))
        try:
            asked = [asking.answer(key, {"query": f"q{number}"}) for number in range(8)]
            found = await asyncio.gather(*asked, return_exceptions=True)
        finally:
            with admin.connect() as conn:
                conn.execute(text(f"ALTER DATABASE {database} ALLOW_CONNECTIONS true"))
            admin.dispose()
        assert {type(one) for one in found} == {AwayError}

    within(story, name)
