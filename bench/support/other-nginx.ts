import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdirSync, openSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { findPrograms } from "../../src/system/host/programs.ts";

/** What a configuration written by hand is about. */
export interface Place {
  readonly directory: string;
  readonly port: number;
  readonly sockets: readonly string[];
}

function common({ directory, port }: Place, http: string, locations: string, first = ""): string {
  return `${first}${process.getuid?.() === 0 ? "user root;\n" : ""}worker_processes 1;
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

/** What the proxy in front said of a request counts, whoever it is. */
const FORWARDED = `map $http_x_forwarded_proto $forwarded_proto { default $http_x_forwarded_proto; '' $scheme; }
  map $http_x_forwarded_path $forwarded_path { default $http_x_forwarded_path; '' $request_uri; }
  map $http_x_forwarded_host $forwarded_host { default $http_x_forwarded_host; '' $host; }
  map $http_x_forwarded_port $forwarded_port { default $http_x_forwarded_port; '' $server_port; }
  proxy_set_header X-Forwarded-Proto $forwarded_proto;
  proxy_set_header X-Forwarded-Path $forwarded_path;
  proxy_set_header X-Forwarded-Host $forwarded_host;
  proxy_set_header X-Forwarded-Port $forwarded_port;`;

/**
 * As an operator would write it who wants all that metwork promises of a request, and nothing else: who asked and how, also through a
 * proxy, its id for the worker, the client and the log, websockets, streams, JSON lines that nothing breaks and that name the plugin.
 */
export function byHandSameContract(place: Place): string {
  return common(
    place,
    `map $http_upgrade $connection_upgrade { default upgrade; '' ''; }
  log_format json escape=json '{ "@timestamp": "$time_iso8601", "from": "$remote_addr", "host": "$host", '
    '"method": "$request_method", "uri": "$request_uri", "duration": $request_time, "status": $status, '
    '"request_length": $request_length, "reply_length": $bytes_sent, "plugin": "$plugin", "request_id": "$request_id" }';
  access_log ${place.directory}/access.log json buffer=64k flush=1s;
  keepalive_requests 100000;
  tcp_nodelay on;
  upstream app {
    ${place.sockets.map((socket) => `server unix:${socket} max_fails=0;`).join("\n    ")}
    keepalive 64;
    keepalive_requests 100000;
  }
  proxy_http_version 1.1;
  proxy_buffering off;
  proxy_set_header Host $http_host;
  proxy_set_header Connection $connection_upgrade;
  proxy_set_header Upgrade $http_upgrade;
  proxy_set_header X-Real-IP $remote_addr;
  proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
  ${FORWARDED}
  proxy_set_header X-Request-Id $request_id;
  add_header X-Request-Id $request_id always;
  map "" $plugin { default "#unknown#"; }`,
    "location /hello { set $plugin hello; proxy_pass http://app; }",
  );
}

/** Lua that runs for every request: the host and the port of it, unless a proxy in front has said so. */
const LUA_HEADERS = `set_by_lua_block $proxy_x_forwarded_host {
      local given, host = ngx.var.http_x_forwarded_host, ngx.var.host
      if given ~= nil then return given end
      return host and (string.match(host, "^(.*):[0-9]+$") or host) or ""
    }
    set_by_lua_block $proxy_x_forwarded_port {
      local given, host = ngx.var.http_x_forwarded_port, ngx.var.host
      if given ~= nil then return given end
      return ngx.var.http_x_forwarded_host == nil and host and string.match(host, "^.*:([0-9]+)$") or ""
    }
    set $extra_log_format "";
    set $plugin "#unknown#";`;
/** Lua that looks ten times a second for sockets to be taken out. */
const LUA_TIMER = `lua_shared_dict peers 10m;
  init_worker_by_lua_block {
    local function look() for _, key in ipairs(ngx.shared.peers:get_keys(0)) do ngx.shared.peers:get(key) end end
    ngx.timer.every(0.1, look)
  }`;

/**
 * As the MetWork Framework sets it up by default: no kept connections, regular expressions for routes, Lua for two headers, a log
 * line a write into a pipe that another process reads. Kinder to it than the truth: the reader copies what there is, where its own
 * reads 1 KiB and writes line by line; no plugin `welcome` has its expressions tried before. The timer takes no socket out, for which
 * Debian has no Lua module; that would cost something only while one is to be taken out.
 */
export function likePredecessor(place: Place, modules: readonly string[] = findPrograms().nginxModules): string {
  const lua = modules.some((path) => path.includes("lua"));
  return common(
    place,
    `${lua ? LUA_TIMER : ""}
  map $http_upgrade $connection_upgrade { default upgrade; '' close; }
  log_format json escape=none '{ "@timestamp": "$time_iso8601", "from": "$remote_addr", "host": "$host", '
    '"method": "$request_method", "uri": "$request_uri", "duration": $request_time, "status": $status, '
    '"request_length": $request_length, "reply_length": $bytes_sent, "plugin": "$plugin", '
    '"request_id": "$request_id"$extra_log_format }';
  access_log ${pipeOf(place)} json;
  upstream app {
    zone upstreams 1000k;
    least_conn;
    ${place.sockets.map((socket) => `server unix:${socket} max_fails=0;`).join("\n    ")}
  }
  proxy_http_version 1.1;
  proxy_buffering off;
  proxy_next_upstream off;
  proxy_ignore_client_abort on;
  proxy_set_header Connection $connection_upgrade;
  proxy_set_header Upgrade $http_upgrade;
  proxy_set_header Host $http_host;
  proxy_set_header X-Real-IP $remote_addr;
  proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
  map $http_x_forwarded_proto $proxy_x_forwarded_proto { default $http_x_forwarded_proto; '' $scheme; }
  map $http_x_forwarded_path $proxy_x_forwarded_path { default $http_x_forwarded_path; '' $request_uri; }
  proxy_set_header X-Forwarded-Proto $proxy_x_forwarded_proto;
  proxy_set_header X-Forwarded-Path $proxy_x_forwarded_path;
  proxy_set_header X-Forwarded-Host ${lua ? "$proxy_x_forwarded_host" : "$host"};
  ${lua ? "proxy_set_header X-Forwarded-Port $proxy_x_forwarded_port;" : ""}
  proxy_set_header X-Request-Id $request_id;
  add_header X-Request-Id $request_id;`,
    `${lua ? LUA_HEADERS : 'set $extra_log_format "";\n    set $plugin "#unknown#";'}
    ${["down", "up"].map((way) => `location ~ ^/__socket_${way}/(.*)$ { return 200; }`).join("\n    ")}
    ${["/hello/main/static", "/hello/main", "/hello/static", "/hello"].map(locationAt).join("\n    ")}`,
    lua ? modules.map((path) => `load_module ${path};\n`).join("") : "",
  )
    .replace("worker_rlimit_nofile 16384;\n", "")
    .replace(/\b4096;/g, "40000;");
}

/** A configuration of this file for more processes of nginx than one. */
export function withProcesses(text: string, count: number): string {
  return text.replace("worker_processes 1;", `worker_processes ${count};`);
}

function locationAt(prefix: string, index: number): string {
  const serve = prefix.endsWith("static") ? `alias /nonexistent/$locrq${index};` : "proxy_pass http://app;";
  return `location ~ ^${prefix}(?:/(?<locrq${index}>.*))?$ { error_page 599 /invalid; set $plugin hello; ${serve} }`;
}

export interface Started extends AsyncDisposable {
  readonly pid: number;
}

function pipeOf({ directory }: Place): string {
  return join(directory, "access.pipe");
}

/** Runs nginx on a configuration, and what reads its pipe if it writes into one; gone with its dispose. */
export async function startOther(nginx: string, place: Place, text: string): Promise<Started> {
  mkdirSync(place.directory, { recursive: true });
  const file = join(place.directory, "nginx.conf");
  writeFileSync(file, text);
  if (text.includes(pipeOf(place))) {
    execFileSync("mkfifo", [pipeOf(place)]);
    const log = openSync(join(place.directory, "access.log"), "a");
    // Ends by itself with the last process of nginx.
    spawn("cat", [pipeOf(place)], { stdio: ["ignore", log, "inherit"] });
    closeSync(log);
  }
  const child = spawn(nginx, ["-e", "stderr", "-p", place.directory, "-c", file, "-g", "daemon off;"], {
    stdio: ["ignore", "ignore", "inherit"],
    // A session of its own, like the planned one: on a busy machine the kernel shares processors out by sessions.
    detached: true,
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
