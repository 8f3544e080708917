"""Functions as we find them, beside those another parser finds in the same real code: same names, same lines?

    python benchmarks/languages.py python                       the standard library and every installed package, by ast
    python benchmarks/languages.py java FOLDER                  by the Java compiler's parser (needs a JDK)
    python benchmarks/languages.py go FOLDER                    by go/parser (needs Go)
    python benchmarks/languages.py typescript FOLDER            JavaScript too, by typescript 5 (needs node, NODE_PATH)

Compared is every function, method and constructor that is not inside of another one: path, name, first and last line;
and, of those that the other parser has words about (a comment for documentation, a docstring), these, word by word.
Files that the other parser refuses are left out and counted. A function of ours ends with the comments indented like
its body, that of ast with its last statement: those that differ in nothing else are counted by themselves.
"""

from __future__ import annotations

import argparse
import ast
import subprocess
import sysconfig
import time
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from modelmill.normalize import code, docstrings, go, java, javascript, python, tsx, typescript
from modelmill.normalize.definitions import Definition
from modelmill.normalize.grammar import Grammar

GRAMMARS: dict[str, Grammar] = {
    ".py": python.GRAMMAR, ".java": java.GRAMMAR, ".go": go.GRAMMAR, ".js": javascript.GRAMMAR,
    ".mjs": javascript.GRAMMAR, ".cjs": javascript.GRAMMAR, ".ts": typescript.GRAMMAR, ".mts": typescript.GRAMMAR,
    ".cts": typescript.GRAMMAR, ".tsx": tsx.GRAMMAR, ".jsx": tsx.GRAMMAR,
}  # fmt: skip
READERS = Path(__file__).parent / "readers"
COMMANDS: dict[str, list[str]] = {
    "java": ["java", str(READERS / "Declared.java")],
    "go": ["go", "run", str(READERS / "declared.go")],
    "typescript": ["node", str(READERS / "declared.cjs")],
}
SHOWN = 10

Function = tuple[str, str, int, int]  # path, name, first line, last line
Documented = tuple[Function, str]  # with the words about it, one space between


def ours(root: Path, paths: Iterable[str]) -> Iterator[Documented]:
    """Functions by our reader."""
    for path in paths:
        grammar = GRAMMARS[Path(path).suffix]
        file = code.read(grammar, (root / path).read_bytes())
        for one in functions(file.top):
            said = " ".join(docstrings.of(grammar, one, file.facts).words.split())
            yield (path, one.name, one.node.start_point.row + 1, one.node.end_point.row + 1), said


def functions(found: Iterable[Definition]) -> Iterator[Definition]:
    """Every function among definitions and their members."""
    for one in found:
        if one.kind == "function":
            yield one
        yield from functions(one.members)


def by_ast(path: str, source: bytes) -> list[Documented]:
    """Python's own view. Raises SyntaxError and ValueError as `ast.parse` does."""
    found: list[Documented] = []
    waiting: list[ast.AST] = [ast.parse(source)]
    while waiting:
        node = waiting.pop()
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            said = " ".join((ast.get_docstring(node) or "").split())
            found.append(((path, node.name, node.lineno, node.end_lineno or 0), said))
        else:
            waiting.extend(ast.iter_child_nodes(node))
    return found


def of_python(root: Path) -> tuple[set[str], list[Documented], int]:
    """Files read, functions, and how many files Python refuses."""
    warnings.simplefilter("ignore")
    read: set[str] = set()
    found: list[Documented] = []
    refused = 0
    for file in sorted(root.rglob("*.py")):
        path = str(file.relative_to(root))
        try:
            found.extend(by_ast(path, file.read_bytes().decode().encode()))
            read.add(path)
        except (SyntaxError, ValueError):
            refused += 1
    return read, found, refused


def of_program(language: str, root: Path) -> tuple[set[str], list[Documented], int]:
    """The same, from the lines another language's own parser prints."""
    done = subprocess.run([*COMMANDS[language], str(root)], capture_output=True, text=True, check=True)
    lines = [line.split("\t") for line in done.stdout.splitlines()]
    read = {line[0] for line in lines if len(line) == 1}
    there = sum(1 for file in root.rglob("*") if file.suffix in GRAMMARS and file.is_file() and ".d." not in file.name)
    named = (line for line in lines if len(line) == 5)
    return read, [((p, n.strip("\"'`"), int(a), int(b)), words) for p, n, a, b, words in named], there - len(read)


def ended_by(root: Path, function: Function) -> Function:
    """The function without the comments at its end."""
    path, name, first, last = function
    lines = (root / path).read_text(encoding="utf-8").split("\n")
    while last > first and (not lines[last - 1].strip() or lines[last - 1].lstrip().startswith("#")):
        last -= 1
    return path, name, first, last


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("language", choices=["python", *COMMANDS])
    parser.add_argument("folder", nargs="?", type=Path, default=Path(sysconfig.get_path("stdlib")))
    asked = parser.parse_args()
    root = asked.folder.resolve()
    read, said, refused = of_python(root) if asked.language == "python" else of_program(asked.language, root)
    start = time.process_time()
    told = list(ours(root, sorted(read)))
    spent = time.process_time() - start
    size = sum((root / path).stat().st_size for path in read) / 1e6
    found, theirs = (Counter(function for function, _ in some) for some in (told, said))
    both, only_ours, only_theirs = found & theirs, found - theirs, theirs - found
    commented = Counter({one: 1 for one in only_ours if ended_by(root, one) in only_theirs})
    only_theirs -= Counter(ended_by(root, one) for one in commented)
    only_ours -= commented
    print(f"{asked.language}: {len(read)} files, {size:.0f} MB, {refused} refused by the other; {spent:.0f} s ours")
    print(f"  functions: {both.total()} the same, {commented.total()} but for comments at the end,", end=" ")
    print(f"{only_ours.total()} only ours, {only_theirs.total()} only theirs")
    for title, some in (("only ours", only_ours), ("only theirs", only_theirs)):
        for function in sorted(some)[:SHOWN]:
            print(f"    {title}: {function}")
    compare_words(told, said)


def compare_words(ours: Iterable[Documented], theirs: Iterable[Documented]) -> None:
    """Print how many of the other's words are ours too."""
    about = dict(ours)
    known = [(function, words) for function, words in theirs if words and function in about]
    other = [(function, words) for function, words in known if about[function] != words]
    print(f"  words: about {len(known)} by the other parser; {len(other)} other ones or none by ours")
    for function, words in other[:SHOWN]:
        alike = next((at for at, both in enumerate(zip(about[function], words)) if len(set(both)) > 1), 0)  # noqa: B905
        shown = slice(max(0, alike - 20), alike + 60)
        print(f"    {function}: {about[function][shown]!r}, not {words[shown]!r}")


if __name__ == "__main__":
    main()
