import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { closeSync } from "node:fs";
import type { RunnableService } from "../../core/plan/services.ts";
import type { TaskGroup, TaskGroups } from "../../kit/linux/cgroup.ts";
import { makePipe, readProcess, readProgram, sendSignal } from "../../kit/linux/process.ts";
import { expand, HOME_MARKER, limitArguments, RUN_MARKER, type Wrappers } from "./command.ts";
import type { Logs } from "./logs.ts";
import { copyOutput, type Output } from "./output.ts";

/** How a process ended. */
export interface End {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** One running process of a service, leader of its own session and group. */
export interface Child {
  readonly service: string;
  readonly instance: number;
  readonly pid: number;
  readonly startTicks: number;
  readonly startedAt: number;
  /** Value of `INVOCATION_ID` in its environment and in that of all its descendants. */
  readonly run: string;
  /** Resolves when the process itself has ended; descendants may still be there. */
  readonly ended: Promise<End>;
  readonly end: () => End | undefined;
  /** Whether the command itself runs, and no longer one of the programs put before it. */
  isCommand(): boolean;
  /** The last lines of its output, the newest last; waits shortly for what is still on its way once it has ended. */
  lastLines(): Promise<readonly string[]>;
  /** To be called when nothing of it is left: closes its pipes and logs. */
  release(): Promise<void>;
}

/** What all processes of a supervisor share. */
export interface Surroundings {
  /** The runtime home, which marks every process that belongs to it. */
  readonly home: string;
  readonly wrappers: Wrappers;
  /** Lets the kernel limit tasks; absent where this user may not. */
  readonly groups?: TaskGroups | undefined;
  readonly logs: Logs;
}

export interface Launch {
  readonly service: RunnableService;
  readonly instance: number;
  /** Listening descriptor to hand over as descriptor 3; stays open here. */
  readonly listenFd?: number;
  /** What `{unix_socket_path}` in the command stands for. */
  readonly socketPath?: string;
}

const OUTPUT_GRACE_MS = 200;
const QUOTED_LINES = 5;
/** The kernel refuses a new task so far above the limit at which the watch acts. */
const KERNEL_TASKS = 1.25;

/** Starts one process. Throws Node's error when it cannot be forked. */
export function launch(surroundings: Surroundings, { service, instance, listenFd, socketPath }: Launch): Child {
  const { logs, home, wrappers } = surroundings;
  const run = randomBytes(16).toString("hex");
  const words = { instance, ...(socketPath === undefined ? {} : { socketPath }) };
  const [program = "", ...args] = [
    ...wrappers.dieWithUs,
    ...limitArguments(service.limits, wrappers.prlimit),
    ...service.argv.map((word) => expand(word, words)),
  ];
  const env = {
    ...service.env,
    METWORK_SERVICE: service.id,
    METWORK_INSTANCE: String(instance),
    [HOME_MARKER]: home,
    [RUN_MARKER]: run,
    // LISTEN_PID would have to be the worker's own pid, which nobody knows before it runs: it is left out.
    ...(listenFd === undefined ? {} : { LISTEN_FDS: "1" }),
  };
  const { out, err, paths } = pipes(service, instance);
  let child: ReturnType<typeof spawn>;
  try {
    child = spawn(program, args, {
      cwd: service.cwd,
      env,
      detached: true,
      stdio: ["ignore", out.write, (err ?? out).write, ...(listenFd === undefined ? [] : [listenFd])],
    });
  } finally {
    closeSync(out.write);
    if (err !== undefined) closeSync(err.write);
  }
  const { tasks } = service.limits;
  const group = tasks === undefined ? undefined : surroundings.groups?.make(run, Math.ceil(tasks * KERNEL_TASKS));
  // At once: the programs before the command start nothing, and take longer than this.
  if (child.pid !== undefined) group?.add(child.pid);
  const outputs = [out, ...(err === undefined ? [] : [err])].map((pipe, index) => {
    const file = logs.borrow(paths[index] ?? paths[0]);
    return { file, output: copyOutput(pipe.read, file) };
  });
  return watched(child, { service: service.id, instance, run }, outputs, surroundings, group);
}

type Outputs = readonly { readonly file: ReturnType<Logs["borrow"]>; readonly output: Output }[];

function watched(
  child: ReturnType<typeof spawn>,
  who: Pick<Child, "service" | "instance" | "run">,
  outputs: Outputs,
  { logs, wrappers }: Surroundings,
  group: TaskGroup | undefined,
): Child {
  let end: End | undefined;
  let failed: Error | undefined;
  const ended = new Promise<End>((resolve) => {
    child.on("exit", (code, signal) => {
      end = { code, signal };
      resolve(end);
    });
    child.on("error", (error) => {
      failed = error;
      end ??= { code: 127, signal: null };
      resolve(end);
    });
  });
  const drained = Promise.all(outputs.map(({ output }) => output.ended));
  let released: Promise<void> | undefined;
  const release = async (): Promise<void> => {
    group?.remove();
    await within(OUTPUT_GRACE_MS, drained);
    for (const { file, output } of outputs) {
      output.abandon();
      await output.ended;
      await logs.giveBack(file);
    }
  };
  const pid = child.pid ?? 0;
  return {
    ...who,
    pid,
    startTicks: pid === 0 ? 0 : (readProcess(pid)?.startTicks ?? 0),
    startedAt: Date.now(),
    ended,
    end: () => end,
    isCommand: () => {
      const running = readProgram(pid);
      return running !== undefined && running !== wrappers.prlimit && running !== wrappers.dieWithUs[0];
    },
    lastLines: async () => {
      if (end !== undefined) await within(OUTPUT_GRACE_MS, drained);
      const lines = outputs.flatMap(({ output }) => output.lastLines(QUOTED_LINES)).slice(-QUOTED_LINES);
      return failed === undefined ? lines : [...lines, failed.message];
    },
    release: () => {
      released ??= release();
      return released;
    },
  };
}

function pipes(service: RunnableService, instance: number) {
  const { stdout, stderr } = service.log;
  const paths: [string, ...string[]] = [expand(stdout, { instance })];
  const split = stderr !== undefined && stderr !== stdout;
  if (split) paths.push(expand(stderr, { instance }));
  return { out: makePipe(), err: split ? makePipe() : undefined, paths };
}

/** Waits for a process to end, at most so many milliseconds. */
export async function endsWithin(child: Child, milliseconds: number): Promise<boolean> {
  return child.end() !== undefined || (await within(milliseconds, child.ended));
}

/** Whether the promise was fulfilled in time. */
async function within(milliseconds: number, promise: Promise<unknown>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => {
    // Who was held up for that long itself hears first what has come meanwhile.
    timer = setTimeout(() => setImmediate(resolve, false), milliseconds);
  });
  const result = await Promise.race([promise.then(() => true as const), late]);
  clearTimeout(timer);
  return result;
}

/** Signals the process itself; nothing happens when it has ended. */
export function signalChild(child: Child, signal: NodeJS.Signals): void {
  if (child.end() === undefined && child.pid > 0) sendSignal(child.pid, signal);
}

/** For a person: `exit 1`, `SIGKILL`. */
export function describeEnd(end: End): string {
  return end.signal ?? `exit ${end.code}`;
}
