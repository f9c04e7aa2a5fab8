import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { RuleAnswer } from "../core/flow/rules.ts";
import type { RuleHelperSpec } from "../core/flow/types.ts";

/** A rule that runs longer is told of, and one that runs this long is ended with its helper. Milliseconds. */
export interface RuleLimits {
  readonly slowMs: number;
  readonly hangMs: number;
  /** One that hung is left alone for this long, twice as long each time, at most `restMaxMs`. */
  readonly restMs: number;
  readonly restMaxMs: number;
}

export const RULE_LIMITS: RuleLimits = { slowMs: 1000, hangMs: 5000, restMs: 10_000, restMaxMs: 600_000 };

/** Exit code of a helper whose code was edited. */
const CHANGED = 75;
const UNKNOWN = "unknown";
/** A process that has just been started has so many times longer: it loads its language and the plugin. */
const FRESH_TIMES = 3;

interface Question {
  readonly path: string;
  readonly tags: ReadonlyMap<string, string>;
  readonly rules: readonly string[];
  readonly answers: (RuleAnswer | undefined)[];
  readonly resolve: (answers: readonly RuleAnswer[]) => void;
}

interface Rest {
  until: number;
  ms: number;
}

/** Without id: it is ready. */
interface Told {
  readonly id?: number;
  readonly rule: number;
  readonly verdict?: boolean;
  readonly error?: string;
  readonly ms: number;
}

/**
 * A process that answers for the rules of one plugin. It is started when it is first asked; when it dies the rule it
 * died of gets no answer, and the others are asked again. Nothing waits longer than `hangMs` for one rule.
 */
export class RuleHelper {
  readonly #spec: RuleHelperSpec;
  readonly #warn: (message: string) => void;
  readonly #limits: RuleLimits;
  readonly #questions = new Map<number, Question>();
  readonly #resting = new Map<string, Rest>();
  #child: ChildProcess | undefined;
  #timer: NodeJS.Timeout | undefined;
  #nextId = 1;
  /** Nothing was heard of the process yet: it may still be loading. */
  #fresh = true;
  /** When the rule at hand was begun, monotonic milliseconds. */
  #progressMs = 0;
  #slowTold = false;

  constructor(spec: RuleHelperSpec, warn: (message: string) => void, limits = RULE_LIMITS) {
    this.#spec = spec;
    this.#warn = warn;
    this.#limits = limits;
  }

