"""What a caller must be allowed for each route. What is not in this table does not exist: deny by default."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Literal

from modelmill.store.keys import Scope
from modelmill.task import all_tasks
from sandbox import contract

# Asked without a key: health, counters without any content, and the documentation of the interface.
OPEN: Literal["open"] = "open"
Needed = Scope | Literal["open"]
API = "/api/v1"
DEVLAB = f"{API}/devlab"
BODY_BYTES = 1_000_000


@dataclass(frozen=True, slots=True)
class Rule:
    """One route: `path` as FastAPI writes it, `needs` the scope of the key. The method of a WebSocket is WS."""

    method: str
    path: str
    needs: Needed
    body_bytes: int = BODY_BYTES


@cache
def table() -> Mapping[tuple[str, str], Rule]:
    """Every route of the gateway by method and path: a fixed part, and one for each task."""
    fixed = [
        Rule("GET", "/", OPEN),
        Rule("GET", "/livez", OPEN),
        Rule("GET", "/readyz", OPEN),
        Rule("GET", "/metrics", OPEN),
        Rule("GET", "/docs", OPEN),
        Rule("GET", "/docs/{file}", OPEN),
        Rule("GET", "/openapi.json", OPEN),
        Rule("GET", f"{API}/models", "predict"),
        Rule("GET", f"{API}/lineage/{{prediction_id}}", "predict"),
        Rule("POST", f"{API}/feedback", "feedback"),
        Rule("POST", f"{DEVLAB}/execute", "execute", contract.BODY_BYTES),
        Rule("WS", f"{DEVLAB}/execute/stream", "execute", contract.BODY_BYTES),
        Rule("GET", f"{DEVLAB}/executions/{{execution_id}}", "execute"),
        Rule("DELETE", f"{DEVLAB}/executions/{{execution_id}}", "execute"),
    ]
    tasks = [Rule("POST", f"{API}/{task.route}", "predict") for task in all_tasks().values()]
    return {(rule.method, rule.path): rule for rule in [*fixed, *tasks]}


def rule_for(method: str, path: str) -> Rule | None:
    """The rule of a request; None when there is no such route."""
    exact = table().get((method, path))
    if exact is not None:
        return exact
    return next(
        (rule for rule in table().values() if rule.method == method and _pattern(rule.path).fullmatch(path)), None
    )


def methods(path: str) -> list[str]:
    """How the path may be asked; empty when it does not exist."""
    found = {rule.method for rule in table().values() if _pattern(rule.path).fullmatch(path)} - {"WS"}
    return sorted(found | {"HEAD"} if "GET" in found else found)


def meant(path: str) -> str:
    """The route that a path without one differs from by slashes and underscores only (tasks have them); "" for none."""
    plain = re.sub("/+", "/", path).rstrip("/").replace("_", "-")
    return ", ".join(f"{method} {plain[:100]}" for method in methods(plain))


@cache
def _pattern(path: str) -> re.Pattern[str]:
    return re.compile(
        "".join("[^/]+" if part.startswith("{") else re.escape(part) for part in re.split(r"(\{\w+\})", path))
    )
