import { execFileSync } from "node:child_process";
import { gzipSync } from "node:zlib";
import { png } from "../integration/flow-harness.ts";

/** A file of a format that weather services exchange, and what is in it where it is a wrapping. */
export interface Sample {
  readonly kind: Kind;
  readonly name: string;
  readonly content: Buffer;
  /** Decompressed, or the members of an archive. */
  readonly inside: readonly Buffer[];
}

export const KINDS = ["png", "gzip", "bzip2", "xml", "json", "csv", "pdf", "text", "tar", "netcdf", "grib"] as const;
export type Kind = (typeof KINDS)[number];

const SUFFIX: Readonly<Record<Kind, string>> = {
  png: "png",
  gzip: "csv.gz",
  bzip2: "txt.bz2",
  xml: "xml",
  json: "json",
  csv: "csv",
  pdf: "pdf",
  text: "txt",
  tar: "tar",
  netcdf: "nc",
  grib: "grib2",
};

/** So many files, the kinds in turn, no two of equal content. */
export function makeSamples(count: number): readonly Sample[] {
  const kinds = Array.from({ length: count }, (_, index) => KINDS[index % KINDS.length] ?? "text");
  const bulletins = kinds.flatMap((kind, index) => (kind === "bzip2" ? [bulletin(index)] : []));
  const packed = bzip2(bulletins);
  return kinds.map((kind, index) => {
    const inside = insideOf(kind, index);
    const content = kind === "bzip2" ? (packed.shift() ?? Buffer.alloc(0)) : contentOf(kind, index, inside);
    return { kind, name: `${kind} ${index}.${SUFFIX[kind]}`, content, inside };
  });
}

function insideOf(kind: Kind, index: number): readonly Buffer[] {
  if (kind === "gzip") return [csv(index)];
  if (kind === "bzip2") return [bulletin(index)];
  return kind === "tar" ? [bulletin(index * 2 + 1_000_001), bulletin(index * 2 + 1_000_002)] : [];
}

function contentOf(kind: Exclude<Kind, "bzip2">, index: number, inside: readonly Buffer[]): Buffer {
  switch (kind) {
    case "png":
      return png(index, 600);
    case "gzip":
      return gzipSync(inside[0] ?? "");
    case "xml":
      return Buffer.from(`<?xml version="1.0"?>\n<observation number="${index}"><t unit="C">12.1</t></observation>\n`);
    case "json":
      return Buffer.from(JSON.stringify({ number: index, values: [1, 2, 3] }));
    case "csv":
      return csv(index);
    case "pdf":
      return Buffer.from(
        `%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n% ${index}\ntrailer<</Root 1 0 R>>\n%%EOF\n`,
      );
    case "text":
      return bulletin(index);
    case "tar":
      return tar(inside);
    case "netcdf":
      return netcdf(index);
    case "grib":
      return grib(index);
  }
}

function csv(index: number): Buffer {
  const rows = Array.from({ length: 3 }, (_, row) => `${7149 + row},2026-11-25T12:00Z,${index}`);
  return Buffer.from(`station,time,value\n${rows.join("\n")}\n`);
}

/** A surface synoptic bulletin (WMO-No. 306, FM 12). */
function bulletin(number: number): Buffer {
  return Buffer.from(
    `SIFR20 LFPW 251200\nAAXX 25121\n${String(number).padStart(8, "0")} 11958 81020 10121 20089 40125=\n`,
  );
}

/** Python has it, Node does not. */
function bzip2(contents: readonly Buffer[]): Buffer[] {
  const program =
    "import bz2,json,sys; print(json.dumps([bz2.compress(t.encode()).hex() for t in json.load(sys.stdin)]))";
  const input = JSON.stringify(contents.map(String));
  const packed: readonly string[] = JSON.parse(
    execFileSync("python3", ["-c", program], { input, encoding: "utf8", maxBuffer: 64 * 1024 * 1024 }),
  );
  return packed.map((text) => Buffer.from(text, "hex"));
}

/** POSIX.1-1988 ustar: a header of 512 bytes and the content, padded, per member; two empty blocks. */
function tar(members: readonly Buffer[]): Buffer {
  const blocks = members.flatMap((content, index) => {
    const header = Buffer.alloc(512);
    const write = (text: string, at: number): number => header.write(text, at, "latin1");
    write(`member${index}.txt`, 0);
    write("0000644\0", 100);
    write(`${content.length.toString(8).padStart(11, "0")}\0`, 124);
    write("00000000000\0", 136);
    write("        0", 148);
    write("ustar\x0000", 257);
    const sum = header.reduce((total, byte) => total + byte, 0);
    write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
    return [header, content, Buffer.alloc((512 - (content.length % 512)) % 512)];
  });
  return Buffer.concat([...blocks, Buffer.alloc(1024)]);
}

/** NetCDF classic format: magic, no records, no dimensions, one attribute, no variables. */
function netcdf(index: number): Buffer {
  const absent = [0, 0];
  return Buffer.concat([
    Buffer.from("CDF\x01"),
    words(0, ...absent, 12, 1, 6),
    Buffer.from("number\0\0"),
    words(4, 1, index, ...absent),
  ]);
}

/** GRIB edition 2: indicator section, an identification section, end section. */
function grib(index: number): Buffer {
  const identification = Buffer.concat([
    words(21),
    Buffer.from([1, 0, 85, 0, 0, 2, 0, 1, 7, 234]),
    words(index),
    Buffer.alloc(3),
  ]);
  const total = 16 + identification.length + 4;
  return Buffer.concat([Buffer.from("GRIB\0\0\0\x02"), words(0, total), identification, Buffer.from("7777")]);
}

/** 32-bit numbers, big-endian. */
function words(...numbers: readonly number[]): Buffer {
  const bytes = Buffer.alloc(numbers.length * 4);
  for (const [index, number] of numbers.entries()) bytes.writeUInt32BE(number, index * 4);
  return bytes;
}
