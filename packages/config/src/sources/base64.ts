import { check } from '@regionkit/core/kit';
import { type Decoded, decode, type Format, formatOf } from '../decode.ts';
import { SourceError } from '../failure.ts';
import type { Source } from '../source.ts';

/** Strict: a text that only looks like base64 must not become other bytes. */
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}(?:==)?|[A-Za-z0-9+/]{3}=?)?$/;
const MAX_BYTES = 1_048_576;

/**
 * Decodes a source whose value is base64, such as a key in a text secret or an environment variable in a file. Line
 * breaks are ignored.
 *
 * @example
 * ```ts
 * const key = base64(file('/run/secrets/key.b64'), { format: 'bytes' });
 * ```
 *
 * @throws {TypeError | RangeError} An option is wrong, or the source has a schema: it would see the base64.
 */
export function base64<F extends Format = 'text', O extends boolean = false>(
  source: Source<string, O>,
  options: { readonly format?: F } = {},
): Source<Decoded<F>, O> {
  check.function('base64: source.load', check.object('base64: source', source).load);
  const format = formatOf('base64', check.object('base64: options', options, ['format']));
  if (source.schema !== undefined) throw new RangeError('base64: source must have no schema');
  return {
    ...source,
    schema: undefined,
    load: async (request) => {
      const loaded = await source.load(request);
      const text = typeof loaded.value === 'string' ? loaded.value.replace(/\s+/g, '') : undefined;
      if (text === undefined || !BASE64.test(text)) throw new SourceError('invalid', 'schema');
      return { ...loaded, value: decode(Buffer.from(text, 'base64'), format, MAX_BYTES) };
    },
  };
}
