"use strict";

const http = require("node:http");
const net = require("node:net");

// The supervisor holds the listening socket and hands it over as descriptor 3, so that no connection is lost when this
// process is replaced. Without it (by hand): node server.js TIMEOUT PATH_OF_A_SOCKET
const timeout = Number(process.argv[2]) || 60;
const inherited = Number(process.env.LISTEN_FDS) > 0;
const name = process.env.MFSERV_CURRENT_PLUGIN_NAME || "{{name}}";

const server = http.createServer((request, response) => {
  // Once it is to end, whoever asks is sent to the next process with the following request.
  response.shouldKeepAlive &&= server.listening;
  response.writeHead(200, { "Content-Type": "text/plain; charset=utf-8" });
  response.end(`Hello World from ${name}!\n`);
});

server.requestTimeout = timeout * 1000;
server.listen(inherited ? { fd: 3 } : { path: process.argv[3] });

// Answer what has come, take nothing new, then end. http's own close would also end idle connections, on which a request may
// be on its way that nobody may repeat; these are left to nginx, which ends them within a second.
process.on("SIGTERM", () => net.Server.prototype.close.call(server, () => process.exit(0)));
