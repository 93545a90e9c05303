import type { Keyring } from '@regionkit/core/kit';

/**
 * The answer to a question that is too old or too young by our clock: our own time, signed for that question. The
 * asking region uses this time from then on, so a wrong clock does not separate regions.
 */
export function sealTime(wallMs: number, nonce: string, keyring: Keyring): string {
  const digits = String(Math.round(wallMs));
  return `${digits} ${keyring.sign(signed(digits, nonce))}`;
}

/** Reads the time that {@link sealTime} wrote for this nonce. Undefined if it is not signed with a secret of ours. */
export function unsealTime(body: string, nonce: string, keyring: Keyring): number | undefined {
  const [digits = '', code = ''] = body.split(' ');
  return /^\d{1,15}$/.test(digits) && keyring.verify(signed(digits, nonce), code) ? Number(digits) : undefined;
}

function signed(digits: string, nonce: string): string {
  return `time ${digits} ${nonce}`;
}
