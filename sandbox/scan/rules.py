"""What the scan looks for in any language: patterns in RE2 (linear time), one line of code at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from sandbox.contract import Finding, Kind, Severity

LONG_LINE = 2000  # characters: nobody types them


@dataclass(frozen=True, slots=True)
class Rule:
    """One pattern."""

    kind: Kind
    name: str
    severity: Severity
    pattern: str
    message: str


# fmt: off
# ruff: noqa: E501  (a pattern broken over lines is harder to check)
RULES: tuple[Rule, ...] = (
    Rule("malware", "fork_bomb", "high", r":\s?\(\)\s?\{\s?:\s?\|\s?:|while\s*\(?(?:1|True|true)\)?\s*[:;{]?\s*(?:do\s+)?(?:os\.)?fork\(", "forks without end"),
    Rule("malware", "reverse_shell", "high", r"/dev/(?:tcp|udp)/|\bnc(?:at)?\s+(?:-\w+\s+)*-\w*[ec]\b|\bbash\s+-i\s*>&|pty\.spawn\(|socat\s.{0,80}exec:", "opens a shell to another host"),
    Rule("malware", "miner", "high", r"(?i)stratum\+(?:tcp|ssl)://|\bxmrig\b|\bminerd\b|cryptonight|coinhive", "mines a currency"),
    Rule("malware", "download_and_run", "high", r"(?:curl|wget)\b.{0,200}\|\s*(?:sudo\s+)?(?:ba|z|da)?sh\b|exec\(\s*(?:requests\.get|urllib\.request\.urlopen)\(", "runs what it downloads"),
    Rule("malware", "cloud_metadata", "high", r"169\.254\.169\.254|metadata\.google\.internal|\[?fd00:ec2::254", "asks for a cloud's credentials"),
    Rule("malware", "container_escape", "high", r"docker\.sock|containerd\.sock|/proc/(?:1|self)/(?:root|mem)\b|release_agent|core_pattern|\bnsenter\b|/proc/sysrq-trigger", "reaches for the host"),
    Rule("malware", "credentials", "medium", r"/etc/(?:shadow|sudoers)|\.ssh/id_|\.aws/credentials|\.docker/config\.json|/proc/\d+/environ", "reads credentials"),
    Rule("malware", "debugger", "medium", r"\bPTRACE_\w+|\bptrace\(|process_vm_(?:read|write)v", "reaches into other processes"),
    Rule("malware", "destroyer", "medium", r"\brm\s+-\w*[rf]\w*\s+(?:--no-preserve-root\s+)?/(?:\s|\*|$)|\bdd\s.{0,80}of=/dev/|\bmkfs\b|shutil\.rmtree\(\s*[\"']/[\"']", "wipes a disk"),
    Rule("malware", "preload", "medium", r"\bLD_PRELOAD\b|/etc/ld\.so\.preload", "puts a library under other programs"),
    Rule("obfuscation", "decoded_and_run", "high", r"(?:exec|eval|Function)\s*\(.{0,120}(?:b64decode|b85decode|decompress|unhexlify|fromhex|marshal\.loads|rot_?13|atob|Buffer\.from|unescape)\s*\(", "runs what it decodes"),
    Rule("obfuscation", "decoded_and_run", "high", r"(?:base64\s+(?:-d|-D|--decode)|xxd\s+-r|openssl\s+enc\s+-d).{0,80}\|\s*(?:ba|z|da)?sh\b", "runs what it decodes"),
    Rule("obfuscation", "encoded_block", "medium", r"[A-Za-z0-9+/]{400,}={0,2}", "a long block that may be encoded"),
    Rule("obfuscation", "escaped_text", "medium", r"(?:\\x[0-9a-fA-F]{2}){24,}|(?:\\u[0-9a-fA-F]{4}){24,}|(?:\bchr\(\d{1,3}\)\s*[+,]\s*){8,}|fromCharCode\((?:\s*\d{1,5}\s*,){12,}", "text written as numbers"),
    Rule("obfuscation", "hidden_characters", "high", "[\u202a-\u202e\u2066-\u2069\u200b-\u200f\u2060\ufeff]", "characters that hide or reorder code"),
)
# fmt: on


def find(file: str, text: str) -> Iterator[Finding]:
    """Every rule's first place in the file."""
    lines = text.split("\n")
    seen: set[str] = set()
    for number, line in enumerate(lines, 1):
        for index in _which().Match(line) or ():
            rule = RULES[index]
            if rule.name not in seen:
                seen.add(rule.name)
                yield Finding(
                    kind=rule.kind, rule=rule.name, severity=rule.severity, file=file, line=number, message=rule.message
                )
    longest = max(range(len(lines)), key=lambda index: len(lines[index]))
    if len(lines[longest]) > LONG_LINE:
        said = f"a line of {len(lines[longest])} characters"
        yield Finding(kind="obfuscation", rule="long_line", severity="low", file=file, line=longest + 1, message=said)


@cache
def _which() -> Any:
    import re2

    made = re2.Set.SearchSet()
    for rule in RULES:
        made.Add(rule.pattern)
    made.Compile()
    return made
