import { createSocket, type Socket } from "node:dgram";
import type { ExpectEvent } from "../../core/expect/types.ts";
import type { MetricsTarget } from "../../core/flow/types.ts";
import { datagrams, statsdLine } from "../../core/metrics/lines.ts";
import { retriesOf } from "../engine/attempts.ts";
import type { FlowEvents } from "../engine/events.ts";
import type { Job } from "../engine/lane.ts";
import type { Ending } from "../types.ts";

const FLUSH_MS = 500;

interface Counts {
  readonly tags: Readonly<Record<string, string>>;
  files: number;
  bytes: number;
  errors: number;
  /** Milliseconds each file took. */
  readonly timers: number[];
}

/** Sends the predecessor's counters and timers of each step to statsd, twice a second, without waiting for anybody. */
export class StatsdMetrics implements FlowEvents {
  readonly #counts = new Map<string, Counts>();
  #socket: Socket | undefined;
  #target: MetricsTarget | undefined;
  #timer: NodeJS.Timeout | undefined;

  /** From now on it sends there; undefined: nothing is counted. */
  aim(target: MetricsTarget | undefined): void {
    this.#target = target;
    if (target === undefined || this.#socket !== undefined) return;
    this.#socket = createSocket("udp4");
    this.#socket.on("error", () => undefined);
    this.#socket.unref();
  }

  entered(): void {
    // Counted when it ends.
  }

  sent(): void {
    // Not a number of the predecessor.
  }

  ended({ file, lane, counter, startedMs }: Job, ending: Ending): void {
    if (this.#target === undefined || ending.is === "returned") return;
    const { host } = this.#target;
    const { plugin, step, retry } = lane.step;
    const counts = this.#countsOf(plugin, step, host);
    counts.files += 1;
    counts.bytes += file.size;
    // Time and failure of one in a batch are those of the batch, which its worker tells.
    const isOfBatch = lane.external && file.tags.has(`${counter}.${plugin}.${step}.batch_id`);
    if (!isOfBatch && ["retried", "buried", "stuck"].includes(ending.is)) counts.errors += 1;
    if (!isOfBatch) counts.timers.push(performance.now() - startedMs);
    // The predecessor gave files back by a step of its own.
    if (ending.is === "retried") {
      const again = this.#countsOf(plugin, `${step}_reinject`, host);
      again.files += 1;
      again.bytes += file.size;
    } else if (ending.is === "buried" && retry !== undefined && retriesOf(file.tags, lane.step) >= retry.total) {
      this.#countsOf(plugin, `${step}_reinject`, host).errors += 1;
    }
    this.#timer ??= setTimeout(() => this.flush(), FLUSH_MS);
  }

  #countsOf(plugin: string, step: string, host: string): Counts {
    const key = `${plugin}.${step}`;
    let counts = this.#counts.get(key);
    if (counts === undefined) {
      const tags = { module: "mfdata", host, plugin, step };
      counts = { tags, files: 0, bytes: 0, errors: 0, timers: [] };
      this.#counts.set(key, counts);
    }
    return counts;
  }

  /** Something that should have arrived did not, or did after all. */
  expected({ plugin, name, state }: ExpectEvent): void {
    if (this.#target === undefined) return;
    const tags = { module: "mfdata", host: this.#target.host, plugin, expect: name };
    const metric = state === "arrived" ? "number_of_late_arrivals" : "number_of_missing_arrivals";
    for (const one of datagrams([statsdLine(metric, tags, 1, "c")]))
      this.#socket?.send(one, this.#target.port, "127.0.0.1");
  }

  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const lines = [...this.#counts.values()].flatMap(({ tags, files, bytes, errors, timers }) => [
      statsdLine("number_of_processed_files", tags, files, "c"),
      statsdLine("bytes_of_processed_files", tags, bytes, "c"),
      ...(errors === 0 ? [] : [statsdLine("number_of_processing_errors", tags, errors, "c")]),
      ...timers.map((ms) => statsdLine("processing_file_timer", tags, Number(ms.toFixed(3)), "ms")),
    ]);
    this.#counts.clear();
    for (const one of datagrams(lines)) this.#socket?.send(one, this.#target?.port ?? 0, "127.0.0.1");
  }
}
