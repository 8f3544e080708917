"""Whatever is written in two places says the same in both."""

from __future__ import annotations

import importlib.util
import re
import shlex
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
import yaml
from packaging.requirements import Requirement

from modelmill import errors
from modelmill.settings import CHECKOUT, Settings
from orchestration import launch

README = (CHECKOUT / "README.md").read_text()
MAKEFILE = (CHECKOUT / "Makefile").read_text()
STAGES = ("extract", "normalize", "embed", "datasets", "finetune", "evaluate", "deploy")


def script(name: str) -> ModuleType:
    """scripts/<name>.py as a module: it is no package."""
    spec = importlib.util.spec_from_file_location(f"scripts_{name}", CHECKOUT / "scripts" / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def shell_lines(text: str) -> list[str]:
    """Every command in ```sh blocks; comments cut off, continuations joined."""
    blocks = re.findall(r"^```sh\n(.*?)^```$", text, re.M | re.S)
    joined = "\n".join(blocks).replace("\\\n", " ")
    return [line.split("  #")[0].strip() for line in joined.splitlines() if line.strip()]


def commands(word: str) -> list[list[str]]:
    """Calls of `word` in README, CONTRIBUTING and the operator's page, also those within $(...)."""
    others = ("CONTRIBUTING.md", "docs/operations.md")
    lines = [
        line for page in (README, *((CHECKOUT / name).read_text() for name in others)) for line in shell_lines(page)
    ]
    calls = [re.sub(r"^\w+=\$\((.*)\)$", r"\1", line) for line in lines]
    return [shlex.split(call) for call in calls if call.split()[0] == word]


def test_the_example_of_settings_is_what_the_settings_say() -> None:
    assert (CHECKOUT / ".env.example").read_text() == script("generate").env_example(), "make readme"


def test_every_setting_is_in_the_example_and_none_is_switched_on() -> None:
    text = (CHECKOUT / ".env.example").read_text()
    assert set(re.findall(r"^#(MILL_\w+)=", text, re.M)) == {f"MILL_{name.upper()}" for name in Settings.model_fields}
    assert not re.search(r"^MILL_", text, re.M)


def test_the_operators_page_has_every_exit_code() -> None:
    table = re.search(r"^## Exit codes\n(.*?)^## ", (CHECKOUT / "docs/operations.md").read_text(), re.M | re.S)
    assert table is not None
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.MillError)]
    written = [int(code) for code in re.findall(r"^\| (\d+) \|", table[1], re.M)]
    assert written == sorted({0, *(kind.exit_code for kind in kinds), launch.INTERRUPTED})


def test_the_table_of_the_readme_is_what_the_results_say() -> None:
    assert script("generate").readme(README) == README, "make readme"


def test_every_make_word_in_the_docs_is_in_the_makefile() -> None:
    words = {word for call in commands("make") for word in call[1:] if "=" not in word}
    assert words
    assert words <= set(re.findall(r"^([a-z]+):", MAKEFILE, re.M))


def test_the_makefile_declares_every_word_as_phony() -> None:
    [phony] = re.findall(r"^\.PHONY: (.*)$", MAKEFILE, re.M)
    assert set(phony.split()) == set(re.findall(r"^([a-z]+):", MAKEFILE, re.M))


@pytest.mark.parametrize("call", commands("mill"), ids=" ".join)
def test_every_mill_command_in_the_docs_is_understood(call: list[str]) -> None:
    """Parsed as it stands there, down to the last option, without being run."""
    import typer.main

    from modelmill import cli

    command = typer.main.get_command(cli.app)
    arguments = call[1:]
    while hasattr(command, "commands"):
        command = command.commands[arguments.pop(0)]
    command.make_context("mill", arguments)


QUICK = [["status"], ["report", "--json"], ["key", "create", "my-app"]]


