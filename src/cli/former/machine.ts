import { lookup } from "node:dns/promises";
import { connect } from "node:net";
import { gatherHost } from "../../system/host/host.ts";
import { type Context, type ExitCode, type Given, UsageError } from "../command.ts";

type Fact = "name" | "fullName" | "domain" | "ip";

/** `get_simple_hostname` and its like: one fact of this machine. Exit 1 when it is not known. */
export function machineFact(fact: Fact): (context: Context) => Promise<ExitCode> {
  return async (context) => {
    const value = gatherHost()[fact];
    if (value === "") return 1;
    context.out(value);
    return 0;
  };
}

/** `get_ip_for_hostname [HOST]`: its IPv4 address; without HOST this machine's. */
export async function addressOfHost(context: Context, given: Given): Promise<ExitCode> {
  const [host] = given.args;
  if (host === undefined) return machineFact("ip")(context);
  try {
    context.out((await lookup(host, 4)).address);
    return 0;
  } catch {
    context.err(`${host} has no address`);
    return 1;
  }
}

/** `ping_tcp_port HOST PORT`: whether somebody accepts a connection there. */
export async function pingPort(context: Context, given: Given): Promise<ExitCode> {
  const seconds = Number(given.value("timeout") ?? "5");
  if (!(seconds > 0)) throw new UsageError("--timeout is a number of seconds");
  const fine = await accepts(given, seconds);
  if (!given.flag("silent")) context.out(`tcp port ${given.args.join(":")} is ${fine ? "ok" : "not ok"}`);
  return fine ? 0 : 1;
}

/** `port_test.sh HOST PORT`: says ok or nok. */
export async function testPort(context: Context, given: Given): Promise<ExitCode> {
  const fine = await accepts(given, 5);
  context.out(fine ? "ok" : "nok");
  return fine ? 0 : 1;
}

function accepts(given: Given, seconds: number): Promise<boolean> {
  const [host = "", text = ""] = given.args;
  const port = Number(text);
  if (!Number.isInteger(port) || port < 1 || port > 65535) throw new UsageError(`\`${text}\` is no port`);
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const give = (fine: boolean): void => {
      socket.destroy();
      resolve(fine);
    };
    socket.setTimeout(seconds * 1000, () => give(false));
    socket.on("connect", () => give(true));
    socket.on("error", () => give(false));
  });
}
