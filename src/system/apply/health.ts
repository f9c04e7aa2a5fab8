import type { IncomingMessage } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import type { Diagnostic } from "../../core/base/diagnostic.ts";
import type { AppProbe } from "../../core/plan/nginx/probes.ts";

/** How many apps are asked at the same moment. */
const PARALLEL = 8;
/** All probes together may take that long; apps that had no turn by then count as healthy. */
const TOTAL_MS = 60_000;
/** Between two questions to one app. */
const PAUSE_MS = 50;
const LATE = "it does not answer in time";
/** Of an answer this much is read, in bytes. */
const LONGEST_BODY = 1024 * 1024;

type Target = { readonly port: number; readonly tls: boolean };
type Answer = { readonly status: number; readonly body: string } | { readonly error: string };

/** Asks the apps through nginx, each until it answers as it should or its time is over. Gives the plugins that did not. */
export async function probeApps(
  target: Target,
  probes: readonly AppProbe[],
): Promise<ReadonlyMap<string, readonly Diagnostic[]>> {
  const ill = new Map<string, Diagnostic[]>();
  const waiting = [...probes];
  const end = Date.now() + TOTAL_MS;
  const worker = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined && Date.now() < end; next = waiting.shift()) {
      const wrong = await probeApp(target, next);
      if (wrong !== undefined) ill.set(next.plugin, [...(ill.get(next.plugin) ?? []), unhealthy(next, wrong)]);
    }
  };
  await Promise.all(Array.from({ length: PARALLEL }, worker));
  return ill;
}

/** What is wrong with the last answer; undefined when it is right. */
async function probeApp(target: Target, probe: AppProbe): Promise<string | undefined> {
  const end = Date.now() + probe.timeoutS * 1000;
  let before: string | undefined;
  for (;;) {
    const left = end - Date.now();
    const wrong = judge(probe, await ask(target, probe, Math.max(1, left)));
    // The last question may have no time left; what was answered to the one before says more.
    if (wrong === LATE && before !== undefined) return before;
    if (wrong === undefined || Date.now() + PAUSE_MS >= end) return wrong;
    before = wrong;
    await delay(PAUSE_MS);
  }
}

function judge({ expected }: AppProbe, answer: Answer): string | undefined {
  if ("error" in answer) return answer.error;
  const { status, body } = answer;
  if (expected === undefined) return status === 502 || status === 504 ? `nginx answers ${status} for it` : undefined;
  if (status !== expected.status) return `it answers ${status}, not ${expected.status}`;
  return body.includes(expected.body) ? undefined : `its answer does not hold ${JSON.stringify(expected.body)}`;
}

function ask({ port, tls }: Target, { path, host }: AppProbe, timeoutMs: number): Promise<Answer> {
  // An import would also load undici for an export nobody asks for, which takes as long as all probes together.
  const { request } = process.getBuiltinModule(tls ? "node:https" : "node:http");
  return new Promise((resolve) => {
    const options = {
      host: "127.0.0.1",
      port,
      path,
      headers: { host, "user-agent": "metwork-probe" },
      agent: false,
      signal: AbortSignal.timeout(timeoutMs),
      // It is ourselves that we ask; whether the certificate convinces others is not the question.
      rejectUnauthorized: false,
    } as const;
    const failed = (error: Error): void => {
      const late = error.name === "AbortError" || error.name === "TimeoutError";
      resolve({ error: late ? LATE : error.message });
    };
    const answered = (response: IncomingMessage): void => {
      let body = "";
      const give = (): void => resolve({ status: response.statusCode ?? 0, body });
      response.setEncoding("utf8").on("data", (chunk: string) => {
        body += chunk;
        if (body.length <= LONGEST_BODY) return;
        give();
        response.destroy();
      });
      response.on("end", give).on("error", failed);
    };
    const asked = request(options, answered);
    asked.on("error", failed).end();
  });
}

function unhealthy(probe: AppProbe, wrong: string): Diagnostic {
  return {
    code: "MF5004",
    severity: "error",
    plugin: probe.plugin,
    message: `${probe.service} is not healthy: GET ${probe.path} through nginx: ${wrong}`,
    at: probe.at,
    fix:
      probe.expected === undefined
        ? "see its log"
        : "see its log, or correct `_http_test_endpoint`, `_http_test_expected_status_code`, `_http_test_expected_body`",
  };
}
