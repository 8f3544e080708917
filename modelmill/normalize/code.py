"""Source code to drafts, the same way for every grammar: a module, then its definitions in the order of the file.

A module and a class are summed up (their words and signatures, and what a class holds), not repeated: their functions
are units of their own. A class that has none, an interface and a statement stand as they are. `meta["docstring_at"]` is
where the words about a unit, quotes or comment signs included, lie in `text` (first and last character, exclusive), so
that a dataset can take them out. `meta` also has what annotate.py judges by: calls, imports, annotations, complexity,
and whether words are its name (`by_words`: a test).

A file with an error in it gives what can be read, and says where the error is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from modelmill.normalize import definitions, docstrings
from modelmill.normalize.definitions import Definition, Import
from modelmill.normalize.facts import Facts
from modelmill.normalize.grammar import Grammar, matches, parse
from modelmill.normalize.language import Draft
from modelmill.records import Dropped, UnitKind

if TYPE_CHECKING:
    from tree_sitter import Node

MAX_FIELDS, MAX_FIELD = 30, 120  # of a class that has methods; bytes of one
MAX_SAME = 20  # modules that one name stands for
MAX_STATEMENT = 200  # bytes; a statement has no body that its signature would end at
WORD = re.compile(r"\w+")
FEW_NAMES = 64
COMMENTS = frozenset({"comment", "line_comment", "block_comment", "marginalia"})  # as the grammars call them
MIN_BODY_LINES = 3  # below, with no words about it, there is nothing to find or to learn


@dataclass(frozen=True, slots=True)
class File:
    """A parsed file. module: its name; group: what is never torn apart by a split ("": its folder).

    bound: which imports a word stands for.
    """

    grammar: Grammar
    root: Node
    facts: Facts
    imports: list[Import]
    bound: dict[str, list[int]]
    top: list[Definition]
    module: str = ""
    group: str = ""


def units(grammar: Grammar, path: str, text: str) -> Iterator[Draft | Dropped]:
    """The file's units. Raises ValueError when it takes too long to parse."""
    source = text.encode()
    yield from of_tree(grammar, parse(grammar, source), source, module_name(path))


def of_tree(grammar: Grammar, root: Node, source: bytes, module: str, group: str = "") -> Iterator[Draft | Dropped]:
    """The units of a file that is parsed already."""
    file = replace(_read(grammar, root, source), module=module, group=group)
    if root.has_error:
        yield Dropped("(file)", "does not parse in part", f"line {_error_line(root)}")
    drafts = [draft for one in file.top for draft in _definition(file, one, "")]
    summary = _module(file)
    if grammar.documented == "inside" or summary.docstring or any(_is_member(draft) for draft in drafts):
        yield summary  # else only data or statements: nothing that a summary could say
    yield from drafts


def read(grammar: Grammar, source: bytes) -> File:
    """A file's definitions, imports and facts."""
    return _read(grammar, parse(grammar, source), source)


def _read(grammar: Grammar, root: Node, source: bytes) -> File:
    """Go once through what the query finds."""
    said = Facts(source)
    found: list[Definition] = []
    modules: list[tuple[Node, Import]] = []
    imported: list[Node] = []
    for _, match in matches(grammar, root):
        if "call" in match:  # four of ten, then three: asked in the order of how many there are
            said.calls.append(match["call"][0].byte_range)
        elif "branch" in match:
            said.branches.append(match["branch"][0].start_byte)
        elif "comment" in match:
            said.comments.append(match["comment"][0].byte_range)
        elif "annotation" in match:
            said.annotations.append(match["annotation"][0].byte_range)
        elif "imported" in match:
            imported.append(match["imported"][0])
        elif "module" in match:
            around = match.get("around_names", match["module"])[0]
            modules.append((around, definitions.import_of(grammar, source, match)))
        elif one := definitions.of_match(source, match):
            found.append(one)
    found.extend(definitions.walked(grammar, source, root))
    said.sort()
    imports = definitions.with_names(source, modules, imported)
    bound: dict[str, list[int]] = {}
    for at, one in enumerate(imports):
        if WORD.fullmatch(one.bound):
            bound.setdefault(one.bound, []).append(at)
    return File(grammar, root, said, imports, bound, definitions.nested(found))


