"""Waits, warm, for one program; then becomes it. Descriptors 3 and 4: see ../init/init.c."""

import os
import sys
from types import CodeType


def arguments() -> list[str]:
    """The file to run and its arguments, when they come."""
    with os.fdopen(3, "rb") as control:
        return [os.fsdecode(part) for part in control.read().split(b"\0")[:-1]]


def tell(what: bytes) -> None:
    """One byte for PID 1."""
    os.write(4, what)


def main() -> None:
    """Compile first, so that a program that does not compile is told apart from one that fails."""
    tell(b"r")
    sys.argv = arguments()
    name = sys.argv[0]
    sys.path.insert(0, os.getcwd())
    try:
        with open(name, "rb") as file:
            code = compile(file.read(), name, "exec", dont_inherit=True)
    except BaseException as error:
        begin(b"c")
        fail(error)
    else:
        begin(b"p")
        become(code, name)


def begin(what: bytes) -> None:
    """From here on PID 1 is told nothing more."""
    tell(what)
    os.close(4)


def become(code: CodeType, name: str) -> None:
    """Run it as `python FILE` would."""
    try:
        exec(code, fresh(name))
    except SystemExit:
        raise
    except BaseException as error:
        fail(error)


def fresh(name: str) -> dict[str, object]:
    """What a program started by `python FILE` finds in __main__."""
    module = type(sys)("__main__")
    module.__dict__.update(__file__=name, __builtins__=__builtins__)
    sys.modules["__main__"] = module
    return module.__dict__


def fail(error: BaseException) -> None:
    """Print the error as the interpreter would, without our own frame, and end with 1."""
    error.__traceback__ = error.__traceback__.tb_next if error.__traceback__ else None
    sys.excepthook(type(error), error, error.__traceback__)
    sys.exit(1)


main()
