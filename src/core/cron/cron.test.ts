import assert from "node:assert/strict";
import { test } from "node:test";
import { blockAt, pluginOfBlock, splitCrontab, withBlocks } from "./blocks.ts";
import { settingOf, wrongLine } from "./line.ts";

const GOOD = [
  "* * * * * true",
  "*/5 0-23/2 1,15 jan-mar,12 mon-fri /bin/true --x=1 | cat > /dev/null % in",
  "0 3 * * 7 x",
  "0~30 4 * * * x",
  "@reboot x",
  "@daily\tx",
  "MAILTO=root",
  'PATH = "/bin:/usr/bin"',
  "'ODD NAME'=1",
];
const WRONG: readonly (readonly [string, RegExp])[] = [
  ["60 * * * * x", /minute `60`: expected 0 to 59/],
  ["* 24 * * * x", /hour `24`/],
  ["* * 0 * * x", /day of month `0`/],
  ["* * * 13 * x", /month `13`/],
  ["* * * * 8 x", /day of week `8`/],
  ["* * * * funday x", /day of week `funday`/],
  ["30-10 * * * * x", /ends before it begins/],
  ["*/0 * * * * x", /a step is/],
  ["1-2-3 * * * * x", /two ends/],
  ["* * * *", /4 of the 5 fields/],
  ["* * * * *", /no command/],
  ["@sometimes x", /`@` is followed by/],
  ["@daily", /then a command/],
  ["every minute: x", /minute `every`/],
];

test("what cron understands is no mistake", () => {
  for (const line of GOOD) assert.equal(wrongLine(line), undefined, line);
  assert.deepEqual(GOOD.map(settingOf), [...Array(6).fill(undefined), "MAILTO", "PATH", "ODD NAME"]);
});

test("what it does not is explained", () => {
  for (const [line, reason] of WRONG) assert.match(wrongLine(line) ?? "", reason, line);
});

const block = (name: string, ...lines: string[]): string =>
  [`##### BEGINNING OF METWORK ${name} CRONTAB #####`, ...lines, `##### END OF METWORK ${name} CRONTAB #####`, ""].join(
    "\n",
  );
const MINE = block("MFDATA MODULE", "0 2 * * * clean") + block("MFDATA PLUGIN beat", "* * * * * beat");
const OTHERS = "# m\xe9\xe9\n\n* * * * * mine %\n";
const SERV = block("MFSERV MODULE", "0 2 * * * other");

test("blocks are put in, replaced and taken out, and nobody else's byte changes", () => {
  const first = withBlocks(OTHERS + SERV, "mfdata", MINE);
  assert.equal(first, OTHERS + SERV + MINE);
  assert.equal(withBlocks(first, "mfdata", MINE), first);
  const changed = block("MFDATA MODULE", "0 3 * * * clean");
  assert.equal(withBlocks(first, "mfdata", changed), OTHERS + SERV + changed);
  assert.equal(withBlocks(first, "mfdata", ""), OTHERS + SERV);
  assert.equal(withBlocks(MINE + OTHERS, "mfdata", ""), OTHERS);
  assert.equal(withBlocks("no line feed", "mfdata", MINE), `no line feed\n${MINE}`);
  assert.equal(withBlocks("", "mfdata", ""), "");
});

test("a block that lost its end takes nobody's lines with it, only its marker", () => {
  const torn = `##### BEGINNING OF METWORK MFDATA MODULE CRONTAB #####\n1 * * * * mine\n${SERV}${OTHERS}`;
  assert.deepEqual(splitCrontab(torn, "mfdata").unended, ["METWORK MFDATA MODULE CRONTAB"]);
  assert.equal(withBlocks(torn, "mfdata", ""), `1 * * * * mine\n${SERV}${OTHERS}`);
});

test("a line cron refuses leads to its block and its plugin", () => {
  const text = OTHERS + MINE;
  const found = blockAt(text, text.split("\n").indexOf("* * * * * beat") + 1);
  assert.equal(found?.text, block("MFDATA PLUGIN beat", "* * * * * beat"));
  assert.equal(pluginOfBlock(found?.name ?? ""), "beat");
  assert.equal(pluginOfBlock("METWORK MFDATA MODULE CRONTAB"), undefined);
  assert.equal(blockAt(text, 3), undefined);
  assert.equal(blockAt(MINE + OTHERS, MINE.split("\n").length + 2), undefined);
});
