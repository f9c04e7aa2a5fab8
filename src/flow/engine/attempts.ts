import type { Tags } from "../../core/flow/tags.ts";
import type { StepName } from "../../core/flow/types.ts";

/** A file is taken for the reason when this many workers died that held it. */
export const DEATHS_MAX = 3;

/** How many workers of the step died with the file in their hands. */
export function deathsOf(tags: Tags, step: StepName): number {
  return numberIn(tags, namesOf(step).deaths);
}

export function setDeaths(tags: Tags, step: StepName, deaths: number): void {
  tags.set(namesOf(step).deaths, String(deaths));
}

/** How often the file was tried again by the step because it had failed. */
export function retriesOf(tags: Tags, step: StepName): number {
  return numberIn(tags, namesOf(step).retries);
}

/** The predecessor's tag. */
export function setRetries(tags: Tags, step: StepName, retries: number): void {
  tags.set(namesOf(step).retries, String(retries));
}

/** 1: the first time. */
export function attemptOf(tags: Tags, step: StepName): number {
  return 1 + deathsOf(tags, step) + retriesOf(tags, step);
}

/** By step: made once, they are hashed once. */
const names = new WeakMap<StepName, { readonly deaths: string; readonly retries: string }>();

function namesOf(name: StepName) {
  const known = names.get(name);
  if (known !== undefined) return known;
  const { plugin, step } = name;
  const made = {
    deaths: `latest.${plugin}.${step}.worker_deaths`,
    retries: `latest.${plugin}.${step}_reinject.attempt`,
  };
  names.set(name, made);
  return made;
}

function numberIn(tags: Tags, name: string): number {
  const number = Number.parseInt(tags.get(name) ?? "", 10);
  return Number.isNaN(number) ? 0 : number;
}
