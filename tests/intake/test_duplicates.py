"""Clusters: kept up to date step by step they are what they would be made at once, and cost what changed."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from intake_project import write
from sqlalchemy import Engine, text

from modelmill import erasure
from modelmill.extract.stage import extract
from modelmill.normalize import duplicates
from modelmill.normalize.duplicates import Signed, clusters, jaccard, regroup, shingle, sign
from modelmill.normalize.stage import normalize
from modelmill.settings import Settings
from modelmill.store import corpora


def families(rng: random.Random, count: int) -> dict[str, str]:
    """Texts of 60 words in families of one to five, of which members differ in up to six words."""
    made: dict[str, str] = {}
    for family in range(count):
        words = [f"w{rng.randrange(5000)}" for _ in range(60)]
        for member in range(rng.randrange(1, 6)):
            changed = list(words)
            for place in rng.sample(range(60), rng.randrange(0, 7)):
                changed[place] = f"x{rng.randrange(5000)}"
            made[f"{rng.getrandbits(64):016x}-{family}-{member}"] = " ".join(changed)
    return made


def exactly(texts: dict[str, str]) -> dict[str, str]:
    """Every pair compared: what clusters must come to."""
    shingles = {sha: shingle(one) for sha, one in sorted(texts.items())}
    leader = {sha: sha for sha in shingles}
    for sha, one in shingles.items():
        for other in shingles:
            if sha < other and jaccard(one, shingles[other]) >= duplicates.THRESHOLD:
                old, new = sorted((leader[sha], leader[other]), reverse=True)
                leader = {key: new if value == old else value for key, value in leader.items()}
    return leader


def test_all_pairs_that_an_exact_join_finds_are_found() -> None:
    texts = families(random.Random(3), 60)
    assert clusters(texts) == exactly(texts)


def test_step_by_step_comes_to_the_same_as_at_once() -> None:
    rng = random.Random(5)
    texts = families(rng, 40)
    now: dict[str, str] = {}
    known: dict[str, Signed] = {}
    for _ in range(25):
        gone = set(rng.sample(sorted(now), min(len(now), rng.randrange(4))))
        new = set(rng.sample(sorted(texts.keys() - now.keys()), min(len(texts) - len(now), rng.randrange(9))))
        torn = {known[sha].cluster for sha in gone}
        now = {sha: texts[sha] for sha in (now.keys() - gone) | new}
        signed = sign({sha: texts[sha] for sha in new})
        known = {sha: known.get(sha) or Signed(sha, signed[sha]) for sha in now}
        affected = {sha for sha, one in known.items() if sha in new or one.cluster in torn}
        found = regroup(known, affected, lambda shas: {sha: texts[sha] for sha in shas})
        known = {sha: Signed(found.get(sha, one.cluster), one.bands) for sha, one in known.items()}
        assert {sha: one.cluster for sha, one in known.items()} == clusters(now)


def test_only_what_shares_a_band_with_the_change_is_read_again() -> None:
    texts = families(random.Random(7), 200)
    at_once = clusters(texts)
    known = {sha: Signed(at_once[sha], bands) for sha, bands in sign(texts).items()}
    read: list[str] = []

    def texts_of(shas) -> dict[str, str]:
        read.extend(shas)
        return {sha: texts[sha] for sha in shas}

    one = min(texts)
    found = regroup(known, {one}, texts_of)
    assert one in found and found.items() <= at_once.items()
    assert len(found) <= 10
    assert len(read) <= 10


@pytest.mark.parametrize("gone", ["a.py", "b.py"])
def test_a_cluster_is_renamed_when_a_member_goes(settings: Settings, db: Engine, tmp_path: Path, gone: str) -> None:
    body = "".join(f"    step_{n} = values[{n}] + {n}\n" for n in range(40))
    files = {
        name: f"def total(values):\n{body}    return step_{n}\n" for n, name in enumerate(("a.py", "b.py", "c.py"))
    }
    root = write(tmp_path / "c", dict(files))
    corpora.add(settings, db, "c", str(root))
    for _ in range(2):
        extract(settings, db, corpora.get(db, "default", "c"))
        normalize(settings, db, corpora.get(db, "default", "c"))
        with db.connect() as conn:
            rows = conn.execute(text("SELECT sha256, cluster FROM mill.unit WHERE kind = 'function'")).all()
            signed = set(conn.scalars(text("SELECT sha256 FROM mill.signature")))
            all_units = set(conn.scalars(text("SELECT sha256 FROM mill.unit")))
        assert {row.cluster for row in rows} == {min(row.sha256 for row in rows)}
        assert signed == all_units
        (root / gone).unlink(missing_ok=True)


def test_two_corpora_that_change_and_are_erased_are_grouped_as_they_would_be_at_once(
    settings: Settings, db: Engine, tmp_path: Path
) -> None:
    """Texts come, change, go and are in both; a corpus that is erased leaves no cluster that only it held together."""
    rng = random.Random(2)
    texts = sorted(families(rng, 20).values())
    roots = [write(tmp_path / name, {"keep.md": f"# Keep\n\nWhat is {name}'s.\n"}) for name in ("a", "b")]
    for step in range(16):
        root = rng.choice(roots)
        for _ in range(rng.randrange(1, 9)):
            file = root / f"f{rng.randrange(25)}.md"
            if file.exists() and rng.random() < 0.4:
                file.unlink()
            else:
                file.write_text(f"# T\n\n{rng.choice(texts)}\n")
        corpus = corpora.add(settings, db, root.name, str(root))
        extract(settings, db, corpus)
        normalize(settings, db, corpus)
        _are_grouped_as_at_once(db)
        if step % 4 == 3:
            erasure.remove(settings, db, "default", root.name, by="a test")
            _are_grouped_as_at_once(db)


def _are_grouped_as_at_once(db: Engine) -> None:
    with db.connect() as conn:
        rows = conn.execute(text("SELECT DISTINCT sha256, text, cluster FROM mill.unit")).all()
        signed = dict(conn.execute(text("SELECT sha256, cluster FROM mill.signature")).all())
    at_once = clusters({row.sha256: row.text for row in rows})
    assert [(row.sha256, row.cluster) for row in rows] == [(row.sha256, at_once[row.sha256]) for row in rows]
    assert signed == at_once
