/* Preloaded into the pipeline: while the first byte of $METWORK_IO_ERROR is '1', calls that change files
   fail with EIO; while it is 's', only those that wait for the disk do. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <unistd.h>

static const volatile char *order;

__attribute__((constructor)) static void start(void) {
  const char *path = getenv("METWORK_IO_ERROR");
  int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
  if (fd < 0) return;
  void *page = mmap(NULL, 1, PROT_READ, MAP_SHARED, fd, 0);
  if (page != MAP_FAILED) order = page;
  close(fd);
}

static int eio(int fails) {
  if (fails) errno = EIO;
  return fails;
}
static int fails(void) { return eio(order != NULL && *order == '1'); }
static int sync_fails(void) { return eio(order != NULL && (*order == '1' || *order == 's')); }

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

int rename(const char *from, const char *to) { return fails() ? -1 : NEXT(rename)(from, to); }
int renameat2(int from_at, const char *from, int to_at, const char *to, unsigned flags) {
  return fails() ? -1 : NEXT(renameat2)(from_at, from, to_at, to, flags);
}
int link(const char *from, const char *to) { return fails() ? -1 : NEXT(link)(from, to); }
int unlink(const char *path) { return fails() ? -1 : NEXT(unlink)(path); }
int fsync(int fd) { return sync_fails() ? -1 : NEXT(fsync)(fd); }
int fdatasync(int fd) { return sync_fails() ? -1 : NEXT(fdatasync)(fd); }
int mkdir(const char *path, mode_t mode) { return fails() ? -1 : NEXT(mkdir)(path, mode); }

static mode_t mode_of(int flags, va_list rest) { return flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0; }

int open(const char *path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  mode_t mode = mode_of(flags, rest);
  va_end(rest);
  return (flags & O_CREAT) && fails() ? -1 : NEXT(open)(path, flags, mode);
}

int open64(const char *path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  mode_t mode = mode_of(flags, rest);
  va_end(rest);
  return (flags & O_CREAT) && fails() ? -1 : NEXT(open64)(path, flags, mode);
}
