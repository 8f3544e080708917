"""A query in plain form, so that an answer does not hang on what carries no wish.

Small letters; contractions written out; greetings, apologies and words of politeness gone; no punctuation at the end.
The words are the usual ones of English letters and chats. Evaluation asks again with some of these
(evaluate/rewording.py): what it measures of a model that reads so is slips, synonyms and commas, and such a model is no
steadier where the words around a wish are others (docs/experiments.md).
"""

from __future__ import annotations

import re
from collections.abc import Iterable

NOT = {"can't": "cannot", "won't": "will not", "shan't": "shall not", "ain't": "is not"}
SHORT = {"n't": " not", "'re": " are", "'m": " am", "'ve": " have", "'ll": " will", "'d": " would"}
POLITE = re.compile(
    r"(?<![\w'-])(?:"
    r"(?:hello|hi|hey|greetings|good (?:morning|afternoon|evening|day))(?: (?:there|all|everyone|everybody|team))?"
    r"|please|kindly|pls|plz|cheers|(?:many )?thanks|thank (?:you|u)|thx"
    r"|excuse me|pardon(?: me)?|sorry(?: to (?:bother|disturb)(?: you)?)?"
    r"|(?:just )?(?:a |one )?(?:quick|short|small|simple) question)(?![\w'-])"
    r"(?: (?:in advance|very much|so much|a lot)\b)?"
)
ABOUT = 0.25  # share of a label's texts
_NOT = re.compile(rf"\b(?:{'|'.join(NOT)})\b")
_SHORT = re.compile(rf"(?<=\w)(?:{'|'.join(SHORT)})\b")
_IS = re.compile(r"\b(what|who|where|when|how|why|it|that|this|there|here|he|she)'s\b")
_BEFORE = re.compile(r"\s+(?=[?!.,;:](?:\s|$))")  # what went leaves a gap in front of its comma
_TWICE = re.compile(r"[,;:](?=\s*(?:[?!.,;:]|$))")
_AROUND = re.compile(r"^[\s,;:.!?]+(?=\s|\w)|[\s?!.,;:…]+$")
_WORD = re.compile(r"\w")


def plain(text: str) -> str:
    """The text in plain form; as it was where no word would be left."""
    low = _NOT.sub(lambda found: NOT[found.group()], text.lower().replace("’", "'"))
    long = _IS.sub(r"\1 is", _SHORT.sub(lambda found: SHORT[found.group()], low))
    wish = _TWICE.sub("", _BEFORE.sub("", POLITE.sub(" ", long)))
    made = " ".join(_AROUND.sub("", wish).split())
    return made if _WORD.search(made) else text


def fits(labelled: Iterable[tuple[str, str]]) -> bool:
    """Whether labels can be told apart in plain form, by their (text, label): none is about greeting or thanking.

    One is where it does so in a quarter of its texts or more (CLINC150: thank_you .54, greeting .31).
    """
    counted: dict[str, list[bool]] = {}
    for text, label in labelled:
        counted.setdefault(label, []).append(POLITE.search(text.lower()) is not None)
    return all(sum(polite) < ABOUT * len(polite) for polite in counted.values())
