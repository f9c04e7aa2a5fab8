import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { archiveStep, Pipeline, rule, step, until } from "./flow-harness.ts";

// Dashboards and scripts of the predecessor look into Redis for what went where.
test("Redis says how many files each step had, when, and by which ways they went", async () => {
  const flow = new Pipeline();
  const aside = join(flow.root, "aside");
  const name = "first.core.original_basename";
  const broken = { do: "archive", directory: "/proc/nowhere", basename: "x", tagsSuffix: "" } as const;
  try {
    await flow.startRedis();
    flow.configure(
      flow.config(
        [
          archiveStep(flow.archive),
          step("broken", broken),
          { ...step("aside", broken), onFailure: { do: "move", to: { to: "directory", path: aside } } },
        ],
        [rule("*.png", "archive", name), rule("*.bad", "broken", name), rule("*.aside", "aside", name)],
      ),
    );
    await flow.start();
    for (const file of ["a.png", "b.png", "c.bad", "d.aside", "nobody's"]) flow.drop(file, "content");
    await until("all are where they belong", () => flow.inside().length === 4 && existsSync(join(aside, "d.aside")));

    const says = (key: string, value: string): Promise<void> =>
      until(`${key} is ${value}`, async () => (await flow.redis(`GET ${key}`)).endsWith(`\r\n${value}`));
    await says("counter.guess_file_type.main", "5");
    await says("counter.archive.main", "2");
    await until("it says when", async () => /\r\n1[0-9]{9}$/.test(await flow.redis("GET latest.archive.main")));
    const today = new Date().toISOString().slice(0, 10);
    const trace = (from: string, to: string): string => `trace@${today}~${from}~${to}`;
    await says(trace("<incoming", "guess_file_type/main"), "5");
    await says(trace("guess_file_type/main", "switch/main"), "5");
    await says(trace("switch/main", "archive/main"), "2");
    await says(trace("switch/main", ">nomatch/keep"), "1");
    await says(trace("archive/main", flow.archive), "2");
    await says(trace("broken/main", ">trash/keep"), "1");
    await says(trace("aside/main", aside), "1");
    const life = await flow.redis(`TTL ${trace("archive/main", flow.archive)}`);
    await until("they go after a day", () => Number(life.slice(1)) > 86_000);
  } finally {
    await flow.close();
  }
});

test("at DEBUG each step says what it begins and which tags it sets, and a failure all tags", async () => {
  const flow = new Pipeline();
  const broken = { do: "archive", directory: "/proc/nowhere", basename: "x", tagsSuffix: "" } as const;
  try {
    const config = flow.config([step("broken", broken)], [rule("ASCII*", "broken")]);
    flow.configure({ ...config, steps: config.steps.map((one) => ({ ...one, debug: one.plugin !== "switch" })) });
    await flow.start();
    flow.drop("a.txt", "some text\n");
    await until("it failed", () => flow.log.includes("Bad processing status for file: a.txt"));
    const from = String.raw`^[-0-9T:.]+Z {2} {2}\[DEBUG\] \(mfdata\.guess_file_type\.main#\d+\) `;
    for (const line of [
      String.raw`Start the processing of .*/tmp/guess_file_type\.main/.*`,
      String.raw`Setting tag first\.core\.original_basename = a\.txt`,
      String.raw`Setting tag 0\.guess_file_type\.main\.system_magic = ASCII text`,
      String.raw`Setting tag 0\.guess_file_type\.main\.size = 10`,
    ]) {
      await until(line, () => new RegExp(`${from}${line}$`, "m").test(flow.log));
    }
    const dumped = /\[DEBUG\] \(mfdata\.broken\.main#\d+\) latest\.guess_file_type\.main\.system_magic = ASCII text$/m;
    await until("the failed file's tags are told", () => dumped.test(flow.log));
    assert.doesNotMatch(flow.log, /\[DEBUG\] \(mfdata\.switch/);
  } finally {
    await flow.close();
  }
});
