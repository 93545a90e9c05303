import { randomBytes } from 'node:crypto';
import { type FileHandle, mkdir, mkdtemp, open, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { OpsError } from '../../errors.ts';

/** A directory that appears with all of its files, or not at all. */
export interface OutDirectory extends AsyncDisposable {
  /** Where the files are made. */
  readonly path: string;
  file(name: string): Promise<OutFile>;
  /** Gives the directory its name. @throws {OpsError} `ERR_OPS_USAGE`: something else has this name now */
  publish(): Promise<void>;
}

export interface OutFile {
  write(text: string): Promise<void>;
  /** The content is on the disk then. */
  close(): Promise<void>;
}

/** So many characters are written at once. */
const CHUNK = 262_144;

/** @throws {OpsError} `ERR_OPS_USAGE`: the directory is not empty, or cannot be made */
export async function createOutDirectory(target: string): Promise<OutDirectory> {
  await refuseUsed(target);
  const parent = dirname(target);
  let path: string;
  try {
    await mkdir(parent, { recursive: true, mode: 0o700 });
    // mkdtemp gives the mode 0700.
    path = await mkdtemp(join(parent, `.${basename(target)}-${randomBytes(2).toString('hex')}-`));
  } catch (error) {
    throw unusable(error);
  }
  let isPublished = false;
  return {
    path,
    async file(name) {
      const handle = await open(join(path, name), 'wx', 0o600);
      return outFile(handle);
    },
    async publish() {
      await refuseUsed(target);
      try {
        await syncDirectory(path);
        await rename(path, target);
        await syncDirectory(parent);
      } catch (error) {
        throw unusable(error);
      }
      isPublished = true;
    },
    async [Symbol.asyncDispose]() {
      if (!isPublished) await rm(path, { recursive: true, force: true });
    },
  };
}

async function refuseUsed(target: string): Promise<void> {
  try {
    const names = await readdir(target);
    if (names.length > 0)
      throw new OpsError('ERR_OPS_USAGE', '--out: the directory is not empty; nothing is overwritten');
  } catch (error) {
    if (error instanceof OpsError) throw error;
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw unusable(error);
  }
}

const unusable = (error: unknown): OpsError =>
  new OpsError(
    'ERR_OPS_USAGE',
    `--out: the directory cannot be written (${(error as NodeJS.ErrnoException).code ?? 'no code'})`,
  );

function outFile(handle: FileHandle): OutFile {
  let pending: string[] = [];
  let length = 0;
  const flush = async (): Promise<void> => {
    const text = pending.join('');
    pending = [];
    length = 0;
    await handle.appendFile(text);
  };
  return {
    async write(text) {
      pending.push(text);
      length += text.length;
      if (length > CHUNK) await flush();
    },
    async close() {
      await flush();
      await handle.sync();
      await handle.close();
    },
  };
}

async function syncDirectory(path: string): Promise<void> {
  const handle = await open(path, 'r');
  await handle.sync().catch(() => {});
  await handle.close();
}
