"""The contract that every language keeps: found by being there, each passes the same suite."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from sandbox_asking import Asking

from sandbox.languages import all_languages


@dataclass(frozen=True)
class Samples:
    """What the suite asks in this language; None where the language has no such thing."""

    args: str | None
    echo: str | None
    exit_3: str | None
    both: str | None
    broken: str | None
    spin: str
    files: dict[str, str] | None


SAMPLES = {
    "python": Samples(
        args="import sys; print(sys.argv[1:])",
        echo="import sys; sys.stdout.write(sys.stdin.read())",
        exit_3="import sys; sys.exit(3)",
        both="import sys; print('out'); print('err', file=sys.stderr)",
        broken="def f(:\n",
        spin="while True: pass",
        files={"main.py": "from part import two; print(two)", "part.py": "two = 2"},
    ),
    "javascript": Samples(
        args="console.log(JSON.stringify(process.argv.slice(2)))",
        echo="process.stdin.pipe(process.stdout)",
        exit_3="process.exit(3)",
        both="console.log('out'); console.error('err')",
        broken="function (",
        spin="while (true);",
        files={"main.js": "console.log(require('./part').two)", "part.js": "exports.two = 2"},
    ),
    "bash": Samples(
        args='for a in "$@"; do echo "<$a>"; done',
        echo="cat",
        exit_3="exit 3",
        both="echo out; echo err >&2",
        broken="if then",
        spin="while :; do :; done",
        files={"main.sh": ". ./part.sh; echo $two", "part.sh": "two=2"},
    ),
    "sql": Samples(
        args=None,
        echo=None,
        exit_3=None,
        both=None,
        broken=None,
        spin="with recursive c(x) as (select 1 union all select x+1 from c) select count(*) from c;",
        files=None,
    ),
    "java": Samples(
        args="class Main { public static void main(String[] a) { for (String s : a) System.out.println('<' + s + '>'); } }",
        echo="class Main { public static void main(String[] a) throws Exception { System.in.transferTo(System.out); } }",
        exit_3="class Main { public static void main(String[] a) { System.exit(3); } }",
        both='class Main { public static void main(String[] a) { System.out.println("out"); System.err.println("err"); } }',
        broken="class Main { void f( }",
        spin="class Main { public static void main(String[] a) { while (true); } }",
        files={
            "Main.java": "public class Main { public static void main(String[] a) { System.out.println(Part.TWO); } }",
            "Part.java": "public class Part { static int TWO = 2; }",
        },
    ),
    "go": Samples(
        args='package main\nimport ("fmt"; "os")\nfunc main() { for _, a := range os.Args[1:] { fmt.Printf("<%s>\\n", a) } }',
        echo='package main\nimport ("io"; "os")\nfunc main() { io.Copy(os.Stdout, os.Stdin) }',
        exit_3='package main\nimport "os"\nfunc main() { os.Exit(3) }',
        both='package main\nimport ("fmt"; "os")\nfunc main() { fmt.Println("out"); fmt.Fprintln(os.Stderr, "err") }',
        broken="package main\nfunc main() { x := }",
        spin="package main\nfunc main() { for {} }",
        files={
            "main.go": "package main\nfunc main() { print2() }",
            "part.go": 'package main\nimport "fmt"\nfunc print2() { fmt.Println(2) }',
        },
    ),
}  # fmt: skip


def having(what: str) -> pytest.MarkDecorator:
    """The languages that have it; SQL, for example, has no arguments."""
    return pytest.mark.parametrize("name", [name for name in sorted(SAMPLES) if getattr(SAMPLES[name], what)])


def test_every_language_is_in_the_suite() -> None:
    assert set(SAMPLES) == set(all_languages())


@having("spin")
def test_hello_is_answered_with_everything_that_was_measured(asking: Asking, name: str) -> None:
    answer = asking(name, all_languages()[name].hello)
    assert (answer.status, answer.exit_code, answer.signal) == ("ok", 0, None), answer
    assert answer.stdout.split()[-1] == "2"
    assert answer.container_id and len(answer.code_sha256) == 64
    assert 0 < (answer.wall_seconds or 0) < 30
    assert 0 < (answer.cpu_seconds or 0) < 0.5 * 30
    assert 1_000_000 < (answer.peak_memory_bytes or 0) < 512 << 20


@having("args")
def test_arguments_arrive_as_they_are(asking: Asking, name: str) -> None:
    answer = asking(name, SAMPLES[name].args, args=["a b", "-x", "$HOME", "ü"])
    assert answer.status == "ok", answer
    assert all(part in answer.stdout for part in ("a b", "-x", "$HOME", "ü"))


@having("echo")
def test_input_arrives_whole(asking: Asking, name: str) -> None:
    text = "".join(f"line {number} äöü\n" for number in range(20_000))
    answer = asking(name, SAMPLES[name].echo, stdin=text, raw=True)
    assert answer.status == "ok", answer.reason
    assert answer.stdout == text


@having("echo")
def test_no_input_ends_at_once(asking: Asking, name: str) -> None:
    answer = asking(name, SAMPLES[name].echo)
    assert (answer.status, answer.stdout) == ("ok", "")


@having("exit_3")
def test_the_exit_code_is_the_programs(asking: Asking, name: str) -> None:
    answer = asking(name, SAMPLES[name].exit_3)
    assert (answer.status, answer.exit_code, answer.signal) == ("error", 3, None)


@having("both")
def test_output_and_errors_are_apart(asking: Asking, name: str) -> None:
    answer = asking(name, SAMPLES[name].both)
    assert (answer.stdout, answer.stderr) == ("out\n", "err\n")


@having("broken")
def test_what_does_not_compile_is_told_apart_and_says_where(asking: Asking, name: str) -> None:
    answer = asking(name, SAMPLES[name].broken)
    assert answer.status == "compile_error", answer
    assert all_languages()[name].entry.split(".")[0] in answer.stderr


@having("spin")
def test_the_deadline_holds(asking: Asking, name: str) -> None:
    answer = asking(name, SAMPLES[name].spin, timeout=2)
    assert (answer.status, answer.exit_code, answer.signal) == ("timeout", None, 9)
    assert 1.9 < (answer.wall_seconds or 0) < 20  # the operator's is 30


@having("files")
def test_several_files_are_one_program(asking: Asking, name: str) -> None:
    files = SAMPLES[name].files
    answer = asking(name, files=files)
    assert (answer.status, answer.stdout) == ("ok", "2\n"), answer


def test_one_use_leaves_nothing_for_the_next(asking: Asking) -> None:
    first = asking("bash", "echo secret > /tmp/left; echo secret > /box/left; ls /tmp /box")
    second = asking("bash", "cat /tmp/left /box/left; ls /tmp")
    assert first.container_id != second.container_id
    assert "left" in first.stdout
    assert second.stdout == ""


def test_python_modules_and_errors_look_as_without_a_sandbox(asking: Asking) -> None:
    answer = asking("python", "import __main__\nprint(__name__, __file__, __main__.__dict__ is globals())\n1/0")
    assert answer.stdout == "__main__ main.py True\n"
    assert answer.stderr.startswith('Traceback (most recent call last):\n  File "main.py", line 3')
