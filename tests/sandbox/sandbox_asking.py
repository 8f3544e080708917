"""A sandbox on a loop of its own, asked from the tests' thread."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

from modelmill.settings import Settings
from sandbox.contract import Answer, Request
from sandbox.house import House


class Asking:
    """`asking("python", code)` is what a caller's request comes to."""

    def __init__(self, settings: Settings, warm: int = 1, languages: list[str] | None = None) -> None:
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()
        self.house = House(settings, warm, languages)

    def __call__(self, language: str, code: str | None = None, **more: Any) -> Answer:
        [answer] = self.answers(Request(language=language, code=code, **more))
        return answer

    def answers(self, request: Request) -> list[Answer]:
        return asyncio.run_coroutine_threadsafe(self.house.answer(request), self.loop).result(120)

    def close(self) -> None:
        self.house.close()
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.loop.close()
