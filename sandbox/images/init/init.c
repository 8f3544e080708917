/* PID 1 of every sandbox container: `init IDLE_SECONDS RUNNER ARG...`.

It starts the language's runner, takes one request from the host (stdin), gives it to the runner, and frames what comes
back (stdout). It holds the deadline, the output limit and the counters itself, because whoever started the container may
be gone; it ends everything the moment the host's side of stdin is closed.

A frame is: 1 byte kind, 4 bytes length (big endian), payload.
  host to init:  F path NUL content | L "timeout_ms output_bytes" | G arguments, each ended by NUL | I input | E (end of input)
  init to host:  r (runner is warm) | o stdout | e stderr | f final, see tell_final()
The runner has the program's stdin, stdout, stderr; on descriptor 3 it reads the arguments; on 4 it writes one byte each:
  r (warm), then p (the program begins now) or c (it does not compile). It closes both before the program begins.

The program never reaches these pipes: init is not dumpable, so /proc/1/fd and ptrace are closed to it. Files are written
here, before the program begins: the host opens no path of the container, ever. */

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { CHUNK = 32768, HEADER = 5, LARGEST_FRAME = 4 << 20, DRAIN_MS = 1000 };
enum phase { STARTING = 's', WARM = 'r', ASKED = 'a', PROGRAM = 'p', NO_COMPILE = 'c' };

struct counters { long long cpu_us, peak_bytes, oom_kills; };

static struct {
    enum phase phase;
    pid_t runner;
    int control, status, in, out, err, signals; /* our ends; -1 when closed */
    long long deadline_ms, asked_ms, output_left;
    int timeout_ms, timed_out, over, gone, wait_status;
    struct counters before;
} box = {.phase = STARTING, .output_left = 1 << 20, .timeout_ms = 1000};

static unsigned char *frame;                    /* what came from the host and is not a whole frame yet */
static size_t framed, frame_room;
static unsigned char pending[LARGEST_FRAME];    /* the program's input that it has not read yet */
static size_t pending_from, pending_to;
static int input_ended;
static unsigned char queue[CHUNK + 2 * HEADER + 512]; /* what the host has not taken yet */
static size_t queue_from, queue_to;

static void broken(const char *what) {
    dprintf(2, "init: %s: %s\n", what, strerror(errno));
    _exit(70);
}

static long long now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

/* ---- the container's own counters, cgroup v1 or v2 ---- */

/* The number after `key` in a file of "key number" lines; without a key the file's first number; -1 when there is none. */
static long long number_in(const char *path, const char *key) {
    char text[4096];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return -1;
    ssize_t got = read(fd, text, sizeof text - 1);
    close(fd);
    if (got <= 0) return -1;
    text[got] = 0;
    if (!key) return strtoll(text, NULL, 10);
    for (char *line = text; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        size_t length = strlen(key);
        if (!strncmp(line, key, length) && line[length] == ' ') return strtoll(line + length, NULL, 10);
    }
    return -1;
}

static struct counters count(void) {
    struct counters made;
    long long nanoseconds = number_in("/sys/fs/cgroup/cpuacct/cpuacct.usage", NULL);
    if (nanoseconds >= 0)
        made = (struct counters){nanoseconds / 1000, number_in("/sys/fs/cgroup/memory/memory.max_usage_in_bytes", NULL),
                                 number_in("/sys/fs/cgroup/memory/memory.oom_control", "oom_kill")};
    else
        made = (struct counters){number_in("/sys/fs/cgroup/cpu.stat", "usage_usec"),
                                 number_in("/sys/fs/cgroup/memory.peak", NULL),
                                 number_in("/sys/fs/cgroup/memory.events", "oom_kill")};
    return made;
}

/* ---- to the host ---- */

static void put_frame(char kind, const void *payload, size_t length) {
    unsigned char *at = queue + queue_to;
    at[0] = (unsigned char)kind;
    for (int i = 0; i < 4; i++) at[1 + i] = (unsigned char)(length >> (24 - 8 * i));
    memcpy(at + HEADER, payload, length);
    queue_to += HEADER + length;
}

static void flush_queue(void) {
    while (queue_from < queue_to) {
        ssize_t sent = write(1, queue + queue_from, queue_to - queue_from);
        if (sent < 0 && errno == EINTR) continue;
        if (sent < 0 && errno != EAGAIN) box.gone = 1;
        if (sent < 0) return;
        queue_from += (size_t)sent;
    }
    queue_from = queue_to = 0;
}

static void close_end(int *fd) {
    if (*fd >= 0) close(*fd);
    *fd = -1;
}

/* One chunk of the program's output, unless the host still has to take the last one. */
static void pass_output(int *from, char kind) {
    unsigned char chunk[CHUNK];
    ssize_t got = read(*from, chunk, sizeof chunk);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (got <= 0) {
        close_end(from);
        return;
    }
    size_t sent = (long long)got > box.output_left ? (size_t)box.output_left : (size_t)got;
    if (sent < (size_t)got) box.over = 1;
    box.output_left -= (long long)sent;
    if (sent) put_frame(kind, chunk, sent);
}

