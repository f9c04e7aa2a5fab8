import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { diff } from "./diff.ts";
import { runnable } from "./services.ts";
import type { Action, Manifest, ServiceSpec } from "./types.ts";

const at = { file: "/p/config.ini", line: 7, col: 1, length: 3 };
const SPEC: ServiceSpec = {
  id: "x",
  argv: ["/bin/x"],
  cwd: "/",
  environments: ["module"],
  env: { OWN: "1" },
  instances: 2,
  ready: { when: "started" },
  stop: { signal: "SIGTERM", graceMs: 1000 },
  maxAgeS: 0,
  limits: {},
  log: { stdout: "/log" },
  reads: [],
  onChange: "restart",
  tier: 20,
  because: [at],
};
const SOCKET = { path: "/run/{instance}", hand: "inherited" } as const;

function spec(changes: Partial<ServiceSpec>): ServiceSpec {
  return { ...SPEC, ...changes };
}

function manifest(specs: readonly ServiceSpec[], rest: Partial<Manifest> = {}): Manifest {
  const services = Object.fromEntries(specs.map((one) => [one.id, one]));
  return { id: "1", files: {}, environments: { module: { A: "1" } }, services, ...rest };
}

const short = (actions: readonly Action[]): string[] => actions.map((action) => `${action.do} ${action.service}`);

/** Manifests whose services, files and environments come from small sets, so that two of them have much in common. */
const anyManifest: fc.Arbitrary<Manifest> = fc
  .record({
    files: fc.dictionary(fc.constantFrom("nginx.conf", "lua/a.lua", "redis.conf"), fc.constantFrom("d1", "d2")),
    environments: fc.dictionary(
      fc.constantFrom("module", "plugin.p"),
      fc.dictionary(fc.constantFrom("A", "B"), fc.constantFrom("1", "2")),
    ),
    specs: fc.uniqueArray(
      fc.record({
        id: fc.constantFrom("app.p.a", "nginx", "redis", "extra.p.d"),
        argv: fc.constantFrom(["/bin/x"] as const, ["/bin/x", "-v"] as const),
        environments: fc.subarray(["module", "plugin.p"]),
        env: fc.dictionary(fc.constantFrom("A", "B"), fc.constantFrom("1", "2")),
        instances: fc.integer({ min: 1, max: 3 }),
        socket: fc.constantFrom(undefined, SOCKET),
        reads: fc.subarray(["nginx.conf", "lua/a.lua", "redis.conf"]),
        onChange: fc.constantFrom("swap", "restart", "reload"),
        tier: fc.constantFrom(10, 20, 40),
        line: fc.integer({ min: 1, max: 3 }),
      }),
      { selector: ({ id }) => id },
    ),
  })
  .map(({ files, environments, specs }) => ({
    id: "any",
    files,
    environments,
    services: Object.fromEntries(
      specs.map(({ line, socket, ...rest }) => [
        rest.id,
        spec({
          ...rest,
          ...(socket === undefined ? {} : { socket }),
          because: [{ ...at, line }],
        } as Partial<ServiceSpec>),
      ]),
    ),
  }));

interface Running {
  /** What its processes were started with. */
  readonly started: unknown;
  readonly instances: number;
  /** The tree when its processes were started or told to read again. */
  readonly files: Manifest["files"];
}

/** A machine as far as a plan describes it. */
class Machine {
  tree: Manifest;
  readonly #running = new Map<string, Running>();

  constructor(state: Manifest) {
    this.tree = state;
    for (const id of Object.keys(state.services)) this.perform({ do: "start", service: id, because: [] });
  }

  perform({ do: verb, service }: Action): void {
    const spec = this.tree.services[service];
    const running = this.#running.get(service);
    assert.equal(running === undefined, verb === "start", `${verb} ${service}`);
    assert.equal(spec === undefined, verb === "stop", `${verb} ${service}`);
    assert.ok(verb !== "swap" || spec?.socket !== undefined, `${verb} ${service}: it has no socket`);
    if (spec === undefined) {
      this.#running.delete(service);
      return;
    }
    const { onChange: _, reads: __, env, instances, ...rest } = runnable(this.tree, spec);
    const fresh = { started: [rest, Object.entries(env).sort()], instances, files: this.tree.files };
    if (verb === "scale") this.#running.set(service, { ...fresh, ...running, instances });
    else if (verb === "reload") this.#running.set(service, { ...fresh, ...running, files: this.tree.files });
    else this.#running.set(service, fresh);
  }

  /** Of the files only those count that the plan says are read. */
  state(): unknown {
    return [...this.#running]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([id, { files, ...running }]) => {
        return { id, ...running, read: (this.tree.services[id]?.reads ?? []).map((path) => [path, files[path]]) };
      });
  }
}

