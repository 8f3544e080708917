"""What the names of a TypeScript or JavaScript file stand for: its constants, enums, imports and exports.

Nothing is run: a name stands for a literal that is written somewhere in the corpus, or for nothing. Names are looked up
where they are used, so a file is wanted only for what some data takes from it. aliases.py says where imports lead.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from modelmill.normalize.ecmascript import Constant, Enum, Filled
from modelmill.normalize.entries import Place
from modelmill.normalize.literals import enum_members, text_of, unwrapped

if TYPE_CHECKING:
    from tree_sitter import Node

MAX_HOPS = 64  # from one import to the next
DEFAULT = "\0default"  # a default export without a name; no name of a file has a NUL


@dataclass(slots=True)
class Module:
    """A file's names. imports: what was said for the file, and the name there (`*`: all of them); exports: the name
    inside of each name outside; stars: files that are passed on as a whole; plain: constants without names, as read.
    """

    path: str
    constants: dict[str, Node] = field(default_factory=dict[str, "Node"])
    enums: dict[str, Mapping[str, Any]] = field(default_factory=dict[str, "Mapping[str, Any]"])
    imports: dict[str, tuple[str, str]] = field(default_factory=dict[str, tuple[str, str]])
    exports: dict[str, str] = field(default_factory=dict[str, str])
    stars: list[str] = field(default_factory=list[str])
    plain: dict[str, Place] = field(default_factory=dict[str, Place])


Open = Callable[[str, str], Module | None]  # what an import leads to: the path of its file, and what it says
Named = tuple[Module, str]


@dataclass(slots=True)
class Sight:
    """What one document sees of the corpus. opened, exported: what was looked up, by a module's path and its words."""

    open: Open
    filled: Filled
    opened: dict[tuple[str, str], Module | None] = field(default_factory=dict[tuple[str, str], Module | None])
    exported: dict[tuple[str, str], Named | None] = field(default_factory=dict[tuple[str, str], "Named | None"])


@dataclass(slots=True)
class ModuleScope:
    """The names of a module, as they are looked up in it."""

    module: Module
    sight: Sight

    @property
    def filled(self) -> Filled:
        return self.sight.filled

    @property
    def path(self) -> str:
        return self.module.path

    def meaning(self, name: str) -> Constant | Enum | ModuleScope | None:
        """What a name stands for: a constant, an enum, all exports of a module."""
        module = self.module
        for _ in range(MAX_HOPS):
            if name in module.constants:
                return Constant((module.path, name), module.constants[name], self._inside(module), module.plain)
            if name in module.enums:
                return Enum(module.enums[name], module.path)
            if name not in module.imports:
                return None
            said, wanted = module.imports[name]
            other = self._opened(module, said)
            if other is None or wanted == "*":
                return self._inside(other) if other else None
            found = self._exported(other, wanted)
            if found is None:
                return None
            module, name = found
        return None

    def exported(self, name: str) -> Constant | Enum | ModuleScope | None:
        """What the module gives to others under that name."""
        found = self._exported(self.module, name)
        return self._inside(found[0]).meaning(found[1]) if found else None

    def _inside(self, module: Module) -> ModuleScope:
        return self if module is self.module else ModuleScope(module, self.sight)

    def _opened(self, module: Module, said: str) -> Module | None:
        key = (module.path, said)
        if key not in self.sight.opened:
            self.sight.opened[key] = self.sight.open(module.path, said)
        return self.sight.opened[key]

    def _exported(self, module: Module, name: str) -> Named | None:
        """Whose name it is, and which: of the module, else of those that it passes on, the nearest first."""
        key = (module.path, name)
        if key not in self.sight.exported:
            named = ((one, one.exports[name]) for one in self._passed_on(module, name) if name in one.exports)
            self.sight.exported[key] = next(named, None)
        return self.sight.exported[key]

    def _passed_on(self, module: Module, name: str) -> Iterator[Module]:
        seen = {module.path}
        wave = [module]
        while wave:
            yield from wave
            if name == "default":  # never passed on by a star
                return
            opened = [self._opened(one, said) for one in wave for said in one.stars]  # all: wanted in one round
            wave = []
            for one in opened:
                if one is not None and one.path not in seen:
                    seen.add(one.path)
                    wave.append(one)


