import { posix } from "node:path";

/** Content, attributes and links of one file; of a symbolic link: where it leads. */
export interface Inode {
  data: string;
  attribute: string | undefined;
  links: number;
}

/** The process that works on the disk was killed: nothing it still tries has an effect. */
export class Killed extends Error {}

/** Why an operation fails that is not the disk's business. */
export interface Faults {
  /** The operation at which the process dies; 0: none. Counted from when it was set. */
  killAt: number;
  /** The error of the next operation that changes something, by chance. */
  readonly error: () => string | undefined;
}

/** A file system in memory that can end its user's process at any operation, or refuse one. */
export class Disk {
  readonly files = new Map<string, Inode>();
  readonly directories = new Set<string>(["/"]);
  readonly open = new Map<number, Inode>();
  faults: Faults = { killAt: 0, error: () => undefined };
  dead = false;
  operations = 0;
  #nextFd = 3;

  /** Called before anything changes. */
  change(path: string): void {
    if (this.dead) throw new Killed();
    this.operations += 1;
    if (this.faults.killAt > 0 && --this.faults.killAt === 0) {
      this.dead = true;
      throw new Killed();
    }
    const code = this.faults.error();
    if (code !== undefined) throw failure(code, path);
  }

  look(): void {
    if (this.dead) throw new Killed();
  }

  at(path: string): Inode {
    this.look();
    const inode = this.files.get(path);
    if (inode === undefined) throw failure("ENOENT", path);
    return inode;
  }

  /** Fails where no file can be made. */
  parentOf(path: string): void {
    if (!this.directories.has(posix.dirname(path))) throw failure("ENOENT", path);
  }

  create(path: string, data = "", exclusive = false): Inode {
    this.change(path);
    this.parentOf(path);
    const known = this.files.get(path);
    if (known !== undefined && exclusive) throw failure("EEXIST", path);
    const inode = known ?? { data: "", attribute: undefined, links: 1 };
    inode.data = data;
    this.files.set(path, inode);
    return inode;
  }

  openFile(inode: Inode): number {
    this.open.set(this.#nextFd, inode);
    return this.#nextFd++;
  }

  rename(from: string, to: string, replace: boolean): boolean {
    const inode = this.at(from);
    if (deviceOf(from) !== deviceOf(to)) throw failure("EXDEV", to);
    this.change(from);
    this.parentOf(to);
    const target = this.files.get(to);
    if (target !== undefined && !replace) return false;
    if (target === inode) return true;
    if (target !== undefined) target.links -= 1;
    this.files.delete(from);
    this.files.set(to, inode);
    return true;
  }

  link(from: string, to: string): void {
    const inode = this.at(from);
    if (deviceOf(from) !== deviceOf(to)) throw failure("EXDEV", to);
    this.change(to);
    this.parentOf(to);
    if (this.files.has(to)) throw failure("EEXIST", to);
    inode.links += 1;
    this.files.set(to, inode);
  }

  unlink(path: string): void {
    const inode = this.at(path);
    this.change(path);
    inode.links -= 1;
    this.files.delete(path);
  }

  makeDirectory(path: string): void {
    this.look();
    if (this.directories.has(path)) throw failure("EEXIST", path);
    this.change(path);
    this.parentOf(path);
    this.directories.add(path);
  }

  list(directory: string): string[] {
    this.look();
    if (!this.directories.has(directory)) throw failure("ENOENT", directory);
    return [...this.files.keys()]
      .filter((path) => posix.dirname(path) === directory)
      .map((path) => posix.basename(path));
  }
}

/** Everything below `/far` is on a second file system. */
export function deviceOf(path: string): number {
  return path === "/far" || path.startsWith("/far/") ? 2 : 1;
}

export function failure(code: string, path: string): Error {
  return Object.assign(new Error(`${code}: simulated, '${path}'`), { code });
}
