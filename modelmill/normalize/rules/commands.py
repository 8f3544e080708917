"""Passwords on a command line, in the environment and in cookies: where an option says what they are, or a name in capitals."""

from __future__ import annotations

from modelmill.normalize.rules.assignments import PASSWORDS, WORDS, WORDS_IN_PASS
from modelmill.normalize.rules.randomness import METHOD, bare_random_looking, chosen_password, password, random_looking
from modelmill.normalize.rules.rule import Rule


def _login(value: str, before: str, after: str) -> bool:
    """`user:password`, glued to its option."""
    return chosen_password(value.partition(":")[2], before, after)


def _of_environment(value: str, before: str, after: str) -> bool:
    """As any shell takes it: a method's name, a path or an address would stand for something else."""
    return chosen_password(value, before, after) and METHOD.search(value) is None and not value.endswith((".", ":"))


# Without one of these none of the rules below can match.
COMMANDS_GATE = (
    r"(?i)\bcurl\s|cookie2?[\"'`]?\s{0,3}[:=,]|\b(?:login|upload)\s[^\n|;]{0,200}?-p|\bldap\w{1,12}\s(?:[^\n|;]{0,300}?\s)?-w"
    r"|\b(?:mongo\w*|cqlsh|cypher-shell|beeline|influx|sqlcmd|bcp|isql|tsql|ipmitool|zip|unzip|7z[ar]?)\s(?:[^\n|;]{0,300}?\s)?-p"
    r"|\bsqlplus\s|rabbitmqctl\s|\bnet\suse|(?m:^)[ \t]*set(?:env)?\s[^\n=]{1,60}\s|PASS[A-Z]{0,7}=|PASSWD=|PWD="
    r"|freerdp\s|rdesktop\s"
)

# fmt: off
# ruff: noqa: E501  (a pattern broken over lines is harder to check)
COMMANDS: tuple[Rule, ...] = (
    Rule("secret", r"(?i)\b(?:set-)?cookie2?[\"'`]?\s{0,3}[:=,]\s{0,3}[\"'`]?[^\n]{0,300}?\b[\w.-]{0,30}(?:sess|sid|auth|token|jwt)[\w.-]{0,20}=([A-Za-z0-9%._~+/-]{16,400})", ("cookie",), random_looking),
    Rule("command_password", r"\bcurl(?:\s[^\n]{0,300}?)?\s-[a-zA-Z]{0,4}u([^\s:\"']{1,60}:[^\s\"':]{4,100})", ("curl",), _login),
    Rule("command_password", r"(?i)\b(?:docker|podman|nerdctl|buildah|oras|az|azcopy|oc|cf|ibmcloud|twine|helm)\s(?:\w{1,12}\s){0,2}(?:login|upload)(?:\s[^\n|;]{0,200}?)?\s-p[= ]{0,2}[\"']?([^\s\"'$-][^\s\"']{5,99})", ("login", "upload"), chosen_password),
    Rule("command_password", r"(?i)\bldap\w{1,12}\s(?:[^\n|;]{0,300}?\s)?-w ?[\"']?([^\s\"'$-][^\s\"']{5,99})", ("ldap",), chosen_password),
    Rule("command_password", r"\b(?:mongo\w*|cqlsh|cypher-shell|beeline|influx)\s(?:[^\n|;]{0,300}?\s)?-p ?[\"']?([^\s\"'$-][^\s\"']{5,99})", ("mongo", "cqlsh", "cypher-shell", "beeline", "influx"), chosen_password),
    Rule("command_password", r"\b(?:sqlcmd|bcp|isql|tsql|ipmitool|zip|unzip)\s(?:[^\n|;]{0,300}?\s)?-P ?[\"']?([^\s\"'$-][^\s\"']{5,99})", ("sqlcmd", "bcp", "isql", "tsql", "ipmitool", "zip"), chosen_password),
    Rule("command_password", r"\b7z[ar]?\s(?:[^\n|;]{0,300}?\s)?-p([^\s\"'$-][^\s\"']{5,99})", ("7z",), chosen_password),
    Rule("command_password", r"(?i)\bsqlplus\s[^\n|;]{0,100}?\b\w{1,30}/([^\s\"'$/@-][^\s\"'/@]{3,99})(?:@|\s|$)", ("sqlplus",), password),
    Rule("secret", rf"(?im)^[ \t]*set(?:env)?\s+(?:-\w{{1,5}}\s+){{0,2}}\w{{0,40}}(?:{WORDS}|{PASSWORDS})\w{{0,20}}\s+[\"']?([^\s\"'$(=-][^\s\"'$=]{{7,200}})[\"']?\s*$", ("set",), bare_random_looking),
    Rule("command_password", r"\brabbitmqctl\s(?:-\S{1,40}\s){0,3}(?:add_user|change_password|authenticate_user)\s\S{1,60}\s[\"']?([^\s\"'$-][^\s\"']{5,99})", ("rabbitmqctl",), chosen_password),
    Rule("command_password", r"(?i)\bnet\s(?:use|user)\s[^\n|;]{0,200}?(?:/user:\S{1,80}|\buser\s[\w.-]{1,40})\s([^\s\"'/*$-][^\s\"']{5,99})", ("net use",), chosen_password),
    Rule("command_password", r"(?i)\bnet\suser\s{1,3}[\w.-]{1,40}\s{1,3}[\"']?([^\s\"'/*$-][^\s\"']{5,99})", ("net user",), chosen_password),
    Rule("command_password", r"(?i)\bnet\suse\s(?:\S{1,3}\s)?(?:\\{2,4}\S{1,80}\s)?([^\s\"'/*$\\-][^\s\"']{5,99})\s/user", ("net use",), chosen_password),
    Rule("command_password", r"\b(?:[xw]lfreerdp|[xw]freerdp|rdesktop)\s(?:[^\n|;]{0,300}?\s)?(?:/p:|-p ?)[\"']?([^\s\"'$-][^\s\"']{5,99})", ("freerdp", "rdesktop"), chosen_password),
    Rule("secret", r"\b(?:curl|http|https|wget)\s(?:[^\n]{0,300}?\s)?(?:-b|--cookie)[= ]{0,2}[\"']?[^\n\"']{0,100}?\b[\w.-]{0,30}(?:sess|sid|auth|token|jwt)[\w.-]{0,20}=([A-Za-z0-9%._~+/-]{16,400})", ("curl", "http", "wget"), random_looking),
    # In capitals a name before a sign without blanks is one of the environment, and what follows is itself.
    Rule("password", r"(?m)^[ \t]*(?:#[ \t]{0,3})?(?:export |set |ENV |ARG |- )?[A-Z0-9_]{0,40}(?:PASSWORD|PASSWD|PASSPHRASE|PASS|PWD)=([^\s\"'`#,;(){}\[\]<>$%][^\s\"'`,;(){}\[\]<>]{5,99})[ \t\r]*$", ("PASS", "PWD"), _of_environment, unless=WORDS_IN_PASS),
)
# fmt: on
