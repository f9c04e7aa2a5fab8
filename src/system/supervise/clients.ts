import { type Connections, unixConnections } from "../../kit/linux/unix-connections.ts";

/** For so long what was read is good enough for the next who asks, milliseconds. */
const FRESH_MS = 10;

/** Who is connected to which socket, read at most once in a while for all who want to know. */
export class Clients {
  #table: ReadonlyMap<string, Connections> | undefined;
  #readAt = Number.NEGATIVE_INFINITY;

  /** Undefined when it is not known. */
  of(bound: string): Connections | undefined {
    const now = performance.now();
    if (now - this.#readAt >= FRESH_MS) {
      this.#readAt = now;
      try {
        this.#table = unixConnections();
      } catch {
        this.#table = undefined;
      }
    }
    return this.#table?.get(bound);
  }
}
