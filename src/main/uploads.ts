import { readUploadsConfig, serveResumable } from "../flow/arrive/resumable.ts";
import { openLogs } from "../flow/tell/log.ts";

const [, , configPath] = process.argv;
if (configPath === undefined) {
  console.error("usage: uploads.ts UPLOADS_JSON");
  process.exit(2);
}
const sink = {
  stdout: (text: string) => void process.stdout.write(text),
  stderr: (text: string) => void process.stderr.write(text),
};
const logs = openLogs(sink, process.pid);
const server = await serveResumable(readUploadsConfig(configPath), logs.named("uploads", "INFO"));
const stop = (): void => {
  logs.flush();
  // A request cut here is what resuming is for.
  server.close(() => process.exit(0));
  server.closeAllConnections();
};
process.once("SIGTERM", stop).once("SIGINT", stop);
