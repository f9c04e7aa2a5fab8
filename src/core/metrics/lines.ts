/** A value of a field: whole numbers are stored as integers, whatever JavaScript calls them. */
export type Field = number | string | boolean;

/**
 * One line of InfluxDB's line protocol (v1), without a time: whoever takes it sets that. Fields that are not finite are left
 * out; undefined when none remains. https://docs.influxdata.com/influxdb/v1/write_protocols/line_protocol_reference/
 */
export function influxLine(
  measurement: string,
  tags: Readonly<Record<string, string>>,
  fields: Readonly<Record<string, Field>>,
): string | undefined {
  const written = Object.entries(fields)
    .filter(([, value]) => typeof value !== "number" || Number.isFinite(value))
    .map(([name, value]) => `${key(name)}=${fieldValue(value)}`);
  if (written.length === 0) return undefined;
  const named = Object.entries(tags)
    .filter(([, value]) => value !== "")
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `,${key(name)}=${key(value)}`);
  return `${measurement.replace(/[, \n]/g, "_")}${named.join("")} ${written.join(",")}\n`;
}

/**
 * One line for statsd, its tags in the name as telegraf reads them (`name,tag=value:1|c`). `c`: a count to add; `ms`: a
 * duration in milliseconds. What would end a name or a tag is replaced.
 */
export function statsdLine(
  name: string,
  tags: Readonly<Record<string, string>>,
  value: number,
  kind: "c" | "ms",
): string {
  const named = Object.entries(tags).map(([tag, text]) => `,${tag}=${text.replace(/[:|@,=\s]/g, "_") || "_"}`);
  return `${name}${named.join("")}:${value}|${kind}\n`;
}

/** Datagrams of whole lines, each at most that many bytes: what a loopback or Ethernet takes in one piece. */
export function datagrams(lines: readonly string[], limit = 1400): string[] {
  const packed: string[] = [];
  for (const line of lines) {
    const last = packed.at(-1);
    if (last !== undefined && Buffer.byteLength(last) + Buffer.byteLength(line) <= limit) {
      packed[packed.length - 1] = last + line;
    } else packed.push(line);
  }
  return packed;
}

function key(text: string): string {
  return text.replace(/\n/g, " ").replace(/[,= \\]/g, "\\$&");
}

function fieldValue(value: Field): string {
  if (typeof value === "number") return Number.isInteger(value) ? `${value}i` : String(value);
  return typeof value === "boolean" ? String(value) : `"${value.replace(/["\\]/g, "\\$&").replace(/\n/g, " ")}"`;
}
