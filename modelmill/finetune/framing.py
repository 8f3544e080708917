"""Words around a training text that change nothing about what is wished, so that a classifier learns to pass over them.

None is among those with which evaluation asks again (evaluate/rewording.py): what it then measures is what was learnt
about words around a wish, not these words.
"""

from __future__ import annotations

import random

BEFORE = (
    "we would like to know: ", "my boss asks: ", "does anybody know, ", "for a project of mine, ",
    "can somebody tell me ", "i have been told to ask, ", "so here is the thing, ", "well, ", "in short: ",
    "today i want to ask: ",
    "as i said before, ", "it may be silly but ", "for our team: ", "not sure who to ask, ", "new here. ", "urgent: ",
    "what i am after: ", "maybe you know: ", "to whom it may concern, ", "actually ", "a colleague of mine asks: ",
    "listen, ", "my problem: ", "long story short, ", "it is about this: ", "we talked about it at lunch: ",
    "kindly ", "pls ", "plz ", "dear all, ", "good evening, ", "good day, ", "good afternoon, ", "greetings, ",
    "howdy, ", "pardon me, ", "sorry to bother you, ", "hiya, ", "dear team, ", "a short one: ", "hope you are well, ",
    "hi all, ", "would you be so kind: ", "small question, ", "a simple one: ", "if i may ask, ", "hi folks! ",
    "dear sirs, ", "be so kind and ", "yo, ", "sorry, ", "morning! ", "question for you: ", "if you would, ",
    "may i ask: ",
)  # fmt: skip
AFTER = (
    ", any idea", ", right", " or so", ", it is urgent", ". waiting for an answer", " as soon as possible",
    " if possible", " for me", " now", ", ok", ". bye", " (sent from my phone)", ", can that be done",
    ". any hint is welcome", ", anyone", ". that is all", " this time", ". sorted by friday would be great",
    ", many thx", " thx", ", cheers", ", much appreciated", ", tia", " pls", ", plz", ", kindly", ". best regards",
    ", i appreciate it", ". kind regards", ", much obliged", ". have a nice day", ", ty", ". appreciated!",
    ", if you would be so kind", ", bless you", ", grateful for anything",
)  # fmt: skip


def frame(text: str, rng: random.Random, share: float) -> str:
    """`text` with words in front of it, behind it or both, in about `share` of the calls."""
    if not share or rng.random() >= share:
        return text
    before, after = rng.choice(((True, False), (True, False), (False, True), (True, True)))
    ended = text.rstrip("?.! ")
    behind = ended + rng.choice(AFTER) + text[len(ended) :].rstrip() if after else text
    return rng.choice(BEFORE) + behind if before else behind
