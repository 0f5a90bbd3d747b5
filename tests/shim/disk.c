/*
 * Plays a disk that is full, that fails, or that loses its power: a library between a command and the system, put
 * there by LD_PRELOAD. Linux and glibc only; tests/it/support/shim.rs compiles it and says what it is to do.
 *
 * It looks at the files of one folder, and of them at those whose names begin as asked for:
 *
 *   DISK_FOLDER  the folder, as an absolute path without links
 *   DISK_FILES   beginnings of names, separated by colons
 *   DISK_LOG     where to record what is done to them (left out: nowhere), see struct record
 *   DISK_CALL    what is counted: write, sync (of a file or of the folder), or lock
 *   DISK_NTH     the number, from 1, of the call that something happens to
 *   DISK_DEED    what: full          it fails with ENOSPC, and so does every later one
 *                      full-once     it fails with ENOSPC, later ones don't
 *                      short         it writes half, and every later one fails with ENOSPC
 *                      short-once    it writes half, and the next one fails with ENOSPC
 *                      eio           it fails with EIO, later ones don't: as Linux does after a failed fsync
 *                      kill-before   the process dies by SIGKILL instead of it
 *                      kill-after    the process dies by SIGKILL after it
 *                      stop          it waits for as long as the file DISK_STOP, which it makes, is there
 *                      freeze-after  the process stops by SIGSTOP after it
 *
 * Every call is carried out, counted and recorded under one lock, so that the record has the order of the disk. Files
 * are known by their inodes and named by /proc/self/fd. So a rename is seen at the next call for the same file, its
 * close at the latest, although the command renames by a system call of its own that no library can see.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

/* What is recorded, in the machine's byte order; the name and the data follow. */
struct record {
    uint8_t call; /* O open, W write, T truncate, S sync of a file, D of the folder, F a failed one, U unlink, C close */
    uint8_t made; /* O: whether it made the file */
    uint16_t name_length;
    uint32_t data_length;
    uint64_t inode;
    uint64_t offset; /* W: where; T: the new length */
};

enum deed { NOTHING, FULL, FULL_ONCE, SHORT, SHORT_ONCE, EIO_ONCE, KILL_BEFORE, KILL_AFTER, STOP, FREEZE_AFTER };
static const char *const DEEDS[] = {"",    "full",        "full-once",  "short", "short-once",
                                    "eio", "kill-before", "kill-after", "stop",  "freeze-after"};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static const char *folder, *files, *counted, *stop;
static enum deed deed;
static long nth, count;
static int log_fd = -1;

