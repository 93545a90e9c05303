import type { Keyring } from '@regionkit/core/kit';
import { HOP_FIELD } from './hop.ts';

/**
 * What a gate says about its answer to a marked request: the app answered, or the gate itself refused because it is not
 * in the primary's region, and nothing was done. An answer without this field comes from something between the two
 * regions.
 */
export type AnswerKind = 'answered' | 'turned-back';

const LETTERS: Readonly<Record<AnswerKind, string>> = { answered: 'a', 'turned-back': 't' };
const MAX_MARK_LENGTH = 512;

/**
 * Signs the field for the mark it answers and for the answering region. It is invalid if a cache kept it, if it is
 * shown with another request, or if another region that also received the request sends it. Undefined without a key.
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

/** Returns what region `from` says about its answer to the request with this mark. Undefined if it says nothing. */
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

/** The name of a region contains no space. */
function signedText(letter: string, region: string, mark: string): string {
  return `${letter} ${region} ${mark}`;
}
