import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { distributionOf, distributions, parseOsRelease } from "./distribution.ts";

const machines: readonly [os: string, distribution: string | undefined][] = [
  ['PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nVERSION_ID="12"\nID=debian\n', "Debian"],
  ['ID=ubuntu\nID_LIKE=debian\nVERSION_ID="24.04"\n', "Debian"],
  ["ID=linuxmint\nID_LIKE='ubuntu debian'\n", "Debian"],
  ['ID="rocky"\nID_LIKE="rhel centos fedora"\nVERSION_ID="9.4"\n', "Enterprise Linux 9"],
  ['ID="rhel"\nVERSION_ID="10.0"\n', "Enterprise Linux 10"],
  ['ID="centos"\nVERSION_ID="9"\n', "Enterprise Linux 9"],
  ["ID=fedora\nVERSION_ID=42\n", "Fedora"],
  ['ID="rocky"\nVERSION_ID="8.10"\n', undefined],
  ["ID=alpine\n", undefined],
  ["", undefined],
];

describe("distributionOf", () => {
  for (const [os, expected] of machines) {
    it(`${JSON.stringify(os)} is ${expected ?? "unknown"}`, () => {
      assert.equal(distributionOf(parseOsRelease(os))?.name, expected);
    });
  }
});

describe("distributions", () => {
  for (const { name, needs } of distributions) {
    it(`${name} names no package twice`, () => {
      const names = needs.flatMap((need) => need.names);
      assert.deepEqual(names, [...new Set(names)]);
    });
  }
});
