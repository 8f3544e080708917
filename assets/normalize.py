"""Stage normalize: documents become units, without secrets and personal data; two checks stand behind it."""

from dataclasses import asdict
from typing import Any

import dagster as dg

from assets import show
from assets.extract import corpora, documents
from assets.mill import Mill
from assets.versions import code_version


@dg.asset(
    group_name="normalize",
    deps=[documents],
    partitions_def=corpora,
    owners=["team:intake"],
    kinds={"treesitter", "postgres"},
    tags={"stage": "normalize"},
    code_version=code_version("normalize"),
    pool="intake",
    description="Functions, classes, sections and catalog entries, cleaned of secrets and personal data, with their "
    "duplicate clusters over all corpora.",
)
def units(context: dg.AssetExecutionContext, mill: Mill) -> dg.MaterializeResult[Any]:
    from modelmill.normalize.stage import normalize

    with mill.at_work(context) as at:
        done = normalize(at.settings, at.db, at.corpus(context.partition_key), at.progress)
    return show.result(
        done.sha256,
        done.fresh,
        units=done.units,
        clusters=done.clusters,
        kinds=show.counts("kind", done.by_kind),
        picture=show.bars(f"units of {context.partition_key} by kind", done.by_kind, "units"),
        languages=show.counts("language", done.by_language),
        removed=show.counts("secret or personal data", done.secrets),
        left_out=show.counts("reason", done.dropped),
    )


@dg.asset_check(
    asset=units,
    blocking=True,
    description="Keys unique, texts not empty, kinds known, lines in order, hashes well formed (Great Expectations).",
)
def units_expectations(context: dg.AssetCheckExecutionContext, mill: Mill) -> dg.AssetCheckResult:
    from modelmill.normalize.expectations import check_units

    with mill.at_work(context) as at:
        checked = check_units(at.settings, at.db, at.corpus(context.partition_key))
    return show.verdict(checked.passed, checked.failures, corpus=context.partition_key)


@dg.asset_check(
    asset=units,
    blocking=True,
    description="What is stored is scanned once more for secrets and personal data: none may be left.",
)
def no_secret_left(context: dg.AssetCheckExecutionContext, mill: Mill) -> dg.AssetCheckResult:
    from modelmill.normalize.expectations import rescan

    with mill.at_work(context) as at:
        found = rescan(at.db, at.corpus(context.partition_key))
    return show.verdict(not found, [asdict(left) for left in found], corpus=context.partition_key)
