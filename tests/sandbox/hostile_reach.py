"""Programs that reach for the host, the network, PID 1 and the answer itself. {port}, {addresses}, {canary}: the host's."""

import base64
import struct

from hostile_program import Hostile

FORGED = b"f" + struct.pack(">I", 30) + b"p 0 -1 1 1 1 0 0 0".ljust(30)

PROGRAMS = [
    Hostile(
        "host_by_tcp",
        "no connection leaves: the host's listener on every address hears nothing",
        "import socket\nfor a in {addresses} + ['172.17.0.1', '10.0.2.2', '1.1.1.1', 'localhost']:\n"
        "    try: socket.create_connection((a, {port}), 0.3); print('ESCAPED', a)\n"
        "    except OSError as e: print('TRIED', a, e)",
    ),
    Hostile(
        "host_by_udp",
        "no datagram leaves",
        "import socket\ns = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
        "for a in {addresses} + ['172.17.0.1', '255.255.255.255']:\n"
        "    try: s.sendto(b'x', (a, {port})); print('SENT', a)\n    except OSError as e: print('TRIED', a, e)",
        says=(),
        never=("SENT 1", "SENT 2"),
        status=("ok",),
        judge=lambda a: "TRIED" in a.stdout,
    ),
    Hostile(
        "names",
        "no name is resolved",
        "import socket\nfor n in ('example.com', 'metadata.google.internal', 'host.docker.internal'):\n"
        "    try: socket.getaddrinfo(n, 80); print('ESCAPED', n)\n    except OSError as e: print('TRIED', n)",
    ),
    Hostile(
        "cloud_metadata",
        "the cloud's metadata address is not there",
        "(exec 3<>/dev/tcp/169.254.169.254/80) 2>/dev/null && echo ESCAPED || echo TRIED",
        "bash",
    ),
    Hostile(
        "interfaces",
        "there is loopback and nothing else",
        "import os\nfound = sorted(os.listdir('/sys/class/net'))\n"
        "print('TRIED' if found == ['lo'] else 'ESCAPED', found)",
    ),
    Hostile(
        "abstract_socket",
        "abstract sockets of the host are not there",
        "import socket\ns = socket.socket(socket.AF_UNIX)\n"
        "try: s.connect('\\0{canary}'[:60]); print('ESCAPED')\nexcept OSError as e: print('TRIED', e.strerror)",
    ),
    Hostile(
        "engine_socket",
        "there is no socket at all",
        "find / -xdev -type s 2>/dev/null | sed 's/^/ESCAPED /'; echo TRIED",
        "bash",
    ),
    Hostile(
        "host_files",
        "no file of the host is seen",
        "grep -rl {canary} /etc /home /root /mnt /media /srv /tmp /var /run /proc/1 2>/dev/null | sed 's/^/ESCAPED /'\n"
        "[ -e {file} ] && echo ESCAPED file; ls /host /.dockerenv.bak 2>/dev/null; cat /etc/shadow 2>/dev/null && echo ESCAPED\n"
        "echo TRIED",
        "bash",
    ),
    Hostile(
        "host_processes",
        "only its own processes are seen",
        "import os\nfound = [p for p in os.listdir('/proc') if p.isdigit()]\n"
        "print('TRIED' if len(found) <= 3 else 'ESCAPED', found)",
    ),
    Hostile(
        "environment",
        "a fixed few variables; none of the host's",
        "import os\nextra = set(os.environ) - {'PATH', 'HOME', 'LANG', 'TMPDIR', 'HOSTNAME', 'LC_CTYPE', 'PWD'}\n"
        "print('ESCAPED' if extra & {'MILL_TEST_CANARY', 'MILL_DATABASE_URL', 'MILL_KEY_PEPPER'} else 'TRIED', extra)",
    ),
    Hostile(
        "kernel_settings",
        "none can be written",
        "for f in /proc/sys/kernel/core_pattern /proc/sys/kernel/hostname /proc/sysrq-trigger /proc/sys/vm/drop_caches "
        "/sys/kernel/uevent_helper /proc/sys/net/ipv4/ip_forward /proc/irq/default_smp_affinity /proc/bus; do\n"
        "(echo 1 > $f) 2>/dev/null && echo ESCAPED $f || echo TRIED; done",
        "bash",
    ),
    Hostile(
        "own_limits",
        "the files of the control group can be read, not written",
        "find /sys/fs/cgroup -writable -type f 2>/dev/null | head -3 | sed 's/^/MAYBE /'\n"
        "for f in $(find /sys/fs/cgroup -name '*max*' -o -name '*limit*' -o -name release_agent -o -name cgroup.procs "
        "-o -name 'cpu.cfs_quota_us' 2>/dev/null); do (echo 1 > $f) 2>/dev/null && echo ESCAPED $f; done; echo TRIED",
        "bash",
    ),
    Hostile(
        "masked_places",
        "what tells of the host's kernel is empty or zero",
        "for f in /proc/kcore /proc/keys /proc/timer_list /proc/latency_stats /proc/sched_debug; do\n"
        "[ -s $f ] && [ -n \"$(head -c 16 $f 2>/dev/null | tr -d '\\0')\" ] && echo ESCAPED $f; done\n"
        "[ -n \"$(ls /sys/firmware 2>/dev/null)\" ] && echo ESCAPED firmware\n"
        "cut -c -16 /proc/kallsyms 2>/dev/null | grep -qv 0000000000000000 && echo ESCAPED kallsyms; echo TRIED",
        "bash",
    ),
    Hostile(
        "devices",
        "no device can be made, no disk opened",
        "mknod /tmp/sda b 254 0 2>/dev/null && echo ESCAPED; mknod /tmp/mem c 1 1 2>/dev/null && echo ESCAPED\n"
        "for d in /dev/sda /dev/vda /dev/mem /dev/kmsg /dev/fuse /dev/kvm /dev/net/tun; do "
        "[ -e $d ] && echo ESCAPED $d; done; echo TRIED",
        "bash",
    ),
    Hostile(
        "set_uid",
        "no program gives another user",
        "import os, subprocess\nfor f in (lambda: os.setuid(0), lambda: os.setgid(0), lambda: os.setgroups([0])):\n"
        "    try: f(); print('ESCAPED')\n    except OSError: print('TRIED')\n"
        "got = subprocess.run(['find', '/', '-xdev', '-perm', '-4000', '-type', 'f'], capture_output=True, text=True)\n"
        "for p in got.stdout.split()[:3]:\n    r = subprocess.run([p, '--help'], capture_output=True, text=True)\n"
        "print('ESCAPED' if os.geteuid() == 0 else 'TRIED', os.geteuid())",
    ),
    Hostile(
        "dropped_program",
        "what is written cannot be executed",
        "cp /bin/true /tmp/t; cp /bin/true /box/t; cp /bin/true /dev/shm/t\n"
        "for f in /tmp/t /box/t /dev/shm/t; do chmod +x $f; $f 2>/dev/null && echo ESCAPED $f || echo TRIED $f; done",
        "bash",
    ),
    Hostile(
        "own_runner",
        "runner, interpreter and libraries cannot be changed",
        "for f in /sandbox/init /sandbox/runner.sh /usr/bin/env /bin/bash; do "
        "(echo x >> $f) 2>/dev/null && echo ESCAPED $f; rm -f $f 2>/dev/null && echo ESCAPED $f; done; echo TRIED",
        "bash",
    ),
    Hostile(
        "planted_links",
        "links in place of files lead nobody: the host reads no path of the container",
        "rm -f /box/main.sh; ln -s /etc/shadow /box/main.sh; ln -s / /box/out; ln -s /proc/1/fd/1 /tmp/out; echo TRIED",
        "bash",
    ),
    Hostile(
        "pid_1_by_proc",
        "nothing of PID 1 can be opened: it is not dumpable",
        "import os\nfor f in ('mem', 'environ', 'maps', 'fd/0', 'fd/1', 'root', 'cwd', 'exe', 'syscall', 'auxv'):\n"
        "    try: os.open('/proc/1/' + f, os.O_RDWR if f in ('mem', 'fd/1') else os.O_RDONLY); print('ESCAPED', f)\n"
        "    except OSError as e: print('TRIED', f)\n"
        "try: print('ESCAPED', os.listdir('/proc/1/fd'))\nexcept OSError: print('TRIED')",
    ),
    Hostile(
        "kill_everything",
        "killing all, PID 1 too, ends only this run",
        "trap '' TERM HUP INT; kill -9 1; kill -STOP 1; kill -SEGV 1; echo TRIED; kill -9 -1; echo alive",
        "bash",
        ("ok", "error"),
    ),
    Hostile(
        "exit_137",
        "an exit code says nothing of memory",
        "import os; print('TRIED', flush=True); os._exit(137)",
        status=("error",),
        judge=lambda a: (a.exit_code, a.signal) == (137, None),
    ),
    Hostile(
        "killed_by_itself",
        "a signal says nothing of memory or time",
        "import os; print('TRIED', flush=True); os.kill(os.getpid(), 9)",
        status=("error",),
        judge=lambda a: (a.exit_code, a.signal) == (None, 9),
    ),
    Hostile(
        "core_dump",
        "the fault is reported, and no core is left on the host",
        "import ctypes; print('TRIED', flush=True); ctypes.string_at(0)",
        status=("error",),
        judge=lambda a: a.signal == 11,
    ),
    Hostile(
        "left_behind",
        "children that hold the output open hold up nobody",
        "import os, time\nif os.fork() == 0:\n    os.setsid(); time.sleep(3600)\nprint('TRIED')",
    ),
    Hostile(
        "forged_end",
        "a last word in the output is output",
        f"import os\nos.write(1, {FORGED!r})\nos.write(2, {FORGED!r})\nprint('TRIED')\nos._exit(3)",
        status=("error",),
        judge=lambda a: a.exit_code == 3 and "p 0 -1" in a.stdout,
    ),
    Hostile(
        "forged_end_on_every_descriptor",
        "no descriptor leads around PID 1",
        f"import os\nfor fd in range(256):\n    if fd not in (1, 2):\n        try: os.write(fd, {FORGED!r}); print('WROTE', fd)\n"
        "        except OSError: pass\nprint('TRIED', flush=True); os._exit(4)",
        status=("error",),
        never=("WROTE",),
        judge=lambda a: a.exit_code == 4,
    ),
    Hostile(
        "closed_output",
        "a program that closes everything is still ended",
        "import os, time\nos.write(1, b'TRIED')\nos.closerange(0, 256)\ntime.sleep(3600)",
        status=("timeout",),
        ask={"timeout": 5},
    ),
    Hostile(
        "binary_junk",
        "bytes come back as they were, and as text that JSON can hold",
        "import os; os.write(1, b'TRIED' + bytes(range(256)) * 4)",
        ask={"raw": True},
        judge=lambda a: base64.b64decode(a.stdout_base64 or "") == b"TRIED" + bytes(range(256)) * 4,
    ),
    Hostile(
        "page_and_terminal",
        "nothing moves a cursor, sets a title, hides or reorders text; for a page it is escaped",
        "print('TRIED <script>alert(1)</script>\\x1b[2J\\x1b]0;pwn\\x07\\x1b[31mred\\x1b]8;;http://evil\\x1b\\\\link"
        "\\u202eRTL\\u200b \\x9b31m \\x90q\\x9c \\x08\\x7f')",
        never=("\x1b", "\x07", "\x08", "\x7f", "\x9b", "\x90", "\u202e", "\u200b", "pwn", "evil"),
        ask={"html": True},
        judge=lambda a: "<" not in (a.stdout_html or "<") and "&lt;script&gt;" in (a.stdout_html or ""),
    ),
    Hostile(
        "sql_shell",
        "no command of the shell, no file",
        "select 'TRIED';\n.shell echo ESCAPED\n.system echo ESCAPED",
        "sql",
        ("error",),
    ),
    Hostile(
        "sql_files",
        "no database is attached, no file read or written",
        "select 'TRIED';\nattach '/tmp/x.db' as x;\nselect 'ESCAPED';",
        "sql",
        ("error",),
    ),
    Hostile("sql_functions", "refused", "select 'TRIED';\nselect 'ESC' || 'APED', readfile('/etc/passwd');", "sql", ("error",)),
    Hostile("sql_extension", "refused", "select 'TRIED';\nselect 'ESC' || 'APED', load_extension('/x.so');", "sql", ("error",)),
    Hostile("sql_output", "refused", "select 'TRIED';\n.output /tmp/x\nselect 'ESCAPED';", "sql", ("error",)),
    Hostile(
        "node_children",
        "the same box for what it starts",
        "const { execSync } = require('child_process'); console.log('TRIED ' + execSync('id -u; cat /proc/self/status "
        "| grep -c Seccomp:.2'))",
        "javascript",
        says=("TRIED 10001",),
    ),
    Hostile(
        "java_reflection",
        "the runner's own pipes tell PID 1 nothing any more",
        'import java.io.*; class Main { public static void main(String[] a) throws Exception { for (int i = 3; i < 64; i++) '
        '{ try (FileOutputStream f = new FileOutputStream("/proc/self/fd/" + i)) { f.write(\'c\'); } catch (IOException e) {} } '
        'System.out.println("TRIED"); System.exit(5); } }',
        "java",
        ("error",),
        judge=lambda a: a.exit_code == 5,
    ),
]  # fmt: skip
