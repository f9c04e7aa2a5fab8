import { isDeepStrictEqual } from "node:util";
import type { RouterRule, RuleAnswer } from "../../core/flow/rules.ts";
import type { Tags } from "../../core/flow/tags.ts";
import type { RuleHelperSpec } from "../../core/flow/types.ts";
import { RuleHelper } from "../../kit/rule-helper.ts";

interface Running {
  readonly spec: RuleHelperSpec;
  readonly helper: RuleHelper;
}

/** The programs that answer for rules written as functions; each is started by the first file it is asked about. */
export class RuleHelpers {
  readonly #running = new Map<string, Running>();
  readonly #warn: (message: string) => void;

  constructor(warn: (message: string) => void) {
    this.#warn = warn;
  }

  /** Has these programs and no others; one whose description is the same goes on. */
  adopt(specs: readonly RuleHelperSpec[]): void {
    const wanted = new Map(specs.map((spec) => [`${spec.plugin} ${spec.language}`, spec]));
    for (const [key, { spec, helper }] of this.#running) {
      if (isDeepStrictEqual(wanted.get(key), spec)) continue;
      helper.close();
      this.#running.delete(key);
    }
    for (const [key, spec] of wanted) {
      if (!this.#running.has(key)) this.#running.set(key, { spec, helper: new RuleHelper(spec, this.#warn) });
    }
  }

  /** Asks rules of one plugin and language; an answer for each, in order. */
  async ask(rules: readonly RouterRule[], path: string, tags: Tags): Promise<readonly RuleAnswer[]> {
    const [first] = rules;
    const running = this.#running.get(`${first?.spec.plugin} ${first?.spec.type}`);
    return running === undefined
      ? []
      : running.helper.ask(
          path,
          tags,
          rules.map(({ spec }) => spec.pattern),
        );
  }

  close(): void {
    this.adopt([]);
  }
}
