import type { FlowConfig, FlowStep, StepWork, SwitchRuleSpec } from "../../../../src/core/flow/types.ts";

/** Where everything is on a simulated disk. */
export const IN = "/in";
export const INCOMING = "/in/incoming";
export const ARCHIVE = "/archive";
export const COPIES = "/copies";
export const MOVED = "/moved";
/** On another file system: where files come from, are kept, and are put for somebody who takes them away at once. */
export const FAR_INCOMING = "/far/incoming";
export const FAR_ARCHIVE = "/far/archive";
export const FAR_MOVED = "/far/moved";
export const TAKEN = "/far/taken";
export const TRASH = "/in/trash/own.main";
export const NO_MATCH = "/in/trash/switch.nomatch";

/** Files whose names begin so come from the other file system. */
export const FROM_FAR = /^[vw]/;

/** What becomes of a file whose name begins with a letter: the steps of each of its ends, by directory. */
export const ROUTES: Readonly<Record<string, Readonly<Record<string, RegExp>>>> = {
  a: { [ARCHIVE]: /^switch archive$/ },
  b: { [ARCHIVE]: /^switch archive$/, [COPIES]: /^switch copies$/ },
  c: { [ARCHIVE]: /^switch own archive$/, [COPIES]: /^switch copies$/ },
  e: { [ARCHIVE]: /^switch own archive$/, [COPIES]: /^switch own copies$/ },
  f: { [TRASH]: /^switch own own own$/ },
  h: { [ARCHIVE]: /^switch own again archive$/, [COPIES]: /^switch own again copies$/ },
  l: { [ARCHIVE]: /^switch own archive$/ },
  m: { [MOVED]: /^switch moved$/ },
  o: { [ARCHIVE]: /^switch own archive$/ },
  v: { [FAR_ARCHIVE]: /^switch faraway$/ },
  w: { [TAKEN]: /^switch farmoved$/ },
  x: { [FAR_ARCHIVE]: /^switch faraway$/ },
  y: { [TAKEN]: /^switch farmoved$/ },
  z: { [NO_MATCH]: /^switch$/ },
};

function step(plugin: string, work: StepWork, more: Partial<FlowStep> = {}): FlowStep {
  return { plugin, step: "main", work, lanes: 1, onFailure: { do: "keep" }, debug: false, ...more };
}

function archive(plugin: string, directory: string): FlowStep {
  return step(plugin, { do: "archive", directory, basename: "{ORIGINAL_BASENAME}", tagsSuffix: ".tags" });
}

function moved(plugin: string, directory: string): FlowStep {
  const to = { to: "directory", path: directory } as const;
  return step(plugin, { do: "move", to, basename: "{ORIGINAL_BASENAME}", dropTags: false });
}

function rule(pattern: string, to: string): SwitchRuleSpec {
  const tag = "first.core.original_basename";
  const targets = to.split(",").map((text) => {
    return { plugin: text.replace("*", ""), step: "main", hardlink: text.endsWith("*") };
  });
  return { plugin: "test", type: "fnmatch", tag, pattern, targets };
}

const RETRY = { total: 2, minWaitS: 0, maxWaitS: 0, backoff: 0 } as const;

const STEPS = [
  step("switch", {
    do: "switch",
    noMatch: "keep",
    noMatchOriginalName: true,
    rules: [
      rule("a*", "archive"),
      rule("b*", "archive*,copies*"),
      rule("c*", "own,copies"),
      rule("[efhlo]*", "own"),
      rule("m*", "moved"),
      rule("[vx]*", "faraway"),
      rule("[wy]*", "farmoved"),
    ],
  }),
  step("again", { do: "switch", noMatch: "delete", noMatchOriginalName: true, rules: [rule("*", "archive*,copies*")] }),
  step("own", { do: "external" }, { retry: RETRY }),
  archive("archive", ARCHIVE),
  archive("copies", COPIES),
  moved("moved", MOVED),
  archive("faraway", FAR_ARCHIVE),
  moved("farmoved", FAR_MOVED),
];

export const CONFIG: FlowConfig = {
  version: 1,
  dataIn: IN,
  redisSocket: "",
  lockFile: "",
  adoptedFile: "",
  stepSocket: "",
  ignore: [],
  forcedPollS: 0,
  pollQueueLimit: 0,
  limits: { freeBytes: 0, freeInodes: 0, waiting: 0 },
  refusingFile: "/sim/refusing.json",
  lifetimes: { trashS: 0, tmpS: 0, unfinishedS: 0, emptyS: 0, everyS: 60 },
  log: { level: "CRITICAL" },
  steps: STEPS,
  watched: [
    { directory: INCOMING, steps: ["switch.main"], external: true },
    { directory: FAR_INCOMING, steps: ["switch.main"], external: true },
    ...STEPS.map(({ plugin }) => ({
      directory: `${IN}/step.${plugin}.main`,
      steps: [`${plugin}.main`],
      external: false,
    })),
  ],
};
