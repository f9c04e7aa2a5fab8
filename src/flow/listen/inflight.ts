import { type IPublishPacket, type IStore, Store as MqttStore } from "mqtt";
import type { Tags } from "../../core/flow/tags.ts";
import type { Store } from "./store.ts";

type Callback = Parameters<IStore["get"]>[1];
type Id = Parameters<IStore["get"]>[0];

/**
 * Messages of QoS 2 between their two acknowledgements, on disk: after the first the broker forgets the message, and only
 * the second makes it a file of the pipeline, so that a death in between neither loses nor doubles it. This is the client
 * library's store of incoming messages, by packet identifier.
 */
export class Inflight extends MqttStore {
  readonly #store: Store;
  readonly #tagsOf: (topic: string) => Tags;
  readonly #keep: (save: () => void) => Promise<boolean>;

  constructor(store: Store, tagsOf: (topic: string) => Tags, keep: (save: () => void) => Promise<boolean>) {
    super();
    this.#store = store;
    this.#tagsOf = tagsOf;
    this.#keep = keep;
  }

  /** Calls back, which acknowledges, once the message is on disk. */
  override put(packet: Parameters<IStore["put"]>[0], done: Parameters<IStore["put"]>[1]): this {
    const { messageId = 0, topic, payload } = packet as IPublishPacket;
    const content = typeof payload === "string" ? Buffer.from(payload) : payload;
    const hold = (): void => this.#store.hold(String(messageId), content, this.#tagsOf(topic));
    void this.#keep(hold).then((kept) => kept && done());
    return this;
  }

  override get({ messageId = 0 }: Id, done: Callback): this {
    if (this.#store.holds(String(messageId))) {
      done(undefined, { cmd: "publish", messageId, qos: 2, topic: "", payload: "", dup: false, retain: false });
    } else {
      done(new Error("missing packet"));
    }
    return this;
  }

  /** The library lets go of messages of a session the broker lost; they are ours alone then. */
  override del({ messageId = 0 }: Id, done: Callback): this {
    this.publish(messageId);
    done();
    return this;
  }

  publish(messageId: number): void {
    this.#store.release(String(messageId));
  }

  publishAll(): void {
    for (const name of this.#store.held()) this.#store.release(name);
  }
}
