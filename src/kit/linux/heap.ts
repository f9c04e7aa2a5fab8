import { libc } from "./libc.ts";

const mallocTrim = libc.func("int malloc_trim(size_t pad)");

/**
 * Gives what malloc keeps of freed memory back to the system (malloc_trim(3)), about a millisecond for 10 MB: by itself glibc
 * gives back only the end of its heap, so that one small piece there keeps all that a burst took. Not V8's own heap.
 */
export function trimHeap(): void {
  mallocTrim(0);
}
