import type { Keyring } from '@regionkit/core/kit';

/**
 * What a region answers to a question that is too old or too young by its clock: its own time, signed for that question.
 * The region that asks counts by that time from then on, so a clock that is wrong parts no regions.
 */
export function sealTime(wallMs: number, nonce: string, keyring: Keyring): string {
  const digits = String(Math.round(wallMs));
  return `${digits} ${keyring.sign(signed(digits, nonce))}`;
}

/** The time that {@link sealTime} wrote for this nonce; undefined if it was not signed under a secret of ours. */
export function unsealTime(body: string, nonce: string, keyring: Keyring): number | undefined {
  const [digits = '', code = ''] = body.split(' ');
  return /^\d{1,15}$/.test(digits) && keyring.verify(signed(digits, nonce), code) ? Number(digits) : undefined;
}

function signed(digits: string, nonce: string): string {
  return `time ${digits} ${nonce}`;
}
