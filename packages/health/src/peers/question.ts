import type { RequestView } from '@regionkit/core';
import type { Keyring, RegionKeyring } from '@regionkit/core/kit';

/** What one region asks another. It is signed, because the answer describes the database and its nodes. */
export interface RegionQuestion {
  readonly from: string;
  /** The region that is asked. No other one answers. */
  readonly to: string;
  /** When it was asked, by the wall clock of `to`, as far as `from` knows it. */
  readonly atMs: number;
  /** Random, used once. The answer must repeat it, so that an older answer cannot be replayed. */
  readonly nonce: string;
  /** The asking region has a change to report. Ask it too. */
  readonly news: boolean;
}

/** Why a question is refused. The set is closed. The asking region reads it from {@link REFUSED_FIELD}. */
export type QuestionRefusal = 'malformed' | 'version' | 'bad-signature' | 'wrong-region' | 'clock-skew' | 'replayed';

/** The field of a refusal that contains the {@link QuestionRefusal}. */
export const REFUSED_FIELD = 'x-region-refused';

/** Whether it is a nonce of a poller: 16 to 64 characters of base64url. */
export function isNonce(given: string | undefined): given is string {
  return given !== undefined && /^[A-Za-z0-9_-]{16,64}$/.test(given);
}

/** The header fields of a question. */
export function sealQuestion(question: RegionQuestion, keyring: Keyring): Readonly<Record<string, string>> {
  const { from, to, atMs, nonce, news } = question;
  return {
    'x-region-nonce': nonce,
    'x-region-from': from,
    'x-region-to': to,
    'x-region-at': String(atMs),
    ...(news && { 'x-region-news': '1' }),
    'x-region-code': keyring.sign(signed(question)),
  };
}

/**
 * Reads what {@link sealQuestion} wrote for `self`. Its age and its nonce are checked later.
 *
 * `version`: it has no addressee or no time, as in older versions. `bad-signature`: it is not signed with a secret of
 * ours. `wrong-region`: it is for another region. This is checked before the signature, because with a key pair for
 * each region a question to another region cannot be verified here, and the answer reveals nothing else.
 */
export function unsealQuestion(
  request: RequestView,
  self: string,
  keyringOf: RegionKeyring['between'],
): RegionQuestion | QuestionRefusal {
  const nonce = only(request, 'x-region-nonce');
  const from = only(request, 'x-region-from');
  const code = only(request, 'x-region-code');
  const to = only(request, 'x-region-to');
  const at = only(request, 'x-region-at');
  if (!isNonce(nonce)) return 'malformed';
  if (from === undefined || code === undefined) return 'bad-signature';
  if (to === undefined || at === undefined) return 'version';
  if (!/^\d{1,15}$/.test(at)) return 'malformed';
  if (to !== self) return 'wrong-region';
  const question = { from, to, atMs: Number(at), nonce, news: request.header('x-region-news').length > 0 };
  return keyringOf(from)?.verify(signed(question), code) === true ? question : 'bad-signature';
}

/** The signed text. Two different questions never have the same text. */
function signed({ from, to, atMs, nonce, news }: RegionQuestion): string {
  return JSON.stringify([from, to, atMs, nonce, news]);
}

function only(request: RequestView, name: string): string | undefined {
  const values = request.header(name);
  return values.length === 1 ? values[0] : undefined;
}
