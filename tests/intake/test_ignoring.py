"""What git ignores is left out, and nothing else: asked of git itself, on patterns with traps in them and at random."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from intake_project import git, write

from modelmill.extract.directory import SOURCE

NAMES = (
    "a", "b", "c", "foo", "a.py", " sp", "sp ", "#h", "!x", "a[1]", "a*b", "a?", "-d", "dir.d", "é", "日本", "\\bs",
    "a b", "A.py", ".hid", "x~", "ab", "a\\b", "a-", "[a", "]", "^", "a1",
)  # fmt: skip
FOLDERS = ("", "d/", "d/e/", "d/e/f/", "foo.d/", "b.py/")
TRAPS = [
    "*\n!*/\n!a.py", "*\n!/d/\n!/d/a", "d/**\n!d/e/\n!d/e/a", "/d/*\n!/d/e", "/d/*\n!/d/e/", "d/\n!d/a", "**\n!a",
    "?", "??", "日??", "[!a]", "[^a]", "[é]", "[a-c]", "[c-a]", "[]-a]", "[--z]*", "[a\\-c]", "[\\]]", "[]a]", "[a",
    "[a-", "[[:alpha:]]", "[[:alpha:]][[:digit:]]", "[[:upper:]]*", "[[:punct:]]h", "[[:space:]]sp", "[[:foo:]]a",
    "[[:alpha:]", "a[[:punct:]]b", "[[:]", "d[/]a", "d[!x]a", "\\#h", "#h", "\\!x", "!x\n!!x", "sp\\ ", "sp ", "a  ",
    "a\\  ", "a\t", "\\a", "a\\", "d\\/a", "\\\\bs", "a\\*b", "a\\[1\\]", "**.py", "a**", "b**", "d/a**", "d/**",
    "d/**/", "d/**/a", "d/**a", "**/a", "**/", "/**/f", "d/**/**/a", "***", "d/***", "b**/a", "/b**/a", "/", "//",
    "d//a", "./a", "d/e/../a", "d/", "d/*/", "*/", "*/a", "?/a", "e/f", "/e", "e/", "foo*/", "*.[pt]y", "a\r\nb\r",
    "\ufeffa", "a\x0cb", "a\x0bfoo", "a\u2028b\nb", "a\x85c", "a\x1cc", "a\x00b", "-d", "*\\", "\\", "!", "",
]  # fmt: skip
ATOMS = (
    "a",
    "b",
    "d",
    "e",
    "f",
    "*",
    "**",
    "?",
    "*.py",
    "[!a]",
    "[a-c]",
    "f*",
    "*o*",
    "\\a",
    "[[:alpha:]]",
    "é",
    "***",
)


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("ignoring")
    write(root, {folder + name: "x" for folder in FOLDERS for name in NAMES})
    git(root, "init", "--quiet", "--separate-git-dir", str(tmp_path_factory.mktemp("kept") / "git"))
    return root


def taken(root: Path) -> set[str]:
    with SOURCE.open(str(root), root) as snapshot:
        return {entry.path for entry in snapshot.files() if not entry.refused} - {".git"}


def taken_by_git(root: Path) -> set[str]:
    listed = git(root, "ls-files", "-z", "-t", "--others", "--exclude-per-directory=.gitignore")
    return {line.removeprefix("? ") for line in listed.split("\0") if line}


@pytest.mark.parametrize("patterns", TRAPS, ids=ascii)
def test_a_pattern_means_what_git_says(tree: Path, patterns: str) -> None:
    (tree / ".gitignore").write_bytes(patterns.encode() + b"\n")
    assert taken(tree) == taken_by_git(tree)


@pytest.mark.parametrize("seed", range(40))
def test_files_in_several_folders_mean_together_what_git_says(tree: Path, seed: int) -> None:
    chance = random.Random(seed)
    places = [tree / folder / ".gitignore" for folder in chance.sample(FOLDERS, 3)]
    for place in places:
        place.write_text("\n".join(_pattern(chance) for _ in range(4)))
    try:
        assert taken(tree) == taken_by_git(tree)
    finally:
        for place in places:
            place.unlink()


def _pattern(chance: random.Random) -> str:
    path = "/".join(chance.choice(ATOMS) for _ in range(chance.choice((1, 1, 2, 3))))
    return chance.choice(("", "", "!")) + chance.choice(("", "", "/")) + path + chance.choice(("", "", "/", " "))


@pytest.mark.parametrize(
    ("ours", "wanted"),
    [
        ("!dist/", {"dist/a.js", "dist/in/b.js", "dist/node_modules/c.js"}),
        ("!dist/\ndist/in/", {"dist/a.js", "dist/node_modules/c.js"}),
    ],
)
@pytest.mark.parametrize("theirs", ["dist/", "dist/*", "*.js"])
def test_a_wish_for_a_folder_goes_before_what_git_ignores_in_it(
    tmp_path: Path, ours: str, wanted: set[str], theirs: str
) -> None:
    files = dict.fromkeys(("dist/a.js", "dist/in/b.js", "dist/node_modules/c.js", "dist/in/d.map"), "x")
    rules = {".gitignore": theirs, ".millignore": ours, "dist/.gitignore": "*.map\n.gitignore", "package.json": "{}"}
    assert {path for path in taken(write(tmp_path / "p", {**files, **rules})) if path.startswith("dist/")} == wanted
