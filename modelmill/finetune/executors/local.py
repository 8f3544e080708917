"""Train in a process of its own on this machine: what it holds in memory ends with it, and so does what it breaks.

The worker (`python -m modelmill.finetune.worker SPEC.json`) writes one JSON object a line; it ends when we end.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, Any

from modelmill import errors
from modelmill.settings import CHECKOUT, Settings

Event = Mapping[str, Any]


def execute(settings: Settings, spec: Mapping[str, Any], heard: Callable[[Event], None]) -> dict[str, float]:
    """Run the worker on `spec`; every event but the last goes to `heard`. Returns the final metrics.

    Raises the worker's own error, or PrerequisiteError when it ended without a word (killed, out of memory).
    """
    with tempfile.TemporaryDirectory(prefix="mill-train-") as folder, (Path(folder) / "stderr").open("w+b") as noise:
        file = Path(folder) / "spec.json"
        file.write_text(json.dumps(spec), encoding="utf-8")
        argv = [sys.executable, "-m", "modelmill.tether", sys.executable, "-m", "modelmill.finetune.worker", str(file)]
        env = settings.child_env()
        worker = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=noise, env=env, cwd=CHECKOUT, text=True)
        with worker:
            try:
                last = _listen(worker, heard)
            except BaseException:  # also Ctrl-C: nothing that we started outlives us
                worker.kill()
                raise
        if last is None or "metrics" not in last:
            raise _failure(worker.returncode, last, noise)
        return {name: float(value) for name, value in last["metrics"].items()}


def _listen(worker: subprocess.Popen[str], heard: Callable[[Event], None]) -> Event | None:
    """Hand on events until the worker says that it is done or failed; None when it stops talking before."""
    assert worker.stdout is not None
    for line in worker.stdout:
        event: dict[str, Any] = json.loads(line)
        if event["event"] in ("done", "failed"):
            return event
        heard(event)
    return None


def _failure(code: int, last: Event | None, noise: IO[bytes]) -> errors.MillError:
    if last is not None:
        kind: type[errors.MillError] = getattr(errors, last["kind"], errors.PrerequisiteError)
        return kind(**last["error"])
    noise.seek(0)
    tail = noise.read()[-2000:].decode(errors="replace").strip().splitlines()[-5:]
    killed = "killed, which is what too little memory looks like"
    return errors.PrerequisiteError(
        f"the training process ended with code {code} before it was done",
        allowed="code 0 after the model was written",
        found=" | ".join(tail) or (killed if code < 0 else "nothing said"),
        next="free memory or choose --profile tiny, then start it again" if code < 0 else "mill doctor",
    )
