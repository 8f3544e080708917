"""`python -m modelmill.deploy.at_hand TASK CANDIDATE TAG PROGRAM WORDS...`: become PROGRAM, which serves the Bento TAG.

Where the Bento is not in this home's store, because the release was made on another machine, it is built first: a Bento
is our code and a model's name, so the same code makes the same one. The model itself is fetched by the one that serves
it. Where the code is another, it is said and tried again: the other releases and the gateway go on meanwhile.

It stands before every start of a release, so it imports nothing of ours as long as nothing is missing.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

RETRY_SECONDS = 20.0


def stored(store: Path, tag: str) -> bool:
    """Whether the Bento is in BentoML's store (BENTOML_HOME)."""
    return (folder(store, tag) / "bento.yaml").is_file()


def folder(store: Path, tag: str) -> Path:
    """Where the Bento lies in it or would lie."""
    name, _, version = tag.partition(":")
    return store / "bentos" / name / version


def make(task: str, candidate_sha256: str, tag: str) -> None:
    """Build it. Raises PrerequisiteError when this code makes another one, whatever hinders the building, DataError for
    an altered model.
    """
    from modelmill import settings
    from modelmill.deploy import bento
    from modelmill.errors import PrerequisiteError
    from modelmill.store import artifacts
    from modelmill.task import get_task

    here = settings.load()
    artifacts.open_artifact(here, candidate_sha256)  # which engine runs it is in the model
    ours = bento.tag(here, get_task(task), candidate_sha256)
    if ours != tag:
        raise PrerequisiteError(
            f"the release {tag} cannot be served here",
            allowed="its Bento in this home's store, or the code and the engine that it was made with",
            found=f"no such Bento, and what is here makes {ours}",
            next=f"run here the version that released it, or let this one serve it: mill rebuild {task}",
        )
    bento.build(here, get_task(task), candidate_sha256)


def tag_now(task: str, candidate_sha256: str) -> str | None:
    """The release's Bento as the database has it: `mill rebuild` may have given it another since we were started."""
    from modelmill import settings
    from modelmill.store import database, releases

    known = releases.of_candidate(database.engine(settings.load()), task, candidate_sha256)
    return known.bento_tag if known else None


def main(argv: list[str]) -> None:
    """Become the program, as soon as the Bento is there."""
    task, candidate, given, *program = argv
    store, tag = Path(os.environ["BENTOML_HOME"]), given
    while not stored(store, tag):
        try:
            say("info", f"the Bento {tag} is not here: building it")
            make(task, candidate, tag)
        except Exception as error:  # noqa: BLE001  (whatever it was, it is told, and may be mended meanwhile)
            tag = _later(task, candidate, tag, error)
    os.execv(program[0], [tag if word == given else word for word in program])  # noqa: S606  (no shell: an argv)


def _later(task: str, candidate: str, tag: str, error: Exception) -> str:
    """Tell why not, wait, and return which Bento it is then."""
    from modelmill.failures import explained

    say("error", f"not served, next try in {RETRY_SECONDS:.0f} s: {explained(error)}")
    time.sleep(RETRY_SECONDS)
    try:
        return tag_now(task, candidate) or tag
    except Exception as away:  # noqa: BLE001  (as above: without the database it is the one of before)
        say("error", str(explained(away)))
        return tag


def say(level: str, words: str) -> None:
    """A line of the release's log."""
    print(json.dumps({"level": level, "said": words}), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
