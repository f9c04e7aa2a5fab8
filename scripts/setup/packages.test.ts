import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Distribution, distributions } from "../../src/system/host/distribution.ts";
import {
  commandForAPerson,
  installCommands,
  installedNames,
  missing,
  packageNames,
  presenceQuery,
} from "./packages.ts";

const both = new Set(["run", "test"] as const);

function named(name: string): Distribution {
  const found = distributions.find((distribution) => distribution.name === name);
  assert.ok(found);
  return found;
}

describe("installedNames", () => {
  it("reads dpkg-query, whose packages may be known but removed", () => {
    const answer = "installed nginx\nconfig-files redis-server\nnot-installed cron\ninstalled libc6\n";
    assert.deepEqual([...installedNames(answer)], ["nginx", "libc6"]);
  });

  it("reads rpm, which answers in prose for what is not there", () => {
    assert.deepEqual([...installedNames("package redis is not installed\ninstalled curl\n")], ["curl"]);
  });
});

describe("missing", () => {
  const el9 = named("Enterprise Linux 9");
  const everything = el9.needs.map((need) => need.names[0]);

  it("is content with any name of a need", () => {
    const others = el9.needs.map((need) => need.names.at(-1) ?? "");
    assert.deepEqual(missing(el9, new Set(others), both).needs, []);
  });

  it("leaves out what only tests need when only running is asked for", () => {
    const names = packageNames(missing(el9, new Set(), new Set(["run"] as const)));
    assert.equal(names.includes("ShellCheck"), false);
    assert.equal(names.includes("nginx"), true);
  });

  it("asks for a repository only while a package of any kind is missing", () => {
    assert.deepEqual(missing(el9, new Set(everything), both).repositories, []);
    assert.deepEqual(missing(el9, new Set(everything.slice(1)), both).repositories, ["epel-release"]);
    assert.deepEqual(missing(el9, new Set(["epel-release"]), both).repositories, []);
  });
});

describe("every distribution", () => {
  for (const distribution of distributions) {
    const absent = missing(distribution, new Set(), both);
    it(`${distribution.name}: installs exactly what a person is told to install`, () => {
      const typed = commandForAPerson(distribution, absent).split(" ");
      const done = installCommands(distribution, absent, "apt-install.sh").flat();
      for (const name of [...packageNames(absent), ...absent.repositories]) {
        assert.equal(typed.includes(name) && done.includes(name), true, name);
        assert.equal(presenceQuery(distribution).includes(name), true, name);
      }
    });
  }
});
