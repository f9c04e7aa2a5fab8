import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { getPriority } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { until } from "../../scripts/support/client.ts";
import { general } from "../support/appliance.ts";
import { type CronBox, makeCronBox, startCron, writeFor } from "../support/cron-box.ts";

const skip =
  (process.getuid?.() !== 0 && "a mount namespace of its own needs root") ||
  (!existsSync("/usr/sbin/cron") && "Debian's cron is not installed");

/** Bytes of no encoding, blank lines, a percent sign: all of it must survive. */
const OTHERS = Buffer.from('# m\xe9t\xe9o\n\nMAILTO=""\n17 4 * * * echo 100\\% > /dev/null\n', "latin1");
const CONFIG = "[nginx]\nflag = 0\n[internal_plugins]\ninstall_switch = 0\ninstall_guess_file_type = 0\n";

describe("the crontab of the module's user", { skip }, () => {
  let box: CronBox;
  const crontab = async (): Promise<string> => (await box.run("crontab", ["-l"])).stdout;
  const plugin = (name: string, lines: string): void => {
    const base = `metwork/mfdata/var/plugins/${name}`;
    writeFor(box, `${base}/.layerapi2_label`, `plugin_${name}@mfdata\n`);
    writeFor(box, `${base}/.layerapi2_dependencies`, "root@mfdata\n");
    writeFor(box, `${base}/.plugin_format_version`, "1.0.0\n");
    writeFor(box, `${base}/config.ini`, `${general}[custom]\nword = hello\n`);
    writeFor(box, `${base}/crontab`, lines);
  };
  const apply = async (): Promise<string> => (await box.run("metwork", ["apply", "--module", "mfdata"])).stderr;

  before(async () => {
    box = await makeCronBox();
    writeFor(box, "etc/metwork.config.d/mfdata/config.ini", `${CONFIG}[autorestart]\nflag = 0\n`);
    plugin(
      "beat",
      `# a job\n@reboot {{MFDATA_HOME}}/bin/cronwrap.sh --lock --low --log-capture-to beat.log -- plugin_wrapper {{MFDATA_CURRENT_PLUGIN_NAME}} -- sh -c 'echo "{{MFDATA_CURRENT_PLUGIN_CUSTOM_WORD}} $MFDATA_CURRENT_PLUGIN_CUSTOM_WORD $(nice)"'\n`,
    );
    assert.equal((await box.run("crontab", ["-"], OTHERS)).code, 0);
    await box.ok("metwork", "start", "mfdata");
  });
  after(async () => box?.[Symbol.asyncDispose]());

  test("a start adds the module's and the plugins' blocks behind everybody else's lines", async () => {
    const now = await crontab();
    assert.ok(now.startsWith(OTHERS.toString("latin1")), now);
    const own = now.slice(OTHERS.length);
    assert.match(
      own,
      /^##### BEGINNING OF METWORK MFDATA MODULE CRONTAB #####\n\*\/5 \* \* \* \* \S+ .*\/mfdata.autorestart\n0 2 \* \* \* find /,
    );
    assert.match(
      own,
      /##### BEGINNING OF METWORK MFDATA PLUGIN beat CRONTAB #####\n@reboot \S+\/bin\/cronwrap.sh --lock/,
    );
    assert.match(own, /##### END OF METWORK MFDATA PLUGIN beat CRONTAB #####\n$/);
    assert.match(await box.ok("metwork", "status", "mfdata"), /mfdata: RUNNING/);
  });

  test("cron runs a job in the plugin's environment, at low priority, into the module's log", async () => {
    const cron = startCron(box);
    const log = join(box.home, "metwork/mfdata/log/beat.log");
    try {
      await until("the job has run", () => (existsSync(log) && readFileSync(log, "utf8") !== "") || undefined);
    } finally {
      cron.kill("SIGKILL");
    }
    assert.equal(readFileSync(log, "utf8"), "hello hello 19\n");
  });

  test("a change is installed, and an uninstalled plugin's block goes", async () => {
    plugin("other", "5 5 * * * true\n");
    await apply();
    assert.match(await crontab(), /PLUGIN other CRONTAB #####\n5 5 \* \* \* true\n/);
    await box.ok("mfdata_wrapper", "plugins.uninstall", "other");
    await apply();
    assert.doesNotMatch(await crontab(), /other/);
  });

  test("a crontab with a wrong line is named with file and line, and left out; the others stay", async () => {
    plugin("wrong", "# {{MFDATA_CURRENT_PLUGIN_NAME}}\n\n  61 * * * * true\n1 * * * * true\n");
    assert.match(
      await apply(),
      /MF3063\]: the crontab is left out: line `61 \* \* \* \* true`: minute `61`[\s\S]*plugins\/wrong\/crontab:3:3/,
    );
    assert.match(await crontab(), /beat/);
    assert.doesNotMatch(await crontab(), /wrong/);
    assert.match(
      await box.ok("metwork", "status", "mfdata"),
      /plugin wrong: its crontab[\s\S]*plugins\/wrong\/crontab:3:3/,
    );
  });

  test("what only cron itself refuses is blamed on its plugin too", async () => {
    plugin("wrong", `0 1 * * * true\n0 2 * * * true ${"x".repeat(1200)}\n`);
    const said = await apply();
    assert.match(
      said,
      /MF5071\]: the crontab of wrong is left out, cron refuses its line `0 2[\s\S]*plugins\/wrong\/crontab:2:1/,
    );
    assert.match(await crontab(), /PLUGIN beat/);
    assert.doesNotMatch(await crontab(), /wrong/);
    await box.ok("mfdata_wrapper", "plugins.uninstall", "wrong");
  });

  test("status says when somebody took the jobs away, and apply brings them back", async () => {
    assert.equal((await box.run("crontab", ["-"], OTHERS)).code, 0);
    assert.match(await box.ok("metwork", "status", "mfdata"), /crontab does not have the module's jobs/);
    await apply();
    assert.match(await crontab(), /PLUGIN beat/);
  });

  test("a stop with KEEPCRON leaves the blocks, a stop takes them out and leaves the rest as it was", async () => {
    await box.ok("mfdata.stop", "KEEPCRON");
    assert.match(await crontab(), /PLUGIN beat/);
    await box.ok("mfdata.stop");
    assert.equal(await crontab(), OTHERS.toString("latin1"));
  });

  describe("cronwrap", () => {
    const wrap = (...args: string[]) => box.run("mfdata_wrapper", ["cronwrap", ...args]);

    test("ends with the job's code, and hands its output and arguments on", async () => {
      const ran = await wrap("--", "sh", "-c", 'echo "$1"; echo bad >&2; exit 5', "sh", "a  b;c");
      assert.deepEqual([ran.code, ran.stdout, ran.stderr], [5, "a  b;c\n", "bad\n"]);
    });

    test("one that takes too long is killed with all it started, and ends with 12", async () => {
      const ran = await wrap("--timeout=1", "--", "sh", "-c", "setsid sleep 987 & sleep 987");
      assert.equal(ran.code, 12);
      assert.match(ran.stderr, /killed after 1 s/);
      assert.equal((await box.run("pgrep", ["-u", "64017", "-f", "sleep 987"])).stdout, "");
    });

    test("the same job does not run twice at once; another one does", async () => {
      const first = wrap("--lock", "--", "sh", "-c", "touch running; while [ ! -e end ]; do sleep 0.05; done");
      await until("it runs", () => existsSync(join(box.home, "running")) || undefined);
      const again = ["--lock", "-w", "0.1", "--", "sh", "-c", "touch running; while [ ! -e end ]; do sleep 0.05; done"];
      const second = await wrap(...again);
      assert.equal(second.code, 0);
      assert.match(second.stdout, /the same job is still running/);
      assert.equal((await wrap("-b", "nothing", ...again)).stdout, "");
      assert.equal((await wrap("--lock", "--", "sh", "-c", "touch end")).code, 0);
      assert.equal((await first).code, 0);
    });

    test("a file's environment, a shell and a random sleep", async () => {
      writeFor(box, "vars", "export WORD=loaded\n");
      const ran = await wrap("-e", "-f", "~/vars", "-s", "-r", "0.1", "--", 'echo "$WORD" $(nice)');
      assert.deepEqual([ran.code, ran.stdout], [0, `loaded ${getPriority()}\n`]);
    });

    test("options that contradict each other are refused", async () => {
      assert.equal((await wrap("--low", "--nice", "3", "--", "true")).code, 2);
      assert.equal((await wrap("--timeout", "soon", "--", "true")).code, 2);
    });
  });
});
