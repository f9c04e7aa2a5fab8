import {
  config,
  DAY,
  disk,
  entrances,
  files,
  host,
  kernel,
  NOW,
  ok,
  stopped,
  testRows,
  unseen,
  web,
} from "../../../../test/support/doctor.ts";
import type { EntranceFacts, HostFacts, ModuleFacts } from "../types.ts";

const door = (over: Partial<EntranceFacts>, more: Partial<ModuleFacts> = {}): ModuleFacts =>
  files({ entrances: { ...entrances, ...over }, ...more });
const refusing = (what: string, text: string): Partial<EntranceFacts> => ({
  refusing: { since: new Date(NOW - 2 * DAY).toISOString(), reasons: [{ what, text }] },
});
const listens = (port: number): HostFacts =>
  host({ listeners: ok([{ protocol: "tcp", port, address: "loopback", family: 4, uid: 1 }]) });
const peer = { service: "extra.p.listener", plugin: "p", host: "localhost", port: 1883 } as const;
const drop = (port: number): ModuleFacts => files({ config: ok(config({ "ftp.flag": true, "ftp.port": port })) });

testRows(
  ["entrances", "namespaces", "peers", "ports", "low-ports"],
  [
    ["room enough", "entrances", files({}), host(), "-", /^$/],
    ["no pipeline", "entrances", web({}), host(), "n/a", /^$/],
    [
      "refused for want of room",
      "entrances",
      door(refusing("space", "100 MB are left")),
      host(),
      "ERROR",
      /refuse files since 2 days: 100 MB are left.*min_free_space/s,
    ],
    [
      "refused because files wait",
      "entrances",
      door(refusing("waiting", "more files wait")),
      host(),
      "ERROR",
      /more files wait.*see in `metwork status`/s,
    ],
    [
      "refused on a disk without room for the reason",
      "entrances",
      door({ refusing: { since: undefined, reasons: [] } }),
      host(),
      "ERROR",
      /refuse files: the disk is full/,
    ],
    ["refused before the stop", "entrances", door(refusing("space", "x"), { run: stopped }), host(), "-", /^$/],
    [
      "near the limits",
      "entrances",
      door({ volume: ok({ ...disk, free: 3e8, freeInodes: 1500 }) }),
      host(),
      "WARNING WARNING",
      /286 MiB are free for files; below 191 MiB.*1500 more files can be made; below 1000/s,
    ],
    ["below one", "entrances", door({ volume: ok({ ...disk, free: 1e8 }) }), host(), "ERROR", /95\.4 MiB are free/],
    ["a disk nobody can look at", "entrances", door({ volume: unseen }), host(), "UNKNOWN", /locked/],

    ["no server in a box", "namespaces", files({}), host(), "n/a", /^$/],
    ["boxes", "namespaces", files({ namespaces: ok(true) }), host(), "-", /^$/],
    [
      "a setting that forbids them",
      "namespaces",
      files({ namespaces: ok(false) }),
      kernel({ "proc/sys/kernel/unprivileged_userns_clone": ok("0") }),
      "ERROR",
      /unprivileged_userns_clone.*it is 0.*sysctl kernel\.unprivileged_userns_clone=1/s,
    ],
    ["none, for no known reason", "namespaces", files({ namespaces: ok(false) }), host(), "ERROR", /container's limit/],
    ["no bubblewrap", "namespaces", files({ namespaces: unseen }), host(), "UNKNOWN", /locked/],

    ["a broker that is there", "peers", files({ peers: [peer] }), listens(1883), "-", /^$/],
    [
      "a broker that is not",
      "peers",
      files({ peers: [peer] }),
      listens(1884),
      "WARNING",
      /extra\.p\.listener connects to localhost:1883, where nobody listens/,
    ],
    ["another machine's", "peers", files({ peers: [{ ...peer, host: "far" }] }), listens(1), "n/a", /^$/],

    ["FTP's port is taken", "ports", drop(2121), listens(2121), "ERROR", /ftp\.port.*tcp port 2121 is taken/s],
    ["FTP below 1024", "low-ports", drop(21), host(), "ERROR", /ftp\.port.*no program in a box has.*port_start=21/s],
  ],
);
