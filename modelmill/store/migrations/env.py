"""Alembic's entry: runs the migrations on the connection that `modelmill.store.database.migrate` hands over."""

from __future__ import annotations

from alembic import context

from modelmill.store.tables import metadata

config = context.config


def include(name: str | None, kind: str, _parents: object) -> bool:
    """Only our schema is ours to compare: Dagster and MLflow keep theirs."""
    return name == "mill" if kind == "schema" else True


context.configure(
    connection=config.attributes["connection"],
    target_metadata=metadata,
    version_table_schema="mill",
    include_schemas=True,
    include_name=include,
)
context.run_migrations()
