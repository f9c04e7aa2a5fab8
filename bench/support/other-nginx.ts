import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** What a configuration written by hand is about. */
export interface Place {
  readonly directory: string;
  readonly port: number;
  readonly sockets: readonly string[];
}

function common({ directory, port }: Place, http: string, locations: string): string {
  return `${process.getuid?.() === 0 ? "user root;\n" : ""}worker_processes 1;
worker_rlimit_nofile 16384;
pid ${directory}/nginx.pid;
error_log stderr error;
events { worker_connections 4096; }
http {
  client_body_temp_path ${directory}/body;
  proxy_temp_path ${directory}/proxy;
  fastcgi_temp_path ${directory}/fastcgi;
  uwsgi_temp_path ${directory}/uwsgi;
  scgi_temp_path ${directory}/scgi;
  ${http}
  server {
    listen ${port} default_server backlog=4096;
    ${locations}
  }
}
`;
}

/** The least that nginx can do for a worker: kept connections, no headers it was not asked for; `log`: a buffered access log. */
export function byHand(place: Place, log: boolean): string {
  return common(
    place,
    `access_log ${log ? `${place.directory}/access.log combined buffer=64k flush=1s` : "off"};
  keepalive_requests 100000;
  tcp_nodelay on;
  upstream app {
    ${place.sockets.map((socket) => `server unix:${socket};`).join("\n    ")}
    keepalive 64;
    keepalive_requests 100000;
  }
  proxy_http_version 1.1;
  proxy_set_header Connection "";`,
    "location /hello { proxy_pass http://app; }",
  );
}

/** As the MetWork Framework sets it up, without the Lua it runs for some headers: no kept connections, a log line a write. */
export function likePredecessor(place: Place): string {
  return common(
    place,
    `map $http_upgrade $connection_upgrade { default upgrade; '' close; }
  log_format json escape=none '{ "@timestamp": "$time_iso8601", "from": "$remote_addr", "method": "$request_method", '
    '"uri": "$request_uri", "duration": $request_time, "status": $status, "request_length": $request_length, '
    '"reply_length": $bytes_sent, "request_id": "$request_id" }';
  access_log ${place.directory}/access.log json;
  upstream app {
    zone upstreams 1000k;
    least_conn;
    ${place.sockets.map((socket) => `server unix:${socket} max_fails=0;`).join("\n    ")}
  }
  proxy_http_version 1.1;
  proxy_buffering off;
  proxy_next_upstream off;
  proxy_set_header Connection $connection_upgrade;
  proxy_set_header Upgrade $http_upgrade;
  proxy_set_header Host $http_host;
  proxy_set_header X-Real-IP $remote_addr;
  proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
  proxy_set_header X-Forwarded-Proto $scheme;
  proxy_set_header X-Forwarded-Path $request_uri;
  proxy_set_header X-Forwarded-Host $host;
  proxy_set_header X-Request-Id $request_id;
  add_header X-Request-Id $request_id;`,
    "location ~ ^/hello/main(?:/(?<locrq1>.*))?$ { proxy_pass http://app; }\n" +
      "    location ~ ^/hello(?:/(?<locrq2>.*))?$ { proxy_pass http://app; }",
  );
}

export interface Started extends AsyncDisposable {
  readonly pid: number;
}

/** Runs nginx on a configuration; gone with its dispose. */
export async function startOther(nginx: string, place: Place, text: string): Promise<Started> {
  mkdirSync(place.directory, { recursive: true });
  const file = join(place.directory, "nginx.conf");
  writeFileSync(file, text);
  const child = spawn(nginx, ["-e", "stderr", "-p", place.directory, "-c", file, "-g", "daemon off;"], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  if (child.pid === undefined) throw new Error(`${nginx} cannot be started`);
  return {
    pid: child.pid,
    async [Symbol.asyncDispose]() {
      if (child.exitCode !== null) return;
      const ended = once(child, "exit");
      child.kill("SIGTERM");
      await ended;
    },
  };
}