describe("diff", () => {
  test("nothing changed, nothing to do", () => {
    fc.assert(
      fc.property(anyManifest, (one) => {
        assert.deepEqual(diff(one, structuredClone(one)), []);
      }),
    );
  });

  test("whatever a service is made of and is not the same gets an action; all else gets none", () => {
    const seen = (one: Manifest, id: string): string => {
      const service = one.services[id];
      if (service === undefined) return "absent";
      const { onChange: _, reads, env, ...rest } = runnable(one, service);
      const contents = ["nginx.conf", "lua/a.lua", "redis.conf"].map((path) =>
        reads.includes(path) ? one.files[path] : "-",
      );
      return JSON.stringify([rest, Object.entries(env).sort(), contents]);
    };
    fc.assert(
      fc.property(anyManifest, anyManifest, (before, after) => {
        const acted = new Set(diff(before, after).map(({ service }) => service));
        for (const id of new Set([...Object.keys(before.services), ...Object.keys(after.services)])) {
          const old = before.services[id];
          const next = after.services[id];
          // A file that is no longer read, or is read now, counts only if its content differs between the two.
          const reads = new Set([...(old?.reads ?? []), ...(next?.reads ?? [])]);
          const align = (one: Manifest): Manifest => {
            const service = one.services[id];
            return service === undefined ? one : { ...one, services: { [id]: { ...service, reads: [...reads] } } };
          };
          assert.equal(acted.has(id), seen(align(before), id) !== seen(align(after), id), id);
        }
      }),
      { numRuns: 500 },
    );
  });

  test("carried out on a machine in the one state it leaves the machine in the other", () => {
    fc.assert(
      fc.property(anyManifest, anyManifest, (before, after) => {
        const machine = new Machine(before);
        machine.tree = after;
        for (const action of diff(before, after)) machine.perform(action);
        assert.deepEqual(machine.state(), new Machine(after).state());
        assert.deepEqual(diff(after, after), []);
      }),
      { numRuns: 500 },
    );
  });

  test("every byte a service reads counts", () => {
    const file = fc.constantFrom("nginx.conf", "lua/a.lua", "redis.conf");
    fc.assert(
      fc.property(anyManifest, file, (before, path) => {
        const after = { ...before, files: { ...before.files, [path]: "another" } };
        const readers = Object.values(before.services).filter(({ reads }) => reads.includes(path));
        assert.deepEqual(
          new Set(diff(before, after).map(({ service }) => service)),
          new Set(readers.map(({ id }) => id)),
        );
      }),
    );
  });

  test("every action says why", () => {
    fc.assert(
      fc.property(anyManifest, anyManifest, (before, after) => {
        for (const { because } of diff(before, after)) assert.ok(because.length > 0);
      }),
    );
  });

  test("starts come first, stops last", () => {
    fc.assert(
      fc.property(anyManifest, anyManifest, (before, after) => {
        const verbs = diff(before, after).map((action) => action.do);
        const firstOther = verbs.findIndex((verb) => verb !== "start");
        assert.ok(firstOther === -1 || !verbs.slice(firstOther).includes("start"));
        assert.ok(!verbs.includes("stop") || verbs.slice(verbs.indexOf("stop")).every((verb) => verb === "stop"));
      }),
    );
  });

  const cases: [what: string, before: Manifest | undefined, after: Manifest, expected: Action[]][] = [
    ["a first plan starts everything", undefined, manifest([SPEC]), [act("start", "new", "/p/config.ini:7")]],
    ["a plan without it stops it", manifest([SPEC]), manifest([]), [act("stop", "gone")]],
    [
      "another command swaps what has a socket",
      manifest([spec({ socket: SOCKET })]),
      manifest([spec({ socket: SOCKET, argv: ["/bin/y"] })]),
      [act("swap", "argv", "/p/config.ini:7")],
    ],
    [
      "another command restarts what has none",
      manifest([SPEC]),
      manifest([spec({ argv: ["/bin/y"], limits: { core: 0 } })]),
      [act("restart", "argv", "limits", "/p/config.ini:7")],
    ],
    [
      "more instances only scale",
      manifest([SPEC]),
      manifest([spec({ instances: 3 })]),
      [act("scale", "instances 2 -> 3", "/p/config.ini:7")],
    ],
    [
      "a changed variable names itself",
      manifest([SPEC]),
      manifest([SPEC], { environments: { module: { A: "2" } } }),
      [act("restart", "A", "/p/config.ini:7")],
    ],
    [
      "a variable that moves to another environment is the same variable",
      manifest([SPEC]),
      manifest([spec({ environments: ["other"] })], { environments: { other: { A: "1" } } }),
      [],
    ],
    [
      "an overridden variable changes nothing",
      manifest([spec({ env: { A: "own" } })]),
      manifest([spec({ env: { A: "own" } })], { environments: { module: { A: "2" } } }),
      [],
    ],
    [
      "a file asks for what the service says",
      manifest([spec({ reads: ["a", "b"], onChange: "reload" })], { files: { a: "1", b: "1" } }),
      manifest([spec({ reads: ["a", "b"], onChange: "reload" })], { files: { a: "1", b: "2" } }),
      [act("reload", "b", "/p/config.ini:7")],
    ],
    ["a moved line changes nothing", manifest([SPEC]), manifest([spec({ because: [{ ...at, line: 9 }] })]), []],
  ];
  for (const [what, before, after, expected] of cases) {
    test(what, () => assert.deepEqual(diff(before, after), expected));
  }

  test("what a proxy will ask for is there before its reload, what it no longer asks for goes after", () => {
    const nginx = spec({ id: "nginx", tier: 40, reads: ["nginx.conf"], onChange: "reload", instances: 1 });
    const app = (name: string, changes: Partial<ServiceSpec> = {}) => spec({ id: name, socket: SOCKET, ...changes });
    const before = manifest(
      [nginx, app("more"), app("fewer"), app("same"), app("gone"), spec({ id: "redis", tier: 10 })],
      {
        files: { "nginx.conf": "1" },
      },
    );
    const after = manifest(
      [
        nginx,
        app("more", { instances: 3 }),
        app("fewer", { instances: 1 }),
        app("same", { cwd: "/new" }),
        app("added"),
      ],
      { files: { "nginx.conf": "2" } },
    );
    assert.deepEqual(short(diff(before, after)), [
      "start added",
      "scale more",
      "swap same",
      "reload nginx",
      "scale fewer",
      "stop gone",
      "stop redis",
    ]);
  });
});

function act(what: Action["do"], ...because: string[]): Action {
  return { do: what, service: "x", because };
}
