"""What is asked of the sandbox and what it answers. Pure records: the one module of this package that others import.

One request is one program with one or several inputs; every input gets a container of its own and an answer of its own.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

Status = Literal["ok", "error", "compile_error", "timeout", "out_of_memory", "output_limit", "refused", "sandbox_error"]
Policy = Literal["off", "warn", "refuse"]
Kind = Literal["secret", "malware", "obfuscation", "bandit", "unscanned"]
Severity = Literal["low", "medium", "high"]

SERVICE = "sandbox service"  # what the gateway proves itself for, see modelmill.store.keys.between
CODE_BYTES = 1_000_000  # all files together: 10 MB of source make a compiler run out of memory
INPUT_BYTES = 1_000_000
ARGUMENTS = 64
ARGUMENTS_BYTES = 32_000  # they go through one pipe in one write
FILES = 50
INPUTS = 10
MEMORY_MB = 16  # the least that an interpreter begins with
BODY_BYTES = 8_000_000  # of a request: code and input, each of whose bytes JSON may write as six

NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*(?:/[A-Za-z0-9_][A-Za-z0-9_.-]*){0,7}")


def text(value: str) -> str:
    """UTF-8 without NUL: what a source file and an argument can hold."""
    if "\0" in value:
        raise ValueError("text without NUL")
    return encodable(value)


def encodable(value: str) -> str:
    """No half of a surrogate pair, which JSON can say and UTF-8 cannot."""
    try:
        value.encode()
    except UnicodeEncodeError:
        raise ValueError("text that UTF-8 can hold") from None
    return value


def plain(value: str) -> str:
    """For telling a caller what he sent: half of a surrogate pair as its number."""
    return value.encode("utf-8", "backslashreplace").decode()


def file_name(value: str) -> str:
    """A relative path of plain names: no `..`, no hidden file, nothing that a shell takes for an option."""
    if len(value) > 200 or not NAME.fullmatch(value):
        raise ValueError("a relative path as main.py or package/part.py")
    return value


Text = Annotated[str, AfterValidator(text)]
Encodable = Annotated[str, AfterValidator(encodable)]
FileName = Annotated[str, AfterValidator(file_name)]


class Input(BaseModel):
    """What one run of the program gets."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    stdin: Encodable = ""
    args: list[Text] = Field([], max_length=ARGUMENTS)

    @model_validator(mode="after")
    def _sized(self) -> Self:
        if len(self.stdin.encode()) > INPUT_BYTES:
            raise ValueError(f"at most {INPUT_BYTES} bytes of stdin")
        if sum(len(one.encode()) + 1 for one in self.args) > ARGUMENTS_BYTES:
            raise ValueError(f"at most {ARGUMENTS_BYTES} bytes of args")
        return self


class Request(BaseModel):
    """A program: `code`, or several `files` of which `entry` is run. Limits may be lowered, never raised."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    language: Text = Field(min_length=1, max_length=40)
    code: Text | None = Field(None, min_length=1)
    files: dict[FileName, Text] = Field({}, max_length=FILES)
    entry: FileName | None = Field(None, description="Which of the files is run; the language's usual one if left out.")
    stdin: Encodable = ""
    args: list[Text] = Field([], max_length=ARGUMENTS)
    inputs: list[Input] = Field([], max_length=INPUTS, description="Several runs; instead of stdin and args.")
    timeout: float | None = Field(None, gt=0, allow_inf_nan=False, description="Seconds of wall time, compiling too.")
    memory_mb: int | None = Field(None, ge=MEMORY_MB)
    raw: bool = Field(False, description="Also answer the output's bytes, as base64.")
    html: bool = Field(False, description="Also answer the output escaped for a page.")
    keep_code: bool = Field(False, description="Consent to keep the code with the record of the run.")

    @model_validator(mode="after")
    def _one_program(self) -> Self:
        if (self.code is None) == (not self.files):
            raise ValueError("either code or files")
        if self.entry and self.files and self.entry not in self.files:
            raise ValueError("an entry that is among the files")
        if self.inputs and (self.stdin or self.args):
            raise ValueError("either inputs or stdin and args")
        if sum(len(source.encode()) for source in (self.code or "", *self.files.values())) > CODE_BYTES:
            raise ValueError(f"at most {CODE_BYTES} bytes of code")
        return self

    @model_validator(mode="after")
    def _one_file_a_place(self) -> Self:
        names = [name.casefold() for name in self.files]
        if len(set(names)) < len(names) or any(a != b and b.startswith(f"{a}/") for a in names for b in names):
            raise ValueError("file names of which none is another or its folder")
        return self

    @model_validator(mode="after")
    def _one_input(self) -> Self:
        Input(stdin=self.stdin, args=self.args)
        return self

    @property
    def runs(self) -> list[Input]:
        """One or several."""
        return list(self.inputs) or [Input(stdin=self.stdin, args=self.args)]

    @property
    def sha256(self) -> str:
        """Of the language, the files and which of them is run: what a record says of code that it does not keep."""
        asked = [self.language, self.entry, self.code, self.files]
        return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()


class Finding(BaseModel):
    """Something that the scan saw. Advice: what holds a program is its container."""

    model_config = ConfigDict(frozen=True)

    kind: Kind
    rule: str
    severity: Severity
    file: str
    line: int
    message: str


class Answer(BaseModel):
    """One run. Unknown measurements are null; nothing here is taken from the program's own output but the output."""

    model_config = ConfigDict(frozen=True)

    id: str
    language: str
    status: Status
    reason: str = Field(description="Why it has this status, in words.")
    exit_code: int | None = None
    signal: int | None = None
    stdout: str = Field(default="", description="Decoded, without control sequences.")
    stderr: str = ""
    stdout_base64: str | None = None
    stderr_base64: str | None = None
    stdout_html: str | None = None
    stderr_html: str | None = None
    truncated: bool = False
    wall_seconds: float | None = None
    cpu_seconds: float | None = None
    peak_memory_bytes: int | None = None
    container_id: str | None = None
    code_sha256: str
    findings: list[Finding] = []


class Answers(BaseModel):
    """One answer an input, in order."""

    results: list[Answer]


@dataclass(frozen=True, slots=True)
class Ceilings:
    """What the operator allows. memory_mb: MiB; cpus: cores; output_bytes: stdout and stderr together."""

    memory_mb: int = 512
    cpus: float = 0.5
    seconds: float = 30.0
    output_bytes: int = 1_000_000
