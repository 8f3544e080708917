"""Under which licence a file stands, from itself, its folder, its package; and that only what may be is trained on."""

from __future__ import annotations

import itertools
import os
import pwd
import shutil
import sysconfig
from pathlib import Path

import pytest
from intake_project import write
from linear_time import is_linear
from sqlalchemy import Engine
from typer.testing import CliRunner

from modelmill.datasets import stage as dataset_stage
from modelmill.errors import UserError
from modelmill.extract.stage import extract
from modelmill.licences import recognition
from modelmill.licences.policy import category, may_train
from modelmill.normalize.stage import normalize
from modelmill.settings import Settings
from modelmill.store import audit, consents, corpora, datasets, documents, units
from modelmill.task import get_task

TEXTS = Path(recognition.__file__).parent / "texts"
SEARCH = get_task("semantic_search")


@pytest.mark.parametrize("file", sorted(TEXTS.glob("*.txt")), ids=lambda file: file.stem)
def test_each_passage_is_known_in_another_layout_with_other_names(file: Path) -> None:
    words = file.read_text(encoding="utf-8").replace("Python Software Foundation", "Nobody Foundation").split()
    text = "Copyright (c) 2031 Some Body\n\n" + "\n * ".join(
        " ".join(words[i : i + 9]) for i in range(0, len(words), 9)
    )
    assert recognition.of_text(text.upper()) == file.stem


@pytest.mark.parametrize(
    ("path", "content", "licence"),
    [
        ("pyproject.toml", '[project]\nlicense = "MIT"\n', "MIT"),
        ("pyproject.toml", '[project]\nlicense = {text = "Apache 2.0"}\n', "Apache-2.0"),
        ("pyproject.toml", '[project]\nclassifiers = ["License :: OSI Approved :: MIT License"]\n', "MIT"),
        ("pyproject.toml", "[project\n", None),
        ("package.json", '{"license": "(MIT OR GPL-2.0-only)"}', "(MIT OR GPL-2.0-only)"),
        ("package.json", '{"license": {"type": "ISC"}}', "ISC"),
        ("package.json", "[" * 100_000, None),
        ("package.json", '{"license": "SEE LICENSE IN x.txt"}', "SEE LICENSE IN x.txt"),
        ("Cargo.toml", '[package]\nlicense = "MIT/Apache-2.0"\n', "MIT OR Apache-2.0"),
        ("PKG-INFO", "Name: a\nLicense: BSD\n\nLicense: GPL\n", "BSD-3-Clause"),
        ("METADATA", "License-Expression: 0BSD\nLicense: x\n\n", "0BSD"),
        ("LICENSE", "Creative Commons Attribution-NonCommercial 4.0 International Public License", "CC-BY-NC-4.0"),
        ("LICENSE-CONTENT", "Attribution-ShareAlike 3.0 Unported\n\nwords", "CC-BY-SA-3.0"),
        ("LICENSE", "\n", None),
        ("package.json", '{"licenses": [{"type": "MIT"}, {"type": "GPL-3.0"}]}', "GPL-3.0 OR MIT"),
        ("package.json", '{"license": ["MIT", "as told, see x"]}', "MIT"),
        ("METADATA", "License: MIT, see x\nClassifier: License :: OSI Approved :: ISC License\n", "ISC"),
        ("LICENSE", "Business Source License 1.1\n\nParameters\n", "BUSL-1.1"),
    ],
)  # fmt: skip
def test_packages_say_their_licence_in_their_own_ways(path: str, content: str, licence: str | None) -> None:
    assert recognition.declares(f"a/{path}")
    assert recognition.of_declaration(path, content.encode()) == licence


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("LICENSE", "All rights reserved. You may look at it."),
        ("package.json", '{"license": "Proprietary, see LICENSE"}'),
        ("pyproject.toml", '[project]\nlicense = {file = "legal/our words.txt"}\n'),
        ("METADATA", "License: the Apache License, but not for sale\n"),
    ],
)
def test_what_is_said_and_not_understood_is_no_silence(path: str, content: str) -> None:
    said = recognition.of_declaration(path, content.encode())
    assert said and said.startswith(recognition.UNKNOWN)


