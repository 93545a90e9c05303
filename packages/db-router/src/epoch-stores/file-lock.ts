import { lstat, unlink } from 'node:fs/promises';
import net from 'node:net';
import { EpochStoreError } from './epoch-store-error.ts';

/** Held by one process of the machine at a time, and never longer than that process lives. */
export interface FileLock {
  /** Whether the lock is still this one: two processes that remove one stale socket at once may both have got it. */
  isHeld(): Promise<boolean>;
  close(): Promise<void>;
}

const ATTEMPTS = 3;

/**
 * Locks by a socket at `path`: the kernel ends it with its process, and no lock file grows stale.
 *
 * @throws {EpochStoreError} `in-use`: another process holds it
 */
export async function lockFile(path: string): Promise<FileLock> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const server = await listen(path);
    if (server !== undefined) return heldBy(server, path);
    if (await isAlive(path)) break;
    await removeStale(path);
  }
  throw new EpochStoreError('epochFile', 'in-use');
}

function listen(path: string): Promise<net.Server | undefined> {
  return new Promise((resolve, reject) => {
    const server = net.createServer((client) => client.destroy());
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(undefined);
      else reject(error);
    });
    // Workers of a cluster share what they listen on, unless they ask not to.
    server.listen({ path, exclusive: true }, () => {
      server.unref();
      resolve(server);
    });
  });
}

/** A process that is suspended or busy holds it as well: the kernel accepts for it. */
function isAlive(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const client = net.connect(path);
    client.once('connect', () => {
      client.destroy();
      resolve(true);
    });
    client.once('error', ({ code }: NodeJS.ErrnoException) => resolve(code !== 'ECONNREFUSED' && code !== 'ENOENT'));
  });
}

async function removeStale(path: string): Promise<void> {
  const found = await lstat(path).catch(() => undefined);
  if (found === undefined) return;
  if (!found.isSocket()) throw new EpochStoreError('epochFile', 'refused');
  await unlink(path).catch(() => {});
}

async function heldBy(server: net.Server, path: string): Promise<FileLock> {
  const inode = async (): Promise<bigint | undefined> =>
    (await lstat(path, { bigint: true }).catch(() => undefined))?.ino;
  const own = await inode();
  const isHeld = async (): Promise<boolean> => own !== undefined && (await inode()) === own;
  return {
    isHeld,
    close: async () => {
      // Closing removes whatever socket is at the path.
      if (await isHeld()) await new Promise<unknown>((resolve) => server.close(resolve));
    },
  };
}
