import type { Socket } from "node:net";
import { libc } from "./libc.ts";

const getsockopt = libc.func(
  "int getsockopt(int fd, int level, int name, _Out_ void *value, _Inout_ uint32_t *length)",
);

const SOL_SOCKET = 1;
const SO_PEERCRED = 17;
/** struct ucred of unix(7): pid, uid, gid. */
const UCRED_SIZE = 12;

/** The process that connected the other end of a unix socket; undefined: it is not known. */
export function peerPid(socket: Socket): number | undefined {
  const { _handle: handle } = socket as unknown as { readonly _handle?: { readonly fd?: number } };
  if (handle?.fd === undefined || handle.fd < 0) return undefined;
  const credentials = Buffer.alloc(UCRED_SIZE);
  if (getsockopt(handle.fd, SOL_SOCKET, SO_PEERCRED, credentials, [UCRED_SIZE]) !== 0) return undefined;
  const pid = credentials.readInt32LE(0);
  return pid > 0 ? pid : undefined;
}
