"""From a source to documents: what is chosen, what is left out and why, and that the second time costs nothing."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from intake_project import git, write
from sqlalchemy import Engine

from modelmill.errors import FencedError, UserError
from modelmill.extract import git as git_source
from modelmill.extract.source import all_sources, detect
from modelmill.extract.stage import current_revision, extract, is_current
from modelmill.progress import Step
from modelmill.settings import Settings
from modelmill.store import corpora, documents, publications

LEFT_OUT = {
    "ignored.py": "ignored",
    "logs/": "ignored",
    "node_modules/": "vendored",
    "big.py": "too large",
    "latin.py": "wrong encoding",
    "nul.py": "binary",
    "made_pb2.py": "generated",
    "head.py": "generated",
    "squeezed.ts": "minified",
    "photo.png": "unsupported language",
    "empty.py": "empty",
    ".gitignore": "unsupported language",
}


def test_the_sources_are_found_by_being_there() -> None:
    assert list(all_sources()) == ["archive", "directory", "feedback", "git", "python_packages", "python_stdlib"]


def test_a_folder_gives_its_documents_and_a_reason_for_everything_else(
    settings: Settings, db: Engine, project: Path
) -> None:
    corpus = corpora.add(settings, db, "p", str(project), "MIT")
    result = extract(settings, db, corpus)
    found = documents.all_documents(db, corpus.id)
    assert sorted(found) == [
        "README.md", "config/flags.json", "shapes/plane.py", "src/Welcome.tsx", "src/data/useCases.ts",
    ]  # fmt: skip
    assert {one.path: one.reason for one in documents.all_dropped(db, corpus.id)} == LEFT_OUT
    assert (result.documents, result.changed, result.removed, result.fresh) == (5, 5, 0, True)
    assert found["src/data/useCases.ts"].record.licence == "MIT"
    assert corpora.get(db, "default", "p").revision == result.revision


def test_names_that_cannot_be_stored_are_left_out(settings: Settings, db: Engine, project: Path) -> None:
    (project / "bell\x07.py").write_text("x = 1\n")
    Path(os.fsdecode(os.fsencode(project) + b"/caf\xe9.py")).write_text("x = 1\n")
    corpus = corpora.add(settings, db, "p", str(project))
    extract(settings, db, corpus)
    assert sorted(one.path for one in documents.all_dropped(db, corpus.id) if one.reason == "bad name") == [
        r"'bell\x07.py'",
        r"'caf\udce9.py'",
    ]


def test_links_are_not_followed(settings: Settings, db: Engine, project: Path) -> None:
    (project / "out").symlink_to("/etc")
    (project / "passwords.md").symlink_to("/etc/passwd")
    corpus = corpora.add(settings, db, "p", str(project))
    extract(settings, db, corpus)
    reasons = {one.path: one.reason for one in documents.all_dropped(db, corpus.id)}
    assert (reasons["out"], reasons["passwords.md"]) == ("link", "link")


def test_nothing_is_done_twice_and_touching_a_file_changes_nothing(
    settings: Settings, db: Engine, project: Path
) -> None:
    corpus = corpora.add(settings, db, "p", str(project))
    first = extract(settings, db, corpus)
    os.utime(project / "README.md", (1, 1))
    again = extract(settings, db, corpus)
    assert (again.fresh, again.sha256, again.revision) == (False, first.sha256, first.revision)
    assert is_current(settings, db, corpus)


def test_a_change_and_a_removal_are_seen(settings: Settings, db: Engine, project: Path) -> None:
    corpus = corpora.add(settings, db, "p", str(project))
    first = extract(settings, db, corpus)
    (project / "README.md").write_text("# Other\n\nwords\n")
    (project / "src/Welcome.tsx").unlink()
    assert not is_current(settings, db, corpus)
    second = extract(settings, db, corpus)
    assert (second.changed, second.removed, second.documents) == (1, 1, 4)
    assert second.revision != first.revision


def test_progress_is_told(settings: Settings, db: Engine, project: Path) -> None:
    told: list[Step] = []
    extract(settings, db, corpora.add(settings, db, "p", str(project)), told.append)
    assert told[-1].what == "extract"
    assert told[-1].done == told[-1].total


def test_a_run_that_was_overtaken_does_not_publish(
    settings: Settings, db: Engine, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    corpus = corpora.add(settings, db, "p", str(project))

    def overtake(step: Step) -> None:
        publications.take(db, "documents", "p")

    with pytest.raises(FencedError):
        extract(settings, db, corpus, overtake)
    assert documents.all_documents(db, corpus.id) == {}
    assert publications.current(db, "documents", "p") is None


def test_a_folder_without_anything_usable_is_refused_and_nothing_is_recorded(
    settings: Settings, db: Engine, tmp_path: Path
) -> None:
    corpus = corpora.add(settings, db, "p", str(write(tmp_path / "p", {"a.png": b"\x89PNG", "b.py": ""})))
    with pytest.raises(UserError) as caught:
        extract(settings, db, corpus)
    assert "1 empty, 1 unsupported language" in caught.value.found
    assert ".py" in caught.value.allowed
    assert publications.current(db, "documents", "p") is None


def test_a_source_that_has_gone_is_named(settings: Settings, db: Engine, project: Path) -> None:
    corpus = corpora.add(settings, db, "p", str(project))
    project.rename(project.with_name("elsewhere"))
    with pytest.raises(UserError, match="cannot be read"):
        extract(settings, db, corpus)


def test_the_standard_library_is_extracted_quickly_and_the_second_time_at_once(settings: Settings, db: Engine) -> None:
    corpus = corpora.add(settings, db, "stdlib", "python:stdlib", "Python-2.0", consent=True)
    assert extract(settings, db, corpus).documents > 400
    began = time.monotonic()
    assert not extract(settings, db, corpus).fresh
    assert time.monotonic() - began < 2


def test_a_repository_is_read_at_its_commit_whatever_lies_in_the_folder(
    settings: Settings, db: Engine, project: Path
) -> None:
    git(project, "init", "-q")
    write(project, {".millignore": "/config/\n"})
    git(project, "add", "-A")
    git(project, "commit", "-q", "-m", "first")
    first = git(project, "rev-parse", "HEAD")
    corpus = corpora.add(settings, db, "p", str(project))
    (project / "README.md").write_text("# Not committed\n\nwords\n")
    result = extract(settings, db, corpus)
    assert (corpus.kind, result.revision) == ("git", first)
    reasons = {one.path: one.reason for one in documents.all_dropped(db, corpus.id)}
    assert reasons["config/flags.json"] == "ignored"
    assert "node_modules/left/pad.ts" in reasons
    git(project, "commit", "-aqm", "second")
    assert current_revision(settings, db, corpus) == git(project, "rev-parse", "HEAD") != first
    assert extract(settings, db, corpus).changed == 1


@pytest.mark.parametrize("branch", ["main", "功能/計算", "größer"])
def test_a_branch_can_be_named(settings: Settings, db: Engine, project: Path, branch: str) -> None:
    git(project, "init", "-q", "-b", branch)
    git(project, "add", "-A")
    git(project, "commit", "-q", "-m", "first")
    git(project, "checkout", "-q", "-b", "side")
    git(project, "rm", "-q", "--cached", "README.md")
    git(project, "commit", "-q", "-m", "side")
    corpus = corpora.add(settings, db, "p", f"{project}#{branch}")
    extract(settings, db, corpus)
    assert "README.md" in documents.all_documents(db, corpus.id)


def test_a_repository_elsewhere_is_fetched_once_and_its_old_commit_stays_readable(
    settings: Settings, db: Engine, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    git(project, "init", "-q")
    git(project, "add", "-A")
    git(project, "commit", "-q", "-m", "first")
    first, home = git(project, "rev-parse", "HEAD"), settings.home_dir / "sources"
    elsewhere = git_source.Address(f"file://{project}", "HEAD", remote=True)
    monkeypatch.setattr(git_source, "TRANSPORT", "file")  # no network in tests: the same fetch over another transport
    monkeypatch.setattr(git_source, "address_of", lambda uri: elsewhere)
    monkeypatch.setattr(git_source, "_public_address", lambda uri, url: "example.com:443:93.184.216.34")
    with git_source.SOURCE.open("u", home) as snapshot:
        assert snapshot.revision == first
        assert dict(snapshot.read(["README.md"]))["README.md"].startswith(b"Before")
    (project / "README.md").write_text("# Second\n\nwords\n")
    git(project, "commit", "-aqm", "second")
    with git_source.SOURCE.open("u", home) as snapshot:
        assert snapshot.revision == git(project, "rev-parse", "HEAD") != first
    project.rename(project.with_name("gone"))
    with git_source.SOURCE.open("u", home, first) as snapshot:
        assert dict(snapshot.read(["README.md"]))["README.md"].startswith(b"Before")
    with pytest.raises(UserError, match="cannot be read"), git_source.SOURCE.open("u", home):
        pass


def test_nothing_in_a_hostile_repository_is_run(settings: Settings, db: Engine, project: Path, tmp_path: Path) -> None:
    git(project, "init", "-q")
    write(project, {".gitattributes": "*.md filter=evil diff=evil\n"})
    git(project, "add", "-A")
    git(project, "commit", "-q", "-m", "first")
    marker = tmp_path / "ran"
    for name in ("filter.evil.smudge", "diff.evil.textconv", "core.fsmonitor", "core.pager", "core.sshCommand"):
        git(project, "config", name, f"touch {marker}; cat")
    (project / "link.md").symlink_to("/etc/passwd")
    git(project, "-c", "core.fsmonitor=false", "add", "link.md")
    git(project, "-c", "core.fsmonitor=false", "commit", "-q", "-m", "link")
    marker.unlink(missing_ok=True)
    corpus = corpora.add(settings, db, "p", str(project))
    extract(settings, db, corpus)
    assert not marker.exists()
    assert {one.path: one.reason for one in documents.all_dropped(db, corpus.id)}["link.md"] == "link"


INSIDE = {
    "https://127.0.0.1/a.git": "is 127.0.0.1",
    "https://localhost/a.git": "is ",
    "https://[::ffff:10.0.0.1]/a.git": "is ",
    "https://user:word@example.com/a.git": "a user or password",
    "https://example.com/a.git#--upload-pack=x": "the ref",
    "https://example.com/a.git#a..b": "the ref",
}


def test_addresses_that_lead_inside_or_carry_options_are_refused(settings: Settings, db: Engine) -> None:
    for uri, found in INSIDE.items():
        with pytest.raises(UserError) as caught:
            corpora.add(settings, db, "p", uri)
        assert found in caught.value.found, uri
    assert corpora.all_corpora(db, "default") == []


@pytest.mark.parametrize(
    "uri", ["ext::sh -c id", "ssh://host/a.git", "git@host:a.git", "http://host/a", "-x", "/nowhere"]
)
def test_other_addresses_are_no_source(uri: str) -> None:
    with pytest.raises(UserError, match="cannot be a corpus"):
        detect(uri)


def test_a_repository_without_a_commit_says_so(settings: Settings, db: Engine, tmp_path: Path) -> None:
    root = write(tmp_path / "p", {"a.py": "x = 1\n"})
    git(root, "init", "-q")
    with pytest.raises(UserError, match="cannot be read") as caught:
        corpora.add(settings, db, "p", str(root))
    assert "no commit" in caught.value.found
