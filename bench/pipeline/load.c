/*
 * Gives files to a pipeline and times them.
 *
 *   load stage STAGE FROM COUNT PAYLOAD             writes COUNT files, copies of PAYLOAD
 *   load run   STAGE FROM COUNT DROP OUT INTERVAL   renames them into DROP, one every INTERVAL microseconds (0: all at once),
 *                                                   and waits until all are in OUT
 *   load watch STAGE FROM COUNT OUT ENOUGH          waits until ENOUGH of them are in OUT
 *
 * Files are named f0000000.png and so on; whatever holds an f and seven digits counts as that file. `run` and `watch` print
 * one JSON line: files seen, seen twice, when the first arrived (milliseconds since the epoch), seconds to the last arrival
 * from the first rename (`watch`: from the first arrival), and milliseconds from a file's rename to its arrival (half of
 * them, 99 of 100, the longest). They give up after 60 seconds without an arrival.
 */
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <time.h>
#include <unistd.h>

static const char *stage, *drop;
static int first, count, interval_us;
static double *begun, *ended;

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec + time.tv_nsec * 1e-9;
}

static void path_of(char *path, const char *directory, int index) {
  snprintf(path, 4096, "%s/f%07d.png", directory, index);
}

/** The index in a name, -1 when it has none or is no data file. */
static int index_of(const char *name) {
  size_t length = strlen(name);
  if (name[0] == '.' || (length > 5 && strcmp(name + length - 5, ".tags") == 0)) return -1;
  for (const char *at = strchr(name, 'f'); at != NULL; at = strchr(at + 1, 'f')) {
    if (strspn(at + 1, "0123456789") == 7) return atoi(at + 1);
  }
  return -1;
}

static double epoch_ms(void) {
  struct timespec time;
  clock_gettime(CLOCK_REALTIME, &time);
  return time.tv_sec * 1e3 + time.tv_nsec * 1e-6;
}

static int stage_files(const char *payload) {
  static char content[1 << 20], path[4096];
  int fd = open(payload, O_RDONLY);
  ssize_t size = fd < 0 ? -1 : read(fd, content, sizeof content);
  if (size < 0) err(1, "%s", payload);
  for (int index = first; index < first + count; index++) {
    path_of(path, stage, index);
    int out = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    if (out < 0 || write(out, content, size) != size) err(1, "%s", path);
    close(out);
  }
  return 0;
}

static void *give(void *unused) {
  static char from[4096], to[4096];
  double next = now();
  for (int index = 0; index < count; index++) {
    path_of(from, stage, first + index);
    path_of(to, drop, first + index);
    if (interval_us > 0) {
      double wait = next - now();
      if (wait > 0) usleep(wait * 1e6);
      next += interval_us * 1e-6;
    }
    begun[index] = now();
    if (rename(from, to) != 0) err(1, "%s", from);
  }
  return unused;
}

static int by_value(const void *one, const void *other) {
  double difference = *(const double *)one - *(const double *)other;
  return (difference > 0) - (difference < 0);
}

int main(int argument_count, char **args) {
  if (argument_count < 6) errx(2, "usage: see the source");
  stage = args[2];
  first = atoi(args[3]);
  count = atoi(args[4]);
  if (strcmp(args[1], "stage") == 0) return stage_files(args[5]);
  int is_run = strcmp(args[1], "run") == 0;
  if (argument_count < (is_run ? 8 : 7)) errx(2, "usage: see the source");
  const char *out = args[is_run ? 6 : 5];
  int enough = is_run ? count : atoi(args[6]);
  drop = args[5];
  interval_us = is_run ? atoi(args[7]) : 0;
  begun = calloc(count, sizeof *begun);
  ended = calloc(count, sizeof *ended);
  int events = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
  if (inotify_add_watch(events, out, IN_MOVED_TO) < 0) err(1, "%s", out);
  pthread_t giver;
  if (is_run) pthread_create(&giver, NULL, give, NULL);
  static char buffer[1 << 20];
  int seen = 0, twice = 0, overflows = 0;
  double last = now(), first_at = 0;
  while (seen < enough && now() - last < 60) {
    struct pollfd wait = {events, POLLIN, 0};
    if (poll(&wait, 1, 500) <= 0) continue;
    /* In a burst, looking at every single arrival would take the processor from those who are measured. */
    if (interval_us == 0 && seen > 0) usleep(2000);
    ssize_t length = read(events, buffer, sizeof buffer);
    last = now();
    if (first_at == 0) {
      first_at = epoch_ms();
      if (!is_run) begun[0] = last;
    }
    for (char *at = buffer; at < buffer + length;) {
      struct inotify_event *event = (struct inotify_event *)at;
      at += sizeof *event + event->len;
      overflows += (event->mask & IN_Q_OVERFLOW) != 0;
      int index = event->len == 0 ? -1 : index_of(event->name) - first;
      if (index < 0 || index >= count) continue;
      if (ended[index] > 0) twice++;
      else seen++, ended[index] = last;
    }
  }
  if (is_run) pthread_join(giver, NULL);
  double *took = calloc(count, sizeof *took);
  int timed = 0;
  for (int index = 0; index < count; index++) {
    if (ended[index] > 0 && is_run) took[timed++] = (ended[index] - begun[index]) * 1e3;
  }
  qsort(took, timed, sizeof *took, by_value);
  double p50 = timed ? took[timed / 2] : -1, p99 = timed ? took[(int)((timed - 1) * 0.99)] : -1;
  printf("{\"seen\":%d,\"twice\":%d,\"overflows\":%d,\"firstAtMs\":%.1f,\"seconds\":%.4f,\"p50Ms\":%.3f,\"p99Ms\":%.3f,\"maxMs\":%.3f}\n", seen,
         twice, overflows, first_at, last - begun[0], p50, p99, timed ? took[timed - 1] : -1);
  return seen >= enough ? 0 : 3;
}
