import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { readMessage } from "../../src/core/flow/protocol.ts";
import { archiveStep, Pipeline, rule, until } from "../integration/flow-harness.ts";
import { ownStep, StepWorker } from "../integration/steps-harness.ts";
import { root } from "../support/appliance.ts";
import { missing, PYTHONS } from "../support/pythons.ts";
import { type Exchange, Player } from "./step-protocol/player.ts";

const HERE = join(import.meta.dirname, "step-protocol");
const transcript = readFileSync(join(HERE, "transcript.ndjson"), "utf8")
  .trimEnd()
  .split("\n")
  .map((line): Exchange => JSON.parse(line));

/** The client that the page about the protocol prints, in a directory. Without a `handle` it gets that of the page. */
function perlClient(directory: string, handle?: string): string {
  const page = readFileSync(join(root, "docs/reference/protocol.md"), "utf8");
  const [client = "", example = ""] = [...page.matchAll(/^```perl\n(.*?)^```/gms)].map(([, code = ""]) => code);
  assert.ok(client.trimEnd().split("\n").length <= 60, "it is as short as the page says");
  writeFileSync(join(directory, "client.pl"), client, { mode: 0o755 });
  writeFileSync(join(directory, "handle.pl"), handle ?? example);
  return join(directory, "client.pl");
}

test("what steps say in the transcript is what the pipeline understands", () => {
  for (const { step = [] } of transcript) {
    for (const said of step) {
      const path = { path: "/a" };
      assert.notEqual(typeof readMessage({ ...said, ...("path" in said && path) }), "string", JSON.stringify(said));
    }
  }
});

describe("each client speaks as the transcript does", () => {
  let directory: string;
  before(() => {
    directory = mkdtempSync(join(tmpdir(), "mw-"));
    perlClient(directory, readFileSync(join(HERE, "handle.pl"), "utf8"));
  });
  after(() => rmSync(directory, { recursive: true }));

  /** The same step, written with each client. */
  type Client = readonly [title: string, argv: () => readonly [string, ...string[]], needs?: string];
  const clients: readonly Client[] = [
    ...PYTHONS.map(({ title, program }): Client => {
      const options = ["--step-name=main", "step.conf.main"];
      return [`${title}: acquisition`, () => [program, join(HERE, "step.py"), ...options], program];
    }),
    ["Node: metwork-step", () => [process.execPath, join(HERE, "step.cjs"), "step.conf.main"]],
    [
      "shell: metwork step run",
      () => [join(root, "bin/metwork"), "step", "run", "--to=archive/main", "--", join(HERE, "step.sh")],
    ],
    ["Perl: the client of the page", () => [join(directory, "client.pl")]],
  ];
  for (const [title, argv, needs] of clients) {
    test(title, { skip: needs !== undefined && missing(needs) }, async () => {
      await using player = await Player.start(argv());
      for (const exchange of transcript) await player.play(exchange);
    });
  }
});

test("the client and the example of the page work in the pipeline", async () => {
  const flow = new Pipeline();
  flow.configure(flow.config([ownStep("own"), archiveStep(flow.archive)], [rule("*", "own")]));
  await flow.start();
  const worker = new StepWorker(flow, "own", [perlClient(flow.root)]);
  try {
    flow.drop("poem é", "one\ntwo\nthree\n");
    await until("it is archived", () => flow.archived().length === 1);
    assert.equal(flow.tags("poem é").get("latest.own.main.lines"), "3");
    assert.equal(await worker.stop(), 0);
  } finally {
    await worker.stop("SIGKILL");
    await flow.close();
  }
});
