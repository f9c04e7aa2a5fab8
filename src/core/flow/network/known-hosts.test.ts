import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { test } from "node:test";
import { judgeHostKey, knownHost } from "./known-hosts.ts";

const salt = Buffer.from("0123456789abcdefghij");
const hashed = (name: string): string =>
  `|1|${salt.toString("base64")}|${createHmac("sha1", salt).update(name).digest("base64")}`;

const FILE = `# comment
plain.example,10.0.0.1 ssh-ed25519 AAAAplain somebody@there
[port.example]:2222 ssh-rsa AAAAport
*.wild.example,!not.wild.example ecdsa-sha2-nistp256 AAAAwild
${hashed("hashed.example")} ssh-ed25519 AAAAhashed
@revoked plain.example ssh-rsa AAAArevoked
@cert-authority plain.example ssh-rsa AAAAauthority
`;

const cases: readonly [host: string, port: number, key: string, verdict: RegExp][] = [
  ["plain.example", 22, "AAAAplain", /^known$/],
  ["PLAIN.example", 22, "AAAAplain", /^known$/],
  ["10.0.0.1", 22, "AAAAplain", /^known$/],
  ["plain.example", 22, "AAAAother", /another key/],
  ["plain.example", 22, "AAAAauthority", /another key/],
  ["plain.example", 22, "AAAArevoked", /revoked/],
  ["plain.example", 2222, "AAAAplain", /no file/],
  ["port.example", 2222, "AAAAport", /^known$/],
  ["port.example", 22, "AAAAport", /no file/],
  ["a.wild.example", 22, "AAAAwild", /^known$/],
  ["not.wild.example", 22, "AAAAwild", /no file/],
  ["awild-example", 22, "AAAAwild", /no file/],
  ["hashed.example", 22, "AAAAhashed", /^known$/],
  ["other.example", 22, "AAAAhashed", /no file/],
];

for (const [host, port, key, verdict] of cases) {
  test(`${host}:${port} with ${key}: ${verdict.source}`, () => {
    assert.match(judgeHostKey(knownHost([FILE], host, port), key, "refuse"), verdict);
  });
}

test("told to accept, only what nobody knows is accepted", () => {
  assert.equal(judgeHostKey(knownHost([FILE], "other.example", 22), "AAAAnew", "accept"), "known");
  assert.match(judgeHostKey(knownHost([FILE], "plain.example", 22), "AAAAnew", "accept"), /another key/);
  assert.match(judgeHostKey(knownHost([FILE], "plain.example", 22), "AAAArevoked", "accept"), /revoked/);
});

test("kinds of the known keys are told, so that the server is asked for one of them", () => {
  assert.deepEqual(knownHost([FILE, "plain.example ssh-rsa AAAA2"], "plain.example", 22).kinds, [
    "ssh-ed25519",
    "ssh-rsa",
  ]);
});
