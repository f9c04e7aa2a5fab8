/*
 * Preloaded into the pipeline: its machine's wall clock jumps while it runs, as when NTP steps it or somebody sets it.
 * $METWORK_CLOCK is a file of 64-bit numbers: how many jumps there were, then for each since when (really, nanoseconds
 * since the epoch) and how far from the real clock. The clock of a machine also dates what happens on its disks, so the
 * change time of a file is shown as the clock went at that time: what was made before a jump keeps its date.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define SECOND 1000000000L
#define JUMPS_MAX 2000

struct jump {
  int64_t since, offset;
};
struct clock {
  int64_t count;
  struct jump jumps[JUMPS_MAX];
};

static const volatile struct clock *jumped;

__attribute__((constructor)) static void start(void) {
  const char *path = getenv("METWORK_CLOCK");
  int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
  if (fd < 0) return;
  void *page = mmap(NULL, sizeof(struct clock), PROT_READ, MAP_SHARED, fd, 0);
  if (page != MAP_FAILED) jumped = page;
  close(fd);
}

/* The offset at a real time. */
static int64_t offset_at(int64_t ns) {
  int64_t count = jumped ? jumped->count : 0;
  while (count > 0 && jumped->jumps[count - 1].since > ns) count -= 1;
  return count > 0 ? jumped->jumps[count - 1].offset : 0;
}

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static int64_t now(void) {
  struct timespec real;
  syscall(SYS_clock_gettime, CLOCK_REALTIME, &real);
  int64_t ns = real.tv_sec * SECOND + real.tv_nsec;
  return ns + offset_at(ns);
}

int clock_gettime(clockid_t id, struct timespec *at) {
  if (id != CLOCK_REALTIME && id != CLOCK_REALTIME_COARSE) return NEXT(clock_gettime)(id, at);
  int64_t ns = now();
  *at = (struct timespec){.tv_sec = ns / SECOND, .tv_nsec = ns % SECOND};
  return 0;
}

int gettimeofday(struct timeval *restrict at, void *restrict zone) {
  (void)zone;
  int64_t ns = now();
  *at = (struct timeval){.tv_sec = ns / SECOND, .tv_usec = ns % SECOND / 1000};
  return 0;
}

time_t time(time_t *at) {
  time_t seconds = now() / SECOND;
  if (at) *at = seconds;
  return seconds;
}

static void shift(struct statx_timestamp *at) {
  int64_t ns = at->tv_sec * SECOND + at->tv_nsec;
  ns += offset_at(ns);
  at->tv_sec = ns / SECOND;
  at->tv_nsec = ns % SECOND;
}

/* Node looks at files by this alone. */
long syscall(long number, ...) {
  long argument[6];
  va_list rest;
  va_start(rest, number);
  for (int each = 0; each < 6; each++) argument[each] = va_arg(rest, long);
  va_end(rest);
  long answer = NEXT(syscall)(number, argument[0], argument[1], argument[2], argument[3], argument[4], argument[5]);
  if (number == SYS_statx && answer == 0) {
    struct statx *file = (struct statx *)argument[4];
    shift(&file->stx_ctime);
    shift(&file->stx_mtime);
  }
  return answer;
}
