import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, open, rename, rm, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { Logger } from '@regionkit/core';
import { check, createNotices } from '@regionkit/core/kit';
import type { EpochStore } from '../history/epoch-store.ts';
import { type EpochKeeper, KEEPER, type KeeperOptions } from '../monitor/epoch-keeper.ts';
import { EpochStoreError } from './epoch-store-error.ts';
import { type FileLock, lockFile } from './file-lock.ts';
import { gapBetween, type Machine, type Moment, thisMachine } from './machine.ts';
import { createMemoryKeeper, type MemoryStore } from './memory-keeper.ts';

export interface EpochFileOptions {
  /**
   * The time from the moment in which this region goes silent to the first write in another region, at the fastest: by your HA manager or by
   * hand. A file that was confirmed longer ago is not believed. In milliseconds, 1_000 to 3_600_000. @default 10_000
   */
  readonly fastestFailoverMs?: number;
  /** Gets the notices. @default process warnings */
  readonly logger?: Logger;
}

/** The store of one process. */
export interface EpochFile extends EpochStore, AsyncDisposable {
  /** Lets another process use the file. The end of this process does so, too. */
  close(): Promise<void>;
}

/** The path of a socket may have 103 bytes. */
const MAX_PATH_BYTES = 98;
const MAX_BYTES = 65_536;
const HOUR_MS = 3_600_000;
const WRITABLE_BY_OTHERS = 0o022;
/** No record begins so. */
const REFUSED = 'refused';

/**
 * Keeps what one process knows over its own restart, on the local disk: for a region with one process. The next process believes it if it starts
 * sooner than a failover can happen, and if no region reports anything newer. With several processes a region their siblings vouch for
 * a new one, and no file is needed. Each process needs a file of its own. Not on Windows.
 *
 * The file must be on a disk of this machine that outlives the process. It does not protect against
 * a failover that no region reports. A store that all regions share does.
 *
 * @example
 * ```ts
 * const router = createRegionRouter({ regions, pools, epoch: epochFile('/var/lib/shop/epoch.json') });
 * ```
 *
 * @param path the file; its folder must exist. At most 98 bytes.
 * @throws {TypeError | RangeError} An option is wrong; the message names it.
 */
export function epochFile(path: string, options: EpochFileOptions = {}): EpochFile {
  return createEpochFile(path, options, thisMachine());
}

/** @param found the clocks of the machine, which a test may set */
export function createEpochFile(
  path: string,
  options: EpochFileOptions,
  found: Promise<Machine> | Machine,
): EpochFile & MemoryStore {
  const file = resolve(check.string('epochFile: path', path));
  if (Buffer.byteLength(file) > MAX_PATH_BYTES)
    throw new RangeError(`epochFile: path must have at most ${MAX_PATH_BYTES} bytes; got ${Buffer.byteLength(file)}`);
  if (process.platform === 'win32')
    throw new RangeError('epochFile: it needs a POSIX system; use a store that all regions share');
  check.object('epochFile: options', options, ['fastestFailoverMs', 'logger']);
  const maxGapMs = check.integer('epochFile: fastestFailoverMs', options.fastestFailoverMs ?? 10_000, {
    min: 1_000,
    max: HOUR_MS,
  });
  const notice = createNotices(options.logger && check.logger('epochFile: logger', options.logger));

  let lock: FileLock | undefined;
  let confirmed: Moment | undefined;
  let machine: Machine | undefined;
  let last: Promise<unknown> = Promise.resolve();
  /** One after the other: a save that hangs must not replace a later one. */
  const inTurn = <T>(run: () => Promise<T>): Promise<T> => {
    const done = last.then(run).catch((error: unknown) => {
      throw asStoreError(error);
    });
    last = done.catch(() => {});
    return done;
  };
  const hold = async (): Promise<void> => {
    machine ??= await found;
    if (lock !== undefined && !(await lock.isHeld())) throw new EpochStoreError('epochFile', 'in-use');
    await stat(dirname(file));
    lock ??= await lockFile(`${file}.lock`);
  };

  const load = async (): Promise<string | undefined> => {
    confirmed = undefined;
    await hold();
    const text = await readPlain(file);
    if (text === undefined) return undefined;
    const record = readRecord(text);
    if (record === undefined) {
      notice(
        'REGIONKIT_EPOCH_FILE_DAMAGED',
        'epochFile: the file is damaged, or not a plain file of this user that no other user can write: it counts as no file, and will be replaced',
      );
      return undefined;
    }
    const gapMs = machine === undefined ? undefined : gapBetween(record, machine.now());
    if (gapMs === undefined || gapMs >= maxGapMs) {
      const why = gapMs === undefined ? 'the machine or a clock was set again since' : `that was ${gapMs} ms ago`;
      notice(
        'REGIONKIT_EPOCH_FILE_OLD',
        `epochFile: the file was last confirmed too long ago to be believed (${why}; fastestFailoverMs is ${maxGapMs})`,
      );
      return undefined;
    }
    confirmed = record;
    return record.value;
  };

  const save = async (value: string, moment: Moment): Promise<void> => {
    await hold();
    await replace(file, writeRecord(value, moment));
    confirmed = moment;
  };

  const close = async (): Promise<void> => {
    await last;
    await lock?.close();
    lock = undefined;
  };

  const store: EpochFile & MemoryStore & { [KEEPER](options: KeeperOptions): EpochKeeper } = {
    load: () => inTurn(load),
    save: async (value) => {
      // The gap counts from here, however long the disk takes.
      machine ??= await found;
      const moment = machine.now();
      return inTurn(() => save(value, moment));
    },
    maxGapMs,
    gapMs: () => {
      const gapMs = confirmed && machine && gapBetween(confirmed, machine.now());
      return gapMs ?? Number.POSITIVE_INFINITY;
    },
    close,
    [KEEPER]: (router) => createMemoryKeeper(store, router),
    [Symbol.asyncDispose]: close,
  };
  return store;
}

