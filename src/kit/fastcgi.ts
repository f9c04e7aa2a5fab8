/** Records of the FastCGI specification, version 1, for one request on a connection of its own. */
const BEGIN = 1;
const PARAMS = 4;
const STDIN = 5;
const RESPONDER = 1;
const REQUEST = 1;

/** The bytes that ask a FastCGI server to run a script as for a GET; the server closes the connection after its answer. */
export function fastcgiGet(script: string, name: string): Buffer {
  const params = {
    GATEWAY_INTERFACE: "CGI/1.1",
    SERVER_PROTOCOL: "HTTP/1.1",
    SERVER_SOFTWARE: "metwork-probe",
    HTTP_HOST: "localhost",
    HTTP_USER_AGENT: "metwork-probe",
    REMOTE_ADDR: "127.0.0.1",
    REQUEST_METHOD: "GET",
    QUERY_STRING: "",
    REQUEST_URI: name,
    DOCUMENT_URI: name,
    SCRIPT_NAME: name,
    SCRIPT_FILENAME: script,
  };
  const pairs = Object.entries(params).map(([key, value]) => {
    const [left, right] = [Buffer.from(key), Buffer.from(value)];
    return Buffer.concat([lengthOf(left), lengthOf(right), left, right]);
  });
  return Buffer.concat([
    record(BEGIN, Buffer.from([0, RESPONDER, 0, 0, 0, 0, 0, 0])),
    record(PARAMS, Buffer.concat(pairs)),
    record(PARAMS, Buffer.alloc(0)),
    record(STDIN, Buffer.alloc(0)),
  ]);
}

function lengthOf(value: Buffer): Buffer {
  if (value.length < 128) return Buffer.from([value.length]);
  const long = Buffer.alloc(4);
  long.writeUInt32BE(value.length + 2 ** 31);
  return long;
}

function record(type: number, content: Buffer): Buffer {
  const head = Buffer.from([1, type, 0, REQUEST, 0, 0, 0, 0]);
  head.writeUInt16BE(content.length, 4);
  return Buffer.concat([head, content]);
}
