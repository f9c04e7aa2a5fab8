import { createPrivateKey, generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto";

/** A certificate and its key, PEM. */
export interface Certificate {
  readonly certificate: string;
  readonly key: string;
}

/** Who signs, and how long it is valid. */
interface Wanted {
  readonly name: string;
  readonly from: Date;
  readonly to: Date;
  /** Absent: itself. */
  readonly issuer?: { readonly name: string; readonly key: string };
  readonly extensions?: Buffer;
}

const DAY = 86_400_000;
const TRUE = Buffer.from("0101ff", "hex");

/** A self-signed certificate for localhost that is valid between two dates, and its key. */
export function makeCertificate(from: Date, to: Date): Certificate {
  return make({ name: "localhost", from, to });
}

/** One that signs others, valid for a day. */
export class Authority {
  readonly #name: string;
  readonly #own: Certificate;
  readonly #valid = { from: new Date(Date.now() - DAY), to: new Date(Date.now() + DAY) };

  constructor(name: string) {
    this.#name = name;
    const mayIssue = extension("551d13", der(0x30, TRUE), TRUE);
    this.#own = make({ name, ...this.#valid, extensions: mayIssue });
  }

  get certificate(): string {
    return this.#own.certificate;
  }

  /** For a person, or for the machine the tests run on: its names are localhost and 127.0.0.1. */
  issue(name: string): Certificate {
    const names = der(0x30, der(0x82, Buffer.from("localhost")), der(0x87, Buffer.from([127, 0, 0, 1])));
    const issuer = { name: this.#name, key: this.#own.key };
    return make({ name, ...this.#valid, issuer, extensions: extension("551d11", names) });
  }
}

function make({ name, from, to, issuer, extensions }: Wanted): Certificate {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
  const signer: KeyObject = issuer === undefined ? privateKey : createPrivateKey(issuer.key);
  const algorithm = der(0x30, Buffer.from("06082a8648ce3d040302", "hex"));
  const serial = Buffer.concat([Buffer.from([1]), randomBytes(7)]);
  const body = der(
    0x30,
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, serial),
    algorithm,
    commonName(issuer?.name ?? name),
    der(0x30, time(from), time(to)),
    commonName(name),
    publicKey.export({ type: "spki", format: "der" }),
    ...(extensions === undefined ? [] : [der(0xa3, der(0x30, extensions))]),
  );
  const signature = der(0x03, Buffer.concat([Buffer.alloc(1), sign("sha256", body, signer)]));
  const base64 = der(0x30, body, algorithm, signature).toString("base64");
  const lines = base64.match(/.{1,64}/g) ?? [];
  return {
    certificate: ["-----BEGIN CERTIFICATE-----", ...lines, "-----END CERTIFICATE-----", ""].join("\n"),
    key: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
  };
}

function commonName(name: string): Buffer {
  return der(0x30, der(0x31, der(0x30, Buffer.from("0603550403", "hex"), der(0x0c, Buffer.from(name)))));
}

/** An extension of a certificate, by its object identifier's bytes. */
function extension(id: string, value: Buffer, critical = Buffer.alloc(0)): Buffer {
  return der(0x30, der(0x06, Buffer.from(id, "hex")), critical, der(0x04, value));
}

/** GeneralizedTime of X.690: `20300115000000Z`. */
function time(date: Date): Buffer {
  return der(0x18, Buffer.from(`${date.toISOString().replace(/\D/g, "").slice(0, 14)}Z`));
}

/** One value with its tag and length, by the distinguished encoding rules of X.690. */
function der(tag: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  const size = content.length;
  const length = size < 128 ? [size] : size < 256 ? [0x81, size] : [0x82, size >> 8, size & 255];
  return Buffer.concat([Buffer.from([tag, ...length]), content]);
}
