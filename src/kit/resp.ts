/** A reply of a Redis server (RESP 2). Errors are replies, too: a pipeline may hold some. */
export type Reply = string | number | null | Error | readonly Reply[];

/** Where a reply ended in the bytes received, so far as they go. */
interface Parsed {
  readonly reply: Reply;
  readonly end: number;
}

const CR = 13;

/** A command as RESP sends it: https://redis.io/docs/latest/develop/reference/protocol-spec/. */
export function encodeCommand(words: readonly (string | number)[]): string {
  let text = `*${words.length}\r\n`;
  for (const word of words) {
    const bulk = String(word);
    text += `$${Buffer.byteLength(bulk)}\r\n${bulk}\r\n`;
  }
  return text;
}

/** Reads the reply that begins at `start`. undefined: it is not there whole. Throws when the bytes are no RESP 2. */
export function readReply(bytes: Buffer, start: number): Parsed | undefined {
  const lineEnd = bytes.indexOf(CR, start);
  if (lineEnd === -1 || lineEnd + 2 > bytes.length) return undefined;
  const line = bytes.toString("latin1", start + 1, lineEnd);
  const end = lineEnd + 2;
  switch (String.fromCharCode(bytes[start] ?? 0)) {
    case "+":
      return { reply: line, end };
    case "-":
      return { reply: new Error(line), end };
    case ":":
      return { reply: Number(line), end };
    case "$":
      return readBulk(bytes, end, Number(line));
    case "*":
      return readArray(bytes, end, Number(line));
    default:
      throw new Error("the server does not speak RESP 2");
  }
}

function readBulk(bytes: Buffer, start: number, length: number): Parsed | undefined {
  if (length < 0) return { reply: null, end: start };
  const end = start + length + 2;
  return end > bytes.length ? undefined : { reply: bytes.toString("utf8", start, start + length), end };
}

function readArray(bytes: Buffer, start: number, length: number): Parsed | undefined {
  if (length < 0) return { reply: null, end: start };
  const reply: Reply[] = [];
  let end = start;
  for (let index = 0; index < length; index++) {
    const item = readReply(bytes, end);
    if (item === undefined) return undefined;
    reply.push(item.reply);
    end = item.end;
  }
  return { reply, end };
}
