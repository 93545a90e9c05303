import { open } from 'node:fs/promises';
import type { StandardSchema } from '@regionkit/core';
import { check } from '@regionkit/core/kit';
import { type Decoded, decode, type Format } from '../decode.ts';
import type { Source } from '../source.ts';

export interface FileOptions<T, F extends Format, O extends boolean> {
  /** Checks and shapes the content. @default as it is */
  readonly schema?: StandardSchema<unknown, T>;
  /** `text` is UTF-8 without its last line break, `json` is parsed, `bytes` is neither. @default schema ? 'json' : 'text' */
  readonly format?: F;
  /** Whether the app can start without it. @default false */
  readonly optional?: O;
  /** The largest content taken. @default 1_048_576 */
  readonly maxBytes?: number;
  /** How often it is read again, in milliseconds; `Infinity` for never. @default refresh.everyMs */
  readonly everyMs?: number;
}

/**
 * A file: a mounted secret of Docker, Kubernetes or the CSI driver. Read again at every refresh; its version is its
 * modification time, so that an operator can tell which one a process has.
 *
 * ```ts
 * const config = await loadConfig({ sources: { key: file('/run/secrets/signing-key') } });
 * config.get('key');
 * ```
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
  check.object('file: options', options, ['schema', 'format', 'optional', 'maxBytes', 'everyMs']);
  const { schema, format = schema === undefined ? 'text' : 'json', optional, maxBytes = 1_048_576, everyMs } = options;
  check.oneOf('file: format', format, ['json', 'text', 'bytes']);
  check.integer('file: maxBytes', maxBytes, { min: 1 });
  return {
    kind: 'file',
    schema,
    optional,
    everyMs,
    regions: [],
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

interface Read {
  readonly bytes: Uint8Array;
  readonly modifiedMs: number;
}

async function read(path: string, maxBytes: number, signal: AbortSignal): Promise<Read> {
  const handle = await open(path, 'r');
  try {
    const { mtimeMs } = await handle.stat();
    const chunks: Uint8Array[] = [];
    // One byte more than is allowed, so that a larger file is noticed and a device that never ends is not read for ever.
    const stream = handle.createReadStream({ end: maxBytes, autoClose: false, signal });
    for await (const chunk of stream) chunks.push(chunk as Uint8Array);
    return { bytes: Buffer.concat(chunks), modifiedMs: mtimeMs };
  } finally {
    await handle.close();
  }
}
