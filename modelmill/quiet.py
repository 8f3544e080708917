"""What BentoML does beside serving, switched off in every service of ours: the arguments of `bentoml.service` for that.

Tracing looks at every request whether anybody collects traces or not: .45 of .69 CPU-ms of one that does nothing. The
access log and the metrics cost a third of the rest; the gateway counts and logs by itself. (docs/experiments.md)
"""

from __future__ import annotations

from typing import Any

QUIET: dict[str, Any] = {
    "metrics": {"enabled": False},
    "logging": {"access": {"enabled": False}},
    "tracing": {"excluded_urls": ".*"},
}
