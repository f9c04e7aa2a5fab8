import { Cron } from "croner";

/** Moments of a cron expression of five fields, or six with seconds first, in UTC. */
export interface Schedule {
  /** The first moment after `ms`; undefined: there is none any more. Milliseconds since the epoch. */
  next(ms: number): number | undefined;
}

/** A text says what is wrong with the expression. */
export function parseSchedule(text: string): Schedule | string {
  try {
    const cron = new Cron(text, { timezone: "UTC", mode: "5-or-6-parts", paused: true });
    return { next: (ms) => cron.nextRun(new Date(ms))?.getTime() };
  } catch (error) {
    return error instanceof Error ? error.message.replace(/^CronPattern: /, "") : String(error);
  }
}
