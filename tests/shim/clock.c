/*
 * Plays a clock that somebody sets while a command runs: a library between the command and the system, put there by
 * LD_PRELOAD. Linux and glibc only; tests/it/support/shim.rs compiles it and says what it is to do.
 *
 *   CLOCK_SET    a file: as soon as it is there, the wall clock has been set
 *   CLOCK_BY     by how many seconds, forward or back
 *
 * The monotonic clock goes on as it does.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int clock_gettime(clockid_t clock, struct timespec *now) {
    const char *set = getenv("CLOCK_SET"), *by = getenv("CLOCK_BY");
    int failed = (int)syscall(SYS_clock_gettime, clock, now);
    if (!failed && clock == CLOCK_REALTIME && set && by && !syscall(SYS_faccessat, AT_FDCWD, set, F_OK))
        now->tv_sec += atol(by);
    return failed;
}
