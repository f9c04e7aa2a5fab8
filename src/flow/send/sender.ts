import { lstatSync } from "node:fs";
import { systemPath } from "../../core/flow/names.ts";
import type { Tags } from "../../core/flow/tags.ts";
import type { StepLog } from "../tell/log.ts";
import type { Destination, Session } from "./session.ts";

interface Idle {
  readonly session: Session;
  readonly timer: NodeJS.Timeout;
}

/** Sends files, several at once, over sessions that are used again while files keep coming. */
export class Sender {
  readonly #destination: Destination;
  readonly #log: StepLog;
  readonly #idle: Idle[] = [];
  /** Names being written there: two files of one name wait for each other. */
  readonly #writing = new Map<string, Promise<void>>();

  constructor(destination: Destination, log: StepLog) {
    this.#destination = destination;
    this.#log = log;
  }

  /** Resolves when the file is there. Rejects when it is not; then it may be sent again. */
  async send(path: string, tags: Tags): Promise<void> {
    const name = this.#destination.name(tags);
    const { size } = lstatSync(systemPath(path));
    const before = this.#writing.get(name) ?? Promise.resolve();
    const sent = before.then(() => this.#put(path, name, size));
    const settled = sent.catch(() => undefined);
    this.#writing.set(name, settled);
    try {
      await sent;
    } finally {
      if (this.#writing.get(name) === settled) this.#writing.delete(name);
    }
    this.#log.info(`${path} is now ${name} at ${this.#destination.where} (${size} bytes)`);
  }

  close(): void {
    for (const { session, timer } of this.#idle.splice(0)) {
      clearTimeout(timer);
      session.close();
    }
  }

  /** A session that was idle may have been ended by the server meanwhile, so its failure is not the file's. */
  async #put(path: string, name: string, size: number): Promise<void> {
    const kept = this.#idle.pop();
    if (kept !== undefined) {
      clearTimeout(kept.timer);
      try {
        await this.#use(kept.session, path, name, size);
        return;
      } catch (error) {
        this.#log.info(`a new session for ${name}: ${error instanceof Error ? error.message : error}`);
      }
    }
    await this.#use(await this.#destination.open(), path, name, size);
  }

  async #use(session: Session, path: string, name: string, size: number): Promise<void> {
    try {
      await session.put(path, name, size);
    } catch (error) {
      session.close();
      throw error;
    }
    const timer = setTimeout(() => this.#drop(session), this.#destination.lifetimeMs).unref();
    this.#idle.push({ session, timer });
  }

  #drop(session: Session): void {
    const at = this.#idle.findIndex((idle) => idle.session === session);
    if (at >= 0) this.#idle.splice(at, 1);
    this.#log.debug(`closing a session of ${this.#destination.where} without files`);
    session.close();
  }
}
