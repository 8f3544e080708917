"""What libraries tell their makers, or let others see, switched off by what is imported of modelmill, before them."""

from __future__ import annotations

import os

OFF = {
    "DAGSTER_DISABLE_TELEMETRY": "yes",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "BENTOML_DO_NOT_TRACK": "True",
    "DVC_NO_ANALYTICS": "true",
    "GX_ANALYTICS_ENABLED": "False",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "DO_NOT_TRACK": "1",
    "PYDANTIC_DISABLE_PLUGINS": "__all__",  # what is installed would else see all that is validated, as logfire does
}


def switch_off() -> None:
    """For this process, and what it starts."""
    os.environ.update(OFF)
