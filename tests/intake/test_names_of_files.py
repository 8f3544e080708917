"""What stands in the name of a file, of a folder or of a licence is kept as little as what stands in a file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from intake_project import git, write
from sqlalchemy import Engine, text

from modelmill import reporting
from modelmill.extract import naming, stage
from modelmill.extract.naming import shown
from modelmill.extract.stage import extract
from modelmill.licences import recognition
from modelmill.normalize.expectations import rescan
from modelmill.normalize.placeholders import Names, numbered
from modelmill.normalize.stage import normalize
from modelmill.settings import Settings
from modelmill.store import corpora, documents

MAIL, KEY = "marta@acme-shapes.com", "AKIAQ3EGR7TLW5XN2VZK"
CODE = 'def area(r):\n    """Return the area of a circle."""\n    return 3 * r * r\n'
FILES: dict[str, str | bytes] = {
    f"backup/{MAIL}/plane.py": CODE,
    f"{KEY}.py": CODE,
    f"{MAIL}.md": "# Circles\n\nRound ones.\n",
    f"{MAIL}.photo": "x",
    f"node_modules/{MAIL}/a.js": "x",
    "src/home/page.js": '/** What a page shows. */\nexport function page() {\n  return "a";\n}\n',
    "package.json": json.dumps({"license": KEY}),
}


@pytest.mark.parametrize("kind", ["directory", "git"])
def test_a_secret_in_a_path_is_stored_nowhere_and_its_file_is_read(
    settings: Settings, db: Engine, tmp_path: Path, kind: str
) -> None:
    root = write(tmp_path / "p", FILES)
    if kind == "git":
        git(root, "init", "--quiet")
        git(root, "add", "-f", ".")
        git(root, "commit", "--quiet", "-m", "one")
    corpora.add(settings, db, "p", str(root), "MIT")
    one = corpora.get(db, "default", "p")
    assert extract(settings, db, one).documents == 5
    done = normalize(settings, db, one)
    assert dict(done.by_kind) == {"module": 3, "function": 3, "section": 1}
    assert rescan(db, one).passed
    with db.connect() as conn:
        tables = conn.scalars(text("SELECT tablename FROM pg_tables WHERE schemaname = 'mill'")).all()
        rows = [str(row) for name in tables for row in conn.execute(text(f'SELECT t::text FROM mill."{name}" t'))]
    assert not [row for row in rows if MAIL in row or KEY in row]
    reporting.write_dropped(db, reporting.report(settings, db, "p"), str(tmp_path / "dropped.jsonl"))
    assert MAIL not in (tmp_path / "dropped.jsonl").read_text()
    paths = set(documents.all_documents(db, one.id))
    assert "src/home/page.js" in paths and any(path.startswith("backup/EMAIL_") for path in paths)
    assert not extract(settings, db, one).fresh


def test_only_new_names_are_looked_through_until_the_rules_change(
    settings: Settings, db: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = write(tmp_path / "p", {f"{MAIL}.py": CODE, "plane.py": CODE})
    corpora.add(settings, db, "p", str(root), "MIT")
    one = corpora.get(db, "default", "p")
    extract(settings, db, one)
    asked: list[str] = []

    def noting(path: str, names: Names) -> str:
        asked.append(path)
        return shown(path, names)

    monkeypatch.setattr(naming, "shown", noting)
    write(root, {"line.py": CODE})
    assert extract(settings, db, one).changed == 1
    assert sorted(asked) == ["line.py", f"{MAIL}.py"]
    with db.begin() as conn:  # as if stored by rules that did not know an e-mail address
        conn.execute(text("UPDATE mill.document SET path = :was WHERE path LIKE 'EMAIL%'"), {"was": f"{MAIL}.py"})
    monkeypatch.setattr(stage, "NAMED_BY", "newer")
    assert extract(settings, db, one).fresh
    assert not [path for path in documents.all_documents(db, one.id) if MAIL in path]


def test_a_repository_at_rest_is_named_anew_by_new_rules(
    settings: Settings, db: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = write(tmp_path / "p", {"plane.py": CODE})
    git(root, "init", "--quiet")
    git(root, "add", "-f", ".")
    git(root, "commit", "--quiet", "-m", "one")
    corpora.add(settings, db, "p", str(root), "MIT")
    one = corpora.get(db, "default", "p")
    extract(settings, db, one)
    assert not extract(settings, db, one).fresh
    monkeypatch.setattr(stage, "NAMED_BY", "newer")
    assert extract(settings, db, one).fresh
    assert not extract(settings, db, one).fresh


@pytest.mark.parametrize(
    ("path", "said"),
    [
        (f"a/{MAIL}.md", "a/EMAIL_1.md"),
        ("x@acme-shapes.io", "EMAIL_1"),
        (f"a/{KEY}/b.py", "a/AWS_KEY_1/b.py"),
        ("home/marta/a.py", "home/USER_1/a.py"),
        ("src/home/page.tsx", "src/home/page.tsx"),
        ("home/page.tsx", "home/page.tsx"),
        ("81.92.103.14.md", "IP_1.md"),
        ("src/data/useCases.ts", "src/data/useCases.ts"),
    ],
)
def test_a_path_keeps_what_is_nobodys(path: str, said: str) -> None:
    assert shown(path, numbered()) == said
    assert shown(said, numbered()) == said


@pytest.mark.parametrize("said", [KEY, "wJalrXUtnFEMIqK7MDENGbPxRfiCYzq8"])
def test_a_secret_is_no_licence(said: str) -> None:
    assert recognition.of_head(f"# SPDX-License-Identifier: {said}\n".encode()) == recognition.UNKNOWN
    declared = recognition.of_declaration("package.json", json.dumps({"license": said}).encode())
    assert recognition.Folders({"a/package.json": declared}).licence_of("a/b.js") == recognition.UNKNOWN
