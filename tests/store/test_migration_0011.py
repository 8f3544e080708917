"""From 0010 with rows of several tenants: each has its own afterwards, as far as it can be told whose it was."""

from __future__ import annotations

from sqlalchemy import Connection, text

from modelmill.settings import Settings
from modelmill.store import consents, corpora, database, publications

# Both have `code`; only one has `notes`, only the other `rows`.
CORPORA = {"default": ("code", "notes"), "acme": ("code", "rows", "stdlib")}
# sha256 -> the corpora that it was made of
DATASETS = {"ours": ("code", "notes"), "theirs": ("code", "rows"), "either": ("code",), "nobody": ("gone", "code")}


def fill(conn: Connection) -> None:
    """Corpora, datasets and publications as they were before."""
    for tenant, names in CORPORA.items():
        for name in names:
            row = {"tenant": tenant, "name": name}
            conn.execute(
                text("INSERT INTO corpus (tenant, name, kind, uri) VALUES (:tenant, :name, 'directory', '/c')"), row
            )
    for sha256, names in DATASETS.items():
        row = {"sha": sha256, "names": list(names)}
        conn.execute(
            text("INSERT INTO dataset (sha256, task, path, counts, manifest) VALUES (:sha, 't', '/d', '{}', '{}')"),
            {"sha": sha256},
        )
        conn.execute(
            text(
                "INSERT INTO dataset_unit SELECT :sha, name, 'a.py', 'f' || number, 'u', 'd', 'r', 'train'"
                " FROM unnest(CAST(:names AS text[])) AS name, generate_series(1, 3) AS number"
            ),
            row,
        )
    for asset, name in (("units", "code"), ("units", "notes"), ("units", "rows"), ("corpus/erased", "stdlib")):
        row = {"asset": asset, "name": name}
        conn.execute(text("INSERT INTO lease VALUES (:asset, :name, 4, 'me')"), row)
        conn.execute(
            text(
                "INSERT INTO publication (asset, partition, token, owner, input_hash, sha256, rows)"
                " VALUES (:asset, :name, 4, 'me', 'in', :name, 7)"
            ),
            row,
        )


def test_datasets_and_publications_become_those_of_their_tenant(empty: Settings) -> None:
    database.migrate(empty, "0010")
    db = database.engine(empty)
    with db.begin() as conn:
        fill(conn)

    database.migrate(empty)

    with db.connect() as conn:
        made_by = dict(conn.execute(text("SELECT sha256, tenant FROM dataset")).all())
        assert made_by == {"ours": "default", "theirs": "acme", "either": None, "nobody": None}
        known = {key: set(conn.scalars(consents.made_of(corpora.get(db, key, "code")))) for key in CORPORA}
    assert known == {"default": {"ours", "either", "nobody"}, "acme": {"theirs", "either", "nobody"}}
    assert {key: one.sha256 for key, one in publications.all_current(db, "units").items()} == {
        "code": "code", "notes": "notes", "acme/code": "code", "acme/rows": "rows",
    }  # fmt: skip
    assert set(publications.all_current(db, corpora.ERASED)) == {"stdlib", "acme/stdlib"}
    assert publications.take(db, "units", "acme/rows").token == 5, "who took it before is outdated still"
