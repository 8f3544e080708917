"""A query that is code: how it is told from words, and pairs of halves that stand for it.

The first part of a function asks for the rest of it, as "code context retrieval" does (CoIR,
https://arxiv.org/abs/2407.02883). Whoever pastes code asks with hundreds of names, so words weigh otherwise for it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from modelmill.records import Example

ENTRY = "entry"
LEAST_LINES = 3  # of a half
# What stands in lines of programs and hardly in sentences: brackets, assignments, calls, arrows, names in lists.
_MARKS = re.compile(
    r"[{}\[\]=;]|\w\(|->|</|\$\w|^\s+[\w.*]+[,)]$|^\s*(?:def|class|if|elif|for|while|with|try|except|finally|case)\b.*:$"
    r"|^\s*(?:@\w|import |from \S+ import|return\b|else\b|end\b|SELECT |FROM |WHERE |INSERT )"
)
_COMMENT = re.compile(r"\s*(?:#|//|/\*|\*|--)")  # words of a program, which say neither


def is_code(query: str) -> bool:
    """Two lines or more, at least half of which look like a program's: one line may be words that quote a call."""
    lines = [line.rstrip() for line in query.splitlines() if line.strip() and not _COMMENT.match(line)]
    return len(lines) >= 2 and 2 * sum(bool(_MARKS.search(line)) for line in lines) >= len(lines)


def halves(example: Example) -> tuple[str, str] | None:
    """First and second half of the lines of the code, without the passage's heading; None where there is too little."""
    if example.kind == ENTRY:
        return None
    lines = [line for line in str(example.target["passage"]).splitlines()[1:] if line.strip()]
    middle = len(lines) // 2
    return ("\n".join(lines[:middle]), "\n".join(lines[middle:])) if middle >= LEAST_LINES else None


def torn(example: Example) -> Example | None:
    """The pair whose query is the first half and whose passage is the second; None where there is too little."""
    pair = halves(example)
    if pair is None:
        return None
    return replace(example, input={"query": pair[0]}, target={**example.target, "passage": pair[1]})


def all_torn(examples: Iterable[Example]) -> Iterator[Example]:
    """Of all that can be torn, in order."""
    return (pair for example in examples if (pair := torn(example)) is not None)
