import type { Keyring } from '@regionkit/core/kit';

/**
 * What a region answers to a question that is too old or too young by its clock: its own time, signed for that question.
 * The region that asks counts by that time from then on, so a clock that is wrong parts no regions.
 */
export function sealTime(wallMs: number, nonce: string, keyring: Keyring): string {
  const payload = `time ${Math.round(wallMs)} ${nonce}`;
  return `${payload} ${keyring.sign(payload)}`;
}

/** The time that {@link sealTime} wrote for this nonce; undefined if it was not signed under a secret of ours. */
export function unsealTime(body: string, nonce: string, keyring: Keyring): number | undefined {
  const [, payload, digits, code] = /^(time (\d{1,15}) [A-Za-z0-9_-]+) ([A-Za-z0-9_-]+)$/.exec(body) ?? [];
  if (payload === undefined || digits === undefined || code === undefined) return undefined;
  if (payload !== `time ${digits} ${nonce}` || !keyring.verify(payload, code)) return undefined;
  return Number(digits);
}
