/*
 * open-loop PATH RATE SECONDS CONNECTIONS WHERE...: asks for PATH at a fixed rate over HTTP/1.1, whatever the answers take. WHERE is a
 * port of 127.0.0.1 or the path of a socket; of several each gets its share of the connections. Each request has its moment, 1/RATE
 * after the one before, and its time counts from then, also when no connection was free (as wrk2 does it). Prints: p50 and p99, in
 * microseconds. Answers must carry their length.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define ANSWER_MAX 8192
#define DRAIN_NS 5000000000ll

struct line {
  const char *where;
  int fd;
  int64_t due;
  size_t length;
  char text[ANSWER_MAX];
};

static char request[512];
static size_t request_length;
static int events;
static struct line **idle;
static int idle_count;

static void die(const char *what) {
  perror(what);
  exit(1);
}

static int64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1000000000ll + time.tv_nsec;
}

static int connect_local(const char *path) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  strncpy(address.sun_path, path, sizeof address.sun_path - 1);
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (connect(fd, (struct sockaddr *)&address, sizeof address)) die("connect");
  return fd;
}

static int connect_port(const char *port) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port))};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;
  if (connect(fd, (struct sockaddr *)&address, sizeof address)) die("connect");
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  return fd;
}

/* On one machine a connection is there at once, so it may wait for it. */
static void open_line(struct line *line) {
  line->fd = line->where[0] == '/' ? connect_local(line->where) : connect_port(line->where);
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = line};
  if (epoll_ctl(events, EPOLL_CTL_ADD, line->fd, &event)) die("epoll_ctl");
  line->length = 0;
  line->due = 0;
  idle[idle_count++] = line;
}

static int is_whole(const struct line *line) {
  const char *end = strstr(line->text, "\r\n\r\n"), *length = strcasestr(line->text, "\r\ncontent-length:");
  return end && length && line->text + line->length - (end + 4) >= atol(length + 17);
}

static void again(struct line *line) {
  if (line->due == 0)
    for (int index = 0; index < idle_count; index++)
      if (idle[index] == line) idle[index] = idle[--idle_count];
  close(line->fd);
  open_line(line);
}

/* Returns how long the answer took, or -1 while it is not whole. */
static int64_t hear(struct line *line) {
  ssize_t got = read(line->fd, line->text + line->length, ANSWER_MAX - 1 - line->length);
  if (got <= 0) {
    /* A server may close a connection that nobody uses. */
    if (line->due != 0) die("no answer");
    again(line);
    return -1;
  }
  line->length += (size_t)got;
  line->text[line->length] = 0;
  if (!is_whole(line)) return -1;
  int64_t took = now() - line->due;
  int closes = strcasestr(line->text, "\r\nconnection: close") != NULL;
  if (closes) {
    again(line);
    return took;
  }
  line->length = 0;
  line->due = 0;
  idle[idle_count++] = line;
  return took;
}

static int by_size(const void *a, const void *b) {
  int64_t difference = *(const int64_t *)a - *(const int64_t *)b;
  return difference < 0 ? -1 : difference > 0;
}

int main(int argc, char **argv) {
  if (argc < 6) {
    fprintf(stderr, "usage: open-loop PATH RATE SECONDS CONNECTIONS PORT|SOCKET...\n");
    return 2;
  }
  double rate = atof(argv[2]);
  int64_t count = (int64_t)(rate * atof(argv[3]));
  int connections = atoi(argv[4]);
  char **places = argv + 5;
  request_length = (size_t)snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", argv[1]);
  /* Otherwise the kernel wakes it up to 50 us late. */
  prctl(PR_SET_TIMERSLACK, 1);
  events = epoll_create1(EPOLL_CLOEXEC);
  idle = calloc((size_t)connections, sizeof *idle);
  struct line *lines = calloc((size_t)connections, sizeof *lines);
  int64_t *took = calloc((size_t)count, sizeof *took);
  for (int index = 0; index < connections; index++) {
    lines[index].where = places[index % (argc - 5)];
    open_line(&lines[index]);
  }

  int64_t start = now(), sent = 0, answered = 0;
  while (answered < count) {
    int64_t time = now();
    while (sent < count && idle_count > 0) {
      int64_t due = start + (int64_t)((double)sent * 1e9 / rate);
      if (due > time) break;
      struct line *line = idle[--idle_count];
      line->due = due;
      if (write(line->fd, request, request_length) != (ssize_t)request_length) die("write");
      sent++;
    }
    if (time - start > (int64_t)((double)count * 1e9 / rate) + DRAIN_NS) die("answers are missing");
    int64_t next = sent < count && idle_count > 0 ? start + (int64_t)((double)sent * 1e9 / rate) - now() : 1000000;
    struct timespec wait = {.tv_nsec = next < 0 ? 0 : next};
    struct epoll_event ready[64];
    int heard = (int)syscall(SYS_epoll_pwait2, events, ready, 64, &wait, NULL, 0);
    if (heard < 0 && errno != EINTR) die("epoll_pwait2");
    for (int index = 0; index < heard; index++) {
      int64_t one = hear(ready[index].data.ptr);
      if (one >= 0) took[answered++] = one;
    }
  }
  qsort(took, (size_t)count, sizeof *took, by_size);
  printf("%lld %lld\n", (long long)took[count / 2] / 1000, (long long)took[count * 99 / 100] / 1000);
  return 0;
}
