"""TypeScript that the grammar does not read by itself; forms from zod 4.6 and effect 4.1."""

from __future__ import annotations

import time

import pytest

from modelmill.normalize import code, javascript, typescript
from modelmill.normalize.grammar import Grammar, parse
from modelmill.normalize.language import Draft
from modelmill.normalize.newer_typescript import rewritten
from modelmill.records import Dropped

VARIANCE = """\
/** Holds what is read and written. */
export interface Pool<in out A, out E = never> extends Pipeable {
  readonly state: A
  readonly cause: E
}
"""
COMMENTED = """\
/** An object's inner side. */
export interface Internals<
  /** @ts-ignore Cast variance */
  out Shape extends Fields = Fields,
> extends Base {
  def: Shape
}
"""
TAGGED = """\
/** Whether the index is there already. */
export function indexed(sql: Sql, table: string) {
  const found = sql<{ readonly count: number }>`SELECT count(*) FROM ${table}`
  return found
}
"""
OVERLOADS = """\
/** Puts a key in; the map comes last or first. */
export const add: {
  /** Last. */
  <K>(key: K): <V>(self: Map<K, V>) => Map<K, V>
  // First.
  <K, V>(self: Map<K, V>, key: K): Map<K, V>
  (self: Plain, key: string): Plain
} = dual(2, (self, key) => {
  const next = self.copy()
  next.add(key)
  return next
})
"""
MARKUP = """\
/** A picture of it. */
export const Picture = () => {
  const some = flags & 1 && other;
  return <a href="https://example.com/a?b=1&c=2">Track & trace, AT&T &amp; more</a>;
};
"""


def said(source: str) -> list[Draft | Dropped]:
    return list(typescript.units("src/pool.ts", source))


@pytest.mark.parametrize("source", [VARIANCE, COMMENTED, TAGGED, OVERLOADS])
def test_what_the_grammar_does_not_read_parses_and_stands_in_its_unit_as_it_was_written(source: str) -> None:
    assert not parse(typescript.GRAMMAR, source.encode()).has_error
    assert not [one for one in said(source) if isinstance(one, Dropped) and one.reason != "trivial"]
    assert len(rewritten(source.encode())) == len(source.encode())
    for one in said(source):
        assert not isinstance(one, Draft) or one.kind == "module" or one.text in source


@pytest.mark.parametrize("grammar", [typescript.WITH_MARKUP, javascript.GRAMMAR])
def test_an_ampersand_in_markup_is_a_part_of_its_text(grammar: Grammar) -> None:
    assert not parse(grammar, MARKUP.encode()).has_error
    [function] = [
        one for one in code.units(grammar, "a.tsx", MARKUP) if isinstance(one, Draft) and one.name == "Picture"
    ]
    assert function.text == MARKUP.strip()


def test_a_text_beside_it_is_not_touched() -> None:
    data = 'export const labels: Label[] = [{ id: "a", text: "first, in order" }, { id: "b", text: "b, out now" }]\n'
    [first, second] = [one for one in said(VARIANCE + data) if isinstance(one, Draft) and one.kind == "entry"]
    assert "first, in order" in first.text
    assert "b, out now" in second.text


@pytest.mark.parametrize(
    "source",
    [
        "interface A<out extends B> { a: out }\n",
        "import { a, out as b } from './c'\n",
        "const f =\n  <A>(a: A): A => a\n",
        "const g = a\n  (b)\n",
        "// a:\n  (b)\n",
    ],
)
def test_what_only_looks_like_it_stays(source: str) -> None:
    assert rewritten(source.encode()) == source.encode()


@pytest.mark.parametrize("part", ["a<", "<,in ", "a\n (b:\n", "/*\n", "<  ", "a<b<c>", ", /** ", "&", "&a"])
def test_rewriting_is_quick_whatever_is_written(part: str) -> None:
    began = time.process_time()
    rewritten((part * (1_000_000 // len(part))).encode())
    assert time.process_time() - began < 5
