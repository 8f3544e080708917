"""A catalog's entries say what the file's own constants and enums stand for; names without end are refused."""

from __future__ import annotations

from modelmill.normalize.language import Draft, all_languages
from modelmill.records import Dropped

CATALOG = """
enum Industry { Finance = 'finance and banking', First, Second }
const owner = 'the data team';
const base = { industry: Industry.Finance, owner, tags: ['two words', 'and more'] };
const finance: UseCase[] = [{ id: 'a', title: 'not this', ...base, title: 'Card fraud alerts', rank: Industry.Second }];
export const all = [...finance, { id: 'b', owner: 'nobody', ...base, ...imported, title: 'Other things here' }];
export const mine = { title: 'All of mine', ...mine };
"""


def units(text: str) -> dict[str, Draft | Dropped]:
    found = all_languages()["typescript"].units("a.ts", text)
    return {one.name if isinstance(one, Draft) else one.path: one for one in found}


def test_spread_objects_enums_and_constants_are_filled_in() -> None:
    found = units(CATALOG)
    shared = {"industry": "finance and banking", "owner": "the data team", "tags": ["two words", "and more"]}
    finance, other = found["finance.a"], found["all.b"]
    assert isinstance(finance, Draft) and isinstance(other, Draft)
    assert finance.meta == {"id": "a", **shared, "title": "Card fraud alerts", "rank": 1, "_type": "UseCase"}
    assert other.meta == {"id": "b", **shared, "title": "Other things here"}
    assert "all.a" not in found, "it is there under its own name"
    assert "Industry: finance and banking" in finance.text


def test_names_that_lead_in_a_circle_are_refused() -> None:
    mine = units(CATALOG)["mine"]
    assert isinstance(mine, Dropped) and "nested deeper" in mine.detail


def test_constants_that_double_each_other_are_refused() -> None:
    lines = [f"const a{n} = {{ x: a{n - 1}, y: a{n - 1} }};" for n in range(1, 60)]
    found = units("const a0 = { title: 'hello there' };\n" + "\n".join(lines))
    assert [one for one in found.values() if isinstance(one, Dropped) and "refer to each other" in one.detail]
