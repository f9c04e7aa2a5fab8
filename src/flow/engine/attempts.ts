import type { Tags } from "../../core/flow/tags.ts";
import type { StepName } from "../../core/flow/types.ts";

/** A file is taken for the reason when this many workers died that held it. */
export const DEATHS_MAX = 3;

/** How many workers of the step died with the file in their hands. */
export function deathsOf(tags: Tags, step: StepName): number {
  return numberIn(tags, deathsTag(step));
}

export function setDeaths(tags: Tags, step: StepName, deaths: number): void {
  tags.set(deathsTag(step), String(deaths));
}

/** How often the file was tried again by the step because it had failed. */
export function retriesOf(tags: Tags, step: StepName): number {
  return numberIn(tags, retriesTag(step));
}

/** The predecessor's tag. */
export function setRetries(tags: Tags, step: StepName, retries: number): void {
  tags.set(retriesTag(step), String(retries));
}

/** 1: the first time. */
export function attemptOf(tags: Tags, step: StepName): number {
  return 1 + deathsOf(tags, step) + retriesOf(tags, step);
}

function deathsTag({ plugin, step }: StepName): string {
  return `latest.${plugin}.${step}.worker_deaths`;
}

function retriesTag({ plugin, step }: StepName): string {
  return `latest.${plugin}.${step}_reinject.attempt`;
}

function numberIn(tags: Tags, name: string): number {
  const number = Number.parseInt(tags.get(name) ?? "", 10);
  return Number.isNaN(number) ? 0 : number;
}