  /** Asks rules (`/dir:module.function`) about a file; an answer for each, in order. Never rejects. */
  ask(path: string, tags: ReadonlyMap<string, string>, rules: readonly string[]): Promise<readonly RuleAnswer[]> {
    const now = performance.now();
    const answers = rules.map((rule): RuleAnswer | undefined => {
      return now < (this.#resting.get(rule)?.until ?? 0) ? { verdict: UNKNOWN, reason: "it hung before" } : undefined;
    });
    return new Promise((resolve) => {
      const id = this.#nextId++;
      this.#questions.set(id, { path, tags, rules, answers, resolve });
      if (!this.#finish(id)) this.#send(id);
    });
  }

  /** Ends the process; what it was asked stays without answer. */
  close(): void {
    this.#child?.kill("SIGKILL");
    this.#child = undefined;
    clearInterval(this.#timer);
    for (const id of [...this.#questions.keys()]) this.#giveUp(id, "the pipeline stops");
  }

  #send(id: number): void {
    const question = this.#questions.get(id);
    if (question === undefined) return;
    this.#child ??= this.#start();
    if (this.#questions.size === 1) this.#began();
    const { path, tags } = question;
    const rules = question.rules.filter((_, index) => question.answers[index] === undefined);
    this.#child.stdin?.write(`${JSON.stringify({ id, path, tags: Object.fromEntries(tags), rules })}\n`);
  }

  #start(): ChildProcess {
    const { argv, cwd, env } = this.#spec;
    const [program, ...args] = argv;
    const child = spawn(program, args, { cwd, env: { ...env }, stdio: ["pipe", "pipe", "pipe"] });
    child.stdin?.on("error", () => undefined);
    createInterface({ input: child.stdout }).on("line", (line) => this.#heard(line, child));
    createInterface({ input: child.stderr }).on("line", (line) => this.#warn(line));
    let startError: string | undefined;
    child.on("error", (error) => (startError = error.message));
    child.on("close", (code, signal) => this.#ended(child, code, startError ?? signal ?? `exit code ${code}`));
    this.#fresh = true;
    this.#began();
    this.#timer ??= setInterval(() => this.#look(), Math.min(this.#limits.slowMs, this.#limits.hangMs) / 2).unref();
    return child;
  }

  #began(): void {
    this.#progressMs = performance.now();
    this.#slowTold = false;
  }

  #heard(line: string, child: ChildProcess): void {
    if (child !== this.#child) return;
    let told: Told;
    try {
      told = JSON.parse(line);
    } catch {
      this.#warn(`a rule of ${this.#spec.plugin} wrote between the answers: ${line}`);
      return;
    }
    this.#fresh = false;
    if (told.id === undefined) {
      this.#began();
      return;
    }
    const question = this.#questions.get(told.id);
    const open = question?.answers.flatMap((answer, index) => (answer === undefined ? [index] : [])) ?? [];
    const [index] = open;
    if (question === undefined || index === undefined) return;
    const rule = question.rules[index] ?? "";
    if (told.ms >= this.#limits.slowMs && !this.#slowTold) this.#warn(`${rule} took ${Math.round(told.ms)} ms`);
    if (told.error !== undefined) this.#warn(`${rule} failed, which means no match: ${told.error}`);
    this.#resting.delete(rule);
    question.answers[index] = {
      verdict: told.verdict === true ? "yes" : "no",
      ...(told.error !== undefined && { reason: told.error }),
    };
    this.#began();
    this.#finish(told.id);
  }

  /** True when nothing more is awaited for the question. */
  #finish(id: number): boolean {
    const question = this.#questions.get(id);
    if (question === undefined) return true;
    const answers = question.answers.filter((answer) => answer !== undefined);
    if (answers.length < question.rules.length) return false;
    this.#questions.delete(id);
    question.resolve(answers);
    return true;
  }

  #giveUp(id: number, reason: string): void {
    const question = this.#questions.get(id);
    for (const index of question?.rules.keys() ?? []) {
      if (question !== undefined) question.answers[index] ??= { verdict: UNKNOWN, reason };
    }
    this.#finish(id);
  }

  #look(): void {
    const [current] = this.#questions.values();
    if (current === undefined || this.#child === undefined) return;
    const rule = current.rules[current.answers.indexOf(undefined)] ?? "";
    const ms = performance.now() - this.#progressMs;
    if (ms >= this.#limits.slowMs && !this.#slowTold) {
      this.#slowTold = true;
      this.#warn(`${rule} has been running for ${Math.round(ms)} ms`);
    }
    if (ms >= this.#limits.hangMs * (this.#fresh ? FRESH_TIMES : 1)) this.#child.kill("SIGKILL");
  }

  /** The rule at hand is blamed; the others are asked again. */
  #ended(child: ChildProcess, code: number | null, how: string): void {
    if (child !== this.#child) return;
    this.#child = undefined;
    if (code === CHANGED) this.#resting.clear();
    else {
      const [id] = this.#questions.keys();
      if (id !== undefined) this.#blame(id, how);
    }
    for (const id of [...this.#questions.keys()]) if (!this.#finish(id)) this.#send(id);
  }

  #blame(id: number, how: string): void {
    const question = this.#questions.get(id);
    const index = question?.answers.indexOf(undefined) ?? -1;
    const rule = question?.rules[index];
    if (question === undefined || rule === undefined) return;
    const ms = Math.min((this.#resting.get(rule)?.ms ?? this.#limits.restMs / 2) * 2, this.#limits.restMaxMs);
    this.#resting.set(rule, { until: performance.now() + ms, ms });
    this.#warn(`${rule} gave no answer and ended its process (${how}); it is not asked for ${ms / 1000} s`);
    for (const waiting of this.#questions.values()) {
      for (const [at, other] of waiting.rules.entries()) {
        if (other === rule) waiting.answers[at] ??= { verdict: UNKNOWN, reason: how };
      }
    }
  }
}
