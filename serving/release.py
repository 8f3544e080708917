"""One release, on loopback: `python -P serving/program.py <exact tag> --port <settings.release_port(number)>`.

Which one is in `release.json` at the Bento's root, written when it was built. The model is loaded from the artifact
store, verified, through the task: what evaluation measured is what answers. Only the gateway speaks to it.
"""

from __future__ import annotations

import bentoml

from modelmill.quiet import QUIET
from serving.model import Model, make_app
from serving.predicting import Predicting

model = Model()


@bentoml.asgi_app(make_app(model), path="/")
@bentoml.service(
    name="release",
    workers=1,
    traffic={"timeout": 30},
    **QUIET,
)
class Release:
    """A loaded model behind a micro-batcher. BentoML answers /livez, and /readyz by what is said here."""

    def __is_ready__(self) -> bool:
        return model.ready


Release.add_asgi_middleware(Predicting, model=model)  # pyright: ignore[reportArgumentType]  (as in gateway.py)
