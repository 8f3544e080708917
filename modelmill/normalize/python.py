"""Python, by tree-sitter (https://github.com/tree-sitter/tree-sitter-python): modules, classes, functions, methods.

A module and a class are summed up (docstring and signatures), not repeated: their functions are units of their own. A
function inside a function belongs to the outer one. `meta["docstring_at"]` is where the docstring's literal, quotes
included, lies in `text` (first and last character, exclusive), so that a dataset can take it out.

One unit, from json/decoder.py: name `JSONDecoder.raw_decode`, kind method, group `json`, signature
`def raw_decode(self, s, idx=0)`, docstring "Decode a JSON document from ``s`` (a ``str`` beginning with ...".
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING

from modelmill.normalize.language import Draft, Language
from modelmill.records import Dropped

if TYPE_CHECKING:
    from tree_sitter import Node, Parser

DEFINITIONS = {"function_definition", "class_definition", "decorated_definition"}
# Definitions are looked for inside these too: `if TYPE_CHECKING:`, `try: ... except ImportError:` and their like.
BRANCHES = {
    "block", "if_statement", "elif_clause", "else_clause", "try_statement", "except_clause", "except_group_clause",
    "finally_clause", "with_statement", "for_statement", "while_statement", "match_statement", "case_clause",
}  # fmt: skip
MIN_BODY_LINES = 3  # below, without a docstring, there is nothing to find or to learn
MAX_DEPTH = 50  # classes in classes in ifs; deeper is no code a person wrote


@cache
def _parser() -> Parser:
    import tree_sitter
    import tree_sitter_python

    return tree_sitter.Parser(tree_sitter.Language(tree_sitter_python.language()))


def parses(text: str) -> bool:
    """Whether the text is Python without an error in it."""
    return not _parser().parse(text.encode()).root_node.has_error


def units(path: str, text: str) -> Iterator[Draft | Dropped]:
    """The module, then its definitions in the order of the file."""
    source = text.encode()
    root = _parser().parse(source).root_node
    module, group = module_name(path), group_of(path)
    found = list(_definitions(root, 0))
    names = {name for name, *_ in (_named(node) for node in found)}
    yield _module(root, found, module if module not in names else f"{module} (module)", group)
    for node in found:
        yield from _definition(node, "", group, 0)


def module_name(path: str) -> str:
    """`src/json/decoder.py` -> `json.decoder`; `json/__init__.py` -> `json`."""
    parts = _inside(path).removesuffix(".py").split("/")
    if parts[-1] == "__init__" and len(parts) > 1:
        parts.pop()
    return ".".join(parts)


def group_of(path: str) -> str:
    """The top package or module: what is never torn apart by a split."""
    return module_name(path).split(".")[0]


def _inside(path: str) -> str:
    for prefix in ("src/", "lib/"):
        if path.startswith(prefix) and path.count("/") > 1:
            return path.removeprefix(prefix)
    return path


def _definitions(node: Node, depth: int) -> Iterator[Node]:
    """Functions and classes directly in a module or class body, through ifs and trys."""
    if depth > MAX_DEPTH:
        return
    for child in node.named_children:
        if child.type in DEFINITIONS:
            yield child
        elif child.type in BRANCHES:
            yield from _definitions(child, depth + 1)


def _definition(outer: Node, prefix: str, group: str, depth: int) -> Iterator[Draft | Dropped]:
    name, node = _named(outer)
    qualified = prefix + name
    if depth > MAX_DEPTH or not name:
        return
    if node.type == "function_definition":
        yield _function(outer, node, qualified, "method" if prefix else "function", group)
        return
    body = node.child_by_field_name("body")
    members = list(_definitions(body, 0)) if body else []
    yield _class(outer, node, members, qualified, group)
    for member in members:
        yield from _definition(member, qualified + ".", group, depth + 1)


def _named(outer: Node) -> tuple[str, Node]:
    """The name, and the definition without its decorators."""
    node = outer.child_by_field_name("definition") or outer
    name = node.child_by_field_name("name")
    return _text(name) if name else "", node


def _function(outer: Node, node: Node, name: str, kind: str, group: str) -> Draft | Dropped:
    if outer.has_error:
        return Dropped(name, "does not parse", f"line {outer.start_point.row + 1}")
    literal = _docstring_node(node.child_by_field_name("body"))
    body = node.child_by_field_name("body")
    lines = body.end_point.row - body.start_point.row + 1 if body else 0
    if literal is None and lines < MIN_BODY_LINES:
        return Dropped(name, "trivial", f"{lines} lines, no docstring")
    text = _dedented(outer)
    meta: dict[str, object] = {"body_lines": lines}
    if literal is not None and (at := text.find(_dedented_at(literal, outer.start_point.column))) >= 0:
        meta["docstring_at"] = [at, at + len(_dedented_at(literal, outer.start_point.column))]
    return Draft(
        name=name, kind="method" if kind == "method" else "function", text=text, signature=_signature(node),
        docstring=_docstring(literal), group=group, start_line=outer.start_point.row + 1,
        end_line=outer.end_point.row + 1, meta=meta,
    )  # fmt: skip


def _class(outer: Node, node: Node, members: list[Node], name: str, group: str) -> Draft:
    literal = _docstring_node(node.child_by_field_name("body"))
    signature, doc = _signature(node), _docstring(literal)
    return Draft(
        name=name, kind="class", text=_summary(f"{signature}:", doc, members, "    "), signature=signature,
        docstring=doc, group=group, start_line=outer.start_point.row + 1, end_line=outer.end_point.row + 1,
        meta={"members": [_named(member)[0] for member in members]},
    )  # fmt: skip


def _module(root: Node, found: list[Node], name: str, group: str) -> Draft:
    doc = _docstring(_docstring_node(root))
    return Draft(
        name=name, kind="module", text=_summary(f"# module {name}", doc, found, ""), signature=f"module {name}",
        docstring=doc, group=group, end_line=max(1, root.end_point.row + (root.end_point.column > 0)),
        meta={"members": [_named(node)[0] for node in found]},
    )  # fmt: skip


def _summary(head: str, doc: str, members: list[Node], indent: str) -> str:
    quoted = [f'{indent}"""' + doc.replace("\n", "\n" + indent) + '"""'] if doc else []
    return "\n".join([head, *quoted, *(f"{indent}{_signature(_named(member)[1])}: ..." for member in members)])


def _signature(node: Node) -> str:
    """From `def` or `class` to before the colon, on one line."""
    body = node.child_by_field_name("body")
    head = _bytes(node)[: (body.start_byte if body else node.end_byte) - node.start_byte]
    kept = [line.split(b"  #")[0] for line in head.split(b"\n")] if b"#" in head else head.split(b"\n")
    return " ".join(b" ".join(kept).decode("utf-8", "replace").split()).rstrip(": ")


def _docstring_node(body: Node | None) -> Node | None:
    """The string literal that is the first statement."""
    for child in body.named_children if body else ():
        if child.type == "comment":
            continue
        first = child.named_children[0] if child.type == "expression_statement" and child.named_children else None
        return first if first is not None and first.type == "string" else None
    return None


def _docstring(literal: Node | None) -> str:
    if literal is None:
        return ""
    raw = _text(literal).lstrip("rRuU")
    quote = raw[:3] if raw[:3] in ('"""', "'''") else raw[:1]
    return inspect.cleandoc(raw.removeprefix(quote).removesuffix(quote)).strip()


def _dedented(node: Node) -> str:
    return _dedented_at(node, node.start_point.column)


def _dedented_at(node: Node, column: int) -> str:
    """The node's text, its later lines moved left by `column` where they are indented that far."""
    if not column:
        return _text(node)
    first, *rest = _text(node).split("\n")
    indent = " " * column
    tabs = "\t" * column
    return "\n".join([first, *(line.removeprefix(indent if line.startswith(indent) else tabs) for line in rest)])


def _bytes(node: Node) -> bytes:
    return node.text or b""


def _text(node: Node) -> str:
    return _bytes(node).decode("utf-8", "replace")


LANGUAGE = Language("python", version=1, suffixes=(".py",), units=units, parses=parses)
