"""Write constraints.txt and constraints-dvc.txt: the versions installed here, which is those that were tested together.

No local paths and no build labels (2.13.0+cpu): which build of torch it is belongs to the machine, not to the project.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

# Why a version is held where it is; everything else is simply what resolved when all tests passed.
REASONS = {
    "antlr4-python3-runtime": "Dagster's selection grammar needs 4.13; DVC pins 4.9, so DVC has its own environment",
    "bentoml": "bentoml.depends lost requests in this version: the gateway speaks HTTP (docs/decisions/0004)",
    "cattrs": "bentoml 1.4 needs a version below 23.2",
    "dagster": "dagster 1.13.27 goes with its libraries at 0.29.27: raise them together",
    "great_expectations": "dagster-ge forces 0.18, so the suites are called directly",
    "mlflow": "3.16.1 is the lowest without known holes; refuses file stores as backend",
    "psycopg2-binary": "dagster-postgres speaks psycopg 2 only; everything else speaks psycopg 3",
    "sqlalchemy": "2.1 takes psycopg 3 for postgresql://, so Dagster's address says postgresql+psycopg2://",
    "torch": "named without a build, so that the CPU build of a registry fits too",
    "transformers": "below 5.3 has known holes; an unbounded resolver goes back to 4.12",
}


def frozen(python: Path) -> list[str]:
    """`name==version` of every package of that environment but modelmill."""
    argv = [str(python), "-m", "pip", "freeze", "--exclude-editable", "--disable-pip-version-check"]
    lines = subprocess.run(argv, capture_output=True, text=True, check=True).stdout.splitlines()
    return [line.split("+")[0] for line in lines if "==" in line]


def text(lines: list[str], what: str) -> str:
    """The file, with the reason above each version that has one."""
    out = [f"# {what}", "# Written by `make constraints`.", ""]
    for line in sorted(lines, key=str.lower):
        reason = REASONS.get(line.split("==")[0].lower().replace("-", "_"), REASONS.get(line.split("==")[0].lower()))
        out += [f"# {reason}"] if reason else []
        out.append(line)
    return "\n".join(out) + "\n"


def main() -> None:
    """Write both files."""
    ours = frozen(ROOT / ".venv/bin/python")
    dvc = frozen(ROOT / ".venv-dvc/bin/python")
    (ROOT / "constraints.txt").write_text(text(ours, "Versions that were tested together on Python 3.11."))
    (ROOT / "constraints-dvc.txt").write_text(
        text(dvc, "DVC, in an environment of its own (see antlr4 in constraints.txt).")
    )


if __name__ == "__main__":
    main()
