"""The one public door, as a BentoML service: `python -P serving/program.py serving.gateway:Gateway --port 8080`.

BentoML runs the process; the routes are the mounted app's, and `Door` stands before all of them. BentoML's own /livez,
/readyz, /metrics and /schema.json are never reached: the app's answer, honestly and in the documented shape.
BentoML's access log, metrics and tracing are off (modelmill/quiet.py).
"""

from __future__ import annotations

import bentoml

from modelmill.quiet import QUIET
from serving.api import direct, make_app
from serving.door import Door
from serving.house import House
from serving.metrics import Metrics

metrics = Metrics()
house = House(metrics)
app = make_app(house)


@bentoml.asgi_app(app, path="/")
@bentoml.service(
    name="gateway",
    workers=1,
    traffic={"timeout": 3600},  # for a run and the line before it; releases and the database have their own
    **QUIET,
)
class Gateway:
    """Keys, scopes, limits, routing between releases, the prediction log."""


Gateway.add_asgi_middleware(
    Door,  # pyright: ignore[reportArgumentType]  (their protocol describes the instance)
    api=app,
    direct=direct(app),
    state=lambda: house.state,
    metrics=metrics,
)
