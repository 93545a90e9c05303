import { writtenMembers } from '@regionkit/core/kit';
import { SourceError } from './failure.ts';
import { MAX_DEPTH, refuseForbidden } from './seal.ts';

/**
 * Parses JSON ([RFC 8259](https://www.rfc-editor.org/rfc/rfc8259)) and removes its byte order mark (section 8.1). It is
 * stricter than `JSON.parse`: no member name may occur twice in one object (parsers differ in which one they keep:
 * section 4), and no name may reach a prototype. The error is a constant, because the engine's own message quotes the
 * text.
 *
 * @throws {SourceError} `invalid`: `not-json`, `duplicate-key`, `forbidden-key`.
 */
export function parseJson(text: string): unknown {
  const json = text.startsWith('\uFEFF') ? text.slice(1) : text;
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    throw new SourceError('invalid', 'not-json');
  }
  if (countMembers(value, 0) !== writtenMembers(Buffer.from(json))) throw new SourceError('invalid', 'duplicate-key');
  return value;
}

/** @throws {SourceError} A member could reach a prototype, or the value is nested too deep. */
function countMembers(value: unknown, depth: number): number {
  if (typeof value !== 'object' || value === null) return 0;
  if (depth > MAX_DEPTH) throw new SourceError('invalid', 'too-deep');
  let members = 0;
  for (const [key, inner] of Object.entries(value)) {
    if (!Array.isArray(value)) {
      refuseForbidden(key, inner);
      members += 1;
    }
    members += countMembers(inner, depth + 1);
  }
  return members;
}
