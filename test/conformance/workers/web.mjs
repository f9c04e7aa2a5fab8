// A web worker: `web.mjs [SOCKET]`. Listens on descriptor 3 when it was handed one, else on the path.
import { createServer } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";

const { VERSION = "1", BOOT_MS = "0", ANSWER = "200", STUBBORN, DIE_ON_GET } = process.env;
const bornAt = Date.now();

const server = createServer(async (request, response) => {
  if (DIE_ON_GET !== undefined) process.exit(9);
  const url = new URL(request.url ?? "/", "http://localhost");
  const waitMs = Number(url.searchParams.get("wait") ?? 0);
  if (waitMs > 0) await sleep(waitMs);
  const late = ANSWER === "late" && Date.now() - bornAt < 300;
  response.writeHead(late ? 503 : Number(ANSWER) || 200).end(`${process.pid} ${VERSION}`);
});

process.on("SIGTERM", () => {
  if (STUBBORN !== undefined) return;
  server.close(() => process.exit(0));
});
process.on("SIGHUP", () => console.log(`hangup ${process.pid}`));
await sleep(Number(BOOT_MS));
server.listen(process.env.LISTEN_FDS === "1" ? { fd: 3 } : process.argv[2], () =>
  console.log(`serving ${process.pid}`),
);
