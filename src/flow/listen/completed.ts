import { createHash } from "node:crypto";

/**
 * Messages of QoS 2 that are files already, as long as the broker may not know it. A broker that was restarted has to ask for
 * the end of their delivery (PUBREL); mosquitto 2.0 sends those beyond its `max_inflight_messages` whole again instead, with
 * their former id and marked as repeated, and would have them twice.
 */
export class Completed {
  /** What came by an id and is no file yet. */
  readonly #taken = new Map<number, string>();
  /** Ended over this connection; the broker may not have heard it. */
  readonly #ended = new Map<number, string>();
  /** Ended over a former one, which was lost before the broker was known to have heard it. */
  readonly #unheard = new Map<number, string>();

  /** A connection begins. `remembers`: the broker knows our session, and with it its ids. */
  begin(remembers: boolean): void {
    this.#taken.clear();
    if (remembers) for (const [id, digest] of this.#ended) this.#unheard.set(id, digest);
    else this.#unheard.clear();
    this.#ended.clear();
  }

  /** A message has come. Returns whether it is a file already; `repeated`: the broker says that it may have sent it before. */
  knows(id: number, repeated: boolean, topic: string, content: Uint8Array): boolean {
    const digest = createHash("sha256").update(topic).update("\0").update(content).digest("base64");
    this.#taken.set(id, digest);
    // What is sent for the first time comes after all that is repeated (MQTT 5, 4.6).
    if (!repeated) this.#unheard.clear();
    return this.#unheard.get(id) === digest;
  }

  /** It is a file, and its delivery ends. */
  add(id: number): void {
    const digest = this.#taken.get(id) ?? this.#unheard.get(id);
    this.#taken.delete(id);
    this.#unheard.delete(id);
    if (digest !== undefined) this.#ended.set(id, digest);
  }

  /** The ids whose end was told over this connection, and may not have been heard. */
  unproven(): readonly number[] {
    return [...this.#ended.keys()];
  }

  /** The broker has answered to what was said after the end of their delivery: it has heard. */
  prove(ids: readonly number[]): void {
    for (const id of ids) this.#ended.delete(id);
  }
}
