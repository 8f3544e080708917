"""`mill exec` and `mill sandbox build`: somebody's code in a container. They start the sandbox's own program, as
`mill run` starts Dagster: this package knows no sandbox."""

from __future__ import annotations

from pathlib import Path

import typer

sandbox = typer.Typer(help="The sandbox that runs code in containers.", no_args_is_help=True)
LANGUAGES = typer.Argument(None, help="Only these; all when left out.")
FILE = typer.Argument(..., help="The program.")
STDIN = typer.Option(None, help="A file that is its input.")
ARGS = typer.Argument(None, help="The program's arguments, after --.")


def register(app: typer.Typer) -> None:
    """Add the words."""
    app.command("exec")(execute)
    app.add_typer(sandbox, name="sandbox")


def execute(
    file: Path = FILE,
    args: list[str] = ARGS,
    language: str = typer.Option(..., help="A language there is an image of, as python or bash."),
    stdin: Path | None = STDIN,
    timeout: float | None = typer.Option(None, help="Seconds; below the operator's ceiling."),
    memory: int | None = typer.Option(None, help="MiB; below the operator's ceiling."),
    json: bool = typer.Option(False, "--json", help="For programs."),
) -> None:
    """Run a program in a container of its own: no network, no host, limits. Exit code 1 when it did not end well."""
    given = {"--stdin": stdin, "--timeout": timeout, "--memory": memory}
    options = [part for name, value in given.items() if value is not None for part in (name, str(value))]
    _start("exec", "--language", language, *options, *(["--json"] if json else []), "--", str(file), *(args or []))


@sandbox.command()
def build(languages: list[str] = LANGUAGES) -> None:
    """Make the images, from public bases where a registry answers, else from Debian packages (as root)."""
    _start("build", *(languages or []))


@sandbox.callback()
def _words() -> None:
    """A group although it has one word."""


def _start(*words: str) -> None:
    """Become responsible for the program's exit code; it has told the person all there is to tell."""
    import subprocess
    import sys

    from modelmill.commands import session

    argv = [sys.executable, "-m", "modelmill.tether", sys.executable, "-m", "sandbox.command", *words]
    done = subprocess.run(argv, env=session.configured().child_env(), check=False)
    raise typer.Exit(done.returncode if done.returncode >= 0 else 128 - done.returncode)
