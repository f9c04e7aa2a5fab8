/** What of nginx goes to a log shipper, and fragments that are put together from several files. */
import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { appendFileSync, chmodSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { until } from "../../scripts/support/client.ts";
import { runtimeLayout } from "../../src/core/module/paths.ts";
import { run } from "../../src/kit/exec.ts";
import { root } from "../support/appliance.ts";
import { type RunningNginx, startNginx } from "../support/nginx.ts";
import { addPlugin } from "../support/planned.ts";

const shipper = createSocket("udp4");
const sent: string[] = [];
let nginx: RunningNginx;

before(async () => {
  shipper.on("message", (datagram) => sent.push(datagram.toString()));
  await once(shipper.bind(0, "127.0.0.1"), "listening");
  nginx = await startNginx("mfserv", (paths) => {
    chmodSync(dirname(paths.runtime), 0o755);
    const more = `[admin]\nhostname = localhost\n[vector]\nnginxlog_port = ${shipper.address().port}\n`;
    appendFileSync(runtimeLayout(paths.runtime).userConfig, more);
    addPlugin(paths, "pages", {
      "config.ini":
        "[app_main]\n_static_url_prefix =\n_static_directory =\n_extra_nginx_conf_static_filename = own.conf\n[custom]\nword = hello\n",
      "own.conf": '{% include "more/all.conf" %}\n{%- include "more/words.conf" -%}\n',
      "more/all.conf": "add_header X-Module {{ MFMODULE }} always;",
      "more/words.conf": [
        '{% if MFSERV_CURRENT_PLUGIN_CUSTOM_WORD | fnmatch("h*") %}',
        'add_header X-Word {{ "MFSERV_CURRENT_PLUGIN_CUSTOM_WORD" | getenv }} always;',
        "{% endif %}",
        'add_header X-None {{ "NOWHERE" | getenv("none") }} always;',
      ].join("\n"),
      "main/index.html": "pages",
    });
  });
});
after(async () => {
  await nginx?.[Symbol.asyncDispose]();
  shipper.close();
});

test("with a server for logs, each request is a line of JSON to the shipper of the machine", async () => {
  const logged = once(shipper, "message");
  await nginx.ask('/pages/?a="b"', { headers: { "User-Agent": "me" } });
  await logged;
  // <priority>date tag: text, as of RFC 3164.
  const [, text = ""] = /^<\d+>\w{3} [ \d]\d [\d:]{8} nginx: (.*)$/s.exec(sent[0] ?? "") ?? assert.fail(sent[0]);
  const { uri, plugin, status } = JSON.parse(text);
  assert.deepEqual({ uri, plugin, status }, { uri: '/pages/?a="b"', plugin: "pages", status: 200 });
});

test("a fragment includes files of its plugin and asks with the filters of the predecessor", async () => {
  const { headers } = await nginx.ask("/pages/");
  assert.deepEqual([headers["x-module"], headers["x-word"], headers["x-none"]], ["MFSERV", "hello", "none"]);
});

test("Node plugins log with metwork-tools: lines as mflog's, and the grave ones to the shipper", async () => {
  const tools = join(root, "layers", "nodejs_mfserv", "node_modules");
  const script = `const log = require("metwork-tools");
log.console_debug("no"); log.console_info("a", 1); log.console_warn("b %s", "c"); log.console_critical({ d: 1 });`;
  const env = {
    NODE_PATH: tools,
    MFSERV_CURRENT_PLUGIN_NAME: "mine",
    MFLOG_SYSLOG_ADDRESS: `127.0.0.1:${shipper.address().port}`,
    MFLOG_SYSLOG_MINIMAL_LEVEL: "ERROR",
  };
  const ran = await run([process.execPath, "-e", script], { env });
  assert.match(ran.stdout, /^\d{4}-\d\d-\d\dT[\d:]{8}\.\d{6}Z {5}\[INFO\] \(mine#\d+\) a 1\n$/);
  assert.match(ran.stderr, /^\S+ {2}\[WARNING\] \(mine#\d+\) b c\n\S+ \[CRITICAL\] \(mine#\d+\) \{ d: 1 \}\n$/);
  const { value } = await until("its datagram", () =>
    sent.map((text) => /^<12>(.*)\0$/s.exec(text)?.[1]).find(Boolean),
  );
  const { timestamp, pid, ...record } = JSON.parse(value);
  assert.deepEqual(record, { level: "critical", name: "default", event: "{ d: 1 }", plugin: "mine" });
  assert.ok(timestamp && pid);
});

test("Python plugins log with mflog to the shipper and a file, with plugin and request", async () => {
  const file = join(dirname(nginx.paths.runtime), "log.json");
  const script = `import mflog
log = mflog.get_logger("foo.bar").bind(a=1)
log.info("not sent")
try:
    1 / 0
except ZeroDivisionError:
    log.exception("no %s", "way", b="x")`;
  const env = {
    PYTHONPATH: join(root, "layers", "python3", "lib"),
    MFSERV_CURRENT_PLUGIN_NAME: "theirs",
    MFSERV_CURRENT_REQUEST_ID: "0123",
    MFLOG_SYSLOG_ADDRESS: `127.0.0.1:${shipper.address().port}`,
    MFLOG_JSON_FILE: file,
  };
  const ran = await run(["/usr/bin/python3", "-c", script], { env });
  assert.equal(ran.code, 0, ran.stderr);
  const { value } = await until("its datagram", () => sent.find((text) => text.includes("theirs")));
  const text = readFileSync(file, "utf8");
  assert.equal(value, `<12>${text.trim()}\0`);
  const { timestamp, pid, exception, ...record } = JSON.parse(text);
  assert.match(timestamp, /^\d{4}-\d\d-\d\dT[\d:]{8}\.\d{6}Z$/);
  assert.ok(pid > 0 && exception.includes("ZeroDivisionError"));
  const said = { level: "error", name: "foo.bar", event: "no way", plugin: "theirs", a: 1, b: "x" };
  assert.deepEqual(record, { ...said, request_id: "0123", exception_type: "ZeroDivisionError" });
});
