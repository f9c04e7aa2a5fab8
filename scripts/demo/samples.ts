import { randomBytes } from "node:crypto";
import { crc32, deflateSync, gzipSync } from "node:zlib";

/** A file to drop, and which kind it is. */
export interface Sample {
  readonly name: string;
  readonly kind: "png" | "gzip" | "text" | "json";
  readonly content: Buffer;
}

/** Makes `count` different files of one kind; `run` keeps the names of several runs apart. */
export function samples(kind: Sample["kind"], count: number, run: string): readonly Sample[] {
  return Array.from({ length: count }, (_, index) => {
    const name = `${run}-${String(index).padStart(4, "0")}.${{ png: "png", gzip: "gz", text: "txt", json: "json" }[kind]}`;
    return { name, kind, content: contentOf(kind, index) };
  });
}

function contentOf(kind: Sample["kind"], index: number): Buffer {
  if (kind === "png") return png(26, 26);
  if (kind === "json")
    return Buffer.from(JSON.stringify({ station: index, temperature: 15 + (index % 20), unit: "C" }));
  const text = `station ${index}\n${"wind 240 at 12 knots, gusting 20\n".repeat(20)}`;
  return kind === "text" ? Buffer.from(text) : gzipSync(text);
}

/** A valid 8-bit RGB image of random noise: about 3 bytes a pixel, since noise does not compress. */
export function png(width: number, height: number): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2, 0, 0, 0], 8);
  const rows = Buffer.alloc(height * (1 + width * 3), randomBytes(width * 3));
  for (let row = 0; row < height; row += 1) rows[row * (1 + width * 3)] = 0;
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return Buffer.concat([
    signature,
    chunk("IHDR", header),
    chunk("IDAT", deflateSync(rows, { level: 0 })),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}

/** One PNG chunk: length, type, data, CRC-32 of type and data (PNG specification, section 5.3). */
function chunk(type: string, data: Buffer): Buffer {
  const typed = Buffer.concat([Buffer.from(type, "ascii"), data]);
  const frame = Buffer.alloc(8);
  frame.writeUInt32BE(data.length, 0);
  frame.writeUInt32BE(crc32(typed), 4);
  return Buffer.concat([frame.subarray(0, 4), typed, frame.subarray(4)]);
}
