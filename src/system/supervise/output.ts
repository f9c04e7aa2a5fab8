import { Socket } from "node:net";
import type { LogFile } from "../../kit/log-file.ts";

const NEWLINE = 10;
/** A line is kept together with its neighbours up to this size; what is longer is written in pieces. */
const MAX_LINE_BYTES = 64 * 1024;
/** How long a line without end (a prompt, a progress dot) waits for the rest of it. */
const UNFINISHED_MS = 500;
const REMEMBERED_BYTES = 4096;
/** What a pipe holds. */
const READ_BYTES = 64 * 1024;
/** A program that writes more than so much within a slot waits for the next one: reading it costs others the processor. */
const SLOT_BYTES = 4 * 1024 * 1024;
const SLOT_MS = 100;
/** After so little, what follows is let come together: a line for each file of a busy step cost more than the step. */
const SMALL_BYTES = 4096;
const GATHER_MS = 20;

/** The output of one process on its way to a log file. */
export interface Output {
  /** The last lines it wrote, the newest last. */
  lastLines(count: number): readonly string[];
  /** Resolves when every process that could write has closed its end and all is handed to the log. */
  readonly ended: Promise<void>;
  /** Stops reading, whoever may still hold the other end. */
  abandon(): void;
}

/**
 * Copies whole lines from a pipe to a log that others may share; memory stays bounded, as a full log makes the pipe wait.
 * Takes the descriptor over.
 */
export function copyOutput(pipe: number, log: LogFile): Output {
  const read = Buffer.allocUnsafe(READ_BYTES);
  // Only a socket with a buffer of its own stops reading when it is paused. Others go on, line by line, and hand out one
  // of these lines at each resumption.
  const onread = {
    buffer: read,
    callback: (size: number) => {
      take(Buffer.from(read.subarray(0, size)));
      return true;
    },
  };
  const stream = new Socket({ fd: pipe, readable: true, writable: false, onread });
  const unfinished: Buffer[] = [];
  let unfinishedBytes = 0;
  let timer: NodeJS.Timeout | undefined;
  let remembered = Buffer.alloc(0);
  let slotBegan = 0;
  let slotBytes = 0;

  const flush = (): boolean => {
    clearTimeout(timer);
    timer = undefined;
    const bytes = unfinished.splice(0);
    unfinishedBytes = 0;
    return (
      bytes.length === 0 || log.write(bytes.length === 1 && bytes[0] !== undefined ? bytes[0] : Buffer.concat(bytes))
    );
  };
  const keep = (bytes: Buffer): void => {
    if (bytes.length === 0) return;
    unfinished.push(bytes);
    unfinishedBytes += bytes.length;
  };
  /** How long to wait before reading on, in milliseconds. */
  const restMs = (bytes: number): number => {
    const now = performance.now();
    if (now - slotBegan >= SLOT_MS) {
      slotBegan = now;
      slotBytes = 0;
    }
    slotBytes += bytes;
    if (slotBytes >= SLOT_BYTES) return slotBegan + SLOT_MS - now;
    return bytes < SMALL_BYTES ? GATHER_MS : 0;
  };
  const take = (chunk: Buffer): void => {
    const tail = chunk.subarray(-REMEMBERED_BYTES);
    remembered = Buffer.concat([remembered, tail]).subarray(-REMEMBERED_BYTES);
    const end = chunk.lastIndexOf(NEWLINE) + 1;
    keep(chunk.subarray(0, end));
    let room = end > 0 ? flush() : true;
    keep(chunk.subarray(end));
    if (unfinishedBytes > MAX_LINE_BYTES) room = flush() && room;
    else if (unfinishedBytes > 0) timer ??= setTimeout(flush, UNFINISHED_MS).unref();
    const pauseMs = restMs(chunk.length);
    if (!room || pauseMs > 0) stream.pause();
    if (!room) log.drained(() => stream.resume());
    else if (pauseMs > 0) setTimeout(() => stream.resume(), pauseMs).unref();
  };

  stream.on("error", () => stream.destroy());
  const ended = new Promise<void>((resolve) => {
    stream.on("close", () => {
      flush();
      resolve();
    });
  });
  return {
    lastLines: (count) => {
      const lines = remembered
        .toString("utf8")
        .split("\n")
        .map((line) => line.trimEnd());
      return lines.filter((line) => line !== "").slice(-count);
    },
    ended,
    abandon: () => stream.destroy(),
  };
}
