import type { Position } from './entries.ts';

const PAYLOAD_BYTES = 45;

/**
 * What a token says, read without its secret and without the code that wrote it: the proof takes the client's side.
 * Undefined for anything that is not laid out as one.
 */
export function readToken(token: string): Position | undefined {
  const [version, body, ...rest] = token.trim().split('.');
  if (version !== 'v1' || body === undefined || rest.length !== 1) return undefined;
  const payload = Buffer.from(body, 'base64url');
  if (payload.length !== PAYLOAD_BYTES || (payload[0] !== 1 && payload[0] !== 2)) return undefined;
  return {
    kind: payload[0] === 1 ? 'write' : 'seen',
    timeline: payload.readUInt32BE(7),
    owner: payload.toString('hex', 11, 15),
    lsn: payload.readBigUInt64BE(15).toString(),
  };
}

/** `0/3000148` in decimal. */
export function lsnToDecimal(lsn: string): string {
  const [high, low] = lsn.split('/');
  return ((BigInt(`0x${high}`) << 32n) | BigInt(`0x${low}`)).toString();
}

/** What a write has when its position could not be learnt: it is beyond every fork and proves nothing. */
export const UNKNOWN_LSN = (2n ** 64n - 1n).toString();
