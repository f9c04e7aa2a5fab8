/*
 * What the machine can do at most: the yardsticks of the pipeline.
 *
 *   limit rename DROP OUT             each file that arrives in DROP is renamed to OUT
 *   limit chain  DROP CLAIMS OUT      the file operations of guess_file_type, switch, archive: claim by rename, read the
 *                                     head, set one attribute, write the .tags, rename to the end
 *
 * Prints "ready", runs until it is killed.
 */
#define _GNU_SOURCE
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/xattr.h>
#include <unistd.h>

/** As many bytes of tags as the chain gives a file, on it and beside it. */
#define TAGS 900

static char tags[TAGS];

static void chain(int drop, int claims, int out, const char *claims_path, const char *name) {
  char head[256], path[4096], tags_name[300];
  if (renameat(drop, name, claims, name) != 0) return;
  int fd = openat(claims, name, O_RDONLY);
  if (fd < 0 || read(fd, head, sizeof head) < 0) err(1, "%s", name);
  close(fd);
  snprintf(path, sizeof path, "%s/%s", claims_path, name);
  if (setxattr(path, "user.metwork", tags, sizeof tags, 0) != 0) err(1, "setxattr %s", path);
  snprintf(tags_name, sizeof tags_name, "%s.tags", name);
  fd = openat(out, tags_name, O_WRONLY | O_CREAT | O_EXCL, 0644);
  if (fd < 0 || write(fd, tags, sizeof tags) != (ssize_t)sizeof tags) err(1, "%s", tags_name);
  close(fd);
  if (renameat(claims, name, out, name) != 0) err(1, "rename %s", name);
}

static int directory(const char *path) {
  int fd = open(path, O_RDONLY | O_DIRECTORY);
  if (fd < 0) err(1, "%s", path);
  return fd;
}

int main(int count, char **args) {
  int is_chain = count == 5 && strcmp(args[1], "chain") == 0;
  if (!is_chain && !(count == 4 && strcmp(args[1], "rename") == 0)) errx(2, "usage: see the source");
  memset(tags, 't', sizeof tags);
  int drop = directory(args[2]), out = directory(args[count - 1]), claims = is_chain ? directory(args[3]) : -1;
  int events = inotify_init1(IN_CLOEXEC);
  if (inotify_add_watch(events, args[2], IN_MOVED_TO | IN_CLOSE_WRITE) < 0) err(1, "inotify_add_watch");
  puts("ready");
  fflush(stdout);
  static char buffer[1 << 20];
  for (;;) {
    ssize_t length = read(events, buffer, sizeof buffer);
    if (length <= 0) err(1, "read");
    for (char *at = buffer; at < buffer + length;) {
      struct inotify_event *event = (struct inotify_event *)at;
      at += sizeof *event + event->len;
      if (event->len == 0) continue;
      if (is_chain) chain(drop, claims, out, args[3], event->name);
      else renameat(drop, event->name, out, event->name);
    }
  }
}
