import { createHmac, createSecretKey, type KeyObject, timingSafeEqual } from 'node:crypto';
import { isLive, type Live } from '../live.ts';

/** The secrets of an option: the first signs, all verify. Distribute a new secret before it signs. */
export type Secrets = string | readonly string[];

/**
 * Signs and verifies with HMAC-SHA-256 ([RFC 2104](https://www.rfc-editor.org/rfc/rfc2104)). The keys are derived for
 * one purpose.
 */
export interface Keyring {
  /** Returns the code of `data` in base64url: 43 characters, or the first `length` of them. */
  sign(data: string): string;
  /** Verifies in constant time for each key. False for anything that is not a code of `data`. */
  verify(data: string, code: string): boolean;
  /**
   * Returns one fingerprint for each secret. It is the same in every process with that secret, and it does not reveal
   * the secret.
   */
  fingerprints(): readonly string[];
  /** Asks the source of the secrets for newer ones, if it can be asked. */
  refresh(): Promise<void>;
}

export interface KeyringOptions {
  /** The name of the option that the secrets come from, for error messages: `createWriteGate: forward.secret`. */
  readonly option: string;
  readonly secrets: Secrets | Live<Secrets>;
  /**
   * What the codes are for. A secret gives different keys for different purposes, so a code of one is invalid for
   * another.
   */
  readonly purpose: string;
  /** Length of a code in characters; 22 carry 132 bits. @default 43 */
  readonly length?: number;
}

const MIN_SECRET_BYTES = 32;

/**
 * @throws {TypeError | RangeError} There is no secret, or one is shorter than 32 bytes. A live value that turns bad
 * later leaves the keys unchanged.
 */
export function createKeyring(options: KeyringOptions): Keyring {
  const { option, purpose, length = 43 } = options;
  const given: Live<Secrets> | undefined = isLive(options.secrets) ? options.secrets : undefined;
  let source: Secrets = given === undefined ? (options.secrets as Secrets) : given.current;
  let keys = derive(option, source, purpose);

  const current = (): readonly KeyObject[] => {
    if (given === undefined) return keys;
    try {
      if (given.current === source) return keys;
      source = given.current;
      keys = derive(option, source, purpose);
    } catch {
      // The last good keys stay in use: a bad rotation or an unreadable source must not invalidate every code.
    }
    return keys;
  };
  const code = (key: KeyObject, data: string): string =>
    createHmac('sha256', key).update(data).digest('base64url').slice(0, length);

  return {
    sign: (data) => code(current()[0] as KeyObject, data),
    verify: (data, given) => {
      if (given.length !== length) return false;
      // In UTF-8 only ASCII keeps the length. Latin1 would map other characters onto those of the code.
      const bytes = Buffer.from(given);
      if (bytes.length !== length) return false;
      return current().some((key) => timingSafeEqual(Buffer.from(code(key, data)), bytes));
    },
    fingerprints: () =>
      current().map((key) => createHmac('sha256', key).update('fingerprint').digest('base64url').slice(0, 11)),
    refresh: async () => {
      await given?.refresh?.({ reason: `${option} did not verify` });
    },
  };
}

function derive(option: string, secrets: Secrets, purpose: string): readonly KeyObject[] {
  const list = typeof secrets === 'string' ? [secrets] : secrets;
  if (!Array.isArray(list) || list.length === 0) throw new TypeError(`${option} must be a secret or a list of secrets`);
  return list.map((secret) => {
    if (typeof secret !== 'string') throw new TypeError(`${option} must be a secret or a list of secrets`);
    if (Buffer.byteLength(secret) < MIN_SECRET_BYTES) {
      throw new RangeError(
        `${option} must be at least ${MIN_SECRET_BYTES} bytes long; got ${Buffer.byteLength(secret)}`,
      );
    }
    return createSecretKey(createHmac('sha256', secret).update(`regionkit ${purpose}`).digest());
  });
}

/** Compares two strings in constant time, independent of their contents. */
export function equalInConstantTime(left: string, right: string): boolean {
  const key = 'regionkit compare';
  return timingSafeEqual(
    createHmac('sha256', key).update(left).digest(),
    createHmac('sha256', key).update(right).digest(),
  );
}
