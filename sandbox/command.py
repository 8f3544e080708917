"""`python -m sandbox.command`: what `mill exec` and `mill sandbox` start as a program: modelmill knows no sandbox."""

from __future__ import annotations

import asyncio
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from modelmill import cli
from modelmill.commands import session

if TYPE_CHECKING:
    from modelmill.settings import Settings
    from sandbox.contract import Answer, Request

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
LANGUAGES = typer.Argument(None)
ARGS = typer.Argument(None)


@app.command()
def build(languages: list[str] = LANGUAGES) -> None:
    """Make the images of these languages, or of all."""
    from sandbox import build, engine
    from sandbox.languages import all_languages, language

    wanted = [language(name) for name in languages] if languages else list(all_languages().values())
    build.build(engine.connect(), wanted, typer.echo)


@app.command("exec")
def execute(
    file: Path,
    args: list[str] = ARGS,
    language: str = typer.Option(...),
    stdin: Path | None = None,
    timeout: float | None = None,
    memory: int | None = None,
    json: bool = typer.Option(False, "--json"),
) -> None:
    """Run one file; exit code 0 when its status is ok, else 1."""
    from sandbox.asking import from_values, text_of

    given: dict[str, Any] = {"language": language, "code": text_of(file), "args": args or []}
    given |= {"timeout": timeout, "memory_mb": memory, "stdin": text_of(stdin) if stdin else ""}
    answer = _answer(session.configured(), from_values(given))
    if json:
        session.print_json(answer.model_dump(mode="json"))
    else:
        _show(answer)
    raise typer.Exit(0 if answer.status == "ok" else 1)


def _answer(settings: Settings, asked: Request) -> Answer:
    """Run in a container of its own; a row before it begins, so that one that is killed is on record too."""
    from modelmill.store import executions
    from sandbox.house import House
    from sandbox.languages import offered
    from sandbox.program import ceilings, program

    # What is wrong with it is said before anything is started.
    program(asked, ceilings(settings), offered(settings.sandbox_languages))
    house = House(settings, warm=0, languages=[asked.language])
    try:
        db = session.opened(settings)
        executions.close_lost(db)
        row = executions.opened(uuid.uuid4(), asked.language, asked.sha256, settings.tenant, session.actor())
        executions.begin(db, [row], settings.sandbox_days)
        answer = asyncio.run(house.answer(asked))[0].model_copy(update={"id": str(row.id)})
    finally:
        house.close()
    executions.finish(db, [executions.of(answer.model_dump(), settings.tenant, session.actor())])
    return answer


def _show(answer: Answer) -> None:
    typer.echo(answer.stdout, nl=False)
    typer.echo(answer.stderr, nl=False, err=True)
    used = f"{answer.wall_seconds} s, {answer.cpu_seconds} s of a core, {answer.peak_memory_bytes} bytes"
    typer.echo(f"{answer.status}: {answer.reason}; {used}; id {answer.id}", err=True)
    for found in answer.findings:
        typer.echo(f"  {found.file}:{found.line}: {found.kind} {found.rule}: {found.message}", err=True)


if __name__ == "__main__":
    cli.main(app)
