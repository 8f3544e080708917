"""The libraries that code is built on, told by its imports, and the field each is from.

A table, because a name alone tells nothing: what is not in it stays in `imports` and is no technology here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache, lru_cache


@dataclass(frozen=True, slots=True)
class Technology:
    """field: what it is for."""

    name: str
    field: str


# Field, then the modules as they are imported: a Python package, an npm package, a Java or Go path's beginning.
FIELDS: dict[str, str] = {
    "web": """
        aiohttp bentoml bottle django express fastapi fastify flask github.com/gin-gonic/gin
        github.com/gorilla/mux golang.org/x/net hapi http httpx jakarta.servlet java.net javax.servlet koa
        net/http next org.springframework.web requests sanic socket.io starlette tornado urllib urllib3 uvicorn
        werkzeug
    """,
    "interface": """
        @angular/core @mui/material angular curses java.awt javafx javax.swing preact react react-dom react-native
        svelte tailwindcss tkinter vue
    """,
    "database": """
        @prisma/client alembic asyncpg database/sql gorm.io/gorm jakarta.persistence java.sql javax.persistence
        knex mongodb mongoose mysql org.hibernate pg pgvector prisma psycopg psycopg2 pymongo redis sequelize
        sqlalchemy sqlite3 typeorm
    """,
    "data": """
        csv d3 datasets duckdb great_expectations numpy org.apache.spark pandas polars pyarrow pyspark scipy
    """,
    "machine learning": """
        @tensorflow/tfjs accelerate keras mlflow onnxruntime optuna sentence_transformers sklearn spacy
        tensorflow tokenizers torch transformers xgboost
    """,
    "test": """
        @testing-library/react chai github.com/stretchr/testify hypothesis jest junit mocha org.junit
        org.mockito pytest testing unittest vitest
    """,
    "command line": """
        argparse cli click cobra commander flag getopt github.com/spf13/cobra optparse picocli rich typer yargs
    """,
    "orchestration": """
        airflow celery dagster docker dvc k8s.io kubernetes luigi prefect ray supervisor
    """,
    "concurrency": """
        _thread anyio asyncio concurrent java.util.concurrent multiprocessing rxjs sync threading trio
        worker_threads
    """,
    "serialization": """
        com.fasterxml.jackson encoding/json google.protobuf jackson json msgpack pickle plistlib protobuf
        pydantic tomllib xml yaml zod
    """,
    "security": """
        bcrypt crypto cryptography golang.org/x/crypto hashlib hmac java.security javax.crypto jwt secrets ssl
    """,
    "files": """
        fs glob io/fs java.io java.nio os/path pathlib shutil tarfile tempfile zipfile
    """,
    "text": """
        java.util.regex lodash re regexp string textwrap unicodedata
    """,
}


def of(imports: Iterable[str]) -> list[Technology]:
    """The known technologies among imported modules, each once, in order."""
    return list(dict.fromkeys(found for module in imports if (found := _known(module))))


@lru_cache(4096)
def _known(module: str) -> Technology | None:
    plain = module.removeprefix("node:")
    return next((found for name in _beginnings(plain) if (found := _table().get(name))), None)


def _beginnings(module: str) -> Iterator[str]:
    """`concurrent.futures` -> itself, `concurrent`; the longest first."""
    yield module
    for at in range(len(module) - 1, 0, -1):
        if module[at] in "./":
            yield module[:at]


@cache
def _table() -> dict[str, Technology]:
    return {name: Technology(name, field) for field, names in FIELDS.items() for name in names.split()}
