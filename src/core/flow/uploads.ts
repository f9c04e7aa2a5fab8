/** Everything the service of resumable uploads is told: the content of `config_auto/uploads.json`. */
export interface UploadsConfig {
  readonly socket: string;
  /** Parts are kept here until they are complete; on the file system of the targets. */
  readonly store: string;
  /** Directories that take files, by their names. */
  readonly targets: Readonly<Record<string, string>>;
  /** Taken when the client names none. */
  readonly first: string | undefined;
  /** Who may upload; undefined: anybody. */
  readonly keys: string | undefined;
  /** Is there as long as files must be refused. */
  readonly refusing: string;
  /** 0: any size. */
  readonly maxBytes: number;
}

/** Where its URLs begin. */
export const UPLOADS_PATH = "/tus";
/** What a directory's or file's name in a URL is of. */
export const UPLOAD_NAME = /^[A-Za-z0-9,;:_.-]+$/;
const LONGEST_NAME = 255;

export interface Claimed {
  readonly algorithm: "sha256" | "sha512" | "md5";
  readonly digest: Buffer;
}

const ALGORITHMS: Readonly<Record<string, Claimed["algorithm"]>> = {
  "sha-256": "sha256",
  "sha-512": "sha512",
  md5: "md5",
};

/** Digests as `Content-Digest` has them (RFC 9530): `sha-256=:BASE64:, ...`. What it says of other algorithms is not looked at. */
export function readDigests(text: string): readonly Claimed[] {
  return [...text.matchAll(/([\w-]+)=:([^:]*):/g)].flatMap(([, name = "", value = ""]) => {
    const algorithm = ALGORITHMS[name.toLowerCase()];
    return algorithm === undefined ? [] : [{ algorithm, digest: Buffer.from(value, "base64") }];
  });
}

/** A directory by its name and path, and the name a file gets in it. */
export interface UploadTarget {
  readonly directory: string;
  readonly path: string;
  readonly name: string;
}

/** Where an upload is to go, by what its client said of it; a text says what is wrong. */
export function uploadTarget(
  { targets, first }: UploadsConfig,
  metadata: Readonly<Record<string, string | null | undefined>>,
  fallbackName: string,
): UploadTarget | string {
  const directory = metadata["directory"] || first || "";
  const name = metadata["filename"] || fallbackName;
  if (!UPLOAD_NAME.test(name) || name.length > LONGEST_NAME || name === "." || name === "..") return "bad filename";
  const path = Object.hasOwn(targets, directory) ? targets[directory] : undefined;
  return path === undefined ? `no files are taken for ${directory}` : { directory, path, name };
}
