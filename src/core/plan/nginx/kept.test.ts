import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Programs } from "../../module/host.ts";
import { errorLogOptions, keptOf, oldNginx } from "./kept.ts";

const of = (nginxVersion?: string): Programs => ({
  node: "/usr/bin/node",
  nginx: "/usr/sbin/nginx",
  nginxModules: [],
  ...(nginxVersion === undefined ? {} : { nginxVersion }),
});

describe("connections to workers", () => {
  test("by time where nginx can, else by requests, else not at all", () => {
    for (const version of [undefined, "1.19.10", "1.20.1", "1.22.1", "2.0.0"]) {
      assert.deepEqual(keptOf(of(version)), { usedMs: 200, idleMs: 100, ms: 300 }, `${version}`);
      assert.deepEqual(oldNginx(of(version)), [], `${version}`);
    }
    for (const version of ["1.15.3", "1.16.1", "1.18.0", "1.19.9"]) {
      assert.deepEqual(keptOf(of(version)), { requests: 10, idleMs: 100, ms: 1000 }, version);
      assert.match(oldNginx(of(version))[0]?.message ?? "", /every 10 requests/, version);
    }
    for (const version of ["1.10.3", "1.14.1", "1.15.2"]) {
      assert.equal(keptOf(of(version)), undefined, version);
      assert.match(oldNginx(of(version))[0]?.message ?? "", new RegExp(`${version}.*every request,`), version);
    }
  });

  test("the option for the first log is given to who knows it", () => {
    assert.deepEqual(errorLogOptions(of("1.19.4")), []);
    assert.deepEqual(errorLogOptions(of("1.19.5")), ["-e", "stderr"]);
  });
});
