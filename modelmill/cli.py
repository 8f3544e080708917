"""`mill`: the command line. Here: the list of its words, and how an error reaches the person and the exit code."""

from __future__ import annotations

import gc
import logging
import os
import sys
from typing import TYPE_CHECKING, Any

import typer

from modelmill.commands import ask, corpora, frozen, keys, models, platform, run, sandboxed, stages

if TYPE_CHECKING:
    from modelmill.errors import UserError

# What typer raises for wrong words; it has them from click or from a copy of it, and exports this heir alone.
MISCALLED: Any = typer.BadParameter.__bases__[0]

app = typer.Typer(
    name="mill",
    help="Turns a team's own codebase and content into the team's own models, and serves them.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # plain help: drawing it with rich takes twice as long as everything else
)
run.register(app)
platform.register(app)
corpora.register(app)
ask.register(app)
models.register(app)
frozen.register(app)
keys.register(app)
stages.register(app)
sandboxed.register(app)


def main(words: typer.Typer = app) -> None:
    """Run a command of `mill`, or of a program that it starts.

    A failure is printed to stderr in its four parts; the exit code is the error's class.
    """
    from modelmill.errors import MillError

    logging.getLogger("psycopg").setLevel(logging.ERROR)  # what it warns of, it raises too: said once is enough
    try:
        code: object = words(standalone_mode=False)
        sys.exit(code if isinstance(code, int) else 0)
    except MillError as error:
        _stop(error)
    except MISCALLED as error:
        if type(error).__name__ == "NoArgsIsHelpError":  # `mill` alone: what it prints is the help
            error.show()
            sys.exit(error.exit_code)
        _stop(_miscalled(error))
    except typer.Abort:
        sys.stderr.write("not done\n")
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:  # `mill report | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except Exception as error:
        if os.environ.get("MILL_DEBUG"):
            raise
        from modelmill.failures import explained

        _stop(explained(error))
    finally:
        gc.freeze()  # what was loaded goes with the process: Python would look through it for garbage first


def _miscalled(error: Any) -> UserError:
    """Words, options or values that no command takes."""
    from modelmill.errors import UserError

    where = error.ctx
    return UserError(
        f"{where.command_path}: {error.format_message()}",
        allowed=where.get_usage().removeprefix("Usage: "),
        found=" ".join(sys.argv[1:])[:200] or "no words",
        next=f"{where.command_path} --help",
    )


def _stop(error: Exception) -> None:
    if os.environ.get("MILL_DEBUG"):
        raise error
    from rich.console import Console

    from modelmill.errors import MillError

    assert isinstance(error, MillError)
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    console.print("error: ", end="", style="bold red")
    console.print(" ".join(error.failed.split()), markup=False)
    for name in ("allowed", "found", "next"):
        console.print(f"  {name + ':':<9}", end="", style="bold")
        console.print(" ".join(getattr(error, name).split()), markup=False)
    sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
