import { check } from '@regionkit/core/kit';
import { SourceError } from './failure.ts';
import { parseJson } from './json.ts';

/** How the bytes of a secret or file become a value. */
export type Format = 'json' | 'text' | 'bytes';

/** The type of a decoded value without a schema. */
export type Decoded<F extends Format> = F extends 'text' ? string : F extends 'bytes' ? Uint8Array : unknown;

/**
 * Reads the option `format` of a source. With a schema the default is JSON, because a schema checks an object.
 *
 * @param source the function that makes the source, for the error message
 * @throws {TypeError | RangeError} It is no format.
 */
export function formatOf(
  source: string,
  { schema, format = schema === undefined ? 'text' : 'json' }: { readonly schema?: unknown; readonly format?: Format },
): Format {
  return check.oneOf(`${source}: format`, format, ['json', 'text', 'bytes']);
}

/**
 * Decodes text or bytes by `format`. An empty input is refused: it is a file that is being written, or a secret that
 * was never filled.
 *
 * @throws {SourceError} `invalid`: `empty`, `too-large`, `not-utf8`, `not-json`, …
 */
export function decode(raw: string | Uint8Array, format: Format, maxBytes: number): unknown {
  const bytes = typeof raw === 'string' ? Buffer.byteLength(raw) : raw.byteLength;
  if (bytes === 0) throw new SourceError('invalid', 'empty');
  if (bytes > maxBytes) throw new SourceError('invalid', 'too-large');
  if (format === 'bytes') return typeof raw === 'string' ? Buffer.from(raw) : raw;
  const text = typeof raw === 'string' ? raw : utf8(raw);
  return format === 'json' ? parseJson(text) : text;
}

function utf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new SourceError('invalid', 'not-utf8');
  }
}
