"""Stage embed: units become vectors; what is stored already is not embedded again."""

from typing import Any

import dagster as dg

from assets import show
from assets.extract import corpora
from assets.freshness import FRESH
from assets.mill import Mill
from assets.normalize import units
from assets.versions import code_version


@dg.asset(
    group_name="embed",
    deps=[units],
    partitions_def=corpora,
    owners=["team:intake"],
    kinds={"torch", "pgvector"},
    tags={"stage": "embed"},
    code_version=code_version("embed"),
    freshness_policy=FRESH,
    pool="intake",
    description="One vector a distinct text in pgvector, by the search model that is released, else by the base model.",
)
def vectors(context: dg.AssetExecutionContext, mill: Mill) -> dg.MaterializeResult[Any]:
    from modelmill.embed.stage import embed

    with mill.at_work(context) as at:
        done = embed(at.settings, at.db, at.corpus(), at.progress)
    return show.result(
        done.sha256,
        done.fresh,
        corpus=context.partition_key,
        model=done.model,
        embedded=done.embedded,
        reused=done.reused,
        seconds=round(done.seconds, 1),
    )
