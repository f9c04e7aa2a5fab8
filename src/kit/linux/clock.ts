import { libc } from "./libc.ts";

const adjtimex = libc.func("int adjtimex(_Inout_ void *buffer)");

/** Larger than struct timex of any architecture; `modes`, its first field, is 0: only ask. */
const TIMEX_BYTES = 512;
/** Where `status` stands in it on 64-bit machines: after modes, offset, freq, maxerror and esterror. */
const STATUS_OFFSET = 40;
const STA_UNSYNC = 0x40;

/** Whether the kernel's clock follows a reference, by adjtimex(2); undefined when the kernel does not let us ask. */
export function isClockSynchronised(): boolean | undefined {
  const timex = Buffer.alloc(TIMEX_BYTES);
  const state: number = adjtimex(timex);
  if (state < 0) return undefined;
  return (timex.readInt32LE(STATUS_OFFSET) & STA_UNSYNC) === 0;
}
