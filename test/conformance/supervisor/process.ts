import assert from "node:assert/strict";
import { join } from "node:path";
import type { It } from "../supervisor.ts";
import * as w from "../world.ts";

export function testProcess(it: It): void {
  it("its limits are applied", async (world) => {
    const limits = { openFiles: 123, addressSpace: 2_000_000_000, stack: 4_194_304, fileSize: 10_000_000, core: 0 };
    const spec = w.service(world, "process.limits", { limits });
    w.worked(await world.supervisor.start(spec));
    const [pid = 0] = await w.pidsOf(world, spec.id);
    const applied = await w.until("the command runs", () => {
      const isSleep = w.read(`/proc/${pid}/cmdline`).startsWith("sleep");
      return isSleep && w.read(`/proc/${pid}/limits`);
    });
    const lines = {
      "Max open files": 123,
      "Max address space": 2e9,
      "Max stack size": 4_194_304,
      "Max file size": 1e7,
      "Max core file size": 0,
    };
    for (const [name, value] of Object.entries(lines))
      assert.match(applied, new RegExp(`${name} +${value} +${value} `));
    await world.supervisor.stop(spec.id);
  });

  it("its environment is what it was given, and its marks", async (world) => {
    const env = { PATH: "/usr/bin:/bin", ODD: "a=b 'c'\n\"d\" $HOME {instance} é", EMPTY: "" };
    const spec = w.web(
      world,
      "process.env",
      "inherited",
      {},
      { argv: w.script("env -0; echo; sleep 1000"), env, instances: 2 },
    );
    // A log of its own for each: of several in one only lines stay whole, and one of these values has two.
    const log = (instance: string): string => join(world.home, "log", `environment_${instance}.log`);
    w.worked(await world.supervisor.start({ ...spec, ready: { when: "started" }, log: { stdout: log("{instance}") } }));
    const text = await w.until("it is logged", () => w.read(log("2")).endsWith("\0\n") && w.read(log("2")));
    const lines = text.slice(0, -2).split("\0");
    const { INVOCATION_ID, PWD, ...rest } = Object.fromEntries(lines.map((line) => line.split(/=(.*)/s, 2)));
    assert.match(String(INVOCATION_ID), /^[0-9a-f]{32}$/);
    assert.equal(PWD, world.home);
    assert.deepEqual(rest, {
      ...env,
      METWORK_SERVICE: "process.env",
      METWORK_INSTANCE: "2",
      METWORK_SERVICE_HOME: world.home,
      LISTEN_FDS: "1",
    });
    await world.supervisor.stop(spec.id);
  });

  it("placeholders are replaced in its command and logs", async (world) => {
    const spec = w.service(world, "process.words", {
      argv: ["sh", "-c", 'echo "$@"; echo oops > /dev/stderr; exec sleep 1000', "sh", "{instance}", "w$(circus.wid).x"],
      instances: 2,
      log: {
        stdout: join(world.home, "log", "words_{instance}.stdout"),
        stderr: join(world.home, "log", "words_{instance}.stderr"),
      },
    });
    w.worked(await world.supervisor.start(spec));
    const logOf = (stream: string): string => w.read(join(world.home, "log", `words_2.${stream}`));
    await w.until("both streams are logged", () => logOf("stdout") === "2 w2.x\n" && logOf("stderr") === "oops\n");
    await world.supervisor.stop(spec.id);
  });

  it("it leads a session of its own, in its directory, with nothing on standard input", async (world) => {
    const spec = w.service(world, "process.session", {
      argv: w.script("cat; readlink /proc/$$/cwd; ps -o sid=,pgid=,pid= -p $$; exec sleep 1000"),
    });
    w.worked(await world.supervisor.start(spec));
    const [pid] = await w.pidsOf(world, spec.id);
    const log = await w.until("it is logged", () => {
      const text = w.read(spec.log.stdout);
      return text.split("\n").length === 3 && text;
    });
    const [cwd, ids = ""] = log.split("\n");
    assert.equal(cwd, world.home);
    assert.deepEqual(ids.trim().split(/ +/).map(Number), [pid, pid, pid]);
    await world.supervisor.stop(spec.id);
  });
}