function sumOf(value: string, { boot, uptimeMs, wallMs }: Moment): string {
  return createHash('sha256')
    .update(JSON.stringify([value, boot, uptimeMs, wallMs]))
    .digest('base64url');
}

function writeRecord(value: string, { boot, uptimeMs, wallMs }: Moment): string {
  return `${JSON.stringify({ v: 1, boot, uptimeMs, wallMs, value, sum: sumOf(value, { boot, uptimeMs, wallMs }) })}\n`;
}

function readRecord(text: string): (Moment & { readonly value: string }) | undefined {
  try {
    const { v, boot, uptimeMs, wallMs, value, sum } = JSON.parse(text) as Record<string, unknown>;
    if (v !== 1 || typeof boot !== 'string' || typeof value !== 'string') return undefined;
    if (typeof uptimeMs !== 'number' || typeof wallMs !== 'number') return undefined;
    return sum === sumOf(value, { boot, uptimeMs, wallMs }) ? { boot, uptimeMs, wallMs, value } : undefined;
  } catch {
    return undefined;
  }
}

/** Undefined: there is none. It follows no link, and waits for no pipe. */
async function readPlain(path: string): Promise<string | undefined> {
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;
  let handle: FileHandle;
  try {
    handle = await open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    if (code === 'ELOOP' || code === 'EMLINK' || code === 'ENXIO') return REFUSED;
    throw error;
  }
  try {
    const found = await handle.stat();
    const isOurs = found.uid === process.getuid?.() && (found.mode & WRITABLE_BY_OTHERS) === 0;
    if (!found.isFile() || found.size > MAX_BYTES || !isOurs) return REFUSED;
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(MAX_BYTES), 0, MAX_BYTES, 0);
    return buffer.toString('utf8', 0, bytesRead);
  } finally {
    await handle.close();
  }
}

/** Whole or not at all, and on the disk when it returns. */
async function replace(path: string, text: string): Promise<void> {
  const fresh = `${path}.new`;
  // Left by a process that ended, or put there by another user: a new one is ours.
  await rm(fresh, { force: true });
  await synced(fresh, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, (handle) => handle.writeFile(text));
  await rename(fresh, path);
  await synced(dirname(path), constants.O_RDONLY);
}

async function synced(path: string, flags: number, write?: (handle: FileHandle) => Promise<void>): Promise<void> {
  const handle = await open(path, flags, 0o600);
  try {
    await write?.(handle);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function asStoreError(error: unknown): EpochStoreError {
  if (error instanceof EpochStoreError) return error;
  const { code } = error as NodeJS.ErrnoException;
  const reason =
    code === 'ENOENT' || code === 'ENOTDIR'
      ? 'missing'
      : code === 'EACCES' || code === 'EPERM'
        ? 'denied'
        : 'unavailable';
  return new EpochStoreError('epochFile', reason);
}
