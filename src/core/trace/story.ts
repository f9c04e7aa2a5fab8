import { ENDINGS, type EndingLetter, type EndingName, type VisitRow } from "./batch.ts";

/** A passage as it was stored, its steps by name. Times are milliseconds since the epoch, sizes bytes. */
export interface StoredPassage {
  readonly at: number;
  readonly uid: string;
  readonly name: string;
  readonly directory: string;
  readonly counter: number;
  readonly size: number;
  readonly visits: readonly VisitRow[];
  readonly path: string | undefined;
  readonly sha256: string | undefined;
  readonly steps: ReadonlyMap<number, StepVersion>;
}

export interface StepVersion {
  readonly plugin: string;
  readonly step: string;
  readonly version: string;
}

/** A file that is in a step now. */
export interface OpenVisit {
  readonly uid: string;
  readonly step: StepVersion;
  readonly at: number;
}

/** A file's time in a step, and what became of what it sent on. */
export interface Visit {
  readonly at: number;
  readonly tookMs: number;
  readonly plugin: string;
  readonly step: string;
  readonly version: string;
  readonly counter: number;
  readonly size: number;
  readonly uid: string;
  readonly ending: EndingName;
  readonly detail: string;
  readonly path?: string;
  readonly sha256?: string;
  /** `plugin/step`s it was sent to that nothing was heard of yet, and since when they work on it, if they do. */
  readonly waiting: readonly { readonly to: string; readonly size: number; readonly since?: number }[];
  readonly children: readonly Visit[];
}

/** All that is known of a file, from its arrival on, with its copies and what was made of it. */
export interface Story {
  readonly uid: string;
  readonly name: string;
  readonly directory: string;
  readonly arrivedAt: number;
  readonly size: number;
  readonly visits: readonly Visit[];
}

interface Node {
  readonly passage: StoredPassage;
  readonly row: VisitRow;
  readonly at: number;
  readonly counter: number;
  readonly children: Node[];
  /** What it sent and nobody has been found for. */
  readonly sent: { readonly to: string; readonly uid: string; readonly size: number; taken: boolean }[];
}

const NAMES = new Map(Object.entries(ENDINGS).map(([name, letter]) => [letter, name as EndingName]));

/** Puts passages of files, their copies and their descendants together; one story for each that has no parent here. */
export function tellStories(passages: readonly StoredPassage[], open: readonly OpenVisit[]): readonly Story[] {
  const roots: Node[] = [];
  const all: Node[] = [];
  for (const passage of passages.toSorted((a, b) => a.at - b.at || a.counter - b.counter)) {
    let parent: Node | undefined;
    for (const [index, row] of passage.visits.entries()) {
      const node = nodeOf(passage, row, index);
      const before = parent ?? findParent(all, node);
      if (before === undefined) roots.push(node);
      else {
        before.children.push(node);
        take(before, node);
      }
      all.push(node);
      parent = node;
    }
  }
  return roots.map((root) => {
    const { uid, name, directory, size } = root.passage;
    return { uid, name, directory, arrivedAt: root.at, size, visits: [visitOf(root, open)] };
  });
}

function nodeOf(passage: StoredPassage, row: VisitRow, index: number): Node {
  const sent = row[5].map(([to, uid, size]) => {
    return { to: placeOf(passage, to), uid: uid === 0 ? passage.uid : uid, size, taken: false };
  });
  return { passage, row, at: passage.at + row[1], counter: passage.counter + index, children: [], sent };
}

/**
 * Who sent it there; else where it was before it came back, or was moved by hand or policy: the latest known of it.
 * Counters grow by one with each step, and stay the same when a death puts a file back.
 */
function findParent(all: readonly Node[], node: Node): Node | undefined {
  const { uid } = node.passage;
  const place = placeOf(node.passage, node.row[0]);
  const sender = all.find(({ sent }) => sent.some((one) => !one.taken && one.to === place && one.uid === uid));
  if (sender !== undefined) return sender;
  return all.findLast((other) => other.passage.uid === uid && other.counter <= node.counter);
}

function take(parent: Node, child: Node): void {
  const place = placeOf(child.passage, child.row[0]);
  const one = parent.sent.find(({ taken, to, uid }) => !taken && to === place && uid === child.passage.uid);
  if (one !== undefined) one.taken = true;
}

function visitOf(node: Node, open: readonly OpenVisit[]): Visit {
  const { passage, row, at, counter } = node;
  const [step, , tookMs, letter, detail] = row;
  const { plugin, step: name, version } = passage.steps.get(step) ?? { plugin: "?", step: "?", version: "" };
  const last = row === passage.visits.at(-1);
  const waiting = node.sent
    .filter(({ taken }) => !taken)
    .map(({ to, uid, size }) => {
      const working = open.find((one) => one.uid === uid && `${one.step.plugin}/${one.step.step}` === to);
      return { to, size, ...(working !== undefined && { since: working.at }) };
    });
  return {
    at,
    tookMs,
    plugin,
    step: name,
    version,
    counter,
    size: passage.size,
    uid: passage.uid,
    ending: nameOf(letter),
    detail,
    ...(last && passage.path !== undefined && { path: passage.path }),
    ...(last && passage.sha256 !== undefined && { sha256: passage.sha256 }),
    waiting,
    children: node.children.map((child) => visitOf(child, open)),
  };
}

function nameOf(letter: EndingLetter): EndingName {
  return NAMES.get(letter) ?? "stuck";
}

function placeOf({ steps }: StoredPassage, id: number): string {
  const step = steps.get(id);
  return step === undefined ? "?" : `${step.plugin}/${step.step}`;
}
