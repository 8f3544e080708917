"""The seccomp profile of every sandbox container: what a program may ask the kernel. All else answers EPERM.

An allowlist of its own, shorter than Docker's default (moby/profiles/seccomp), which lets through AF_VSOCK sockets,
io_uring, memfd_secret, ptrace, userfaultfd and calls that change the limits or the scheduling of other processes, PID 1
among them. What is here was found with the tests of the six languages. Only the native architecture: 32-bit calls end
the program.
"""

from __future__ import annotations

import json
from functools import cache
from typing import Any

FILES = """
access chdir chmod close close_range copy_file_range creat dup dup2 dup3 faccessat faccessat2 fadvise64 fallocate fchdir
fchmod fchmodat fchmodat2 fcntl fdatasync fgetxattr flistxattr flock fstat fstatfs fsync ftruncate getcwd getdents
getdents64 getxattr inotify_add_watch inotify_init inotify_init1 inotify_rm_watch ioctl lgetxattr link linkat listxattr
llistxattr lseek lstat mkdir mkdirat newfstatat open openat openat2 pipe pipe2 pread64 preadv preadv2 pwrite64 pwritev
pwritev2 read readahead readlink readlinkat readv rename renameat renameat2 rmdir sendfile splice stat statfs statx
symlink symlinkat sync_file_range tee truncate umask unlink unlinkat utime utimensat utimes vmsplice write writev
"""
PROCESSES = """
arch_prctl capget capset execve execveat exit exit_group fork getegid geteuid getgid getgroups getpgid getpgrp getpid
getppid getpriority getresgid getresuid getrlimit getrusage getsid gettid getuid kill membarrier pidfd_open
pidfd_send_signal prctl rseq sched_getaffinity sched_getattr sched_get_priority_max sched_get_priority_min
sched_getparam sched_getscheduler sched_rr_get_interval sched_yield set_robust_list get_robust_list set_tid_address
setfsgid setfsuid setgid setgroups setpgid setregid setresgid setresuid setreuid setrlimit setsid setuid tgkill times
tkill uname vfork wait4 waitid
"""
MEMORY = "brk madvise mincore mlock mlock2 mmap mprotect mremap msync munlock munmap pkey_alloc pkey_free pkey_mprotect"
SIGNALS = """
pause restart_syscall rt_sigaction rt_sigpending rt_sigprocmask rt_sigqueueinfo rt_sigreturn rt_sigsuspend
rt_sigtimedwait rt_tgsigqueueinfo sigaltstack signalfd signalfd4
"""
TIME = """
alarm clock_getres clock_gettime clock_nanosleep getitimer gettimeofday nanosleep setitimer time timer_create
timer_delete timer_getoverrun timer_gettime timer_settime timerfd_create timerfd_gettime timerfd_settime
"""
WAITING = """
epoll_create epoll_create1 epoll_ctl epoll_pwait epoll_pwait2 epoll_wait eventfd eventfd2 futex futex_waitv poll ppoll
pselect6 select
"""
SOCKETS = """
accept accept4 bind connect getpeername getsockname getsockopt listen recvfrom recvmmsg recvmsg sendmmsg sendmsg sendto
setsockopt shutdown
"""
REST = "getcpu getrandom landlock_add_rule landlock_create_ruleset landlock_restrict_self seccomp sysinfo"

FAMILIES = {"AF_UNIX": 1, "AF_INET": 2, "AF_INET6": 10}  # there is nobody to reach, but runtimes expect loopback
# A process in new namespaces would have capabilities there, and with them the kernel's least tested corners.
NEW_NAMESPACES = 0x02000000 | 0x04000000 | 0x08000000 | 0x10000000 | 0x20000000 | 0x40000000 | 0x00020000 | 0x00000080
PERSONALITIES = (0x0, 0x0008, 0x20000, 0x20008, 0xFFFFFFFF)  # as Docker's default; 0xffffffff only asks
ENOSYS = 38
TIOCSTI = 0x5412
TIOCLINUX = 0x541C


@cache
def profile() -> str:
    """As JSON, the way the engine takes it in `security_opt`."""
    names = " ".join((FILES, PROCESSES, MEMORY, SIGNALS, TIME, WAITING, SOCKETS, REST)).split()
    names.remove("ioctl")
    rules = [
        _allow(*names),
        *(_allow("socket", "socketpair", given=[_is(0, number)]) for number in FAMILIES.values()),
        *(_allow("personality", given=[_is(0, number)]) for number in PERSONALITIES),
        _allow("clone", given=[{"index": 0, "value": NEW_NAMESPACES, "valueTwo": 0, "op": "SCMP_CMP_MASKED_EQ"}]),
        # Its flags lie in memory, where a filter cannot see them: glibc falls back to clone.
        {"names": ["clone3"], "action": "SCMP_ACT_ERRNO", "errnoRet": ENOSYS},
        _allow("prlimit64", "sched_setaffinity", given=[_is(0, 0)]),  # of oneself: never of PID 1
        _allow("ioctl", given=[_not(1, TIOCSTI), _not(1, TIOCLINUX)]),
    ]
    native = ["SCMP_ARCH_X86_64", "SCMP_ARCH_AARCH64"]
    return json.dumps({"defaultAction": "SCMP_ACT_ERRNO", "architectures": native, "syscalls": rules})


def _allow(*names: str, given: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    return {"names": list(names), "action": "SCMP_ACT_ALLOW", "args": given or []}


def _is(index: int, value: int) -> dict[str, Any]:
    return {"index": index, "value": value, "op": "SCMP_CMP_EQ"}


def _not(index: int, value: int) -> dict[str, Any]:
    return {"index": index, "value": value, "op": "SCMP_CMP_NE"}
