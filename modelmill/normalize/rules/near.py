"""Secrets in the same line as what says so, in whatever form: calls, comparisons, messages, commands that set a value.

Any string could stand there, so it must be one that nobody writes for another reason: a password of all kinds of
characters, a key drawn at random.
"""

from __future__ import annotations

from modelmill.normalize.rules.assignments import NAME, OTHERWISE, PASSWORD_SIGNS, PASSWORDS, WORD_SIGNS, WORDS
from modelmill.normalize.rules.key_forms import NO_KEY, NO_KEY_NAMES
from modelmill.normalize.rules.randomness import chosen_password, drawn_key, random_or_tough, strong
from modelmill.normalize.rules.rule import Rule


def _given(value: str, before: str, after: str) -> bool:
    """What a command sets a secret to, whichever it is."""
    return chosen_password(value, before, after) and len(set(value)) > 5


QUOTED = r"[\"'`]([^\"'`\s\\]{8,64})[\"'`]"
DRAWN = r"[\"'`]([A-Za-z0-9+/_-]{20,200}={0,2})[\"'`]"
EQUALS = r"\s{0,3}(?:\.equals\(|[!=]==?)\s{0,3}"
# Programs that put a value under a name: `gh secret set`, `aws ssm put-parameter`, `setx`.
SETS = r"\b(?:gh|glab|aws|gcloud|az|doppler|flyctl|fly|netlify|vercel|wrangler|railway|setx|cmdkey|nomad|consul|op)\s[^\n]{0,100}?"

NEAR_GATE = (
    r"(?i)(?:passw|passp|pwd|passe|senha|contrase|kennwort)[^\n]{0,72}?[\"'`][^\"'`\s\\]{8}"
    r"|(?:secret|token|key|credential)[^\n]{0,72}?[\"'`][A-Za-z0-9+/_-]{20}|[\"'`]\s{0,3}(?:\.equals\(|[!=]==?)\s{0,3}[a-z]"
    r"|\bsetx\s|--(?:body|value|secret-string)[= ]"
)

# fmt: off
# ruff: noqa: E501  (a pattern broken over lines is harder to check)
NEAR: tuple[Rule, ...] = (
    Rule("command_password", rf"(?i){SETS}(?:{PASSWORDS}|{WORDS})[^\n]{{0,60}}?--(?:body|value|secret-string)[= ][\"']?([^\s\"'`$]{{6,200}})", ("--body", "--value", "--secret-string"), _given),
    Rule("command_password", rf"(?i)\bsetx\s+\w{{0,40}}(?:{PASSWORDS}|{WORDS})\w{{0,20}}\s+[\"']?([^\s\"'%]{{6,200}})", ("setx",), _given, unless=OTHERWISE),
    Rule("password", rf"(?i)[\"'`]([^\"'`\s\\]{{6,}})[\"'`]{EQUALS}[\w.>()-]{{0,40}}{PASSWORDS}(?:\W|$)", PASSWORD_SIGNS, chosen_password),
    Rule("secret", rf"(?i)[\"'`]([^\"'`\s\\]{{12,200}})[\"'`]{EQUALS}[\w.>()-]{{0,40}}{WORDS}(?:\W|$)", WORD_SIGNS, random_or_tough),
    Rule("password", rf"(?i)\.{NAME}{PASSWORDS}\(\s*[\"'`]([^\"'`\s\\]{{6,}})[\"'`]\s{{0,3}}\)", PASSWORD_SIGNS, chosen_password),
    Rule("secret", rf"(?i)\.{NAME}{WORDS}\(\s*[\"'`]([^\"'`\s\\]{{12,200}})[\"'`]\s{{0,3}}\)", WORD_SIGNS, random_or_tough, unless=NO_KEY),
    Rule("password", rf"(?i){PASSWORDS}[^\n]{{0,60}}?{QUOTED}", PASSWORD_SIGNS, strong, unless=OTHERWISE),
    Rule("secret", rf"(?i){NAME}{WORDS}[^\n]{{0,60}}?{DRAWN}", WORD_SIGNS, drawn_key, unless=rf"{OTHERWISE}|{NO_KEY_NAMES}"),
)
# fmt: on