def module_name(path: str) -> str:
    """`src/lib/money.ts` -> `src/lib/money`; `src/lib/index.ts` -> `src/lib`."""
    whole = PurePosixPath(path)
    named = whole.parent if whole.stem in ("index", "package-info") and whole.parent.name else whole.with_suffix("")
    return str(named)


def _error_line(root: Node) -> int:
    """The first line, from 1, with something the grammar does not know; looked for level by level."""
    node = root
    while not node.is_error and not node.is_missing:
        inner = next((child for child in node.children if child.has_error or child.is_missing), None)
        if inner is None:
            break
        node = inner
    return node.start_point.row + 1


def _is_member(draft: Draft | Dropped) -> bool:
    return isinstance(draft, Draft) and draft.kind != "statement"


def _module(file: File) -> Draft:
    doc = docstrings.of_module(file.grammar, file.root, file.facts)
    end = file.root.end_point
    members = [one for one in file.top if one.kind != "statement"]
    name = f"{file.module} (module)" if file.module in {one.name for one in file.top} else file.module
    return Draft(
        name=name, kind="module", text=_summary(file, f"{file.grammar.comment} module {name}", doc, members, ""),
        signature=f"module {name}", docstring=doc, group=file.group, end_line=max(1, end.row + (end.column > 0)),
        meta={
            "members": [one.name for one in members],
            "imports": list(dict.fromkeys(i.module for i in file.imports)),
            "bound": {name: [file.imports[at].module for at in ats[:MAX_SAME]] for name, ats in file.bound.items()},
        },
    )  # fmt: skip


def _definition(file: File, one: Definition, prefix: str) -> Iterator[Draft | Dropped]:
    name = ".".join(part for part in (prefix, one.owner, one.name) if part)
    if one.kind == "class" and (one.members or (one.outer.has_error and file.grammar.documented == "inside")):
        yield _class(file, one, name)
    elif one.kind == "function":
        yield _whole(file, one, name, "method" if prefix or one.owner else "function")
    elif one.kind == "test":
        yield _whole(file, one, name, "function")
    elif one.kind not in ("container", "holder"):
        yield _whole(file, one, name, one.kind)
    for member in one.members:
        yield from _definition(file, member, name)


def _whole(file: File, one: Definition, name: str, kind: UnitKind) -> Draft | Dropped:
    """A function, method, interface, statement or class without methods: its text as it stands."""
    if one.outer.has_error:
        return Dropped(name, "does not parse", f"line {one.outer.start_point.row + 1}")
    found = docstrings.of(file.grammar, one, file.facts)
    lines = _body_lines(file, one)
    telling = kind == "statement" or (kind == "class" and file.grammar.documented == "inside")  # its name and bases
    if not found.words and lines < MIN_BODY_LINES and not telling:
        return Dropped(name, "trivial", f"{lines} lines, no docstring")
    meta: dict[str, object] = {"body_lines": lines}
    if found.place:
        meta["docstring_at"] = list(found.place)
    if one.kind == "test":
        meta["by_words"] = True
    meta["calls"] = _calls(file, one)
    meta["imports"] = _imports(file, found.text)
    meta["annotations"] = file.facts.annotated(one.start, _body_start(one))
    meta["complexity"] = 1 + file.facts.branches_in(one.start, one.end)
    return Draft(
        name=name, kind=kind, text=found.text, signature=_signature(file, one), docstring=found.words,
        group=file.group, start_line=found.start_line, end_line=found.end_line, meta=meta,
    )  # fmt: skip


def _calls(file: File, one: Definition) -> list[str]:
    """What is called by name, and in Python what decorates a function in it; of a test not `test` itself."""
    called = file.facts.called(_body_start(one) if one.kind == "test" else one.start, one.end)
    if file.grammar.documented != "inside":
        return called
    return list(dict.fromkeys([*called, *file.facts.annotated(_body_start(one), one.end)]))


def _class(file: File, one: Definition, name: str) -> Draft:
    found = docstrings.of(file.grammar, one, file.facts)
    signature = _signature(file, one)
    head = f"{signature}:" if file.grammar.documented == "inside" else f"{signature} {{"
    return Draft(
        name=name, kind="class", text=_summary(file, head, found.words, one.members, "    ", _fields(file, one)),
        signature=signature, docstring=found.words, group=file.group, start_line=found.start_line,
        end_line=found.end_line,
        meta={
            "members": [member.name for member in one.members],
            "annotations": file.facts.annotated(one.start, _body_start(one)),
        },
    )  # fmt: skip


