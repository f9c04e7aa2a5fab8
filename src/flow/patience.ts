import { passes } from "../kit/passing.ts";

/** What the machine could not do is tried again after this long, milliseconds. */
export const AGAIN_MS = 1000;

/** Does something, again and again while the machine cannot. It must bear being done twice. */
export async function patiently<T>(act: () => T | Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await act();
    } catch (error) {
      if (!passes(error)) throw error;
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
    }
  }
}
