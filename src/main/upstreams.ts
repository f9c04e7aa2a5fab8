import { answerUnderSystemd } from "../system/supervise/systemd-upstreams.ts";

/** `node upstreams.ts UPSTREAMS_JSON`: started by systemd when somebody asks which workers serve. */
const [, , listed] = process.argv;
if (listed === undefined) {
  console.error("usage: upstreams.ts UPSTREAMS_JSON");
  process.exit(2);
}
await answerUnderSystemd(listed);
