import {
  config,
  facts,
  files,
  host,
  kernel,
  note,
  ok,
  plan,
  service,
  stopped,
  testRows,
  unseen,
  web,
} from "../../../../test/support/doctor.ts";
import type { HostFacts, Listener } from "../types.ts";

const listener = (over: Partial<Listener>): HostFacts =>
  host({
    listeners: ok([
      {
        protocol: "tcp",
        port: 18868,
        address: "any",
        family: 4,
        uid: 33,
        process: { pid: 7, command: "apache2", ancestors: [1] },
        ...over,
      },
    ]),
  });
const long = `/${"x".repeat(110)}`;

testRows(
  ["ports", "low-ports", "sockets"],
  [
    [
      "a port somebody took",
      "ports",
      web({}),
      listener({}),
      "ERROR",
      /nginx\.port.*tcp port 18868.*process 7.*apache2/s,
    ],
    ["the same port of UDP", "ports", web({}), listener({ protocol: "udp" }), "-", /^$/],
    [
      "our own nginx",
      "ports",
      web({}),
      listener({ process: { pid: 7, command: "nginx", ancestors: [100, 1] } }),
      "-",
      /^$/,
    ],
    [
      "nginx of a killed supervisor",
      "ports",
      web({ run: { ...stopped } }),
      listener({ process: { pid: 7, command: "nginx -c /rt/nginx.conf", ancestors: [1] } }),
      "WARNING",
      /left over/,
    ],
    [
      "one of another user",
      "ports",
      web({}),
      host({ listeners: ok([{ protocol: "tcp", port: 18868, address: "loopback", family: 4, uid: 33 }]) }),
      "ERROR",
      /number 33.*sudo ss/s,
    ],
    ["one on IPv6", "ports", web({}), listener({ family: 6 }), "WARNING", /IPv6 only/],
    [
      "redis and another address",
      "ports",
      files({ config: ok(config({ "redis.port": 6379, "nginx.port": 1 })) }),
      listener({ port: 6379, address: "other" }),
      "-",
      /^$/,
    ],
    [
      "redis and its port",
      "ports",
      files({ config: ok(config({ "redis.port": 6379, "nginx.port": 1 })) }),
      listener({ port: 6379, address: "loopback" }),
      "ERROR",
      /redis\.port/,
    ],
    [
      "https",
      "ports",
      web({ config: ok(config({ "nginx.https_port": 443 })) }),
      listener({ port: 443 }),
      "ERROR",
      /nginx\.https_port/,
    ],
    [
      "statsd",
      "ports",
      web({ config: ok(config({ "telegraf.statsd_port": 8125 })), plan: ok(plan(service("telegraf"))) }),
      listener({ port: 8125, protocol: "udp" }),
      "ERROR",
      /telegraf\.statsd_port.*udp/s,
    ],
    ["ports of no configuration", "ports", web({ config: unseen }), host(), "UNKNOWN", /locked/],
    ["a hidden table of ports", "ports", web({}), host({ listeners: unseen }), "UNKNOWN", /\/proc\/net\/tcp/],
    [
      "a low port",
      "low-ports",
      web({ config: ok(config({ "nginx.port": 80 })) }),
      host(),
      "ERROR",
      /port 80.*setcap.*ip_unprivileged_port_start=80/s,
    ],
    [
      "a low port with the right",
      "low-ports",
      web({ config: ok(config({ "nginx.port": 80 })), nginxMayBindLow: ok(true) }),
      host(),
      "-",
      /^$/,
    ],
    [
      "a low port where all are free",
      "low-ports",
      web({ config: ok(config({ "nginx.port": 80 })) }),
      kernel({ "proc/sys/net/ipv4/ip_unprivileged_port_start": ok("0") }),
      "n/a",
      /^$/,
    ],
    [
      "a low port and no answer",
      "low-ports",
      web({ config: ok(config({ "nginx.port": 80 })), nginxMayBindLow: unseen }),
      host(),
      "UNKNOWN",
      /locked/,
    ],
    [
      "a long runtime home",
      "sockets",
      files({ paths: { ...facts("mfdata").paths, runtime: long } }),
      host(),
      "ERROR ERROR ERROR ERROR ERROR",
      /supervisor\.socket.*107.*shorter by/s,
    ],
    [
      "a long app",
      "sockets",
      web({
        plan: ok(
          plan(
            service("app.p.a", {
              instances: 10,
              socket: { path: `/${"é".repeat(50)}_{instance}.s`, hand: "inherited" },
            }),
          ),
        ),
      }),
      host(),
      "-",
      /^$/,
    ],
    [
      "a longer app",
      "sockets",
      web({
        plan: ok(
          plan(
            service("app.p.a", {
              instances: 10,
              socket: { path: `/${"é".repeat(52)}_{instance}.s`, hand: "inherited" },
            }),
          ),
        ),
      }),
      host(),
      "ERROR",
      /110 bytes/,
    ],
    ["a plugin left out for it", "sockets", web({ notes: [note("MF4001", "too long")] }), host(), "ERROR", /too long/],
  ],
);
