"""A catalog's entries say what the file's own constants and enums stand for; names without end are refused."""

from __future__ import annotations

from test_time_limits import read

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


PUT_TOGETHER = """
enum Industry { Finance = 'finance', Retail = 'retail' }
const brand = 'Acme', seats = 3, none = '';
const names = { [Industry.Finance]: 'Banks and insurers', 'shops': { title: `Shops of ${brand}` } };
export const one = {
  title: `${brand} for ${seats} people${none}, ${Industry.Retail}, ${brand.toUpperCase()}, ${unknown}`,
  subtitle: brand + ' and ' + names['shops'].title,
  of: names[Industry.Finance], shop: names.shops['title'], gone: names.gone.title, odd: names[unknown], at: none[0],
  [Industry.Retail]: 'by a name', [unknown]: 'by none', ['plain']: 'by a text',
};
"""


def test_texts_and_keys_are_put_together_of_what_names_stand_for() -> None:
    one = units(PUT_TOGETHER)["one"]
    assert isinstance(one, Draft)
    assert one.meta == {
        "title": "Acme for 3 people, retail, …, …", "subtitle": "Acme and Shops of Acme",
        "of": "Banks and insurers", "shop": "Shops of Acme", "retail": "by a name", "plain": "by a text",
    }  # fmt: skip


def test_lists_are_spread_in_the_fields_of_an_entry_and_entries_keep_their_numbers() -> None:
    found = units("""
const both = ['first of both', 'second of both'];
const cards = [{ title: 'Card alerts' }, { title: 'Card limits' }];
export const all = [...cards, { text: 'Loans by the day', tags: [...both, 'and one more', ...unknown] }, cards[0]];
export const named = { cards, more: { title: 'More of it' } };
""")
    assert {name: one.meta for name, one in found.items() if isinstance(one, Draft) and name.startswith("all")} == {
        "all.1": {"text": "Loans by the day", "tags": ["first of both", "second of both", "and one more"]}
    }
    assert found.keys() == {"both", "cards.card-alerts", "cards.card-limits", "all.1", "named.more"}


def test_how_deep_a_name_may_lead_does_not_depend_on_what_was_read_before() -> None:
    deep = f"const d = {'[' * 60}'some words'{']' * 60};"
    first = "export const a = { text: 'Some words', x: [[d]] };"
    last = "export const b = { text: 'Too deep', x: [[[d]]] };"
    for lines in ([deep, first, last], [last, first, deep]):
        found = units("\n".join(lines))
        refused = found["b"]
        assert isinstance(found["a"], Draft)
        assert isinstance(refused, Dropped) and "nested deeper" in refused.detail


def test_names_that_lead_in_a_circle_are_refused() -> None:
    mine = units(CATALOG)["mine"]
    assert isinstance(mine, Dropped) and "nested deeper" in mine.detail


def test_a_circle_through_many_names_ends_at_once() -> None:
    parts = ", ".join(f"p{n}: a.q{n}, [a.r{n}]: b[a.s{n}]" for n in range(50))
    others = "const b = { text: 'Words of b', a, x: `${a.x}` };\nconst c = { b: a.b };"
    found = units(f"const a = {{ {parts} }};\n{others}")
    assert {name for name, one in found.items() if isinstance(one, Draft)} <= {"b"}


def test_constants_that_double_each_other_are_refused() -> None:
    lines = [f"const a{n} = {{ x: a{n - 1}, y: a{n - 1} }};" for n in range(1, 60)]
    found = units("const a0 = { title: 'hello there' };\n" + "\n".join(lines))
    assert [one for one in found.values() if isinstance(one, Dropped) and "refer to each other" in one.detail]


def test_a_name_that_is_a_secret_once_it_is_put_together_is_cleaned() -> None:
    text = "const who = 'marta.keller';\nexport const team = { [`${who}@acme-corp.com`]: { title: 'Some words' } };\n"
    [entry] = read("a.ts", text).units
    assert entry.text == "Some words"
    assert "marta" not in entry.name
    assert "EMAIL" in entry.name
