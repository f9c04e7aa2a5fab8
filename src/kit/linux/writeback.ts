import { libc } from "./libc.ts";

const syncFileRange = libc.func("int sync_file_range(int fd, int64_t offset, int64_t nbytes, unsigned int flags)");
const SYNC_FILE_RANGE_WRITE = 2;

/**
 * Starts to write a file's content to the disk and waits for none of it. Only a hint, for those who will wait for many
 * files: what it cannot do is left to fdatasync.
 */
export function startWriteback(fd: number): void {
  syncFileRange(fd, 0, 0, SYNC_FILE_RANGE_WRITE);
}
