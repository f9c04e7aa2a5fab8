import { createReadStream } from "node:fs";
import { type ClientRequest, Agent as HttpAgent, request as httpRequest, type IncomingMessage } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import { pipeline } from "node:stream/promises";
import type { Settings } from "../../core/flow/network/settings.ts";
import { tlsSettings } from "../tls.ts";
import { urls } from "./name.ts";
import type { Destination, Session } from "./session.ts";

/** Bytes of a refusal's text that are shown. */
const SHOWN = 200;

/** Files over HTTP or HTTPS: each is the body of a request. Its length is announced, so a cut one is known to be cut. */
export function httpDestination(settings: Settings): Destination {
  const template = settings.text("http_url");
  const lifetimeMs = settings.number("http_session_lifetime") * 1000;
  return {
    where: new URL(template).origin,
    lifetimeMs,
    sessions: settings.number("http_sessions"),
    name: urls(template),
    open: () => Promise.resolve(new HttpSession(settings)),
  };
}

class HttpSession implements Session {
  readonly #settings: Settings;
  readonly #agent: HttpAgent;
  readonly #accepted: readonly string[];

  constructor(settings: Settings) {
    this.#settings = settings;
    this.#accepted = settings.text("http_ok_status_codes").split(",");
    const secure = settings.text("http_url").startsWith("https:");
    const options = { keepAlive: true, maxSockets: 1 };
    this.#agent = secure
      ? new HttpsAgent({ ...options, ...tlsSettings(settings, "http_tls") })
      : new HttpAgent(options);
  }

  async put(path: string, url: string, size: number): Promise<void> {
    const request = this.#request(url, size);
    const answer = new Promise<IncomingMessage>((resolve, reject) => {
      request.once("response", resolve).once("error", reject);
    });
    // A server may answer before all of the file is sent, and then end the connection.
    const sent = pipeline(createReadStream(path), request).catch((error: unknown) => error);
    const response = await answer.catch(async (error: unknown) => {
      throw ((await sent) ?? error) as Error;
    });
    const text = await read(response);
    const { statusCode = 0 } = response;
    if (!this.#accepted.includes(String(statusCode))) {
      request.destroy();
      throw new Error(`${this.#settings.text("http_method")} ${url}: the server says ${statusCode} ${text}`.trimEnd());
    }
    const failure = await sent;
    if (failure !== undefined) throw failure;
  }

  close(): void {
    this.#agent.destroy();
  }

  #request(url: string, size: number): ClientRequest {
    const target = urlOptions(url);
    const send = target.protocol === "https:" ? httpsRequest : httpRequest;
    const request = send({
      ...target,
      agent: this.#agent,
      method: this.#settings.text("http_method"),
      headers: { "content-type": this.#settings.text("http_content_type"), "content-length": size, ...this.#login() },
      timeout: this.#settings.number("http_timeout") * 1000,
    });
    return request.on("timeout", () => request.destroy(new Error("the server was silent for too long")));
  }

  #login(): Readonly<Record<string, string>> {
    const [name, token] = [this.#settings.text("http_username"), this.#settings.text("http_token")];
    if (token !== "") return { authorization: `Bearer ${token}` };
    if (name === "") return {};
    const basic = Buffer.from(`${name}:${this.#settings.text("http_password")}`).toString("base64");
    return { authorization: `Basic ${basic}` };
  }
}

function urlOptions(text: string) {
  const { protocol, hostname, port, pathname, search } = new URL(text);
  return { protocol, hostname: hostname.replace(/^\[|\]$/g, ""), port, path: `${pathname}${search}` };
}

/** Its beginning; the rest is let go. */
async function read(response: IncomingMessage): Promise<string> {
  let text = "";
  for await (const chunk of response.setEncoding("utf8")) if (text.length < SHOWN) text += chunk;
  return text.slice(0, SHOWN).replace(/\p{Cc}+/gu, " ");
}
