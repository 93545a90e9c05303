import { createHmac, createSecretKey, type KeyObject, timingSafeEqual } from 'node:crypto';
import { isLive, type Live } from '../live.ts';

/** Secrets of an option: the first signs, all verify. A new one is distributed before it signs. */
export type Secrets = string | readonly string[];

/** Signs and verifies with HMAC-SHA-256 under keys derived for one purpose. */
export interface Keyring {
  /** The code of `data`, base64url: 43 characters, or the first `length` of them. */
  sign(data: string): string;
  /** In constant time for each key; false for anything that is not a code of `data`. */
  verify(data: string, code: string): boolean;
  /** One for each secret, the same in every process that has it, and of no use to whoever reads it. */
  fingerprints(): readonly string[];
  /** Asks the source of the secrets for newer ones, if it has one to ask. */
  refresh(): Promise<void>;
}

export interface KeyringOptions {
  /** The name of the option the secrets came from, for its errors: `createWriteGate: forward.secret`. */
  readonly option: string;
  readonly secrets: Secrets | Live<Secrets>;
  /** What the codes are for. The same secret gives other keys for another purpose, so no code serves two. */
  readonly purpose: string;
  /** Characters of a code; 22 carry 132 bits. @default 43 */
  readonly length?: number;
}

const MIN_SECRET_BYTES = 32;

/**
 * @throws {TypeError | RangeError} There is no secret, or one is shorter than 32 bytes. A live value that turns bad
 * later leaves the keys as they were.
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
      // The last good keys stay: a bad rotation, or a source that cannot be read, must not sign everybody out.
    }
    return keys;
  };
  const code = (key: KeyObject, data: string): string =>
    createHmac('sha256', key).update(data).digest('base64url').slice(0, length);

  return {
    sign: (data) => code(current()[0] as KeyObject, data),
    verify: (data, given) => {
      if (given.length !== length) return false;
      // In UTF-8 only ASCII keeps the length: latin1 would fold other characters onto those of the code.
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

/** Whether two strings are equal, in a time that depends on neither. */
export function equalInConstantTime(left: string, right: string): boolean {
  const key = 'regionkit compare';
  return timingSafeEqual(
    createHmac('sha256', key).update(left).digest(),
    createHmac('sha256', key).update(right).digest(),
  );
}