/* phase exit signal wall_ms cpu_us peak_bytes oom_kills timed_out over_output; exit or signal is -1, so are unknown counts. */
static void tell_final(void) {
    char text[256];
    struct counters after = count();
    int exited = WIFEXITED(box.wait_status) ? WEXITSTATUS(box.wait_status) : -1;
    int killed = WIFSIGNALED(box.wait_status) ? WTERMSIG(box.wait_status) : -1;
    long long oom = after.oom_kills < 0 ? -1 : after.oom_kills - box.before.oom_kills;
    long long cpu = after.cpu_us < 0 ? -1 : after.cpu_us - box.before.cpu_us;
    int length = snprintf(text, sizeof text, "%c %d %d %lld %lld %lld %lld %d %d", box.phase, exited, killed,
                          now_ms() - box.asked_ms, cpu, after.peak_bytes, oom, box.timed_out, box.over);
    put_frame('f', text, (size_t)length);
}

/* ---- from the host ---- */

/* A file under the working folder; the host has checked the name, and here it is checked again. */
static void write_file(char *name, const unsigned char *content, size_t length) {
    if (*name == '/' || strstr(name, "..")) broken("file name");
    for (char *slash = strchr(name, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = 0;
        if (mkdir(name, 0755) && errno != EEXIST) broken("mkdir");
        *slash = '/';
    }
    int fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
    if (fd < 0) broken("open");
    while (length) {
        ssize_t put = write(fd, content, length);
        if (put < 0) broken("write");
        content += put;
        length -= (size_t)put;
    }
    close(fd);
}

static void go(const unsigned char *arguments, size_t length) {
    box.before = count();
    box.asked_ms = now_ms();
    box.deadline_ms = box.asked_ms + box.timeout_ms;
    box.phase = ASKED;
    if (write(box.control, arguments, length) != (ssize_t)length) broken("control");
    close_end(&box.control);
}

static void take_input(const unsigned char *input, size_t length) {
    if (pending_to + length > sizeof pending) {
        memmove(pending, pending + pending_from, pending_to - pending_from);
        pending_to -= pending_from;
        pending_from = 0;
    }
    if (pending_to + length > sizeof pending) broken("too much input");
    memcpy(pending + pending_to, input, length);
    pending_to += length;
}

static void obey(unsigned char kind, unsigned char *payload, size_t length) {
    char *text = (char *)payload;
    payload[length] = 0; /* there is room for it */
    if (box.phase != WARM && kind != 'I' && kind != 'E') broken("one request a container");
    if (kind == 'F') write_file(text, payload + strlen(text) + 1, length - strlen(text) - 1);
    else if (kind == 'L') sscanf(text, "%d %lld", &box.timeout_ms, &box.output_left);
    else if (kind == 'G') go(payload, length);
    else if (kind == 'I') take_input(payload, length);
    else if (kind == 'E') input_ended = 1;
    else broken("unknown frame");
}

static size_t frame_length(void) {
    return (size_t)frame[1] << 24 | (size_t)frame[2] << 16 | (size_t)frame[3] << 8 | frame[4];
}

static void read_host(void) {
    if (frame_room - framed < CHUNK && !(frame = realloc(frame, frame_room += LARGEST_FRAME / 4))) broken("memory");
    ssize_t got = read(0, frame + framed, frame_room - framed - 1);
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) return;
    if (got <= 0) box.gone = 1;
    else framed += (size_t)got;
    while (framed >= HEADER) {
        size_t length = frame_length();
        if (length > LARGEST_FRAME) broken("frame too large");
        if (framed < HEADER + length) return;
        unsigned char after = frame[HEADER + length];
        obey(frame[0], frame + HEADER, length);
        frame[HEADER + length] = after;
        framed -= HEADER + length;
        memmove(frame, frame + HEADER + length, framed);
    }
}

static void feed_program(void) {
    ssize_t put = write(box.in, pending + pending_from, pending_to - pending_from);
    if (put < 0 && errno != EAGAIN && errno != EINTR) close_end(&box.in); /* it does not read any more */
    if (put > 0) pending_from += (size_t)put;
    if (pending_from == pending_to) pending_from = pending_to = 0;
}

static void read_status(void) {
    char said;
    ssize_t got = read(box.status, &said, 1);
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) return;
    if (got <= 0) close_end(&box.status);
    else if (said == WARM && box.phase == STARTING) box.phase = WARM, put_frame('r', "", 0);
    else if ((said == PROGRAM || said == NO_COMPILE) && box.phase == ASKED) box.phase = (enum phase)said;
}

/* ---- the runner ---- */

static void pipe_pair(int ends[2]) {
    if (pipe2(ends, O_CLOEXEC)) broken("pipe");
}

static void set_oom_score(const char *score) {
    int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    if (fd < 0) return; /* gVisor has none */
    if (write(fd, score, strlen(score)) < 0 && *score != '0') broken("oom_score_adj");
    close(fd);
}

