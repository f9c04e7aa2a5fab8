export interface JobOptions {
  /** A shell reads the words, joined by blanks. */
  readonly shell: boolean;
  /** Read by bash before the job begins. */
  readonly environmentFile?: string;
  readonly nice: string | undefined;
  readonly ionice: string | undefined;
}

/** What runs a job: the job itself, behind the programs that change its environment and priority. */
export function jobArgv(job: readonly string[], options: JobOptions): readonly [string, ...string[]] {
  const inner = options.shell ? ["sh", "-c", job.join(" ")] : job;
  const { environmentFile } = options;
  const loaded =
    environmentFile === undefined
      ? inner
      : ["bash", "-c", '. "$1"; shift; exec "$@"', "bash", environmentFile, ...inner];
  const niced = options.nice === undefined ? loaded : ["nice", "-n", options.nice, ...loaded];
  const [program = "", ...args] = options.ionice === undefined ? niced : ["ionice", "-c", options.ionice, ...niced];
  return [program, ...args];
}
