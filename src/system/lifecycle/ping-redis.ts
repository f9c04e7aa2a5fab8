import { connect } from "node:net";

/** Asks a Redis on a unix socket for a PONG; returns what is wrong, or undefined. */
export function pingRedis(socket: string, timeoutMs = 1_000): Promise<string | undefined> {
  return new Promise((resolve) => {
    const connection = connect(socket);
    const end = (outcome: string | undefined): void => {
      connection.destroy();
      resolve(outcome);
    };
    connection.setTimeout(timeoutMs, () => end(`no answer within ${timeoutMs} ms`));
    connection.on("error", (error) => end(error.message));
    connection.on("connect", () => connection.write("PING\r\n"));
    connection.on("data", (chunk: Buffer) => {
      const reply = chunk.toString().trim();
      end(reply === "+PONG" ? undefined : reply);
    });
  });
}
