import type { Distribution, PackageNeed } from "../../src/system/host/distribution.ts";

/** A program with its arguments. */
export type Argv = readonly [string, ...string[]];

/** The one question to the package database: which of these are installed? */
export function presenceQuery(distribution: Distribution): Argv {
  const names = [...distribution.repositories, ...distribution.needs.flatMap((need) => need.names)];
  return distribution.manager === "apt-get"
    ? ["dpkg-query", "-W", "-f", `\${db:Status-Status} \${Package}\\n`, ...names]
    : ["rpm", "-q", "--qf", "installed %{NAME}\\n", ...names];
}

/** Names the database answered for; both programs fail, and say so of each, when one name is unknown to them. */
export function installedNames(answer: string): ReadonlySet<string> {
  return new Set([...answer.matchAll(/^installed (\S+)$/gm)].map(([, name]) => name ?? ""));
}

/** What is not there, by what it is for. */
export interface Missing {
  readonly repositories: readonly string[];
  readonly needs: readonly PackageNeed[];
}

/** Compares the declaration with the machine. A repository matters only while a package is missing. */
export function missing(
  distribution: Distribution,
  installed: ReadonlySet<string>,
  use: ReadonlySet<PackageNeed["use"]>,
): Missing {
  const wanted = distribution.needs.filter((need) => use.has(need.use));
  const needs = wanted.filter((need) => !need.names.some((name) => installed.has(name)));
  const repositories = distribution.repositories.filter((name) => !installed.has(name));
  return { needs, repositories: needs.length === 0 ? [] : repositories };
}

export function packageNames(absent: Missing): readonly string[] {
  return absent.needs.map((need) => need.names[0]);
}

/** The commands root runs, in order. `aptInstall` is the path of apt-install.sh. */
export function installCommands(distribution: Distribution, absent: Missing, aptInstall: string): readonly Argv[] {
  const names = packageNames(absent);
  if (distribution.manager === "apt-get") {
    const units = absent.needs.flatMap((need) => need.unit ?? []);
    return [["sh", aptInstall, units.join(","), ...names]];
  }
  const install: Argv = ["dnf", "-y", "-q", "--setopt=install_weak_deps=False", "install"];
  const repositories: readonly Argv[] = absent.repositories.length === 0 ? [] : [[...install, ...absent.repositories]];
  return [...repositories, [...install, ...names]];
}

/** What a person types to get the same. */
export function commandForAPerson(distribution: Distribution, absent: Missing): string {
  const names = packageNames(absent).join(" ");
  if (distribution.manager === "apt-get") return `apt-get install -y --no-install-recommends ${names}`;
  const repositories = absent.repositories.join(" ");
  return `${repositories === "" ? "" : `dnf install -y ${repositories} && `}dnf install -y ${names}`;
}
