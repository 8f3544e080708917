"""Passwords on a command line, in the environment and in cookies: where an option says what they are, or a name in capitals."""

from __future__ import annotations

from modelmill.normalize.rules.assignments import PASSWORDS, WORDS, WORDS_IN_PASS
from modelmill.normalize.rules.randomness import (
    METHOD,
    bare_random_looking,
    chosen_password,
    drawn,
    password,
    random_looking,
    random_or_uuid,
)
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
    r"|freerdp\s|rdesktop\s|\bhttps?\s(?:[^\n]{0,100}?\s)?(?:-a|--auth)[= ]|\s-pw\s|\blftp\s|\s-token\s|\b(?:auth|add-authtoken|authtoken)\s{1,3}[A-Za-z0-9_-]{24}|\s-D[\w.]{1,60}=[0-9a-f]{40}"
)

# fmt: off
# ruff: noqa: E501  (a pattern broken over lines is harder to check)
COMMANDS: tuple[Rule, ...] = (
    Rule("secret", r"(?i)\b(?:set-)?cookie2?[\"'`]?\s{0,3}[:=,]\s{0,3}[\"'`]?[^\n]*?\b[\w.-]*(?:sess|sid|auth|token|jwt)[\w.-]*=([A-Za-z0-9%._~+/-]{16,})", ("cookie",), random_looking),
    Rule("command_password", r"\bcurl(?:\s[^\n]{0,300}?)?\s-[a-zA-Z]{0,4}u([^\s:\"']{1,60}:[^\s\"':]{4,})", ("curl",), _login),
    Rule("command_password", r"(?i)\b(?:docker|podman|nerdctl|buildah|oras|az|azcopy|oc|cf|ibmcloud|twine|helm)\s(?:\w{1,12}\s){0,2}(?:login|upload)(?:\s[^\n|;]{0,200}?)?\s-p[= ]{0,2}[\"']?([^\s\"'$-][^\s\"']{5,})", ("login", "upload"), chosen_password),
    Rule("command_password", r"(?i)\bldap\w{1,12}\s(?:[^\n|;]{0,300}?\s)?-w ?[\"']?([^\s\"'$-][^\s\"']{5,})", ("ldap",), chosen_password),
    Rule("command_password", r"\b(?:mongo\w*|cqlsh|cypher-shell|beeline|influx)\s(?:[^\n|;]{0,300}?\s)?-p ?[\"']?([^\s\"'$-][^\s\"']{5,})", ("mongo", "cqlsh", "cypher-shell", "beeline", "influx"), chosen_password),
    Rule("command_password", r"\b(?:sqlcmd|bcp|isql|tsql|ipmitool|zip|unzip)\s(?:[^\n|;]{0,300}?\s)?-P ?[\"']?([^\s\"'$-][^\s\"']{5,})", ("sqlcmd", "bcp", "isql", "tsql", "ipmitool", "zip"), chosen_password),
    Rule("command_password", r"\b7z[ar]?\s(?:[^\n|;]{0,300}?\s)?-p([^\s\"'$-][^\s\"']{5,})", ("7z",), chosen_password),
    Rule("command_password", r"(?i)\bsqlplus\s[^\n|;]{0,100}?\b\w{1,30}/([^\s\"'$/@-][^\s\"'/@]{3,99})(?:@|\s|$)", ("sqlplus",), password),
    Rule("secret", rf"(?im)^[ \t]*set(?:env)?\s+(?:-\w{{1,5}}\s+){{0,2}}\w{{0,40}}(?:{WORDS}|{PASSWORDS})\w{{0,20}}\s+[\"']?([^\s\"'$(=-][^\s\"'$=]{{7,200}})[\"']?\s*$", ("set",), bare_random_looking),
    Rule("command_password", r"\brabbitmqctl\s(?:-\S{1,40}\s){0,3}(?:add_user|change_password|authenticate_user)\s\S{1,60}\s[\"']?([^\s\"'$-][^\s\"']{5,})", ("rabbitmqctl",), chosen_password),
    Rule("command_password", r"(?i)\bnet\s(?:use|user)\s[^\n|;]{0,200}?(?:/user:\S{1,80}|\buser\s[\w.-]{1,40})\s([^\s\"'/*$-][^\s\"']{5,})", ("net use",), chosen_password),
    Rule("command_password", r"(?i)\bnet\suser\s{1,3}[\w.-]{1,40}\s{1,3}[\"']?([^\s\"'/*$-][^\s\"']{5,})", ("net user",), chosen_password),
    Rule("command_password", r"(?i)\bnet\suse\s(?:\S{1,3}\s)?(?:\\{2,4}\S{1,80}\s)?([^\s\"'/*$\\-][^\s\"']{5,})\s/user", ("net use",), chosen_password),
    Rule("command_password", r"\b(?:[xw]lfreerdp|[xw]freerdp|rdesktop)\s(?:[^\n|;]{0,300}?\s)?(?:/p:|-p ?)[\"']?([^\s\"'$-][^\s\"']{5,})", ("freerdp", "rdesktop"), chosen_password),
    Rule("secret", r"\b(?:curl|http|https|wget)\s(?:[^\n]*?\s)?(?:-b|--cookie)[= ]{0,2}[\"']?[^\n\"']*?\b[\w.-]*(?:sess|sid|auth|token|jwt)[\w.-]*=([A-Za-z0-9%._~+/-]{16,})", ("curl", "http", "wget"), random_looking),
    Rule("command_password", r"\bhttps?\s(?:[^\n]{0,100}?\s)?(?:-a|--auth)[= ]{1,2}[\"']?([^\s:\"']{1,60}:[^\s\"':]{4,})", (" -a", " --auth"), _login),
    Rule("command_password", r"\b(?:pscp|plink|psftp|putty|kitty)\s(?:[^\n|;]{0,200}?\s)?-pw\s[\"']?([^\s\"'$-][^\s\"']{5,})", (" -pw ",), chosen_password),
    Rule("command_password", r"\blftp\s[^\n|;]{0,200}?-u\s{0,2}[\"']?[^\s,\"']{1,60},([^\s\"'$-][^\s\"']{5,})", ("lftp",), chosen_password),
    Rule("command_password", r"(?m)(?:^|[;&|$`\"']|\b(?:RUN|run:))[ \t]{0,20}[a-z][a-z0-9-]{1,20}\s(?:[a-z][a-z0-9-]{1,20}\s){0,3}?(?:(?:[a-z-]{1,12}\s)?-token|auth|authtoken|add-authtoken)\s{1,3}([A-Za-z0-9_-]{24,200})(?:[\s\"'`;&|]|$)", ("-token", "auth"), random_or_uuid),
    Rule("secret", r"\s-D[\w.]{0,40}\.(?:login|auth|pat)=([0-9a-f]{40})(?:[\s\"']|$)", (".login=", ".auth=", ".pat="), drawn),
    # In capitals a name before a sign without blanks is one of the environment, and what follows is itself.
    Rule("password", r"(?m)^[ \t]*(?:#[ \t]{0,3})?(?:export |set |ENV |ARG |- )?[A-Z0-9_]{0,40}(?:PASSWORD|PASSWD|PASSPHRASE|PASS|PWD)=([^\s\"'`#,;(){}\[\]<>$%][^\s\"'`,;(){}\[\]<>]{5,})(?:[ \t\r]*$|[ \t]+(?:[a-z.$/]|[A-Z_]{2,40}=))", ("PASS", "PWD"), _of_environment, unless=WORDS_IN_PASS),
)
# fmt: on
