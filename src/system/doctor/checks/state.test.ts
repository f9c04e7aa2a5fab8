import {
  DAY,
  files,
  host,
  NOW,
  note,
  ok,
  redis,
  stopped,
  testRows,
  unseen,
  web,
} from "../../../../test/support/doctor.ts";
import type { Diagnostic } from "../../../core/base/diagnostic.ts";
import type { LastApply } from "../../apply/outcome.ts";
import type { ModuleFacts, RedisFacts } from "../types.ts";

const certificate = (from: number, to: number, matches = true): ModuleFacts =>
  web({
    certificates: [
      {
        certificate: { path: "/cert.pem", option: "here", read: ok({ from: NOW + from * DAY, to: NOW + to * DAY }) },
        key: { path: "/key.pem", option: "there", read: ok({ matches }) },
        use: "apply",
      },
    ],
  });
const redisWith = (over: Partial<RedisFacts>): ModuleFacts => files({ redis: ok({ ...redis, ...over }) });
const last = (did: LastApply["did"], notes: readonly Diagnostic[] = [], over: Partial<LastApply> = {}): ModuleFacts =>
  web({
    lastApply: {
      did,
      notes,
      generation: "a",
      actions: [],
      leftOut: [],
      at: new Date(NOW - 2 * 3_600_000).toISOString(),
      reason: "conf_monitor",
      tookMs: 1,
      failedStarts: {},
      ...over,
    },
  });

testRows(
  ["supervisor", "tree", "last-apply", "redis", "certificate"],
  [
    [
      "an expired certificate",
      "certificate",
      certificate(-400, -35),
      host(),
      "ERROR",
      /cert\.pem.*expired 35 days ago/s,
    ],
    ["a certificate of tomorrow", "certificate", certificate(1, 35), host(), "ERROR", /valid only in 1 day/],
    ["a certificate that ends soon", "certificate", certificate(-1, 5), host(), "WARNING", /in 5 days/],
    ["a good certificate", "certificate", certificate(-1, 90), host(), "-", /^$/],
    ["another's key", "certificate", certificate(-1, 90, false), host(), "ERROR", /key\.pem.*not the key/s],
    [
      "no certificate to be read",
      "certificate",
      web({
        certificates: [
          {
            certificate: { path: "/c", option: "here", read: unseen },
            key: { path: "/k", option: "there", read: unseen },
            use: "apply",
          },
        ],
      }),
      host(),
      "ERROR ERROR",
      /locked/,
    ],
    [
      "an authority's, which ends soon",
      "certificate",
      files({
        certificates: [
          {
            certificate: {
              path: "/ca.pem",
              option: "[custom] mqtt_tls_ca_file of p",
              read: ok({ from: 0, to: NOW + DAY }),
            },
            use: "metwork apply mfdata",
          },
        ],
      }),
      host(),
      "WARNING",
      /ca\.pem.*in 1 day.*metwork apply mfdata/s,
    ],
    [
      "a Redis that saves nothing",
      "redis",
      redisWith({ save: "" }),
      host(),
      "WARNING",
      /saves nothing.*config set save/s,
    ],
    [
      "a Redis larger than the machine",
      "redis",
      redisWith({ maxMemory: 9e9 }),
      host(),
      "WARNING",
      /8\.4 GiB, more than the 7\.5 GiB.*lower `\[redis\] max_memory`/s,
    ],
    ["no https", "certificate", web({}), host(), "n/a", /^$/],
    [
      "a dead supervisor",
      "supervisor",
      web({ run: { ...stopped, state: "RUNNING" } }),
      host(),
      "ERROR",
      /RUNNING.*mfserv\.start/s,
    ],
    [
      "a silent supervisor",
      "supervisor",
      web({ run: { ...stopped, supervisor: "silent" } }),
      host(),
      "ERROR",
      /does not answer/,
    ],
    ["a stopped module", "supervisor", web({ run: stopped }), host(), "-", /^$/],
    [
      "an edited tree",
      "tree",
      web({ tree: ok({ id: "a", changed: ["nginx.conf"] }) }),
      host(),
      "WARNING",
      /config_auto\/nginx\.conf.*metwork apply mfserv/s,
    ],
    ["no tree at all", "tree", web({ tree: ok({ id: undefined, changed: [] }) }), host(), "ERROR", /no generation/],
    [
      "no tree of a module never started",
      "tree",
      web({ run: stopped, tree: ok({ id: undefined, changed: [] }) }),
      host(),
      "n/a",
      /^$/,
    ],
    [
      "a refused change",
      "last-apply",
      last("refused", [note("MF2001", "no such option")]),
      host(),
      "ERROR",
      /config\.ini:3:1.*2 hours ago.*refused.*no such option.*mend it/s,
    ],
    ["a change rolled back", "last-apply", last("rolled back"), host(), "ERROR", /rolled back.*metwork plan mfserv/s],
    [
      "a rollback that holds",
      "last-apply",
      last("applied", [], { held: { generation: "g1", inputsId: "x" } }),
      host(),
      "WARNING",
      /holds the generation g1.*metwork apply mfserv/s,
    ],
    [
      "a plugin in quarantine",
      "last-apply",
      last("applied", [note("MF6001", "it exits")], { leftOut: ["p"] }),
      host(),
      "ERROR",
      /config\.ini:3:1.*plugin p is in quarantine.*left out: it exits/s,
    ],
    [
      "a plugin whose old version serves",
      "last-apply",
      last("applied", [], { kept: ["p"] }),
      host(),
      "ERROR",
      /last good version serves/,
    ],
    ["a change that worked", "last-apply", last("applied", [note("MF2001", "x")]), host(), "-", /^$/],
    [
      "a redis that forgets",
      "redis",
      redisWith({ policy: "allkeys-lru" }),
      host(),
      "ERROR",
      /redis-cli -s \/rt\/var\/redis\.socket config set maxmemory-policy noeviction/,
    ],
    ["a redis that forgets some", "redis", redisWith({ policy: "volatile-lru" }), host(), "WARNING", /volatile-lru/],
    ["a redis that cannot save", "redis", redisWith({ lastSave: "err" }), host(), "WARNING", /dump/],
    ["a redis with no room", "redis", redisWith({ usedMemory: 0.95e9 }), host(), "WARNING", /906 MiB of the 954 MiB/],
    ["a redis that says nothing", "redis", files({ redis: unseen }), host(), "UNKNOWN", /locked/],
    ["a stopped redis", "redis", files({ redis: undefined }), host(), "n/a", /^$/],
  ],
);
