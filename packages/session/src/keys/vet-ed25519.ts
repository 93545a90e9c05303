import type { KeyObject } from 'node:crypto';
import type { KeySetReason } from './key-set-error.ts';

const P = 2n ** 255n - 19n;
/** One of the two points of order eight has this y. The other has its negative. */
const Y_OF_ORDER_8 = 0x7a03ac9277fdc74ec6cc392cfa53202a0f67100d760b3cba4fd84d3d706a17c7n;
const SMALL_ORDER: ReadonlySet<bigint> = new Set([0n, 1n, P - 1n, Y_OF_ORDER_8, P - Y_OF_ORDER_8]);

/**
 * Why an Ed25519 public key must not be used
 * ([RFC 8725 section 3.4](https://www.rfc-editor.org/rfc/rfc8725#section-3.4)); undefined if it may. Points of order
 * one to eight have few multiples, so a signature that no key made can verify for many or all messages.
 * [RFC 8032 section 5.1.7](https://www.rfc-editor.org/rfc/rfc8032#section-5.1.7) does not check this.
 */
export function vetEd25519(key: KeyObject): KeySetReason | undefined {
  const littleEndian = Buffer.from(key.export({ format: 'jwk' }).x ?? '', 'base64url');
  const y = BigInt(`0x${littleEndian.reverse().toString('hex')}`) & (2n ** 255n - 1n);
  return SMALL_ORDER.has(y % P) ? 'small-order' : undefined;
}
