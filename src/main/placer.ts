/** A thread of the pipeline's daemon that puts files outside the pipeline, many a message; an empty message ends it. */
import { parentPort } from "node:worker_threads";
import { type Order, placeOrder } from "../flow/file/transfer.ts";

parentPort?.on("message", (orders: readonly Order[]) => {
  if (orders.length === 0) parentPort?.close();
  else parentPort?.postMessage(orders.map(place));
});

/** undefined: it was not possible here. */
function place(order: Order): string | undefined {
  try {
    return placeOrder(order);
  } catch {
    return undefined;
  }
}
