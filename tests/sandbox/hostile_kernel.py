"""Programs that ask the kernel for what no program needs."""

from hostile_program import SYSCALLS, Hostile


def calls(name: str, contained: str, lines: str, **more: object) -> Hostile:
    """A Python program of `call(...)` lines."""
    return Hostile(name, contained, SYSCALLS + lines, **more)  # type: ignore[arg-type]


PROGRAMS = [
    calls("io_uring", "refused", "call('io_uring_setup', 425, 8, ctypes.create_string_buffer(120))"),
    calls("memfd_secret", "refused", "call('memfd_secret', 447, 0)"),
    calls("memfd_create", "no file without a place, which noexec would not hold", "call('memfd', 319, b'x', 0)"),
    calls(
        "ptrace",
        "refused for PID 1, for a child and for oneself",
        "call('attach', 101, 16, 1, 0, 0)\ncall('seize', 101, 0x4206, 1, 0, 0)\ncall('traceme', 101, 0, 0, 0, 0)",
    ),
    calls(
        "keyrings",
        "refused: keyrings are of the host's user, not of the container",
        "call('add_key', 248, b'user', b'x', b'y', 1, -3)\ncall('request_key', 249, b'user', b'x', 0, -3)\n"
        "call('keyctl', 250, 0, -3, 0)",
    ),
    calls(
        "mounts",
        "refused, the new calls too",
        "call('mount', 165, b'none', b'/tmp', b'tmpfs', 0, 0)\ncall('umount2', 166, b'/tmp', 0)\n"
        "call('pivot_root', 155, b'/tmp', b'/tmp')\ncall('open_tree', 428, -100, b'/', 1)\n"
        "call('move_mount', 429, 0, b'', 0, b'', 0)\ncall('fsopen', 430, b'tmpfs', 0)\n"
        "call('mount_setattr', 442, -100, b'/', 0, 0, 0)",
    ),
    calls(
        "namespaces",
        "refused: a new namespace gives its maker every capability within",
        "for flag in (0x10000000, 0x20000, 0x40000000, 0x8000000, 0x4000000, 0x20000000, 0x2000000, 0x80):\n"
        "    call('unshare %x' % flag, 272, flag)\n    call('clone %x' % flag, 56, flag | 17, 0, 0, 0, 0)\n"
        "call('setns', 308, 0, 0)\ncall('clone3', 435, ctypes.create_string_buffer(64), 64)",
    ),
    calls(
        "watchers",
        "refused: bpf, perf events, user faults, fanotify",
        "call('bpf', 321, 0, 0, 0)\ncall('perf', 298, ctypes.create_string_buffer(128), 0, -1, -1, 0)\n"
        "call('userfaultfd', 323, 0)\ncall('fanotify', 300, 0, 0)\ncall('lookup_dcookie', 212, 0, 0, 0)",
    ),
    calls(
        "modules_and_reboot",
        "refused",
        "call('init_module', 175, 0, 0, b'')\ncall('finit_module', 313, 0, b'', 0)\ncall('delete_module', 176, b'x', 0)\n"
        "call('kexec_load', 246, 0, 0, 0, 0)\ncall('kexec_file_load', 320, 0, 0, 0, 0, 0)\n"
        "call('reboot', 169, 0xfee1dead, 672274793, 0, 0)\ncall('swapon', 167, b'/tmp', 0)\ncall('acct', 163, 0)\n"
        "call('iopl', 172, 3)\ncall('ioperm', 173, 0, 10, 1)\ncall('quotactl', 179, 0, 0, 0, 0)",
    ),
    calls(
        "clocks",
        "the host's clock cannot be set",
        "call('settimeofday', 164, ctypes.create_string_buffer(16), 0)\n"
        "call('clock_settime', 227, 0, ctypes.create_string_buffer(16))\n"
        "call('adjtimex', 159, ctypes.create_string_buffer(b'\\x01' * 208))\ncall('clock_adjtime', 305, 0, 0)",
    ),
    calls(
        "memory_of_others",
        "refused, also for PID 1",
        "call('process_vm_readv', 310, 1, 0, 0, 0, 0, 0)\ncall('process_vm_writev', 311, 1, 0, 0, 0, 0, 0)\n"
        "call('kcmp', 312, 1, 1, 0, 0, 0)\ncall('pidfd_getfd', 438, 0, 0, 0)\ncall('process_madvise', 440, 0, 0, 0, 0, 0)\n"
        "call('move_pages', 279, 1, 0, 0, 0, 0, 0)\ncall('migrate_pages', 256, 1, 0, 0, 0)",
    ),
    calls(
        "handles",
        "no file is opened by its number on the disk",
        "call('name_to_handle_at', 303, -100, b'/', 0, 0, 0)\ncall('open_by_handle_at', 304, 0, 0, 0)",
    ),
    calls(
        "kernel_log",
        "cannot be read",
        "b = ctypes.create_string_buffer(200)\ncall('syslog', 103, 3, b, 200)\n"
        "print('ESCAPED' if os.path.exists('/dev/kmsg') else 'TRIED')",
    ),
    calls("names_and_roots", "refused", "call('chroot', 161, b'/tmp')\ncall('sethostname', 170, b'x', 1)"),
    calls(
        "limits_of_pid_1",
        "a program cannot set limits that would end PID 1, nor slow it",
        "two = (ctypes.c_ulong * 2)(0, 0)\ncall('prlimit', 302, 1, 0, two, 0)\n"
        "call('setpriority', 141, 0, 1, 19)\ncall('sched_setscheduler', 144, 1, 5, ctypes.create_string_buffer(8))\n"
        "call('sched_setattr', 314, 1, ctypes.create_string_buffer(56), 0)\ncall('ioprio_set', 251, 1, 1, 0)\n"
        "call('sched_setaffinity', 203, 1, 8, ctypes.create_string_buffer(b'\\x01' * 8))",
    ),
    calls("personality", "addresses stay random", "call('personality', 135, 0x0040000)"),
    calls(
        "system_v_memory",
        "shared memory, queues and semaphores of System V are refused",
        "call('shmget', 29, 0, 4096, 0o1600)\ncall('msgget', 68, 0, 0o1600)\ncall('semget', 64, 0, 1, 0o1600)\n"
        "call('mq_open', 240, b'x', 0o102, 0o600, 0)",
    ),
    calls(
        "x32_calls",
        "calls of another architecture are no way around the filter",
        "call('x32 ptrace', 0x40000000 | 521, 0, 0, 0, 0)\ncall('x32 io_uring', 0x40000000 | 425, 8, 0)",
        status=("ok", "error"),
        says=(),
    ),
    Hostile(
        "calls_of_32_bit",
        "int 0x80 ends the program",
        "import ctypes, mmap\nm = mmap.mmap(-1, 4096, prot=7)\n"
        # mov eax, 20 (getpid of i386); int 0x80; ret
        "m.write(b'\\xb8\\x14\\x00\\x00\\x00\\xcd\\x80\\xc3')\n"
        "print('TRIED', flush=True)\nf = ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(m)))\n"
        "print('ESCAPED', f())",
        status=("error",),
        judge=lambda a: a.signal in (31, 11),
    ),
    Hostile(
        "capabilities",
        "none, and none to be had",
        "grep -E 'CapEff|CapPrm|CapBnd|CapAmb' /proc/self/status | grep -v 0000000000000000 && echo ESCAPED\n"
        "grep -q 'NoNewPrivs:.1' /proc/self/status && grep -q 'Seccomp:.2' /proc/self/status && echo TRIED",
        "bash",
    ),
    Hostile(
        "socket_families",
        "only local and internet sockets exist; vsock, netlink, packet and the others do not",
        "import socket\nopen_ = []\nfor family in range(46):\n    for kind in (1, 2, 3, 5):\n"
        "        try: socket.socket(family, kind, 0); open_.append(family)\n        except OSError: pass\n"
        "print('TRIED', sorted(set(open_)), 40 in open_)",
        says=("TRIED [1, 2, 10] False",),
    ),
    Hostile(
        "raw_sockets",
        "refused",
        "import socket\nfor f, k, p in ((2, 3, 1), (2, 3, 255), (10, 3, 58), (17, 3, 3)):\n"
        "    try: socket.socket(f, k, p); print('ESCAPED', f)\n    except OSError as e: print('TRIED', f, e.strerror)",
    ),
]
