import { RedisConnection } from "./redis-connection.ts";
import type { Reply } from "./resp.ts";

/** Lists of messages in a local Redis or Valkey. Every call may fail; nothing is queued while it is away. */
export interface MessageLists {
  /** Connected and answering, as far as is known. */
  readonly up: boolean;
  /** Appends messages to a list. */
  push(key: string, messages: readonly string[]): Promise<void>;
  /**
   * Takes up to `count` of the oldest messages of the first of the lists that has any, waiting `timeoutS` seconds for
   * one (0: for ever; absent: not at all). undefined: none came. A server looks ten times a second whose time is over.
   */
  pop(keys: readonly string[], count: number, timeoutS?: number): Promise<Popped | undefined>;
  /** Sends commands together; fails when one does. */
  send(commands: readonly (readonly [string, ...(string | number)[]])[]): Promise<void>;
  close(): void;
}

export interface Popped {
  readonly key: string;
  readonly messages: readonly string[];
}

export interface MessageListsOptions {
  readonly socket: string;
  /** Called whenever both connections work (again), and when they no longer do. */
  readonly onChange: (up: boolean) => void;
}

/** A stopped Redis must not hold announcements back: after this it counts as away, milliseconds. */
const COMMAND_TIMEOUT_MS = 1500;

/** Opens two connections to a unix socket, one of them for the commands that wait; both reconnect for ever. */
export function openMessageLists({ socket, onChange }: MessageListsOptions): MessageLists {
  let up = false;
  let oldServer = false;
  const changed = (): void => {
    const now = talking.up && waiting.up;
    if (now === up) return;
    up = now;
    onChange(up);
  };
  const talking = new RedisConnection(socket, COMMAND_TIMEOUT_MS, changed);
  const waiting = new RedisConnection(socket, undefined, changed);
  return {
    get up() {
      return up;
    },
    push: async (key, messages) => {
      await talking.ask("LPUSH", key, ...messages);
    },
    pop: async (keys, count, timeoutS) => {
      if (!oldServer) {
        try {
          const command = timeoutS === undefined ? ["LMPOP"] : ["BLMPOP", timeoutS];
          const reply = await waiting.ask(...command, keys.length, ...keys, "RIGHT", "COUNT", count);
          return popped(reply);
        } catch (error) {
          if (!String(error).includes("unknown command")) throw error;
          oldServer = true;
        }
      }
      return popOneByOne(waiting, keys, count, timeoutS);
    },
    send: async (commands) => {
      const replies = await talking.askAll(commands);
      const failed = replies.find((reply) => reply instanceof Error);
      if (failed !== undefined) throw failed;
    },
    close: () => {
      talking.close();
      waiting.close();
    },
  };
}

/** Servers before 7.0 have neither LMPOP nor BLMPOP: wait for one message, then take what else the list has. */
async function popOneByOne(redis: RedisConnection, keys: readonly string[], count: number, timeoutS?: number) {
  if (timeoutS === undefined) return popNow(redis, keys, count);
  const first = await redis.ask("BRPOP", ...keys, timeoutS);
  if (!Array.isArray(first)) return undefined;
  const [key, message] = first.map(String);
  if (key === undefined || message === undefined) return undefined;
  const more = await redis.ask("RPOP", key, Math.max(1, count - 1));
  return { key, messages: [message, ...(Array.isArray(more) ? more.map(String) : [])] };
}

async function popNow(redis: RedisConnection, keys: readonly string[], count: number): Promise<Popped | undefined> {
  for (const key of keys) {
    const messages = await redis.ask("RPOP", key, count);
    if (Array.isArray(messages)) return { key, messages: messages.map(String) };
  }
  return undefined;
}

function popped(reply: Reply): Popped | undefined {
  if (!Array.isArray(reply)) return undefined;
  const [key, messages] = reply;
  return Array.isArray(messages) ? { key: String(key), messages: messages.map(String) } : undefined;
}
