"""Idioms and design patterns that a piece of code shows, told by its form: annotations, members, name and own lines.

    async               declared `async`, or calls itself a coroutine by `suspend`
    abstract            `@abstractmethod`, or declared `abstract`
    builder             a class with a `build` whose name ends in Builder
    cached              `@cache`, `@lru_cache`, `@cached_property`, `@memoize`
    context manager     `__enter__` and `__exit__` (or their async kin), `@contextmanager`
    decorator           a function that is given one and returns one it defines, or uses `@wraps`
    deferred            Go's `defer`
    descriptor          `__get__` with `__set__`, `__delete__` or `__set_name__`
    factory             XyzFactory; a function or class method `create_...`, `make...`, `build...`, `from_...`, `New...`
    fixture             `@pytest.fixture`, JUnit's `@BeforeEach` and its kin
    generator           a function with a `yield` of its own
    hook                React: `useSomething`
    iterator            `__iter__` and `__next__`; `hasNext` and `next`
    observer            one takes listeners in, another tells them: subscribe and notify, on and emit ...
    property            `@property`, a setter
    record              `@dataclass`, attrs, pydantic's BaseModel, NamedTuple, Java's record
    recursive           it calls itself
    singleton           `getInstance`, `get_instance`, `__new__` beside `instance`
    visitor             two `visit...` methods or more

A form is no proof of an intention: `getInstance` may hand out two. Nothing is looked up outside of the unit.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from modelmill.normalize.language import Draft


@dataclass(frozen=True, slots=True)
class Form:
    """What is looked at. own: the text without the words about it; annotations: their last names."""

    language: str
    name: str
    kind: str
    signature: str
    own: str
    members: frozenset[str]
    annotations: frozenset[str]
    calls: frozenset[str]


TAKES = frozenset({"subscribe", "attach", "on", "observe", "connect"})
TELLS = frozenset({"notify", "emit", "publish", "fire", "dispatch", "trigger", "notifyAll", "notify_all"})
LISTENER = re.compile(r"(?i)^add_?(?:event_?)?(?:listener|observer|handler|subscriber)$")
TOLD = re.compile(r"(?i)^(?:notify|emit|fire|dispatch)(?:_?(?:all|event|observers|listeners|change))*$")
SCRIPTS = frozenset({"javascript", "typescript", "tsx"})
STAR = re.compile(r"\bfunction\s*\*|^(?:(?:static|async|public|private|protected|override)\s+)*\*")
YIELD = re.compile(r"[ \t]*([^\n]*?)\byield\b")
BEFORE_YIELD = re.compile(r"(?:[\w.,\[\] \t]+=[ \t]*)?\(?")  # from the line's first word on
INNER = re.compile(r"^[ \t]+(?:async )?def (\w+)", re.M)
GIVEN_A_FUNCTION = re.compile(r"\((?:self, )?(?:fn|func|function|f|method|callable_?|wrapped|view|handler)\b")
DEFER = re.compile(r"^[ \t]*defer\b", re.M)
FACTORY = re.compile(r"(?:create|make|build)(?:_\w+|[A-Z]\w*)$|from_\w+$|from[A-Z]\w*$|new_\w+$|New[A-Z]\w*$")
ABSTRACT = re.compile(r"(?:^|\s)abstract\s")
ASYNC = re.compile(r"(?:^|\s)(?:async|suspend)\s")
VISIT = re.compile(r"visit(?:_\w+|[A-Z]\w*)$")
HOOK = re.compile(r"use[A-Z]\w*$")
RECORD_BASE = re.compile(r"(?<=[ .,(])(?:BaseModel|NamedTuple|TypedDict)\b")


def of(language: str, name: str, draft: Draft) -> list[str]:
    """The names of the patterns that are there, in order of name."""
    begin, end = draft.meta.get("docstring_at", (0, 0))
    form = Form(
        language=language,
        name=name,
        kind=draft.kind,
        signature=draft.signature,
        own=draft.text[:begin] + draft.text[end:],
        members=frozenset(draft.meta.get("members", ())),
        annotations=frozenset(said.rpartition(".")[2] for said in draft.meta.get("annotations", ())),
        calls=frozenset(draft.meta.get("calls", ())),
    )
    return [pattern for pattern, there in PATTERNS.items() if there(form)]


def _async(form: Form) -> bool:
    return ASYNC.search(form.signature) is not None


def _abstract(form: Form) -> bool:
    return "abstractmethod" in form.annotations or ABSTRACT.search(form.signature) is not None


def _builder(form: Form) -> bool:
    return form.kind == "class" and form.name.endswith("Builder") and "build" in form.members


def _cached(form: Form) -> bool:
    return bool(form.annotations & {"cache", "lru_cache", "cached_property", "memoize", "Cacheable"})


def _context_manager(form: Form) -> bool:
    entered = {"__enter__", "__exit__"} <= form.members or {"__aenter__", "__aexit__"} <= form.members
    return entered or bool(form.annotations & {"contextmanager", "asynccontextmanager"})


def _decorator(form: Form) -> bool:
    if form.language != "python" or form.kind not in ("function", "method"):
        return False
    returned = any(
        re.search(rf"^[ \t]+return {inner}\b(?!\()", form.own, re.M) for inner in INNER.findall(form.own)[:5]
    )
    wraps = bool({"wraps", "functools.wraps", "update_wrapper", "functools.update_wrapper"} & form.calls)
    return returned and (wraps or GIVEN_A_FUNCTION.search(form.own) is not None)


def _deferred(form: Form) -> bool:
    return form.language == "go" and DEFER.search(form.own) is not None


def _descriptor(form: Form) -> bool:
    return "__get__" in form.members and bool(form.members & {"__set__", "__delete__", "__set_name__"})


def _factory(form: Form) -> bool:
    if form.kind in ("class", "interface"):
        return form.name.endswith("Factory")
    named = FACTORY.match(form.name) is not None
    return named and (
        "classmethod" in form.annotations or " static " in f" {form.signature}" or form.kind == "function"
    )


def _fixture(form: Form) -> bool:
    return bool(form.annotations & {"fixture", "BeforeEach", "BeforeAll", "AfterEach", "AfterAll", "Before", "After"})


def _generator(form: Form) -> bool:
    if form.kind not in ("function", "method") or "yield" not in form.own:
        return False
    if form.language in SCRIPTS:
        return STAR.search(form.signature) is not None
    lines = _own_lines(form.own) if form.language == "python" else ()
    return any((found := YIELD.match(line)) and BEFORE_YIELD.fullmatch(found.group(1)) for line in lines)


def _own_lines(text: str) -> Iterator[str]:
    """The lines of a function of Python's that lie in no function in it."""
    around: int | None = None
    for line in text.splitlines():
        said = line.lstrip()
        indent = len(line) - len(said)
        if around is not None and (not said or indent > around or said.startswith(")")):
            continue
        around = indent if INNER.match(line) else None
        yield line


