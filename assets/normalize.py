"""Stage normalize: documents become units, without secrets and personal data, and are checked."""

from collections.abc import Iterator
from typing import Any

import dagster as dg

from assets import show
from assets.extract import corpora, documents
from assets.freshness import FRESH
from assets.mill import Mill, Work
from assets.versions import code_version
from modelmill import guard, reporting
from modelmill.records import Corpus
from modelmill.store import units as store

SAMPLE, SHOWN = 5, 160  # units, and characters of each: cleaned, as everything that is stored


@dg.asset(
    group_name="normalize",
    deps=[documents],
    partitions_def=corpora,
    owners=["team:intake"],
    kinds={"treesitter", "postgres"},
    tags={"stage": "normalize"},
    code_version=code_version("normalize"),
    freshness_policy=FRESH,
    pool="intake",
    description="Functions, classes, sections and catalog entries, cleaned of secrets and personal data, with their "
    "duplicate clusters over all corpora.",
)
def units(context: dg.AssetExecutionContext, mill: Mill) -> dg.MaterializeResult[Any]:
    from modelmill.normalize.stage import normalize

    with mill.at_work(context) as at:
        corpus = at.corpus()
        done = normalize(at.settings, at.db, corpus, at.progress)
        became = _became(at, corpus)
    return show.result(
        done.sha256,
        done.fresh,
        corpus=corpus.name,
        units=done.units,
        clusters=done.clusters,
        kinds=show.counts("kind", done.by_kind),
        picture=show.bars(f"units of {corpus.name} by kind", done.by_kind, "units"),
        **became,
    )


def _became(at: Work, corpus: Corpus) -> dict[str, Any]:
    """What of the corpus was cleaned, left out and repeated, and what its units look like."""
    told = reporting.report(at.settings, at.db, corpus.name)
    with at.db.connect() as conn:
        lengths = store.lengths(conn, corpus.id)
    licences = [(said, n, told.uses[said]) for said, n in told.licences.items()]
    most = sorted({**told.files, **told.languages}, key=lambda one: -told.files.get(one, 0))
    languages = [(one, told.files.get(one, 0), told.languages.get(one, 0)) for one in most]
    labels = {"labels": show.counts("label", told.labels)} if told.labels else {}
    left_out = [(stage, *one) for stage, reasons in told.left_out.items() for one in reasons.items()]
    sample = [(u.path, u.name, u.kind, u.language, u.text[:SHOWN]) for u in store.sample(at.db, corpus.id, SAMPLE)]
    return {
        "languages": show.table(["language", "files", "units"], languages),
        **labels,
        "removed": show.counts("secret or personal data", told.secrets),
        "licences": show.table(["licence", "files", "use"], licences),
        "duplicates": show.counts("units that repeat others", told.duplicates),
        "left_out": show.table(["stage", "reason", "number"], left_out),
        "masked": show.table(["where something was masked"], [(line,) for line in told.samples]),
        "lengths": show.bars(f"units of {corpus.name} by length", lengths, "characters", upright=True),
        "sample": show.table(["path", "name", "kind", "language", "text"], sample),
    }


@dg.multi_asset_check(
    name="units_checks",
    specs=[dg.AssetCheckSpec(one.name, asset=units, description=one.does, blocking=True) for one in guard.UNITS],
    can_subset=True,
)
def units_checks(context: dg.AssetCheckExecutionContext, mill: Mill) -> Iterator[dg.AssetCheckResult]:
    """What must hold of a corpus's units before anything is made of them.

    In one step: after a small change a second one would cost more than both.
    """
    wanted = {key.name for key in context.selected_asset_check_keys}
    with mill.at_work(context) as at:
        for one in guard.UNITS:
            if one.name in wanted:
                judged = one.run(at.settings, at.db, at.corpus(), at.force)
                verdict = show.verdict(not judged.failures, judged.failures, corpus=at.partition, **judged.told)
                yield verdict._replace(asset_key=units.key, check_name=one.name)
