// The worker of a plugin that misbehaves when it is asked to: `/victim?do=hang` and so on.
const { createServer } = require("node:http");
const { spawn } = require("node:child_process");
const { Server } = require("node:net");

const hoard = [];
let lag = 0;
const server = createServer((request, response) => {
  response.shouldKeepAlive &&= server.listening;
  const { searchParams } = new URL(request.url, "http://localhost");
  const size = Number(searchParams.get("size") ?? 1);
  switch (searchParams.get("do")) {
    // Goes on accepting connections, as the kernel does it, and answers nobody any more.
    case "hang":
      for (;;);
    // Begins near where it is seen, since the leak itself must stay slow to be met on its way.
    case "leak":
      hoard.push(Buffer.alloc(100 * 1024 * 1024, 1));
      setInterval(() => hoard.push(Buffer.alloc(size * 1024 * 1024, 1)), 50);
      break;
    case "gulp":
      hoard.push(Buffer.alloc(size * 1024 * 1024, 1));
      break;
    case "fork":
      spawn("sh", ["-c", "while :; do sleep 1000 & done"], { stdio: "ignore" });
      break;
    // Dies out by itself where it meets a limit.
    case "bomb":
      spawn("sh", ["-c", "b() { b | b & }; b; wait"], { stdio: "ignore" });
      break;
    case "flood":
      setInterval(() => console.log("x".repeat(1023)), 0);
      break;
    case "count": {
      let bytes = 0;
      request.on("data", (chunk) => {
        bytes += chunk.length;
      });
      request.on("end", () => response.end(String(bytes)));
      return;
    }
    // Answers late from now on.
    case "lag":
      lag = size;
      break;
    case "slow":
      setTimeout(() => response.end("at last"), size);
      return;
  }
  if (lag > 0) setTimeout(() => response.end(`${process.pid}`), lag);
  else response.end(`${process.pid}`);
}).listen({ fd: 3 });

server.on("upgrade", (_, socket) => {
  socket.write("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n");
  socket.on("error", () => socket.destroy());
  socket.pipe(socket);
});

process.on("SIGTERM", () => Server.prototype.close.call(server, () => process.exit(0)));
