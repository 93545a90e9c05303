import { SourceError } from './failure.ts';
import { isPlain, refuseForbidden } from './seal.ts';

/**
 * Parses JSON (RFC 8259), without its byte order mark, and stricter than `JSON.parse`: no member name twice in one
 * object (the last would win here and the first elsewhere), none that could reach a prototype. Says what is wrong by a
 * constant: the engine's own message quotes the text.
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
  refuseDuplicates(json);
  refuseForbiddenKeys(value, 0);
  return value;
}

function refuseForbiddenKeys(value: unknown, depth: number): void {
  if (depth > 64) throw new SourceError('invalid', 'too-deep');
  if (Array.isArray(value)) for (const item of value) refuseForbiddenKeys(item, depth + 1);
  else if (isPlain(value)) {
    for (const key of Object.keys(value)) {
      refuseForbidden(key, value[key]);
      refuseForbiddenKeys(value[key], depth + 1);
    }
  }
}

/** Walks the tokens of a text that is known to be JSON: a string followed by a colon is a member name. */
function refuseDuplicates(json: string): void {
  const objects: Set<string>[] = [];
  const tokens = /"(?:[^"\\]|\\.)*"(?<colon>\s*:)?|[{}]/g;
  for (let token = tokens.exec(json); token !== null; token = tokens.exec(json)) {
    const [text] = token;
    if (text === '{') objects.push(new Set());
    else if (text === '}') objects.pop();
    else if (token.groups?.colon !== undefined) {
      const name = JSON.parse(text.slice(0, text.lastIndexOf('"') + 1)) as string;
      const names = objects.at(-1);
      if (names?.has(name)) throw new SourceError('invalid', 'duplicate-key');
      names?.add(name);
    }
  }
}