static void become_runner(char **argv, int in, int out, int err, int control, int status) {
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_DFL);
    setsid();
    set_oom_score("1000"); /* the program is ended for memory before us and before anything of the host */
    int high[] = {fcntl(in, F_DUPFD, 20), fcntl(out, F_DUPFD, 20), fcntl(err, F_DUPFD, 20), fcntl(control, F_DUPFD, 20),
                  fcntl(status, F_DUPFD, 20)};
    for (int fd = 0; fd < 5; fd++)
        if (dup2(high[fd], fd) < 0) broken("dup2");
    for (int fd = 5; fd < 64; fd++) close(fd);
    execv(argv[0], argv);
    broken(argv[0]);
}

static void start_runner(char **argv) {
    int in[2], out[2], err[2], control[2], status[2];
    pipe_pair(in), pipe_pair(out), pipe_pair(err), pipe_pair(control), pipe_pair(status);
    box.runner = fork();
    if (box.runner < 0) broken("fork");
    if (box.runner == 0) become_runner(argv, in[0], out[1], err[1], control[0], status[1]);
    close(in[0]), close(out[1]), close(err[1]), close(control[0]), close(status[1]);
    box.in = in[1], box.out = out[0], box.err = err[0], box.control = control[1], box.status = status[0];
    int ours[] = {0, 1, box.in, box.out, box.err, box.status};
    for (size_t i = 0; i < sizeof ours / sizeof *ours; i++) fcntl(ours[i], F_SETFL, fcntl(ours[i], F_GETFL) | O_NONBLOCK);
}

/* All processes of the container but us; twice, for what was just being forked. */
static void kill_all(void) {
    kill(-1, SIGKILL);
    kill(-1, SIGKILL);
}

static void reap(void) {
    int status;
    pid_t pid;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
        if (pid == box.runner) {
            box.wait_status = status;
            box.runner = 0;
        }
}

static void block_signals(void) {
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
    signal(SIGPIPE, SIG_IGN);
    sigset_t child;
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    box.signals = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
    if (box.signals < 0) broken("signalfd");
}

/* Wait for whatever comes first, and deal with it. The program's output waits until the host has taken the last of it. */
static void turn(long long until_ms) {
    int room = queue_to == 0;
    struct pollfd on[] = {
        {0, pending_to - pending_from < CHUNK ? POLLIN : 0, 0},
        {1, room ? 0 : POLLOUT, 0},
        {room ? box.out : -1, POLLIN, 0},
        {room ? box.err : -1, POLLIN, 0},
        {room ? box.status : -1, POLLIN, 0},
        {box.signals, POLLIN, 0},
        {pending_from < pending_to ? box.in : -1, POLLOUT, 0},
    };
    long long left = until_ms - now_ms();
    if (poll(on, 7, left < 0 ? 0 : left > 60000 ? 60000 : (int)left) < 0 && errno != EINTR) broken("poll");
    struct signalfd_siginfo told;
    if (on[5].revents && read(box.signals, &told, sizeof told) > 0) reap();
    if (on[4].revents) read_status();
    if (on[0].revents & POLLIN) read_host();
    else if (on[0].revents & (POLLHUP | POLLERR | POLLNVAL)) box.gone = 1;
    if (on[6].revents) feed_program();
    if (input_ended && pending_from == pending_to) close_end(&box.in);
    if (on[2].revents && queue_to == 0) pass_output(&box.out, 'o');
    if (on[3].revents && queue_to == 0) pass_output(&box.err, 'e');
    flush_queue();
}

static int answered(void) {
    return box.phase != STARTING && box.phase != WARM;
}

static void until_program_ends(long long idle_deadline_ms) {
    while (box.runner && !box.gone && !box.over) {
        long long deadline = answered() ? box.deadline_ms : idle_deadline_ms;
        if (now_ms() >= deadline) {
            box.timed_out = answered();
            box.gone = !answered(); /* nobody asked in all that time */
            return;
        }
        turn(deadline);
    }
}

static int draining(void) {
    return box.out >= 0 || box.err >= 0 || box.runner;
}

static void until_told(long long limit_ms) {
    while (!box.gone && queue_to && now_ms() < limit_ms) turn(limit_ms);
}

/* What the program left in its pipes; it is dead, so they end. The host may be slow, but not for ever; after a deadline it
   waits for us itself, and not as long. Output that it did not take is not passed over: then there is no last word. */
static void drain(void) {
    long long limit = now_ms() + (box.timed_out ? DRAIN_MS : 10 * DRAIN_MS);
    while (!box.gone && !box.over && draining() && now_ms() < limit) turn(limit);
    reap();
    if (!box.gone && !box.over && !box.timed_out && draining()) broken("the host does not take the output");
    until_told(now_ms() + 10 * DRAIN_MS);
}

int main(int argc, char **argv) {
    if (argc < 3) return 64;
    set_oom_score("0"); /* as low as may be; and before the next line, which closes our own /proc to us */
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    umask(022);
    if (chdir("/box")) broken("/box"); /* the request's files; a WorkingDir of the engine's would be made read-only */
    block_signals();
    start_runner(argv + 2);
    until_program_ends(now_ms() + atoll(argv[1]) * 1000);
    kill_all();
    if (box.gone) return 0;
    drain();
    tell_final();
    until_told(now_ms() + 10 * DRAIN_MS);
    return 0;
}