def read(path: str, root: Node) -> Module:
    """The names of a parsed file."""
    module = Module(path)
    for statement in root.named_children:
        if statement.type == "import_statement":
            _import(module, statement)
        elif statement.type == "export_statement":
            _export(module, statement)
        else:
            _declared(module, statement)
    return module


def of_json(path: str, root: Node) -> Module:
    """A JSON file in parentheses, as it is imported: by default. Raises ValueError when it is none."""
    inner = root.named_children[0].named_children if root.named_children else []
    value = next((one for one in inner if one.type != "comment"), None)
    if value is None or root.has_error:
        raise ValueError("not JSON")
    return Module(path, constants={DEFAULT: value}, exports={"default": DEFAULT})


def _declared(module: Module, node: Node) -> list[str]:
    """Note a `const` with a value, or an enum; returns the names."""
    name = node.child_by_field_name("name")
    if node.type == "enum_declaration" and name is not None:
        module.enums[text_of(name)] = enum_members(node)
        return [text_of(name)]
    found: list[str] = []
    if node.type == "lexical_declaration" and node.children and node.children[0].type == "const":
        for child in node.named_children:
            name, value = child.child_by_field_name("name"), child.child_by_field_name("value")
            if name is not None and value is not None and name.type == "identifier":
                module.constants[text_of(name)] = value
                found.append(text_of(name))
    return found


def _import(module: Module, statement: Node) -> None:
    said = _said(statement)
    clause = next((child for child in statement.named_children if child.type == "import_clause"), None)
    if said is None or clause is None or any(child.type == "type" for child in statement.children):
        return
    for child in clause.named_children:
        if child.type == "identifier":
            module.imports[text_of(child)] = (said, "default")
        elif child.type == "namespace_import" and child.named_children:
            module.imports[text_of(child.named_children[0])] = (said, "*")
        elif child.type == "named_imports":
            for name, alias in _specifiers(child):
                module.imports[alias] = (said, name)


def _export(module: Module, statement: Node) -> None:
    said = _said(statement)
    value = statement.child_by_field_name("value")
    if value is not None:
        _default(module, unwrapped(value))
    elif said is not None and any(child.type == "*" for child in statement.children):
        module.stars.append(said)
    for child in statement.named_children:
        if child.type == "export_clause":
            for name, alias in _specifiers(child):
                module.exports[alias] = name if said is None else _through(module, said, name)
        elif child.type == "namespace_export" and child.named_children and said is not None:
            module.exports[text_of(child.named_children[0])] = _through(module, said, "*")
        else:
            names = _declared(module, child)
            module.exports |= {"default" if _is_default(statement) else name: name for name in names}


def _default(module: Module, value: Node) -> None:
    if value.type == "identifier":
        module.exports["default"] = text_of(value)
    else:
        module.constants[DEFAULT] = value
        module.exports["default"] = DEFAULT


def _is_default(statement: Node) -> bool:
    return any(child.type == "default" for child in statement.children)


def _through(module: Module, said: str, name: str) -> str:
    """A name inside for what is only passed on."""
    inside = f"\0{said}\0{name}"
    module.imports[inside] = (said, name)
    return inside


def _specifiers(clause: Node) -> Iterator[tuple[str, str]]:
    """The name there and the name here, of each of `{ a, b as c }`."""
    for child in clause.named_children:
        name, alias = child.child_by_field_name("name"), child.child_by_field_name("alias")
        if name is not None:
            yield text_of(name), text_of(alias or name)


def _said(statement: Node) -> str | None:
    """The file that a statement names; None for none, and for one that is written with escapes."""
    source = statement.child_by_field_name("source")
    parts = source.named_children if source is not None else []
    return text_of(parts[0]) if len(parts) == 1 and parts[0].type == "string_fragment" else None
