import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { until } from "../../scripts/support/client.ts";
import type { CollectorConfig } from "../../src/core/metrics/types.ts";
import { runtimeLayout } from "../../src/core/module/paths.ts";
import { startCollector } from "../../src/system/metrics/collector.ts";
import { startNginx } from "../support/nginx.ts";
import { addPlugin } from "../support/planned.ts";
import { archiveStep, Pipeline, png, rule, step } from "./flow-harness.ts";

// telegraf itself is no package of Debian's: its two ways in are listened on as it does.
describe("metrics", () => {
  let directory: string;
  before(() => {
    directory = mkdtempSync(join(tmpdir(), "mw-"));
  });
  after(() => rmSync(directory, { recursive: true, force: true }));

  test("each request to a plugin is counted and timed, over a rotation of the log", async () => {
    await using nginx = await startNginx("mfserv", (paths) => {
      addPlugin(paths, "pages", {
        "config.ini": "[app_main]\n_static_url_prefix =\n_static_directory =\n",
        "main/index.html": "Hello",
      });
    });
    await using statsd = await listenUdp();
    const accessLog = join(runtimeLayout(nginx.paths.runtime).log, "nginx_access.log");
    const close = startCollector(configFor({ statsdPort: statsd.port, accessLog }), {
      services: () => Promise.resolve([]),
      requestsMs: 20,
    });
    try {
      for (let asked = 0; asked < 3; asked++) await nginx.ask("/pages/");
      await nginx.ask("/pages/none");
      await nginx.ask("/uuid");
      const found = "request_counter,plugin=pages,app=main,type=static,status_code=200";
      await until("three are counted", () => statsd.sum(found) === 3 || undefined);
      await until("one was not found", () => statsd.sum(found.replace("200", "404")) === 1 || undefined);
      assert.equal(statsd.lines.filter((line) => line.startsWith("request_timer,plugin=pages")).length, 4);
      renameSync(accessLog, `${accessLog}.1`);
      process.kill(nginx.pid, "SIGUSR1");
      for (let asked = 0; asked < 2; asked++) await nginx.ask("/pages/");
      await until("the two after the rotation are counted, too", () => statsd.sum(found) === 5 || undefined);
      assert.deepEqual(
        statsd.lines.filter((line) => !line.includes("plugin=pages")),
        [],
      );
    } finally {
      close();
    }
  });

  test("a module tells its version, its plugins, what their processes take and what waits", async () => {
    const telegrafSocket = join(directory, "telegraf.socket");
    const dataIn = join(directory, "in");
    mkdirSync(join(dataIn, "incoming", "below"), { recursive: true });
    for (const name of ["a", "below/b"]) writeFileSync(join(dataIn, "incoming", name), "");
    const statusFile = join(directory, "status");
    writeFileSync(statusFile, "RUNNING\n");
    const plugins = [{ name: "pages", version: "1.2", release: "3" }];
    const config = configFor({ module: "mfdata", telegrafSocket, dataIn, statusFile, plugins });
    const instances = [{ instance: 1, state: "running", pid: process.pid, restarts: 0, fails: 0 }] as const;
    const services = [{ id: "app.pages.main", plugin: "pages", digest: "", instances }] as const;
    let received = "";
    const server = createServer((socket) => {
      socket.setEncoding("utf8").on("data", (text: string) => {
        received += text;
      });
    });
    // Nobody listens at first: what is sent then is lost, and nothing else.
    const close = startCollector(config, { services: () => Promise.resolve(services), moduleMs: 20 });
    try {
      server.listen(telegrafSocket);
      await until("it is heard", () => (received.split("metwork_version").length > 2 ? true : undefined));
    } finally {
      close();
      server.close();
    }
    const one = (name: string): string => received.split("\n").find((line) => line.startsWith(name)) ?? "";
    assert.match(
      one("metwork_version"),
      /^metwork_version,bypassbasicstats=1,modname=mfdata version="9",status="running",os_name="[^"]+",status_code=2i$/,
    );
    assert.equal(
      one("metwork_plugin"),
      'metwork_plugin,bypassbasicstats=1,plugin_name=pages version="1.2",release="3"',
    );
    assert.equal(one("var_in_files"), "var_in_files,directory_name=incoming file_count=2i");
    const usage =
      /^metwork_module,plugin=pages mem_percent=([\d.]+),num_threads=(\d+)i,cpu_percent=[\d.]+i?,num_fds=(\d+)i$/;
    const [, memory, threads, descriptors] = usage.exec(one("metwork_module")) ?? [];
    assert.ok(Number(memory) > 0 && Number(threads) >= 5 && Number(descriptors) > 5, one("metwork_module"));
  });

  test("the pipeline counts files, bytes and failures of each step", async () => {
    await using statsd = await listenUdp();
    const flow = new Pipeline();
    try {
      const broken = { do: "archive", directory: "/proc/nowhere", basename: "x", tagsSuffix: "" } as const;
      const retry = { total: 2, minWaitS: 0.1, maxWaitS: 0.1, backoff: 0 };
      const again = { ...step("again", broken), retry };
      const config = flow.config(
        [archiveStep(flow.archive), again],
        [rule("ASCII*", "archive"), rule("PNG*", "again")],
      );
      flow.configure({ ...config, metrics: { port: statsd.port, host: "box" } });
      await flow.start();
      flow.drop("fails", png(1));
      for (const name of ["a", "b"]) {
        writeFileSync(join(flow.stage, name), "12345");
        renameSync(join(flow.stage, name), join(flow.incoming, name));
      }
      const tags = ",module=mfdata,host=box,plugin=archive,step=main";
      await until("two files are counted", () => statsd.sum(`number_of_processed_files${tags}`) === 2 || undefined);
      assert.equal(statsd.sum(`bytes_of_processed_files${tags}`), 10);
      assert.equal(statsd.sum(`number_of_processing_errors${tags}`), 0);
      assert.equal(statsd.lines.filter((line) => line.startsWith(`processing_file_timer${tags}:`)).length, 2);
      const failed = ",module=mfdata,host=box,plugin=again,step=main";
      await until("it gave up", () => statsd.sum(`number_of_processing_errors${failed}_reinject`) === 1 || undefined);
      assert.equal(statsd.sum(`number_of_processing_errors${failed}`), 3);
      assert.equal(statsd.sum(`number_of_processed_files${failed}_reinject`), 2);
      assert.equal(statsd.sum(`bytes_of_processed_files${failed}_reinject`), 2 * png(1).length);
    } finally {
      await flow.close();
    }
  });
});

function configFor(given: Partial<CollectorConfig>): CollectorConfig {
  const nowhere = "/nonexistent";
  return {
    module: "mfserv",
    version: "9",
    plugins: [],
    statsdPort: 0,
    telegrafSocket: nowhere,
    statusFile: nowhere,
    ...given,
  };
}

async function listenUdp() {
  const socket = createSocket("udp4").bind(0, "127.0.0.1");
  await once(socket, "listening");
  const lines: string[] = [];
  socket.on("message", (message) => lines.push(...message.toString().trimEnd().split("\n")));
  return {
    port: socket.address().port,
    lines,
    /** What was counted under a name. */
    sum: (name: string): number =>
      lines
        .filter((line) => line.startsWith(`${name}:`))
        .reduce((sum, line) => sum + Number(line.slice(name.length + 1).split("|")[0]), 0),
    [Symbol.asyncDispose]: () => new Promise<void>((resolve) => socket.close(() => resolve())),
  };
}
