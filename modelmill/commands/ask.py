"""`mill search` and `mill predict`: ask the models."""

from __future__ import annotations

import typer

from modelmill.commands import session

WORDS = typer.Argument(..., metavar="WORDS...", help="What to look for, in plain words; quotes are not needed.")


def register(app: typer.Typer) -> None:
    """Add the words."""
    app.command()(search)
    app.command()(predict)


def search(
    words: list[str] = WORDS,
    k: int = typer.Option(10, "-k", min=1, max=100, help="How many."),
    corpus: str | None = typer.Option(None, help="Only in this corpus."),
    language: str | None = typer.Option(None, help="Only this language, as python or markdown."),
    kind: str | None = typer.Option(None, help="Only this kind of unit: function, method, class, section, entry ..."),
    json: bool = typer.Option(False, "--json", help="For programs."),
) -> None:
    """Find units by meaning. With the released search model; before the first release with the base model."""
    from modelmill import asking

    settings = session.configured()
    given = {"corpus": corpus, "language": language, "kind": kind}
    filters = {name: value for name, value in given.items() if value}
    hits = asking.search(settings, session.opened(settings), " ".join(words), k, filters)
    if json:
        session.print_json([asking.as_dict(hit) for hit in hits])
        return
    console = session.console()
    for hit in hits:
        unit = hit.unit
        console.print(f"{hit.score:.3f}", style="bold", end="")
        console.print(f"  {unit.corpus}:{unit.path}:{unit.start_line}  {unit.name}", soft_wrap=True)
        first = (unit.docstring or unit.text).strip().splitlines()
        console.print(f"       {first[0] if first else ''}", style="dim", no_wrap=True, overflow="ellipsis")


def predict(
    task: str = typer.Argument(..., help="As semantic_search or intent-classification."),
    request: str = typer.Argument(..., metavar="JSON", help="""As '{"text": "..."}'; - reads it from stdin."""),
) -> None:
    """Ask a task's released model; prints JSON. Through the gateway if it runs (and so logged), else loaded here."""
    import sys

    from modelmill import asking
    from modelmill.task import get_task

    settings = session.configured()
    chosen = get_task(task)
    body = asking.parsed(chosen, sys.stdin.read() if request == "-" else request)
    session.print_json(asking.predict(settings, session.opened(settings), chosen, body))
