import { readFileSync } from "node:fs";
import { connect } from "node:net";
import type { RedisFacts, Seen } from "../types.ts";
import { look, seen, unseen, within } from "./seen.ts";

const ANSWER_MS = 800;

/** Asks a running Redis or Valkey how it is set up. undefined in the answer's place: nobody listens. */
export async function gatherRedis(socket: string): Promise<Seen<RedisFacts>> {
  const answer = await within(
    ANSWER_MS,
    ask(socket, "CONFIG GET maxmemory-policy\r\nCONFIG GET save\r\nINFO\r\n", hasBoth),
  );
  if (answer === "late") return unseen(`no answer within ${ANSWER_MS} ms`);
  if (!answer.ok) return answer;
  const text = answer.value;
  const field = (name: string): string | undefined => new RegExp(`^${name}:(.*?)\\r?$`, "m").exec(text)?.[1];
  const policy = /^maxmemory-policy\r\n\$\d+\r\n(.*?)\r\n/m.exec(text)?.[1];
  if (policy === undefined) return unseen(text.split("\r\n", 1)[0] ?? "an answer that is none");
  return seen({
    policy,
    save: /^save\r\n\$\d+\r\n(.*?)\r\n/m.exec(text)?.[1] ?? "",
    lastSave: field("rdb_last_bgsave_status") ?? "unknown",
    maxMemory: Number(field("maxmemory") ?? 0),
    usedMemory: Number(field("used_memory") ?? 0),
    hugePages: hugePagesOf(field("process_id")),
  });
}

/** The end of INFO is its last section, `# Keyspace`, also without keys. */
function hasBoth(text: string): boolean {
  return text.startsWith("-") || /^# Keyspace\r\n/m.test(text);
}

/** `THP_enabled` of proc_pid_status(5): the process may have switched them off for itself. */
function hugePagesOf(pid: string | undefined): Seen<boolean> {
  if (pid === undefined) return unseen("it does not tell its process");
  return look(() => {
    const enabled = /^THP_enabled:\s*(\d)/m.exec(readFileSync(`/proc/${pid}/status`, "latin1"))?.[1];
    if (enabled === undefined) throw new Error("this kernel does not tell");
    return enabled === "1";
  });
}

function ask(socket: string, commands: string, isWhole: (text: string) => boolean): Promise<Seen<string>> {
  return new Promise((resolve) => {
    let text = "";
    const connection = connect(socket);
    const end = (answer: Seen<string>): void => {
      connection.destroy();
      resolve(answer);
    };
    connection.setTimeout(ANSWER_MS, () => end(unseen(`no answer within ${ANSWER_MS} ms`)));
    connection.on("error", (error) => end(unseen(error.message)));
    connection.on("close", () => end(unseen("it closed the connection")));
    connection.on("connect", () => connection.write(commands));
    connection.on("data", (chunk: Buffer) => {
      text += chunk.toString("latin1");
      if (isWhole(text)) end(seen(text));
    });
  });
}
