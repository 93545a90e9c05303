import { type FSWatcher, watch } from 'node:fs';
import { open } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import type { StandardSchema } from '@regionkit/core';
import { check } from '@regionkit/core/kit';
import { type Decoded, decode, type Format, formatOf } from '../decode.ts';
import type { Source } from '../source.ts';

export interface FileOptions<T, F extends Format, O extends boolean> {
  /** Checks and transforms the content. @default no change */
  readonly schema?: StandardSchema<unknown, T>;
  /**
   * `text` is decoded as UTF-8 without its last line break, `json` is parsed, `bytes` stay as they are. @default schema
   * ? 'json' : 'text'
   */
  readonly format?: F;
  /** Whether the app can start without it. @default false */
  readonly optional?: O;
  /** The largest accepted content, in bytes. @default 1_048_576 */
  readonly maxBytes?: number;
  /** Time between two refreshes, in milliseconds; `Infinity`: never. @default refresh.everyMs */
  readonly everyMs?: number;
  /**
   * Whether a change is noticed at once (`fs.watch` on its directory), and not only at the next refresh. It also notices
   * how Kubernetes swaps a mounted secret (the link `..data`). On a file system that reports no changes, such as NFS, it
   * does nothing. @default false
   */
  readonly watch?: boolean;
}

/**
 * A source for a file: a mounted secret of Docker, Kubernetes
 * (https://kubernetes.io/docs/concepts/configuration/secret/) or the CSI driver. It is read at every refresh. Its
 * version is its modification time, so that an operator can see which version a process has.
 *
 * @example
 * ```ts
 * const config = await loadConfig({ sources: { key: file('/run/secrets/signing-key') } });
 * config.get('key');
 * ```
 *
 * @throws {TypeError | RangeError} An option is wrong.
 */
export function file<T, O extends boolean = false>(
  path: string,
  options: FileOptions<T, Format, O> & { readonly schema: StandardSchema<unknown, T> },
): Source<T, O>;
export function file<F extends Format = 'text', O extends boolean = false>(
  path: string,
  options?: Omit<FileOptions<never, F, O>, 'schema'>,
): Source<Decoded<F>, O>;
export function file(path: string, options: FileOptions<unknown, Format, boolean> = {}): Source {
  check.string('file: path', path);
  check.object('file: options', options, ['schema', 'format', 'optional', 'maxBytes', 'everyMs', 'watch']);
  const { schema, optional, maxBytes = 1_048_576, everyMs } = options;
  const format = formatOf('file', options);
  check.integer('file: maxBytes', maxBytes, { min: 1 });
  const watches = check.boolean('file: watch', options.watch ?? false);
  return {
    kind: 'file',
    schema,
    optional,
    everyMs,
    regions: [],
    ...(watches && { watch: (onChange: () => void) => watchFile(path, onChange) }),
    load: async ({ signal }) => {
      const { bytes, modifiedMs } = await read(path, maxBytes, signal);
      const value = decode(bytes, format, maxBytes);
      return {
        value: format === 'text' ? (value as string).replace(/^\uFEFF/, '').replace(/\r?\n$/, '') : value,
        version: new Date(modifiedMs).toISOString(),
      };
    },
  };
}

/** A writer makes several changes. It is read once, this long after the last of them, in milliseconds. */
const SETTLED_AFTER_MS = 50;

function watchFile(path: string, onChange: () => void): () => void {
  const name = basename(path);
  let timer: NodeJS.Timeout | undefined;
  let watcher: FSWatcher | undefined;
  try {
    watcher = watch(dirname(path), { persistent: false }, (_event, changed) => {
      if (changed !== null && changed !== name && changed !== '..data') return;
      clearTimeout(timer);
      timer = setTimeout(onChange, SETTLED_AFTER_MS).unref();
    });
    watcher.on('error', () => {});
  } catch {
    // There is no such directory, or no watch left. The value is still refreshed.
  }
  return () => {
    clearTimeout(timer);
    watcher?.close();
  };
}

interface Read {
  readonly bytes: Uint8Array;
  readonly modifiedMs: number;
}

async function read(path: string, maxBytes: number, signal: AbortSignal): Promise<Read> {
  const handle = await open(path, 'r');
  try {
    const { mtimeMs } = await handle.stat();
    const chunks: Uint8Array[] = [];
    // Reads one byte more than allowed, to detect a larger file without reading an endless device for ever.
    const stream = handle.createReadStream({ end: maxBytes, autoClose: false, signal });
    for await (const chunk of stream) chunks.push(chunk as Uint8Array);
    return { bytes: Buffer.concat(chunks), modifiedMs: mtimeMs };
  } finally {
    await handle.close();
  }
}
