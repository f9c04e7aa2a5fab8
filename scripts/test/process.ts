import { spawn } from "node:child_process";

export interface Finished {
  /** Exit code; 128 when a signal ended it. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly timedOut: boolean;
  readonly ms: number;
}

/** Runs a program in a process group of its own; past the deadline the whole group is killed. */
export function execute(argv: readonly [string, ...string[]], deadlineMs: number): Promise<Finished> {
  const begun = performance.now();
  const [program, ...args] = argv;
  // Set for the files of a `node --test`, it would make a runner below it speak the binary dialect of that one.
  const env = { ...process.env, NODE_TEST_CONTEXT: undefined };
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"], detached: true, env });
  const output = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name].setEncoding("utf8").on("data", (text: string) => {
      output[name] += text;
    });
  }
  return new Promise((resolve) => {
    let timedOut = false;
    const end = (code: number): void => {
      clearTimeout(deadline);
      clearTimeout(hold);
      child.stdout.destroy();
      child.stderr.destroy();
      resolve({ code, ...output, timedOut, ms: performance.now() - begun });
    };
    let hold: NodeJS.Timeout | undefined;
    const deadline = setTimeout(() => {
      timedOut = true;
      if (child.pid !== undefined) killGroup(child.pid);
    }, deadlineMs);
    child.on("error", (error) => {
      output.stderr += `${error.message}\n`;
      end(127);
    });
    child.on("close", (code) => end(code ?? 128));
    // A daemon that inherited the pipes keeps them open after the test ended; what it holds is not waited for.
    child.on("exit", (code) => {
      hold = setTimeout(() => end(code ?? 128), 1_000);
    });
  });
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // It ended by itself in this moment.
  }
}
