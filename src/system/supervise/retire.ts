import { setTimeout as sleep } from "node:timers/promises";
import type { RunnableService } from "../../core/plan/services.ts";
import { hasWaitingConnections } from "../../kit/linux/socket.ts";
import type { Held } from "./attempt.ts";
import type { Child } from "./child.ts";
import type { Clients } from "./clients.ts";

const LOOK_MS = 20;
/** How often in a row nobody must be found who could still ask it. */
const CALM_LOOKS = 3;
/** A server whose connections cannot be seen gets this long to take those that wait, milliseconds. */
const UNSEEN_MS = 300;
/** A busy proxy is late in closing what it keeps: connections are held to be in use after so many times what it promises. */
const LATE_TIMES = 5;

/** A process that was replaced and still serves. */
export interface Replaced {
  readonly child: Child;
  readonly service: RunnableService;
  /** The path its socket was bound to. */
  readonly bound: string | undefined;
  /** Absent when it bound its socket itself. */
  readonly held: Held | undefined;
}

/**
 * Waits until a replaced process can be told to end without a request being lost: nobody waits for it, and its clients have
 * closed the connections they kept. What is still connected then is in the middle of something, which it will finish.
 */
export async function untilLeft({ child, service, bound, held }: Replaced, clients: Clients): Promise<void> {
  if (service.socket === undefined) return;
  const { graceMs, keptMs = 0 } = service.stop;
  const begun = performance.now();
  for (let calm = 0; calm < CALM_LOOKS && child.end() === undefined; ) {
    await sleep(LOOK_MS);
    const passed = performance.now() - begun;
    if (passed > graceMs) return;
    const seen = bound === undefined ? undefined : clients.of(bound);
    const waiting =
      held === undefined ? (seen?.waiting ?? Number(passed < UNSEEN_MS)) > 0 : hasWaitingConnections(held.fd);
    const kept = passed < keptMs * LATE_TIMES && seen?.accepted !== 0;
    calm = waiting || kept ? 0 : calm + 1;
  }
}
