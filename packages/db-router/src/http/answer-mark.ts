import type { Keyring } from '@regionkit/core/kit';
import { HOP_FIELD } from './hop.ts';

/**
 * What a gate says of its answer to a marked request: the app's, or its own word that it is not the primary's region and
 * has done nothing. Without one, something between the two regions has answered.
 */
export type AnswerKind = 'answered' | 'turned-back';

const LETTERS: Readonly<Record<AnswerKind, string>> = { answered: 'a', 'turned-back': 't' };
const MAX_MARK_LENGTH = 512;

/**
 * Bound to the mark it answers and to the region that answers: kept by a cache, shown to another request, or said by a
 * region that something on the way has sent the request to as well, it says nothing. Undefined without a key.
 */
export function signAnswer(
  keyring: Keyring | undefined,
  kind: AnswerKind,
  mark: string,
  self: string,
): string | undefined {
  if (keyring === undefined || mark.length > MAX_MARK_LENGTH) return undefined;
  const letter = LETTERS[kind];
  return `v1.${letter}.${keyring.sign(signedText(letter, self, mark))}`;
}

/** What region `from` says of its answer to the request with this mark; undefined when it has not said anything. */
export function readAnswer(
  keyring: Keyring,
  mark: string,
  from: string,
  fields: readonly string[],
): AnswerKind | undefined {
  let found: string | undefined;
  for (let at = 0; at < fields.length; at += 2) {
    const name = fields[at] as string;
    if (name.length === HOP_FIELD.length && name.toLowerCase() === HOP_FIELD) found = fields[at + 1];
  }
  const [version, letter, code, ...rest] = found?.split('.') ?? [];
  if (version !== 'v1' || code === undefined || rest.length > 0) return undefined;
  const kind = letter === 'a' ? 'answered' : letter === 't' ? 'turned-back' : undefined;
  return kind !== undefined && keyring.verify(signedText(letter as string, from, mark), code) ? kind : undefined;
}

/** The name of a region holds no space. */
function signedText(letter: string, region: string, mark: string): string {
  return `${letter} ${region} ${mark}`;
}
