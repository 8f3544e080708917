"""Corpora: what may be added, what is refused and how, and the ones that are there to begin with."""

from __future__ import annotations

from pathlib import Path

import pytest
from intake_project import write
from sqlalchemy import Engine

from modelmill import erasure
from modelmill.errors import UserError
from modelmill.settings import Settings
from modelmill.store import corpora


def test_an_unknown_corpus_is_answered_with_those_there_are(settings: Settings, db: Engine, project: Path) -> None:
    corpora.add(settings, db, "shapes", str(project))
    with pytest.raises(UserError) as caught:
        corpora.get(db, "default", "shape")
    assert (caught.value.allowed, caught.value.found) == ("shapes", "'shape'")


def test_the_kind_is_seen_and_the_path_made_absolute(
    settings: Settings, db: Engine, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project.parent)
    made = corpora.add(settings, db, "p", "./project")
    assert (made.kind, made.uri) == ("directory", str(project))
    assert (made.consent_to_train, made.licence, made.revision) == (False, None, None)


def test_adding_again_updates_licence_and_consent(settings: Settings, db: Engine, project: Path) -> None:
    first = corpora.add(settings, db, "p", str(project))
    second = corpora.add(settings, db, "p", str(project), "MIT", consent=True)
    assert (second.id, second.licence, second.consent_to_train) == (first.id, "MIT", True)


def test_a_name_that_is_taken_is_refused(settings: Settings, db: Engine, project: Path, tmp_path: Path) -> None:
    corpora.add(settings, db, "p", str(project))
    with pytest.raises(UserError) as caught:
        corpora.add(settings, db, "p", str(write(tmp_path / "other", {"a.py": "x = 1\n"})))
    assert str(project) in caught.value.found


def test_names_that_would_not_fit_a_path_or_a_partition_are_refused(
    settings: Settings,
    db: Engine,
    project: Path,
) -> None:
    for name in ["", "-x", "A", "a b", "a/b", "../a", "a...b", "a" * 64, "a\n"]:
        with pytest.raises(UserError, match="cannot be the name"):
            corpora.add(settings, db, name, str(project))


@pytest.mark.parametrize(
    ("uri", "found"),
    [
        ("/no/such/folder", "nothing at that path"),
        ("ftp://x/y", "no source"),
        ("git@example.com:shop/web.git", "an address by SSH"),
        ("ssh://git@example.com/shop/web.git", "an address by SSH"),
    ],
)
def test_an_unknown_address_is_refused(settings: Settings, db: Engine, uri: str, found: str) -> None:
    with pytest.raises(UserError) as caught:
        corpora.add(settings, db, "p", uri)
    assert found in caught.value.found


def test_an_empty_folder_is_refused(settings: Settings, db: Engine, tmp_path: Path) -> None:
    (tmp_path / "nothing").mkdir()
    with pytest.raises(UserError) as caught:
        corpora.add(settings, db, "p", str(tmp_path / "nothing"))
    assert caught.value.found == "an empty folder"


def test_a_file_of_another_kind_is_refused(settings: Settings, db: Engine, project: Path) -> None:
    with pytest.raises(UserError) as caught:
        corpora.add(settings, db, "p", str(project / "photo.png"))
    assert caught.value.found == "a file of another kind"


def test_the_defaults_are_what_is_shipped_and_stay_removed(
    settings: Settings, db: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(settings.root, {"data/catalog/a.md": "# A\n\nb\n", "modelmill/a.py": "x = 1\n"})
    assert [one.name for one in corpora.ensure_defaults(settings, db)] == ["stdlib"], "a person's own folder"
    monkeypatch.setattr(corpora, "CHECKOUT", settings.root.resolve())
    made = corpora.ensure_defaults(settings, db)
    assert [(one.name, one.licence, one.consent_to_train) for one in made] == [
        ("catalog", "Apache-2.0", True),
        ("modelmill", "Apache-2.0", True),
        ("stdlib", "Python-2.0", True),
    ]
    erasure.remove(settings, db, "default", "catalog", by="a test")
    assert [one.name for one in corpora.ensure_defaults(settings, db)] == ["modelmill", "stdlib"]
