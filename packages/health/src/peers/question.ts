import type { RequestView } from '@regionkit/core';
import type { Keyring, RegionKeyring } from '@regionkit/core/kit';

/** What one region asks another: signed, because the answer tells of the database and its nodes. */
export interface RegionQuestion {
  readonly from: string;
  /** Signed back in the answer, so that no answer fits another question. */
  readonly nonce: string;
  /** The region that asks has something to tell: ask it too. */
  readonly news: boolean;
}

/** A nonce as a poller makes it: 16 to 64 characters of base64url. */
export function isNonce(given: string | undefined): given is string {
  return given !== undefined && /^[A-Za-z0-9_-]{16,64}$/.test(given);
}

/**
 * The fields of a question. It does not name the region that is asked: one that is asked by mistake answers under its own
 * name, and the mistake is known.
 */
export function sealQuestion(question: RegionQuestion, keyring: Keyring): Readonly<Record<string, string>> {
  const { from, nonce, news } = question;
  return {
    'x-region-nonce': nonce,
    'x-region-from': from,
    ...(news && { 'x-region-news': '1' }),
    'x-region-code': keyring.sign(signed(question)),
  };
}

/** What {@link sealQuestion} wrote. `bad-signature`: it was not signed under a secret of ours. */
export function unsealQuestion(
  request: RequestView,
  keyringOf: RegionKeyring['between'],
): RegionQuestion | 'malformed' | 'bad-signature' {
  const nonce = only(request, 'x-region-nonce');
  const from = only(request, 'x-region-from');
  const code = only(request, 'x-region-code');
  if (!isNonce(nonce)) return 'malformed';
  if (from === undefined || code === undefined) return 'bad-signature';
  const question = { from, nonce, news: request.header('x-region-news').length > 0 };
  return keyringOf(from)?.verify(signed(question), code) === true ? question : 'bad-signature';
}

/** One text for one question: no two can be read as each other. */
function signed({ from, nonce, news }: RegionQuestion): string {
  return JSON.stringify([from, nonce, news]);
}

function only(request: RequestView, name: string): string | undefined {
  const values = request.header(name);
  return values.length === 1 ? values[0] : undefined;
}
