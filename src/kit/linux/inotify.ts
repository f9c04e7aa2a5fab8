import { closeSync, read } from "node:fs";
import { nameFromBytes } from "../../core/flow/names.ts";
import { libc, systemError } from "./libc.ts";
import { cPath } from "./path.ts";

const inotifyInit = libc.func("int inotify_init1(int flags)");
const inotifyAddWatch = libc.func("int inotify_add_watch(int fd, const char *path, uint32_t mask)");
const inotifyRmWatch = libc.func("int inotify_rm_watch(int fd, int wd)");

const IN_CLOEXEC = 0o2000000;
const IN_CLOSE_WRITE = 0x8;
const IN_MOVED_TO = 0x80;
const IN_CREATE = 0x100;
const IN_DELETE_SELF = 0x400;
const IN_MOVE_SELF = 0x800;
const IN_Q_OVERFLOW = 0x4000;
const IN_IGNORED = 0x8000;
const IN_ONLYDIR = 0x1000000;
const IN_ISDIR = 0x40000000;
const MASK = IN_CLOSE_WRITE | IN_MOVED_TO | IN_CREATE | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;

const HEADER = 16;
const BUFFER_SIZE = 256 * 1024;

/** What happened in watched directories, as far as the arrival of files goes. */
export interface InotifyListener {
  /** Written and closed, or moved in. */
  complete(watch: number, name: string, moved: boolean): void;
  /** A name appeared: an empty file somebody is about to write, or a finished one by link(2). */
  appeared(watch: number, name: string): void;
  /** A directory was made in it or moved in. */
  directory(watch: number, name: string): void;
  /** The directory was removed or moved away: it is no longer watched. */
  gone(watch: number): void;
  /** Events were lost: only listings tell what there is. */
  overflow(): void;
}

export interface Inotify {
  /** Watches a directory; returns its watch number. Throws the system's errors. */
  watch(directory: string): number;
  unwatch(watch: number): void;
  close(): Promise<void>;
}

/**
 * Opens an inotify queue. A blocking read waits on one thread of libuv's pool, so an idle queue costs nothing;
 * removing a watch wakes it (IN_IGNORED), which is how `close` ends it.
 */
export function openInotify(listener: InotifyListener, wakeDirectory: string): Inotify {
  const fd: number = inotifyInit(IN_CLOEXEC);
  if (fd < 0) throw systemError("inotify_init1");
  const buffer = Buffer.allocUnsafeSlow(BUFFER_SIZE);
  const active = new Set<number>();
  let closing = false;
  const done = Promise.withResolvers<void>();
  const next = (): void => {
    read(fd, buffer, 0, BUFFER_SIZE, null, (error, length) => {
      if (closing) {
        closeSync(fd);
        done.resolve();
        return;
      }
      if (error === null) dispatch(buffer.subarray(0, length), active, listener, unwatch);
      next();
    });
  };
  const unwatch = (wd: number): void => {
    if (active.delete(wd)) inotifyRmWatch(fd, wd);
  };
  next();
  const watch = (directory: string): number => {
    const wd: number = inotifyAddWatch(fd, cPath(directory), MASK);
    if (wd < 0) throw systemError("inotify_add_watch", directory);
    active.add(wd);
    return wd;
  };
  return {
    watch,
    unwatch,
    close: () => {
      closing = true;
      inotifyRmWatch(fd, watch(wakeDirectory));
      return done.promise;
    },
  };
}

function dispatch(
  events: Buffer,
  active: ReadonlySet<number>,
  listener: InotifyListener,
  unwatch: (wd: number) => void,
): void {
  for (let at = 0; at + HEADER <= events.length; ) {
    const wd = events.readInt32LE(at);
    const mask = events.readUInt32LE(at + 4);
    const length = events.readUInt32LE(at + 12);
    const start = at + HEADER;
    at = start + length;
    if ((mask & IN_Q_OVERFLOW) !== 0) listener.overflow();
    else if (!active.has(wd)) continue;
    else if ((mask & (IN_IGNORED | IN_DELETE_SELF | IN_MOVE_SELF)) !== 0) {
      unwatch(wd);
      listener.gone(wd);
    } else if (length > 0) {
      const end = events.indexOf(0, start);
      const name = nameFromBytes(events.subarray(start, end === -1 || end > at ? at : end));
      if ((mask & IN_ISDIR) !== 0) listener.directory(wd, name);
      else if ((mask & (IN_CLOSE_WRITE | IN_MOVED_TO)) !== 0) listener.complete(wd, name, (mask & IN_MOVED_TO) !== 0);
      else listener.appeared(wd, name);
    }
  }
}
