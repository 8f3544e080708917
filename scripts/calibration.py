"""Write modelmill/inference/calibration.jsonl: functions of this project's tests and benchmarks, name and code apart.

Frozen once: base models' IRs are calibrated and judged on it, and no corpus holds it (.millignore).
Not run by anything.
"""

from __future__ import annotations

import json
import random
from dataclasses import replace
from pathlib import Path

from modelmill.embed.texts import passage, words
from modelmill.normalize.language import all_languages
from modelmill.records import Dropped, Unit

ROOT = Path(__file__).resolve().parent.parent
PAIRS = 256
CHARS = 480  # what 128 word pieces of code take


def main() -> None:
    """Write the file."""
    found: dict[str, str] = {}
    for file in sorted([*(ROOT / "tests").rglob("*.py"), *(ROOT / "benchmarks").rglob("*.py")]):
        for draft in all_languages()["python"].units(file.name, file.read_text(encoding="utf-8")):
            if not isinstance(draft, Dropped) and draft.kind in ("function", "method"):
                name = draft.name.split(".")[-1]
                unit = Unit("", "", "f", draft.kind, "python", draft.text.replace(name, "f"), "", "")
                found.setdefault(words(name).removeprefix("test "), passage(replace(unit, docstring=""))[:CHARS])
    told = [(query, code) for query, code in sorted(found.items()) if len(query.split()) > 3]
    chosen = random.Random(17).sample(told, PAIRS)
    lines = [json.dumps({"query": query, "passage": code}, ensure_ascii=False) for query, code in chosen]
    (ROOT / "modelmill/inference/calibration.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
