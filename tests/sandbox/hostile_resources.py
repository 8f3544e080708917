"""Programs that want all of the machine: processes, memory, processor, disk, descriptors, output."""

from hostile_program import Hostile

from sandbox.contract import Answer

ENDLESS = ("timeout",)
MB = 1 << 20
BEGUN = {"timeout": 5}  # a machine that has other work needs a second for the first line of output


def half_a_core(answer: Answer) -> bool:
    """The processor's share, whatever the length of the run; its periods are 100 ms, and the last one may be whole."""
    return 0 < (answer.cpu_seconds or 0) < 0.5 * (answer.wall_seconds or 0) + 0.3


PROGRAMS = [
    Hostile(
        "fork_bomb",
        "fork fails at the limit of processes",
        "import os\nn = 0\nwhile n < 5000:\n    try:\n        if os.fork() == 0:\n"
        "            import time; time.sleep(60)\n        n += 1\n    except OSError as e:\n"
        "        print('TRIED', n, e.strerror, flush=True); os._exit(0)\nprint('ESCAPED')",
    ),
    Hostile(
        "fork_bomb_shell",
        "the classic ends with its container",
        ":(){ :|:& };:\nwait\necho TRIED",
        "bash",
        ("ok", "error", "timeout", "output_limit"),
        says=(),
        ask={"timeout": 2},
    ),
    Hostile(
        "fork_bomb_that_respawns",
        "children that start new sessions do not outlive the container",
        "import os\nwhile True:\n    try:\n        if os.fork() == 0: os.setsid()\n    except OSError: pass",
        status=ENDLESS,
        says=(),
        ask={"timeout": 2},
    ),
    Hostile(
        "thread_bomb",
        "threads count as processes",
        "import threading, time\nn = 0\ntry:\n    while n < 5000:\n"
        "        threading.Thread(target=time.sleep, args=(60,), daemon=True).start(); n += 1\n    print('ESCAPED')\n"
        "except RuntimeError as e:\n    print('TRIED', n, e, flush=True)\n    import os; os._exit(0)",
    ),
    Hostile(
        "memory_bomb",
        "ended by the memory limit, and said so",
        "a = []\nwhile True: a.append(bytearray(16 << 20))",
        status=("out_of_memory",),
        says=(),
        judge=lambda a: a.signal == 9 and 400 * MB < (a.peak_memory_bytes or 0) <= 513 * MB,
    ),
    Hostile(
        "memory_bomb_of_a_child",
        "a child ended for memory is seen although the parent ends with 0",
        "import os\nif os.fork() == 0:\n    a = []\n    while True: a.append(bytearray(16 << 20))\n"
        "os.wait(); print('TRIED'); os._exit(0)",
        status=("out_of_memory",),
        judge=lambda a: a.exit_code == 0,
    ),
    Hostile(
        "memory_bomb_shared",
        "shared memory counts",
        "import mmap\na = []\nwhile True:\n    m = mmap.mmap(-1, 32 << 20); m.write(b'x' * (32 << 20)); a.append(m)",
        status=("out_of_memory",),
        says=(),
    ),
    Hostile(
        "memory_bomb_of_many",
        "many small processes that say to be innocent do not make PID 1 the one that is ended",
        "import os, time\nfor n in range(24):\n    if os.fork() == 0:\n"
        "        fd = os.open('/proc/self/oom_score_adj', os.O_RDWR)\n        os.write(fd, b'0')\n"
        "        try: os.write(fd, b'-1000'); print('ESCAPED', flush=True)\n"
        "        except OSError: print('TRIED', flush=True)\n"
        "        a = bytearray(40 << 20); time.sleep(60)\nos.wait()",
        status=("out_of_memory",),
        judge=lambda a: 400 * MB < (a.peak_memory_bytes or 0) <= 513 * MB,
    ),
    Hostile(
        "memory_limit_lowered",
        "a lowered limit is the limit",
        "print('TRIED', flush=True)\na = []\nwhile True: a.append(bytearray(4 << 20))",
        status=("out_of_memory",),
        judge=lambda a: (a.peak_memory_bytes or 0) <= 129 * MB,
        ask={"memory_mb": 128},
    ),
    Hostile(
        "memory_by_pipes",
        "pipes full of data count",
        "import os, fcntl\nn = 0\ntry:\n    while n < 2000:\n        r, w = os.pipe(); os.set_blocking(w, False)\n"
        "        try: fcntl.fcntl(w, 1031, 1 << 20)\n        except OSError: pass\n"
        "        try:\n            while True: n += os.write(w, b'x' * 65536) and 0\n        except BlockingIOError: pass\n"
        "    print('ESCAPED')\nexcept OSError as e:\n    print('TRIED', e.strerror)",
    ),
    Hostile(
        "locked_memory",
        "memory cannot be locked beyond the limit",
        "import mmap, ctypes\nm = mmap.mmap(-1, 64 << 20)\na = ctypes.addressof(ctypes.c_char.from_buffer(m))\n"
        "got = ctypes.CDLL(None).mlock(ctypes.c_void_p(a), ctypes.c_size_t(64 << 20))\n"
        "print('ESCAPED' if got == 0 else 'TRIED')",
    ),
    Hostile(
        "memory_bomb_node",
        "the container's limit ends it, not the engine's own",
        "const a = []; while (true) a.push(Buffer.alloc(16 << 20, 1))",
        "javascript",
        ("out_of_memory",),
        says=(),
    ),
    Hostile(
        "heap_bomb_node",
        "objects count as buffers do",
        "const a = []; while (true) a.push(new Array(100000).fill(a.length))",
        "javascript",
        ("out_of_memory",),
        says=(),
    ),
    Hostile(
        "memory_bomb_go",
        "ended by the memory limit",
        "package main\nfunc main() { var a [][]byte; for { b := make([]byte, 16<<20); for i := range b { b[i] = 1 }; "
        "a = append(a, b) } }",
        "go",
        ("out_of_memory",),
        says=(),
    ),
    Hostile(
        "memory_bomb_java",
        "the container's limit ends it, not the JVM's own",
        "import java.util.*; class Main { public static void main(String[] x) { List<byte[]> a = new ArrayList<>(); "
        'System.out.println("TRIED"); while (true) a.add(new byte[16 << 20]); } }',
        "java",
        ("out_of_memory",),
    ),
    Hostile(
        "cpu_spin",
        "half a core, until the time is up",
        "while True: pass",
        status=ENDLESS,
        says=(),
        judge=half_a_core,
        ask={"timeout": 2},
    ),
    Hostile(
        "cpu_processes",
        "eight together get no more than one",
        "import os\nfor _ in range(3): os.fork()\nwhile True: pass",
        status=ENDLESS,
        says=(),
        judge=half_a_core,
        ask={"timeout": 2},
    ),
    Hostile(
        "sleep_for_ever",
        "the clock on the wall counts",
        "import time; print('TRIED', flush=True); time.sleep(3600)",
        status=ENDLESS,
        ask=BEGUN,
    ),
    Hostile(
        "ignored_signals",
        "no signal but KILL is sent, and that one is not ignored",
        "import signal, time\nfor s in range(1, 65):\n    try: signal.signal(s, signal.SIG_IGN)\n"
        "    except (OSError, ValueError): pass\nprint('TRIED', flush=True)\nwhile True: time.sleep(1)",
        status=ENDLESS,
        ask=BEGUN,
    ),
    Hostile(
        "regular_expression_bomb",
        "a runtime that cannot be interrupted is ended",
        "console.log('TRIED'); /^(a+)+$/.test('a'.repeat(60) + 'b'); console.log('ESCAPED')",
        "javascript",
        ENDLESS,
        ask=BEGUN,
    ),
    Hostile(
        "endless_query",
        "a query without end is ended",
        "with recursive c(x) as (select 1 union all select x+1 from c) select count(*) from c;",
        "sql",
        ENDLESS,
        says=(),
        ask={"timeout": 1},
    ),
    Hostile(
        "query_that_fills_memory",
        "a result that fits nowhere",
        "select length(group_concat(zeroblob(1000000))) from "
        "(with recursive c(x) as (select 1 union all select x+1 from c limit 100000) select x from c);"
        "create table t as with recursive c(x) as (select 1 union all select x+1 from c) select randomblob(1000000) from c;",
        "sql",
        ("out_of_memory", "error", "timeout"),
        says=(),
        ask={"timeout": 5},
    ),
    Hostile(
        "disk_fill",
        "every place that can be written is small",
        "import os\nfor place in ('/tmp', '/box', '/dev/shm'):\n    n = 0\n    try:\n"
        "        with open(place + '/f', 'wb') as f:\n            while n < 200: f.write(b'x' * (1 << 20)); f.flush(); n += 1\n"
        "        print('ESCAPED', place)\n    except OSError as e: print('TRIED', place, n, e.strerror)",
        says=("TRIED /tmp", "TRIED /box", "TRIED /dev/shm"),
    ),
    Hostile(
        "read_only_root",
        "nothing but the sized places can be written",
        "for d in / /usr /etc /var /var/tmp /opt /home /root /dev /run /sys /proc /sandbox /mnt; do\n"
        "(echo x > $d/zz) 2>/dev/null && echo ESCAPED $d || echo TRIED $d; done; true",
        "bash",
        says=("TRIED /etc", "TRIED /sandbox", "TRIED /dev"),
    ),
    Hostile(
        "inodes",
        "empty files end too",
        "import os\nn = 0\ntry:\n    while n < 100000: open(f'/tmp/{n}', 'w').close(); n += 1\n    print('ESCAPED')\n"
        "except OSError as e: print('TRIED', n, e.strerror)",
    ),
    Hostile(
        "sparse_file",
        "no file may be longer than the limit",
        "import os, signal\nsignal.signal(signal.SIGXFSZ, signal.SIG_IGN)\nfd = os.open('/tmp/f', os.O_CREAT | os.O_RDWR)\n"
        "try: os.ftruncate(fd, 10 << 30); print('ESCAPED')\nexcept OSError as e: print('TRIED', e.strerror)",
    ),
    Hostile(
        "sync_storm",
        "there is no disk below to be kept busy",
        "import os, time\nend = time.time() + 1\nfd = os.open('/tmp/f', os.O_CREAT | os.O_RDWR)\n"
        "while time.time() < end: os.pwrite(fd, b'x' * 4096, 0); os.fsync(fd)\nprint('TRIED')",
    ),
    Hostile(
        "whole_system_sync",
        "sync(2), which writes back every disk of the host, is refused",
        "import ctypes\nprint('ESCAPED' if ctypes.CDLL(None, use_errno=True).syscall(162) == 0 else 'TRIED')",
    ),
    Hostile(
        "open_files",
        "descriptors end at the limit",
        "import os\nn = 0\ntry:\n    while n < 100000: os.open('/dev/null', 0); n += 1\n    print('ESCAPED')\n"
        "except OSError as e: os.write(1, f'TRIED {n} {e.strerror}'.encode())",
    ),
    Hostile(
        "limits_raised",
        "no limit can be raised again",
        "import resource as r\nfor l in (r.RLIMIT_NOFILE, r.RLIMIT_CORE, r.RLIMIT_FSIZE, r.RLIMIT_MEMLOCK):\n"
        "    try: r.setrlimit(l, (r.RLIM_INFINITY, r.RLIM_INFINITY)); print('ESCAPED', l)\n"
        "    except (ValueError, OSError) as e: print('TRIED', l)",
    ),
    Hostile(
        "zombies",
        "zombies count and go",
        "import os\nn = 0\ntry:\n    while n < 5000:\n        if os.fork() == 0: os._exit(0)\n        n += 1\n"
        "    print('ESCAPED')\nexcept OSError as e: print('TRIED', n, e.strerror)",
    ),
    Hostile(
        "orphaned_zombies",
        "orphans are reaped by PID 1: thousands in a row do not fill the limit",
        "import os\nfor i in range(300):\n    p = os.fork()\n    if p == 0:\n        if os.fork() == 0: os._exit(0)\n"
        "        os._exit(0)\n    os.waitpid(p, 0)\nprint('TRIED')",
    ),
    Hostile(
        "flood",
        "ended at the output limit, by the host's counter",
        "while True: print('A' * 1000)",
        status=("output_limit",),
        says=(),
        judge=lambda a: a.truncated and len(a.stdout) <= 1_000_000,
    ),
    Hostile(
        "flood_of_errors",
        "stderr counts too",
        "yes AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA >&2",
        "bash",
        ("output_limit",),
        says=(),
        judge=lambda a: len(a.stderr) <= 1_000_000,
    ),
    Hostile(
        "nested_source",
        "a compiler that gives up is the program's failure",
        "a = " + "(" * 20000 + ")" * 20000,
        status=("compile_error",),
        says=(),
    ),
    Hostile(
        "compiler_bomb_go",
        "the time of the compiler counts",
        "package main\n"
        + "".join(f"type T{i} struct {{ a, b [2]T{i + 1} }}\n" for i in range(25))
        + "type T25 int\nvar x T0\nfunc main() { println(len(x.a)) }",
        "go",
        ("compile_error", "timeout", "out_of_memory", "error", "ok"),
        says=(),
        ask={"timeout": 5},
    ),
]
