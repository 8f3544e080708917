"""Where MLflow's files lie: `mlruns/`, or in the store that machines share (MILL_STORE_URL), below `mlflow/`.

MLflow writes an experiment's place into its database and shows it to whoever asks, so it is plain: s3://bucket/folder.
How to reach the bucket comes by the environment, as boto3 and MLflow read it, out of the same address that pyarrow
takes (https://mlflow.org/docs/latest/self-hosting/architecture/artifact-store). Stores that MLflow reaches by libraries
which are not ours (gs://, abfss://) keep models alone: its files stay in `mlruns/`.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from urllib.parse import parse_qs, unquote, urlsplit

from modelmill.errors import PrerequisiteError
from modelmill.settings import Settings
from modelmill.store import bucket

SPOKEN = ("s3", "file")


def place(settings: Settings, experiment: str) -> str:
    """The address that a new experiment gets. Raises PrerequisiteError where boto3 is needed and missing."""
    shared = bucket.shown(settings)
    if urlsplit(shared).scheme not in SPOKEN:
        return (settings.mlruns_dir / experiment).absolute().as_uri()
    require(shared)
    return f"{shared.rstrip('/')}/{bucket.TRACKED}/{experiment}"


def require(address: str) -> None:
    """Raise PrerequisiteError when MLflow cannot speak to it for want of boto3."""
    if address.startswith("s3:") and importlib.util.find_spec("boto3") is None:
        raise PrerequisiteError(
            f"MLflow's files cannot be kept in {address}",
            allowed="the package boto3, by which MLflow speaks to S3",
            found="it is not installed",
            next="pip install 'modelmill[s3]', then the same again",
        )


def environment(settings: Settings) -> dict[str, str]:
    """What the store's address says of region, endpoint and key, by boto3's names; what it does not say is not there.

    With a key of its own the address leaves no room for the environment's session token.
    """
    if settings.store_url is None:
        return {}
    parts = urlsplit(settings.store_url.get_secret_value())
    if parts.scheme != "s3":
        return {}
    said = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    told = {"AWS_DEFAULT_REGION": said.get("region"), "MLFLOW_S3_ENDPOINT_URL": _endpoint(said)}
    if said.get("force_virtual_addressing", "").lower() in ("true", "1"):
        told["MLFLOW_BOTO_CLIENT_ADDRESSING_STYLE"] = "virtual"
    if parts.username and parts.password:
        key = {"AWS_ACCESS_KEY_ID": unquote(parts.username), "AWS_SECRET_ACCESS_KEY": unquote(parts.password)}
        told |= {**key, "AWS_SESSION_TOKEN": ""}
    return {name: value for name, value in told.items() if value is not None}


def _endpoint(said: Mapping[str, str]) -> str | None:
    """An S3 that is not Amazon's; pyarrow's address says host and scheme apart."""
    host = said.get("endpoint_override")
    return host if host is None or "://" in host else f"{said.get('scheme', 'https')}://{host}"
