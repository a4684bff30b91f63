/* Makes a disk slow: each sync takes HEADCOUNT_SYNC_MS milliseconds more. */
#define _GNU_SOURCE
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
#include <sys/syscall.h>

static void wait_a_little(void) {
    const char *ms = getenv("HEADCOUNT_SYNC_MS");
    long long wait = ms ? atoll(ms) : 0;
    struct timespec time = {.tv_sec = wait / 1000, .tv_nsec = wait % 1000 * 1000000};
    nanosleep(&time, 0);
}

int fsync(int file) {
    wait_a_little();
    return (int)syscall(SYS_fsync, file);
}

int fdatasync(int file) {
    wait_a_little();
    return (int)syscall(SYS_fdatasync, file);
}