@pytest.mark.parametrize("piece", ["`", ".. include:: ", "[a](", " \t"])
def test_a_text_that_is_no_licence_is_looked_through_in_linear_time(piece: str) -> None:
    assert is_linear(lambda text: recognition.of_declaration("LICENSE", text.encode()), piece)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("license.rst", "BSD License\n===========\n\n.. literalinclude:: ../LICENSE.txt\n    :language: text\n"),
        ("license.rst", ".. include:: ../COPYING\n"),
        ("license.md", "# License\n\n```{literalinclude} ../LICENSE.txt\n---\nlanguage: text\n---\n```\n"),
    ],
)
def test_a_page_that_shows_the_licence_of_all_says_nothing_of_its_own(path: str, text: str) -> None:
    assert recognition.of_declaration(path, text.encode()) is None
    more = (text + "Not for sale. " * 10, text.replace("LICENSE.txt", "terms.txt").replace("COPYING", "terms.txt"))
    assert [recognition.of_declaration(path, one.encode()) for one in more] == [
        recognition.not_known(one) for one in more
    ]


def test_a_licence_that_a_page_links_to_is_the_one_it_names() -> None:
    said = "# License\n\n*attrs* is licensed under the [MIT](https://choosealicense.com/licenses/mit/) license.\n"
    assert recognition.of_declaration("docs/license.md", said.encode()) == "MIT"


@pytest.mark.parametrize(
    "path", ["license-header.js", "LICENSE-3RD-PARTY.txt", "license_check.py", "licenses_bundled.md"]
)
def test_what_is_only_called_after_licences_is_none(path: str) -> None:
    assert not recognition.declares(path)


def text_of(*names: str) -> str:
    return "\n\n".join((TEXTS / f"{name}.txt").read_text(encoding="utf-8") for name in names)


@pytest.mark.parametrize(
    ("text", "licence"),
    [
        ('"Commons Clause" License\n\n' + text_of("Apache-2.0"), "Apache-2.0 AND LicenseRef-Commons-Clause"),
        (text_of("MIT") + "\nThe Software shall be used for Good, not Evil.\n", "JSON AND MIT"),
        (text_of("MIT") + "\nFor non-commercial use only.\n", "LicenseRef-Non-Commercial AND MIT"),
    ],
)  # fmt: skip
def test_what_takes_something_away_from_a_licence_is_a_part_of_it(text: str, licence: str) -> None:
    assert recognition.of_text(text) == licence
    assert not may_train(licence)


@pytest.mark.parametrize(
    ("files", "licence"),
    [
        ({"COPYING": text_of("GPL-3.0-only"), "LICENSE": text_of("MIT")}, "GPL-3.0-only AND MIT"),
        ({"LICENSE.GPL": text_of("GPL-3.0-only"), "LICENSE.MIT": text_of("MIT")}, "GPL-3.0-only AND MIT"),
        ({"LICENSE": text_of("GPL-3.0-only"), "LICENSE-jquery.txt": text_of("MIT")}, "GPL-3.0-only AND MIT"),
        (
            {"LICENSE-GPL": text_of("GPL-3.0-only"), "LICENSE-MIT": text_of("MIT"),
             "Cargo.toml": '[package]\nlicense = "MIT OR GPL-3.0-or-later"\n'},
            "MIT OR GPL-3.0-or-later",
        ),
        ({"LICENSE": text_of("GPL-3.0-only"), "package.json": '{"license": "MIT"}'}, "GPL-3.0-only"),
        ({"LICENSE": "Ours.", "package.json": '{"license": "MIT"}'}, "MIT"),
        ({"package.json": '{"license": "MIT"}', "Cargo.toml": '[package]\nlicense = "ISC"\n'}, "ISC AND MIT"),
        ({"LICENSE": "Ours."}, None),
    ],
)  # fmt: skip
def test_all_texts_of_a_folder_hold_unless_its_package_says_which_may_be_chosen(
    files: dict[str, str], licence: str | None
) -> None:
    assert folders(files).licence_of("a.py") == licence


def folders(files: dict[str, str]) -> recognition.Folders:
    return recognition.Folders({path: recognition.of_declaration(path, text.encode()) for path, text in files.items()})


def test_a_folder_with_a_licence_of_its_own_that_nobody_knows_is_not_under_the_one_around_it() -> None:
    """As `ee/` of many projects; where a team's own text stands in each folder, what it said of the corpus holds."""
    found = folders({"LICENSE": text_of("MIT"), "ee/LICENSE": "Pay us.", "ee/in/LICENSE": text_of("ISC")})
    assert [found.licence_of(path) for path in ("a.py", "ee/a.py", "ee/in/a.py")] == ["MIT", "NOASSERTION", "ISC"]
    assert not may_train("NOASSERTION")
    ours = folders({"LICENSE": "Ours.", "part/LICENSE": "Ours.\n", "other/LICENSE": "Theirs."})
    assert [ours.licence_of(path) for path in ("a.py", "part/a.py", "other/a.py")] == [None, None, "NOASSERTION"]