def _hook(form: Form) -> bool:
    return form.language in SCRIPTS and form.kind == "function" and HOOK.match(form.name) is not None


def _iterator(form: Form) -> bool:
    return {"__iter__", "__next__"} <= form.members or {"hasNext", "next"} <= form.members


def _observer(form: Form) -> bool:
    takes = form.members & TAKES or any(LISTENER.match(one) for one in form.members)
    return bool(takes) and (bool(form.members & TELLS) or any(TOLD.match(one) for one in form.members))


def _property(form: Form) -> bool:
    return bool(form.annotations & {"property", "setter", "cached_property"})


def _record(form: Form) -> bool:
    said = {"dataclass", "attrs", "define", "frozen", "Data", "Value"} & form.annotations
    bases = form.signature.find("(") + 1
    based = bases > 0 and RECORD_BASE.search(form.signature, bases) is not None
    return form.kind == "class" and (bool(said) or based or " record " in f" {form.signature}")


def _recursive(form: Form) -> bool:
    if form.kind == "function":
        return form.name in form.calls
    return form.kind == "method" and bool({f"self.{form.name}", f"cls.{form.name}", f"this.{form.name}"} & form.calls)


def _singleton(form: Form) -> bool:
    asked = form.members & {"getInstance", "get_instance", "sharedInstance", "shared_instance"}
    return form.kind == "class" and (bool(asked) or {"__new__", "instance"} <= form.members)


def _visitor(form: Form) -> bool:
    return sum(VISIT.match(one) is not None for one in form.members) >= 2


PATTERNS: Mapping[str, Callable[[Form], bool]] = {
    "abstract": _abstract,
    "async": _async,
    "builder": _builder,
    "cached": _cached,
    "context manager": _context_manager,
    "decorator": _decorator,
    "deferred": _deferred,
    "descriptor": _descriptor,
    "factory": _factory,
    "fixture": _fixture,
    "generator": _generator,
    "hook": _hook,
    "iterator": _iterator,
    "observer": _observer,
    "property": _property,
    "record": _record,
    "recursive": _recursive,
    "singleton": _singleton,
    "visitor": _visitor,
}