@pytest.mark.parametrize("words", QUICK, ids=" ".join)
def test_the_quick_commands_of_the_readme_run_on_an_empty_installation(words: list[str], settings: Settings) -> None:
    assert ["mill", *words] in commands("mill")
    argv = [sys.executable, "-m", "modelmill.cli", *words]
    done = subprocess.run(argv, capture_output=True, text=True, cwd=CHECKOUT, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()


def test_the_stages_have_one_name_everywhere() -> None:
    stages = yaml.safe_load((CHECKOUT / "dvc.yaml").read_text())["stages"]
    assert tuple(stages) == STAGES
    for stage in STAGES:
        body = stages[stage].get("do", stages[stage])
        assert body["cmd"].split()[:2] == ["mill", stage]
        assert (CHECKOUT / "modelmill" / stage).is_dir()


@pytest.mark.parametrize("stage", STAGES)
def test_every_stage_of_dvc_is_a_word_of_mill_with_the_same_options(stage: str) -> None:
    import typer.main

    from modelmill import cli

    stages = yaml.safe_load((CHECKOUT / "dvc.yaml").read_text())["stages"]
    words = stages[stage].get("do", stages[stage])["cmd"].replace("${item}", "semantic_search").split()
    typer.main.get_command(cli.app).commands[words[1]].make_context("mill", words[2:])


def test_every_task_is_a_stage_of_dvc() -> None:
    from modelmill.task import all_tasks

    stages = yaml.safe_load((CHECKOUT / "dvc.yaml").read_text())["stages"]
    for stage in STAGES[3:]:
        assert sorted(stages[stage]["foreach"]) == sorted(all_tasks())


def test_every_requirement_has_a_lower_bound_and_a_version_that_was_tested() -> None:
    import tomllib

    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    lines = [line for name in ("dev", "kubernetes", "s3") for line in extras[name]]
    wanted = [Requirement(line) for line in [*project["dependencies"], *lines]]
    tested = dict(
        line.split("==")
        for line in (CHECKOUT / "constraints.txt").read_text().splitlines()
        if "==" in line[:60] and line[0] != "#"
    )
    tested = {name.lower().replace("_", "-"): version for name, version in tested.items()}
    for one in wanted:
        assert any(bound.operator in (">=", "==") for bound in one.specifier), one
        assert one.specifier.contains(tested[one.name.lower().replace("_", "-")]), one


@pytest.mark.parametrize("name", ["constraints.txt", "constraints-dvc.txt"])
def test_the_constraints_name_versions_only(name: str) -> None:
    lines = [line for line in (CHECKOUT / name).read_text().splitlines() if line and not line.startswith("#")]
    assert lines
    assert [line for line in lines if not re.fullmatch(r"[A-Za-z0-9._-]+==[0-9][A-Za-z0-9.]*", line)] == []


def test_ci_calls_the_commands_of_the_readme() -> None:
    text = (CHECKOUT / ".ci" / "run").read_text()
    assert "set -eu" in text
    words = {word for line in text.splitlines() if line.startswith("make ") for word in line.split()[1:]}
    assert "test" in words
    [check] = re.findall(r"^check: (.*?) ##", MAKEFILE, re.M)
    assert set(check.split()) <= words


def test_links_in_the_docs_lead_somewhere() -> None:
    for page in [CHECKOUT / "README.md", CHECKOUT / "CONTRIBUTING.md", *(CHECKOUT / "docs").rglob("*.md")]:
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_decisions_are_numbered_without_a_gap_and_say_context_choice_and_cost() -> None:
    pages = sorted((CHECKOUT / "docs" / "decisions").glob("*.md"))
    assert [int(page.name[:4]) for page in pages] == list(range(1, len(pages) + 1))
    for page in pages:
        assert all(f"**{part}.**" in page.read_text() for part in ("Context", "Choice", "Cost")), page.name


def test_no_path_of_a_machine_is_written_down() -> None:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=CHECKOUT, capture_output=True, text=True, check=True)
    here = (str(CHECKOUT), str(Path.home()) + "/") if str(Path.home()) != "/" else (str(CHECKOUT),)
    for name in filter(None, listed.stdout.split("\0")):
        path = CHECKOUT / name
        if path.is_file() and path.stat().st_size < 1_000_000:
            text = path.read_bytes().decode("utf-8", "replace")
            assert not any(place in text for place in here), name