@pytest.mark.parametrize(
    ("head", "licence"),
    [
        ("# SPDX-License-Identifier: MIT OR GPL-2.0-only\n", "MIT OR GPL-2.0-only"),
        ("/* SPDX-License-Identifier: BSD-2-Clause */\n", "BSD-2-Clause"),
        ("# under the terms of the GNU General\n# Public License as published\n", "GPL-2.0-or-later"),
        ("// Licensed under the Apache License, Version 2.0 (the\n// License)\n", "Apache-2.0"),
        ("{# SPDX-License-Identifier: GPL-3.0-only #}\n", "GPL-3.0-only"),
        ("|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception    *|\n", "Apache-2.0 WITH LLVM-exception"),
        ("# SPDX-License-Identifier: MIT or ISC\n", "MIT OR ISC"),
        ("# spdx-license-identifier: MIT\n# SPDX-License-Identifier: GPL-2.0-only\n", "GPL-2.0-only AND MIT"),
        ("# SPDX-License-Identifier: DocumentRef-x:LicenseRef-y\n", "NOASSERTION"),
        ("# SPDX-License-Identifier: MIT, GPL-2.0-only\n", "NOASSERTION"),
        ("# under the terms of version 2 of the GNU General\n# Public License\n", "GPL-2.0-or-later"),
        ("# GNU General Public License v3.0+ (see COPYING)\n", "GPL-2.0-or-later"),
        ("x = 1\n", None),
    ],
)  # fmt: skip
def test_the_head_of_a_file_says_its_licence(head: str, licence: str | None) -> None:
    assert recognition.of_head(head.encode()) == licence


@pytest.mark.parametrize(
    ("identifier", "kind"),
    [
        ("MIT", "permissive"), ("GPL-3.0-only", "copyleft"), ("AGPL-3.0-or-later", "copyleft"), ("MPL-2.0", "copyleft"),
        ("CC-BY-NC-4.0", "non-commercial"), ("CC-BY-SA-4.0", "copyleft"), ("Proprietary", "unknown"),
        ("GPL-2.0-only WITH Classpath-exception-2.0", "copyleft"), ("BUSL-1.1", "non-commercial"),
        ("Apache-2.0 WITH LLVM-exception", "permissive"), ("Apache-2.0 WITH Commons-Clause", "unknown"),
        ("mit", "permissive"), ("gpl-3.0-only", "copyleft"), ("cc-by-nc-4.0", "non-commercial"),
    ],
)  # fmt: skip
def test_licences_are_sorted_and_what_is_not_known_is_unknown(identifier: str, kind: str) -> None:
    assert category(identifier) == kind


def test_the_policy_may_let_more_train() -> None:
    assert not may_train("MPL-2.0")
    assert may_train("MPL-2.0", ("permissive", "MPL-2.0"))
    assert may_train("GPL-3.0-only", ("permissive", "copyleft"))
    assert not may_train("MIT WITH Commons-Clause", ("permissive", "MIT"))
    assert may_train("mpl-2.0", ("MPL-2.0",))  # SPDX compares identifiers without case
    assert not may_train("MIT AND (GPL-3.0-only OR MPL-2.0)")
    assert not may_train("MIT AND (GPL-3.0-only OR MIT)")  # read strictly: a bracket under AND is not taken apart


def test_a_file_stands_under_its_own_licence_then_its_folders_then_what_was_said(
    settings: Settings, db: Engine, tmp_path: Path
) -> None:
    gpl, mit = ((TEXTS / f"{name}.txt").read_text() for name in ("GPL-3.0-only", "MIT"))
    files: dict[str, str | bytes] = {
        "LICENSE": mit, "a.py": "x = 1\n", "b.py": "# SPDX-License-Identifier: ISC\nx = 1\n", "deep/c.py": "x = 2\n",
        "copied/COPYING": gpl, "copied/src/d.py": "x = 3\n", "pack/package.json": '{"license": "UNLICENSED"}',
        "pack/e.ts": "export const a = 'two words';\n",
    }  # fmt: skip
    corpus = corpora.add(settings, db, "c", str(write(tmp_path / "c", files)), "Apache-2.0")
    extract(settings, db, corpus)
    found = {path: one.record.licence for path, one in documents.all_documents(db, corpus.id).items()}
    assert found == {
        "a.py": "MIT", "b.py": "ISC", "deep/c.py": "MIT", "copied/src/d.py": "GPL-3.0-only",
        "pack/e.ts": "UNLICENSED", "pack/package.json": "UNLICENSED",
    }  # fmt: skip


