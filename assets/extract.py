"""Stage extract: what a corpus holds, file by file, at one revision."""

from typing import Any

import dagster as dg

from assets import show
from assets.freshness import FRESH
from assets.mill import Mill
from assets.versions import code_version

corpora = dg.DynamicPartitionsDefinition(name="corpora")


@dg.asset(
    group_name="extract",
    partitions_def=corpora,
    owners=["team:intake"],
    kinds={"python", "postgres"},
    tags={"stage": "extract"},
    code_version=code_version("extract"),
    freshness_policy=FRESH,
    pool="intake",
    description="Every file of the corpus at its present revision, by path and sha256, and what was left out and why. "
    "The text itself is not stored.",
)
def documents(context: dg.AssetExecutionContext, mill: Mill) -> dg.MaterializeResult[Any]:
    from modelmill.extract.stage import extract

    with mill.at_work(context) as at:
        done = extract(at.settings, at.db, at.corpus(), at.progress, at.force)
    return show.result(
        done.sha256,
        done.fresh,
        corpus=context.partition_key,
        documents=done.documents,
        changed=done.changed,
        removed=done.removed,
        revision=done.revision,
        left_out=show.counts("reason", done.dropped),
    )
