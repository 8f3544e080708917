"""Whether an answer stays the same when a query is typed or worded a little differently (as CheckList's invariance
tests, https://arxiv.org/abs/2005.04118).

Changed copies of each query: some `typed` otherwise (a slip of the fingers or of spelling, other case, other
punctuation), as many `worded` otherwise (contractions, politeness, "please", a synonym). The query's own text chooses
the rules, so every model is asked the same. None of them is among the errors and the words that training adds
(finetune/typos.py, framing.py).
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

SEED = "rewording 2"
COPIES = 4  # of each kind for a query: one alone has a standard error of .011 over 439 queries
ENOUGH = 2000  # copies of a kind in all; a query of a larger set has one
WORDS_A_SLIP = 8  # one slip for each so many words begun
CONTRACTIONS = (
    ("what is", "what's"), ("do not", "don't"), ("does not", "doesn't"), ("cannot", "can't"), ("can not", "can't"),
    ("i am", "i'm"), ("we are", "we're"), ("i have", "i've"), ("is not", "isn't"), ("it is", "it's"),
    ("where is", "where's"), ("how is", "how's"), ("i would", "i'd"), ("will not", "won't"), ("who is", "who's"),
)  # fmt: skip
SYNONYMS = (
    ("show", "display"), ("help", "assist"), ("want", "would like"), ("need", "require"), ("find", "locate"),
    ("buy", "purchase"), ("tell me", "let me know"), ("quickly", "fast"), ("explain", "clarify"), ("check", "verify"),
    ("a lot of", "many"), ("choose", "select"), ("start", "begin"), ("stop", "halt"), ("big", "large"),
    ("fix", "repair"), ("get", "obtain"), ("ask", "inquire"), ("begin", "start"), ("customers", "clients"),
    ("predict", "forecast"), ("mistakes", "errors"), ("company", "firm"), ("staff", "employees"),
)  # fmt: skip
GREETINGS = ("please ", "hello, ", "hi there, ", "excuse me, ", "quick question: ", "good morning, ", "hey, ")
ENDINGS = (", please", " please", ", thanks", ", thank you")
SOUNDS = (("ph", "f"), ("ie", "ei"), ("ei", "ie"), ("ck", "k"), ("tion", "sion"), ("ough", "uff"), ("able", "ible"))
VOWELS = "aeiou"

Rule = Callable[[str, random.Random], str]


def typed_otherwise(text: str, copy: int = 0) -> str:
    """The query with slips, or in other case or punctuation; never the same characters. copy: which of several."""
    return _changed(text, f"typed {copy}", (_slips, _slips, _slips, _case, _punctuation))


def worded_otherwise(text: str, copy: int = 0) -> str:
    """The query in other words that mean the same; never the same characters. copy: which of several."""
    return _changed(text, f"worded {copy}", (_contraction, _synonym, _synonym, _greeting, _ending))


def flips(
    predict: Callable[[Sequence[str]], Sequence[Any]], texts: Sequence[str], outputs: Sequence[Any]
) -> dict[str, np.ndarray]:
    """Per query the share of its copies whose label is another. outputs: the answers to `texts` as they are."""
    import numpy as np

    copies = min(COPIES, max(1, ENOUGH // max(1, len(texts))))
    found: dict[str, np.ndarray] = {}
    for name, change in (("flips_when_typed", typed_otherwise), ("flips_when_worded", worded_otherwise)):
        again = predict([change(text, copy) for copy in range(copies) for text in texts])
        flipped = [float(a.label != b.label) for a, b in zip([*outputs] * copies, again, strict=True)]
        found[name] = np.array(flipped).reshape(copies, len(texts)).mean(axis=0)
    return found


def _changed(text: str, how: str, rules: Sequence[Rule]) -> str:
    """By the first rule that changes something, in an order of the text's own."""
    rng = random.Random(f"{SEED}:{how}:{text}")
    for rule in rng.sample(rules, len(rules)):
        made = rule(text, rng)
        if made != text and made.strip():
            return made
    return f"{text} ."


def _slips(text: str, rng: random.Random) -> str:
    words = text.split(" ")
    long = [at for at, word in enumerate(words) if len(word) > 3 and word.isalpha()]
    for at in rng.sample(long, min(len(long), -(-len(words) // WORDS_A_SLIP))):
        words[at] = rng.choice((_last_lost, _last_twice, _other_vowel, _by_sound))(words[at], rng)
    if not long and len(words) > 1:
        at = rng.randrange(len(words) - 1)
        words[at : at + 2] = [words[at] + words[at + 1]]
    return " ".join(words)


def _last_lost(word: str, rng: random.Random) -> str:
    return word[:-1]


def _last_twice(word: str, rng: random.Random) -> str:
    return word + word[-1]


def _other_vowel(word: str, rng: random.Random) -> str:
    places = [at for at, letter in enumerate(word) if letter in VOWELS]
    if not places:
        return word[:-1]
    at = rng.choice(places)
    return word[:at] + rng.choice([one for one in VOWELS if one != word[at]]) + word[at + 1 :]


def _by_sound(word: str, rng: random.Random) -> str:
    known = [(one, other) for one, other in SOUNDS if one in word]
    return word.replace(*rng.choice(known), 1) if known else _other_vowel(word, rng)


def _case(text: str, rng: random.Random) -> str:
    return rng.choice((str.lower, str.upper, str.title, str.capitalize))(text)


def _punctuation(text: str, rng: random.Random) -> str:
    bare = re.sub(r"[?!.,;:]+(?=\s|$)", "", text).strip()
    return rng.choice((bare, f"{bare}?", f"{bare}??", f"{bare}...", f"{bare} !"))


def _contraction(text: str, rng: random.Random) -> str:
    both = [*CONTRACTIONS, *((short, long) for long, short in CONTRACTIONS)]
    return _one_replaced(text, both, rng)


def _synonym(text: str, rng: random.Random) -> str:
    return _one_replaced(text, SYNONYMS, rng)


def _one_replaced(text: str, pairs: Sequence[tuple[str, str]], rng: random.Random) -> str:
    """One of the pairs whose first is among the words, replaced by its second once."""
    known = [pair for pair in pairs if re.search(rf"\b{re.escape(pair[0])}\b", text, re.I)]
    if not known:
        return text
    old, new = rng.choice(known)
    return re.sub(rf"\b{re.escape(old)}\b", new, text, count=1, flags=re.I)


def _greeting(text: str, rng: random.Random) -> str:
    """In front; a "please" that stands there goes to the end."""
    if text[:7].lower() == "please ":
        return f"{text[7:].rstrip('.')}, please"
    return rng.choice(GREETINGS) + text


def _ending(text: str, rng: random.Random) -> str:
    bare = text.rstrip("?.! ")
    return bare + rng.choice(ENDINGS) + text[len(bare) :].rstrip()
