import type { RequestView } from '@regionkit/core';
import type { Keyring, RegionKeyring } from '@regionkit/core/kit';

/** What one region asks another: signed, because the answer tells of the database and its nodes. */
export interface RegionQuestion {
  readonly from: string;
  /** The region that is asked. No other one answers it. */
  readonly to: string;
  /** When it was asked, by the wall clock of `to`, as far as `from` knows that. */
  readonly atMs: number;
  /** Signed back in the answer, so that no answer fits another question. Used once. */
  readonly nonce: string;
  /** The region that asks has something to tell: ask it too. */
  readonly news: boolean;
}

/** Why a question is refused: a closed set. The region that asks learns it from {@link REFUSED_FIELD}. */
export type QuestionRefusal = 'malformed' | 'version' | 'bad-signature' | 'wrong-region' | 'clock-skew' | 'replayed';

/** The field of a refusal that names the {@link QuestionRefusal}. */
export const REFUSED_FIELD = 'x-region-refused';

/** A nonce as a poller makes it: 16 to 64 characters of base64url. */
export function isNonce(given: string | undefined): given is string {
  return given !== undefined && /^[A-Za-z0-9_-]{16,64}$/.test(given);
}

/** The fields of a question. */
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
 * What {@link sealQuestion} wrote for `self`. Its age and its nonce are still to be judged.
 *
 * `version`: it has no addressee or no time, as before there were any. `bad-signature`: it was not signed under a secret
 * of ours. `wrong-region`: it is for another region. That is said before the signature is checked, because with a key pair
 * for each region a question for another one cannot be verified here, and the answer tells nothing else.
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

/** One text for one question: no two can be read as each other. */
function signed({ from, to, atMs, nonce, news }: RegionQuestion): string {
  return JSON.stringify([from, to, atMs, nonce, news]);
}

function only(request: RequestView, name: string): string | undefined {
  const values = request.header(name);
  return values.length === 1 ? values[0] : undefined;
}