def _imports(file: File, text: str) -> list[str]:
    """The modules that are called by name in a text, in the order of the file; linear in the text.

    Few names are looked for one by one, which C does; many are looked up word by word.
    """
    bound = file.bound
    if len(bound) <= FEW_NAMES:
        words = [name for name in bound if name in text and _alone(name).search(text)]
    else:
        words = [word for word in set(WORD.findall(text)) if word in bound]
    if not words:
        return []
    return list(dict.fromkeys(file.imports[at].module for at in sorted(at for word in words for at in bound[word])))


@lru_cache(4096)
def _alone(name: str) -> re.Pattern[str]:
    """A name by itself, not as a part of a longer one; first in the pattern, so that C skips to where it stands."""
    literal = re.escape(name)
    return re.compile(rf"{literal}(?!\w)(?<!\w{literal})")


def _fields(file: File, one: Definition) -> list[str]:
    """The first line of each, at most MAX_FIELDS; of those that hold a function none, which is a member."""
    inside = one.body.named_children if one.body is not None and file.grammar.fields else []
    members = {member.node.start_byte for member in one.members}
    found: list[str] = []
    for node in inside:
        first = node.named_children[:1] if node.type == "expression_statement" else [node]
        held = any(inner.type in file.grammar.fields for inner in first) and not node.has_error
        if held and node.start_byte not in members and len(found) < MAX_FIELDS:
            said = file.facts.source[node.start_byte : node.end_byte].split(b"\n", 1)[0][:MAX_FIELD]
            found.append(said.decode("utf-8", "ignore").rstrip())
    return found


def _summary(
    file: File, head: str, doc: str, members: list[Definition], indent: str, fields: Sequence[str] = ()
) -> str:
    """fields: behind the members, since a model reads but the beginning of what is long."""
    held = [f"{indent}{one}" for one in fields]
    if file.grammar.documented == "inside":
        quoted = [f'{indent}"""' + doc.replace("\n", "\n" + indent) + '"""'] if doc else []
        return "\n".join([head, *quoted, *(f"{indent}{_signature(file, one)}: ..." for one in members), *held])
    said = [f"{file.grammar.comment} {line}".rstrip() for line in doc.splitlines()]
    listed = [*(f"{indent}{_signature(file, one)}" for one in members), *held]
    return "\n".join([*said, head, *listed, *(["}"] if head.endswith("{") else [])])


def _signature(file: File, one: Definition) -> str:
    if one.signature is None:
        one.signature = _head(file, one)
    return one.signature


def _head(file: File, one: Definition) -> str:
    """From `def`, `class`, `func` ... to before the body, on one line, without comments."""
    start, end = one.node.start_byte, _body_start(one)
    head = file.facts.source[start:end]
    if file.grammar.comment.encode() in head or b"/*" in head:
        head = b" ".join(_between_comments(one.node, file.facts.source, end))
    if one.kind == "statement":
        head = head[:MAX_STATEMENT].split(b"(")[0]
    text = " ".join(head.decode("utf-8", "replace").split())
    if one.kind in ("class", "interface"):
        text = file.grammar.type_word + text
    if file.grammar.documented == "inside":
        return text.rstrip(": ")
    return text.rstrip(": {").removesuffix("=>").rstrip(": {=")  # the `>` of `Promise<void>` stays


def _between_comments(node: Node, source: bytes, end: int) -> Iterator[bytes]:
    """The pieces of what begins with the node and ends before `end`."""
    at, waiting = node.start_byte, [node]
    while waiting:
        inner = waiting.pop()
        if inner.type in COMMENTS:
            yield source[at : inner.start_byte]
            at = inner.end_byte
        else:
            waiting.extend(child for child in reversed(inner.children) if child.start_byte < end)
    yield source[at:end]


def _body_start(one: Definition) -> int:
    return one.body.start_byte if one.body else one.node.end_byte


def _body_lines(file: File, one: Definition) -> int:
    if one.body is None:
        return 0
    start, end = one.body.byte_range
    end = one.node.end_byte if one.body.type == "{" else end  # a body without a node of its own
    lines = file.facts.source.count(b"\n", start, end) + 1
    braces = file.facts.source.startswith(b"{", start)
    return max(0, lines - 2) if braces and file.grammar.documented == "above" else lines
