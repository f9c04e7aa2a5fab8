/** Which room may look into which. Arrows only go up this list; DESIGN of the house: src/README.md. */
const rooms = {
  core: [],
  kit: ["core"],
  system: ["core", "kit", "trace"],
  trace: ["core", "kit"],
  expect: ["core", "kit"],
  flow: ["core", "kit"],
  serve: ["core", "kit"],
  cli: ["core", "kit", "trace", "system", "flow"],
};

/** Outside packages that pure code may use: no file system, clock, environment or process behind them. */
const pure = "^(node:)?(path|path/posix|crypto)$|node_modules/(zod|handlebars|@huggingface/jinja|re2js|croner)/";

/** Packages with one adapter each; everybody else goes through it. */
const adapters = {
  ioredis: "kit/redis\\.ts",
  koffi: "kit/linux/",
  "basic-ftp": "flow/send/ftp\\.ts",
  ssh2: "flow/send/sftp\\.ts",
  "mqtt-packet": "flow/listen/mqtt",
  amqplib: "flow/listen/amqp\\.ts",
};

export default {
  forbidden: [
    { name: "no-cycles", severity: "error", from: {}, to: { circular: true } },
    { name: "no-unresolved", severity: "error", from: { path: "^src/" }, to: { couldNotResolve: true } },
    ...Object.entries(rooms).map(([room, may]) => ({
      name: `${room} may import only: ${[room, ...may].join(", ")}`,
      severity: "error",
      from: { path: `^src/${room}/`, pathNot: "\\.test\\.ts$" },
      to: { path: "^src/", pathNot: [room, ...may].map((other) => `^src/${other}/`) },
    })),
    {
      name: "core is pure",
      severity: "error",
      from: { path: "^src/core/", pathNot: "\\.test\\.ts$" },
      to: { pathNot: [pure, "^src/"] },
    },
    ...Object.entries(adapters).map(([pkg, adapter]) => ({
      name: `${pkg} only in src/${adapter.replaceAll("\\", "")}`,
      severity: "error",
      from: { path: "^src/", pathNot: `^src/${adapter}` },
      to: { path: `node_modules/${pkg}/` },
    })),
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    doNotFollow: "node_modules",
    exclude: "^build/",
  },
};