__attribute__((constructor)) static void begin(void) {
    const char *wanted = getenv("DISK_DEED"), *number = getenv("DISK_NTH"), *log = getenv("DISK_LOG");
    folder = getenv("DISK_FOLDER");
    files = getenv("DISK_FILES");
    counted = getenv("DISK_CALL");
    stop = getenv("DISK_STOP");
    nth = number ? atol(number) : 0;
    for (size_t i = 1; wanted && i < sizeof DEEDS / sizeof *DEEDS; i++)
        if (!strcmp(wanted, DEEDS[i])) deed = (enum deed)i;
    if (log) log_fd = (int)syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

/* The part of a path after the folder; empty for the folder itself, NULL for other places. */
static const char *in_folder(const char *path) {
    size_t length = folder ? strlen(folder) : 0;
    if (!length || strncmp(path, folder, length)) return NULL;
    if (!path[length]) return path + length;
    return path[length] == '/' && path[length + 1] && !strchr(path + length + 1, '/') ? path + length + 1 : NULL;
}

static int begins_as_asked(const char *name) {
    for (const char *part = files; part && *part;) {
        size_t length = strcspn(part, ":");
        if (length && !strncmp(name, part, length)) return 1;
        part += length + (part[length] == ':');
    }
    return 0;
}

/* The name of an open file that we look at, "" for the folder itself, NULL for any other. */
static const char *name_of(int fd, char path[PATH_MAX]) {
    char link[40];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = syscall(SYS_readlinkat, AT_FDCWD, link, path, PATH_MAX - 1);
    if (length < 0) return NULL;
    path[length] = 0;
    const char *name = in_folder(path);
    return name && (!*name || begins_as_asked(name)) ? name : NULL;
}

static void note(char call, int made, uint64_t inode, const char *name, uint64_t offset, const void *data, size_t size) {
    if (log_fd < 0) return;
    struct record record = {(uint8_t)call, (uint8_t)made, (uint16_t)strlen(name), (uint32_t)size, inode, offset};
    struct iovec parts[] = {{&record, sizeof record}, {(void *)name, strlen(name)}, {(void *)data, size}};
    if (syscall(SYS_writev, log_fd, parts, 3) < 0) abort(); /* a record with a gap would prove anything */
}

static void note_open_file(char call, int fd, const char *name, uint64_t offset, const void *data, size_t size) {
    struct stat status;
    if (log_fd >= 0 && !fstat(fd, &status)) note(call, 0, status.st_ino, name, offset, data, size);
}

static void die(void) {
    for (;;) syscall(SYS_kill, getpid(), SIGKILL);
}

static void wait_there(void) {
    int fd = (int)syscall(SYS_openat, AT_FDCWD, stop, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    syscall(SYS_close, fd);
    while (!syscall(SYS_faccessat, AT_FDCWD, stop, F_OK)) usleep(1000);
}

/* What happens to this call. What happens before it is done here. */
static enum deed befalls(const char *call) {
    if (!counted || strcmp(counted, call)) return NOTHING;
    count++;
    switch (deed) {
    case FULL: return count >= nth ? FULL : NOTHING;
    case SHORT: return count == nth ? SHORT : count > nth ? FULL : NOTHING;
    case SHORT_ONCE: return count == nth ? SHORT : count == nth + 1 ? FULL : NOTHING;
    case KILL_BEFORE: if (count == nth) die(); return NOTHING;
    case STOP: if (count == nth) wait_there(); return NOTHING;
    default: return count == nth ? deed : NOTHING;
    }
}

static int fails(int error) {
    errno = error;
    return -1;
}

/* offset -1: where the file stands. */
static ssize_t do_write(int fd, const void *data, size_t size, off_t offset) {
    char path[PATH_MAX];
    const char *name = name_of(fd, path);
    if (!name) return offset < 0 ? syscall(SYS_write, fd, data, size) : syscall(SYS_pwrite64, fd, data, size, offset);
    pthread_mutex_lock(&lock);
    enum deed what = befalls("write");
    if (what == FULL || what == FULL_ONCE || what == EIO_ONCE) {
        pthread_mutex_unlock(&lock);
        return fails(what == EIO_ONCE ? EIO : ENOSPC);
    }
    if (what == SHORT && size > 1) size /= 2;
    off_t at = offset < 0 ? lseek(fd, 0, SEEK_CUR) : offset;
    ssize_t written = offset < 0 ? syscall(SYS_write, fd, data, size) : syscall(SYS_pwrite64, fd, data, size, offset);
    int error = errno;
    if (written > 0) note_open_file('W', fd, name, (uint64_t)at, data, (size_t)written);
    if (what == KILL_AFTER) die();
    pthread_mutex_unlock(&lock);
    errno = error;
    return written;
}

ssize_t write(int fd, const void *data, size_t size) { return do_write(fd, data, size, -1); }
ssize_t pwrite(int fd, const void *data, size_t size, off_t offset) { return do_write(fd, data, size, offset); }
ssize_t pwrite64(int fd, const void *data, size_t size, off64_t offset) { return do_write(fd, data, size, offset); }

/* To one of our files a part at a time: that is a short write, which every caller must expect. */
ssize_t writev(int fd, const struct iovec *parts, int number) {
    char path[PATH_MAX];
    if (number < 1 || !name_of(fd, path)) return syscall(SYS_writev, fd, parts, number);
    return do_write(fd, parts->iov_base, parts->iov_len, -1);
}

static int do_sync(int fd, long system_call) {
    char path[PATH_MAX];
    const char *name = name_of(fd, path);
    if (!name) return (int)syscall(system_call, fd);
    pthread_mutex_lock(&lock);
    enum deed what = befalls("sync");
    int failed = what == EIO_ONCE ? fails(EIO) : (int)syscall(system_call, fd);
    int error = errno;
    note_open_file(failed ? 'F' : *name ? 'S' : 'D', fd, name, 0, NULL, 0);
    if (what == KILL_AFTER) die();
    if (what == FREEZE_AFTER) syscall(SYS_kill, getpid(), SIGSTOP);
    pthread_mutex_unlock(&lock);
    errno = error;
    return failed;
}

int fsync(int fd) { return do_sync(fd, SYS_fsync); }
int fdatasync(int fd) { return do_sync(fd, SYS_fdatasync); }

int flock(int fd, int operation) {
    char path[PATH_MAX];
    if (!name_of(fd, path)) return (int)syscall(SYS_flock, fd, operation);
    pthread_mutex_lock(&lock);
    befalls("lock");
    int failed = (int)syscall(SYS_flock, fd, operation), error = errno;
    pthread_mutex_unlock(&lock);
    errno = error;
    return failed;
}

static int do_truncate(int fd, off_t length) {
    char path[PATH_MAX];
    const char *name = name_of(fd, path);
    if (!name) return (int)syscall(SYS_ftruncate, fd, length);
    pthread_mutex_lock(&lock);
    int failed = (int)syscall(SYS_ftruncate, fd, length), error = errno;
    if (!failed) note_open_file('T', fd, name, (uint64_t)length, NULL, 0);
    pthread_mutex_unlock(&lock);
    errno = error;
    return failed;
}

int ftruncate(int fd, off_t length) { return do_truncate(fd, length); }
int ftruncate64(int fd, off64_t length) { return do_truncate(fd, length); }

static int do_open(int at, const char *file, int flags, mode_t mode) {
    struct stat status;
    pthread_mutex_lock(&lock);
    int was_there = (flags & O_CREAT) && !fstatat(at, file, &status, AT_SYMLINK_NOFOLLOW);
    int fd = (int)syscall(SYS_openat, at, file, flags, mode), error = errno;
    char path[PATH_MAX];
    const char *name = fd < 0 ? NULL : name_of(fd, path);
    if (name && *name && !fstat(fd, &status)) {
        note('O', (flags & O_CREAT) && !was_there, status.st_ino, name, 0, NULL, 0);
        if (flags & O_TRUNC) note('T', 0, status.st_ino, name, 0, NULL, 0);
    }
    pthread_mutex_unlock(&lock);
    errno = error;
    return fd;
}

#define MODE(flags, mode)                                                                                              \
    mode_t mode = 0;                                                                                                   \
    if ((flags) & (O_CREAT | __O_TMPFILE)) {                                                                           \
        va_list rest;                                                                                                  \
        va_start(rest, flags);                                                                                         \
        mode = va_arg(rest, mode_t);                                                                                   \
        va_end(rest);                                                                                                  \
    }

int open(const char *file, int flags, ...) { MODE(flags, mode) return do_open(AT_FDCWD, file, flags, mode); }
int open64(const char *file, int flags, ...) { MODE(flags, mode) return do_open(AT_FDCWD, file, flags, mode); }
int openat(int at, const char *file, int flags, ...) { MODE(flags, mode) return do_open(at, file, flags, mode); }
int openat64(int at, const char *file, int flags, ...) { MODE(flags, mode) return do_open(at, file, flags, mode); }

int unlinkat(int at, const char *file, int flags) {
    struct stat status;
    char path[PATH_MAX];
    pthread_mutex_lock(&lock);
    int fd = (int)syscall(SYS_openat, at, file, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    const char *name = fd < 0 || fstat(fd, &status) ? NULL : name_of(fd, path);
    int failed = (int)syscall(SYS_unlinkat, at, file, flags), error = errno;
    if (!failed && name && *name) note('U', 0, status.st_ino, name, 0, NULL, 0);
    if (fd >= 0) syscall(SYS_close, fd);
    pthread_mutex_unlock(&lock);
    errno = error;
    return failed;
}

int unlink(const char *file) { return unlinkat(AT_FDCWD, file, 0); }

int close(int fd) {
    char path[PATH_MAX];
    const char *name = name_of(fd, path);
    if (!name || !*name) return (int)syscall(SYS_close, fd);
    pthread_mutex_lock(&lock);
    note_open_file('C', fd, name, 0, NULL, 0);
    int failed = (int)syscall(SYS_close, fd), error = errno;
    pthread_mutex_unlock(&lock);
    errno = error;
    return failed;
}