def take_in(settings: Settings, db: Engine, name: str, root: Path, licence: str | None, consent: bool) -> None:
    corpora.add(settings, db, name, str(root), licence, consent=consent, by="me")
    corpus = corpora.get(db, "default", name)
    extract(settings, db, corpus)
    normalize(settings, db, corpus)


def test_nothing_without_consent_or_a_permissive_licence_reaches_a_dataset(
    settings: Settings, db: Engine, tmp_path: Path
) -> None:
    """Every licence beside every state of consent, each with code of its own; the frozen files themselves are read."""
    library = Path(sysconfig.get_path("stdlib"))
    modules = iter(("argparse.py", "calendar.py", "statistics.py", "textwrap.py", "shlex.py", "heapq.py", "csv.py",
                    "difflib.py", "fractions.py", "pprint.py", "random.py", "locale.py"))  # fmt: skip
    allowed: set[str] = set()
    for licence, consent in itertools.product(
        ("MIT", "GPL-3.0-only", "CC-BY-NC-4.0", None), ("yes", "no", "withdrawn")
    ):
        name = f"{(licence or 'unknown').lower()}-{consent}"
        (tmp_path / name).mkdir()
        shutil.copy(library / next(modules), tmp_path / name)
        take_in(settings, db, name, tmp_path / name, licence, consent != "no")
        if consent == "withdrawn":
            with db.begin() as conn:
                consents.withdraw(conn, corpora.get(db, "default", name), "train", "me")
        elif (licence, consent) == ("MIT", "yes"):
            allowed.add(name)
            for more in ("bisect.py", "wave.py", "zipfile.py", "tarfile.py", "ast.py"):
                shutil.copy(library / more, tmp_path / name)
            take_in(settings, db, name, tmp_path / name, licence, True)
    built = dataset_stage.build(settings, db, SEARCH, "tiny", 17)
    examples = datasets.read_examples(built.dataset)
    assert {key.partition(":")[0] for one in examples for key in one.units} == allowed
    assert {one["corpus"] for one in built.dataset.manifest["sources"]} == allowed
    with db.begin() as conn:
        consents.withdraw(conn, corpora.get(db, "default", "mit-yes"), "train", "me")
    assert "withdrawn" in datasets.tainted(db, built.dataset.sha256)
    with pytest.raises(UserError, match="may not learn"):
        dataset_stage.build(settings, db, SEARCH, "tiny", 17)


def test_a_wider_policy_lets_copyleft_train(settings: Settings, db: Engine, tmp_path: Path) -> None:
    take_in(
        settings, db, "c", write(tmp_path / "c", {"a.py": 'def f():\n    """Say."""\n    return 1\n'}), "MPL-2.0", True
    )
    assert dataset_stage.trainable(settings, db, SEARCH) == []
    wider = settings.model_copy(update={"train_on": "permissive, MPL-2.0"})
    assert [one.name for one in dataset_stage.trainable(wider, db, SEARCH)] == ["f"]
    assert units.fingerprint(db, (), (), "default") != units.fingerprint(db, (), (), "default", wider.training_policy)


def test_consent_is_given_and_withdrawn_by_the_command_and_on_record(
    settings: Settings, db: Engine, tmp_path: Path
) -> None:
    from modelmill import cli

    corpora.add(settings, db, "c", str(write(tmp_path / "c", {"a.py": "x = 1\n"})), "MIT")
    said = [
        CliRunner().invoke(cli.app, ["corpus", "consent", "c", *more]).output
        for more in ([], ["--give"], ["--withdraw"])
    ]
    assert "no consent was ever given" in said[0]
    assert "given" in said[1] and "live" in said[1]
    assert "0 datasets are marked" in said[2] and "withdrawn" in said[2]
    [one] = consents.history(db, corpora.get(db, "default", "c"))
    who = f"{pwd.getpwuid(os.getuid()).pw_name} (cli)"
    assert (one.scope, one.given_by, one.withdrawn_by) == ("train", who, who)
    assert audit.check(db) == 3  # and the one for the standard library, which is there by default
    refused = CliRunner().invoke(cli.app, ["corpus", "consent", "c", "--give", "--withdraw"])
    assert isinstance(refused.exception, UserError)


def test_every_notice_has_the_word_without_which_none_is_looked_for() -> None:
    assert all("licen" in notice.pattern.lower() for notice in recognition.NOTICES.values())
