"""Two questions asked of a corpus's units before anything is made of them: are they well-formed, is a secret left?

Both judge only what no verdict of the last days stands for (store/verdicts.py): files whose units are new or other than
they were, or all, when what judges them is another. What is judged is read in the transaction that says what is new.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypeVar, get_args

from sqlalchemy import Connection, Engine

from modelmill import expectations, screening
from modelmill.errors import UserError
from modelmill.expectations import Checked
from modelmill.normalize import placeholders, privacy, views
from modelmill.normalize.language import all_languages
from modelmill.records import Corpus, Unit, UnitKind, canonical_json
from modelmill.store import units, verdicts
from modelmill.store.verdicts import Standing

BATCH = 100_000  # characters of text scanned at a time
APART = "\n\0\n"  # between two texts: no rule's value goes over it, and no stored text has a NUL

SUITE = Path(__file__).with_name("units.suite.json")
WELL_FORMED, NO_SECRET = "units_expectations", "no_secret_left"
# More new units than this are judged by the library: beside reading and embedding them its import weighs little.
SCREENED = 1000
FIRST_LOOK = "a first look by the same suite (modelmill/screening.py)"

Result = TypeVar("Result", "Checked", "Scanned")


@dataclass(frozen=True, slots=True)
class Left:
    """A secret that is still there: which unit, which kind. Never the value itself."""

    unit: str
    kind: str
    line: int


@dataclass(frozen=True, slots=True)
class Scanned:
    """What a scan found, none of which is expected, and by which rules. told: what was scanned now, what said again."""

    left: list[Left]
    judge: str
    told: Mapping[str, Any]

    @property
    def passed(self) -> bool:
        """Whether nothing was left."""
        return not self.left


def check_units(db: Engine, corpus: Corpus, everything: bool = False) -> Checked:
    """Hold the suite against the units as they are stored. Raises UserError when there are none.

    Great Expectations judges the whole corpus when no verdict stands, what is more than SCREENED units, and whatever
    the first look does not let pass.
    """
    known = {"kinds": get_args(UnitKind), "languages": list(all_languages())}

    def judged(conn: Connection, stands: Standing) -> Checked:
        if not stands.units:
            raise _nothing(corpus)
        rows = units.outlines(conn, corpus.id, list(stands.todo))
        if not rows or (stands.again and len(rows) <= SCREENED and screening.passes(rows, SUITE, known)):
            return Checked(True, 0, [], FIRST_LOOK)
        return expectations.check(rows, units.OUTLINE, SUITE, known)

    by = _suite_rules(known)
    whole = everything or not screening.is_separable(SUITE)
    return _where_no_verdict_stands(db, corpus, verdicts.Question(WELL_FORMED, by), whole, judged)


def rescan(db: Engine, corpus: Corpus, everything: bool = False) -> Scanned:
    """Secrets and personal data still in stored text, names or fields; none is expected.

    Many texts are scanned as one, and one by one only where something is found: to start a scan costs more than most
    texts do (standard library: 320,000 texts, 15 CPU-s one by one).
    """

    def judged(conn: Connection, stands: Standing) -> Scanned:
        found = units.stream(conn, corpus.id, list(stands.todo)) if stands.todo else ()
        left = [left for batch in _batches(found) if _suspicious(batch) for unit in batch for left in _left_in(unit)]
        return Scanned(left, f"privacy rules, version {privacy.PRIVACY_VERSION}", {})

    question = verdicts.Question(NO_SECRET, _privacy_rules())
    return _where_no_verdict_stands(db, corpus, question, everything, judged)


def _where_no_verdict_stands(
    db: Engine,
    corpus: Corpus,
    question: verdicts.Question,
    everything: bool,
    judged: Callable[[Connection, Standing], Result],
) -> Result:
    with db.connect().execution_options(isolation_level="REPEATABLE READ") as conn, conn.begin():
        stands = verdicts.standing(conn, corpus.id, question, everything)
        result = judged(conn, stands)
    if result.passed:
        with db.begin() as conn:
            verdicts.passed(conn, corpus.id, question, stands.todo, result.judge)
    return replace(result, told=stands.told(result.judge))


def _suite_rules(known: Mapping[str, Sequence[str]]) -> str:
    """What decides whether a unit is well-formed: the suite, the code that reads it, the libraries."""
    files = [SUITE, *(Path(str(one.__file__)) for one in (expectations, screening, units, verdicts)), Path(__file__)]
    libraries = (f"{name} {version(name)}" for name in ("great-expectations", "pandas"))
    return verdicts.rules(files, canonical_json(known), *libraries)


def _privacy_rules() -> str:
    """What decides whether a text holds a secret."""
    files = [Path(str(one.__file__)) for one in (privacy, views, placeholders, units, verdicts)]
    files += [*sorted((Path(__file__).parent / "rules").glob("*.py")), Path(__file__)]
    return verdicts.rules(files, f"google-re2 {version('google-re2')}")


def _nothing(corpus: Corpus) -> UserError:
    return UserError(
        f"the units of {corpus.name!r} cannot be checked",
        allowed="a corpus that was normalised",
        found="no units",
        next=f"mill normalize --corpus {corpus.name}",
    )


def _batches(found: Iterable[Unit]) -> Iterator[list[Unit]]:
    batch: list[Unit] = []
    size = 0
    for unit in found:
        batch.append(unit)
        size += len(unit.text)
        if size >= BATCH:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _suspicious(batch: Sequence[Unit]) -> bool:
    return bool(privacy.find(APART.join(text for unit in batch for text in _texts(unit))))


def _left_in(unit: Unit) -> Iterator[Left]:
    for text in _texts(unit):
        for found in privacy.find(text):
            yield Left(unit.key, found.kind, unit.start_line + text.count("\n", 0, found.start))


def _texts(unit: Unit) -> Iterator[str]:
    yield from (unit.text, unit.docstring, unit.signature, unit.name, unit.path, unit.group)
    yield from _strings(unit.meta)


def _strings(value: Any, said: str = "") -> Iterator[str]:
    """Every string in it, and those again under their names that a name tells something of."""
    if isinstance(value, str):
        yield from filter(None, (value, privacy.beside(said, value)))
    elif isinstance(value, Mapping):
        name = privacy.name_beside(value) or said
        for key, item in value.items():
            yield str(key)
            yield from _strings(item, name if key in privacy.VALUES else str(key))
    elif isinstance(value, list):
        for item in value:
            yield from _strings(item, said)
