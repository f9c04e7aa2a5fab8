import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { type Defect, SERVING } from "./defects-of-serving.ts";
import { KEPT_OF_SERVING } from "./kept-of-serving.ts";
import { KEPT } from "./kept-of-the-pipeline.ts";

/** What the predecessor's file pipeline did wrong, by the number it was found under, and what would notice it here. */
const DEFECTS: readonly Defect[] = [
  [
    "T1",
    "two files of one uid overwrite each other",
    "integration/steps-regressions",
    "files derived from one, with its uid, meet in a batch",
  ],
  ["T2", "a fork command that fails is a success", "integration/steps-python", "a command that fails is a failure"],
  [
    "T3",
    "what a death left in tmp is never taken up again",
    "integration/flow-kills",
    "killed among files: each file is at its ends once",
  ],
  ["T4", "a file is deleted in work for its date", "integration/flow-collector", "old by its date, is left alone"],
  ["T5", "a decorator that fails deletes the file", "integration/steps-regressions", "what a decorator can't unpack"],
  [
    "T6",
    "a batch of a wrong number of statuses is lost",
    "integration/steps-python",
    "a wrong number of them fails all",
  ],
  ["T7", "a batch step has no debug mode", "integration/steps-regressions", "a batch step tries one file by itself"],
  [
    "T8",
    "what was given up is given back all the same",
    "integration/steps-regressions",
    "tries as often as it was asked, and its file is in trash",
  ],
  [
    "T8",
    "the same, by the step that plugins start themselves",
    "integration/steps-reinject",
    "one that never does goes to trash, once",
  ],
  ["T9", "a circle's file is left in tmp", "integration/flow-places", "a circle ends in trash"],
  [
    "T9",
    "some targets of a failing copy have it",
    "integration/flow-schedules",
    "1,000 seeded schedules of deaths and refusals",
  ],
  [
    "T9",
    "a move that fails drops the tags",
    "integration/steps-regressions",
    "a move that fails leaves the file in trash with all its tags",
  ],
  ["T9", "`%` of a file's own name is a time", "../src/flow/send/name", "no directory and no time of its own"],
  ["T9", "an exchange of AMQP is ignored", "integration/network-listen", "AMQP: exchange, routing key and queue"],
  ["T10", "an archived file overwrites its namesake", "integration/flow", "an equal name never overwrites"],
  [
    "T10",
    "a file and its tags are not there together",
    "integration/flow-kills",
    "each file is at its ends once, as it was",
  ],
  ["T10", "the archive is cleaned by the files' own dates", "integration/plugin-templates", "whatever its own date"],
  ["T11", "an upload may overwrite", "integration/nginx-upload", "nothing is overwritten"],
  [
    "T11",
    "an upload may go anywhere",
    "integration/nginx-upload",
    "takes PUT into watched directories, and nothing else",
  ],
  [
    "T12",
    "what cannot be put in trash is deleted",
    "integration/steps-regressions",
    "a file that cannot even be put in trash is not deleted",
  ],
  [
    "T12",
    "failed files pile up for a plugin that went",
    "../src/core/flow/stranded",
    "each room of a step that nobody runs is found",
  ],
  [
    "T13",
    "a space in watched_directories breaks a path",
    "../src/core/flow/config",
    "the entrance feeds the first step",
  ],
  [
    "T13",
    "a step without processes keeps its files and says nothing",
    "../src/core/flow/stranded",
    "each room of a step that nobody runs is found",
  ],
  ["R1", "a pattern that ends with `]` is dropped", "../src/core/plugin/read", "brackets at the end"],
  ["R2", "one bad rule stops all", "integration/flow-switch", "bad ones are left out"],
  ["R3", "two rules of one target deliver twice", "integration/flow-switch", "a target gets a file once"],
  [
    "R4",
    "rules of the last plugin that had any stay",
    "../src/core/flow/config",
    "also when it was the last that had any",
  ],
  [
    "R5",
    "the tag that the documentation names does not exist",
    "integration/steps-guide",
    "it handles a file, by what the guide prints",
  ],
];

for (const [defect, what, file, title] of [...DEFECTS, ...SERVING, ...KEPT_OF_SERVING, ...KEPT]) {
  test(`${defect}, ${what}: there is a test`, () => {
    const path = file.endsWith(".ts") ? file : `${file}.test.ts`;
    const lines = readFileSync(join(import.meta.dirname, path), "utf8").split("\n");
    assert.ok(
      lines.some((line) => /\b(?:test|it)\(/.test(line) && line.includes(title)),
      `${path} has no test with \`${title}\` in its title`,
    );
  });
}
