import { hkdfSync } from 'node:crypto';
import { isLive, type Live } from '@regionkit/core';
import type { Secrets } from '@regionkit/core/kit';

/** What a part signs with its secret: the documents of health, the positions of clients, the marks of forwarded requests. */
export type SecretUse = 'peers' | 'token' | 'forward';

/** They never change: a new label makes what was signed before invalid. */
const LABELS: Readonly<Record<SecretUse, string>> = {
  peers: 'regionkit health peers v1',
  token: 'regionkit router token v1',
  forward: 'regionkit gate forward v1',
};
const KEY_BYTES = 32;
const MIN_SECRET_BYTES = 32;
const HOW = '`openssl rand -base64 32` makes one, the same for every region';

/**
 * Derives the secret of one part from the secret of the kit, with HKDF-SHA256
 * ([RFC 5869](https://www.rfc-editor.org/rfc/rfc5869)): a part never holds what the other parts sign with. Use it for a
 * part that is wired by hand in another process, beside processes with a kit.
 *
 * @example
 * ```ts
 * const token = { secret: deriveSecret(process.env.REGION_SECRET ?? '', 'token') };
 * ```
 *
 * @throws {TypeError | RangeError} The secret is not set, or it is shorter than 32 bytes.
 */
export function deriveSecret(secret: string, use: SecretUse): string {
  return derive('deriveSecret: secret', secret, use) as string;
}

/** @param label what the secret is called in an error */
export function secretFor(
  label: string,
  given: Secrets | Live<Secrets> | undefined,
  use: SecretUse,
): Secrets | Live<Secrets> {
  return isLive<Secrets | undefined>(given) ? deriveLive(label, given, use) : derive(label, given, use);
}

function derive(label: string, given: Secrets | undefined, use: SecretUse): Secrets {
  if (given === undefined || given === '') throw new TypeError(`${label} must be set; it is not set. ${HOW}`);
  if (Array.isArray(given) && given.length > 0) return given.map((each) => deriveOne(label, each, use));
  return deriveOne(label, given, use);
}

function deriveOne(label: string, secret: unknown, use: SecretUse): string {
  if (typeof secret !== 'string') throw new TypeError(`${label} must be a secret or a list of secrets. ${HOW}`);
  const bytes = Buffer.byteLength(secret);
  if (bytes < MIN_SECRET_BYTES) {
    throw new RangeError(`${label} must be at least ${MIN_SECRET_BYTES} bytes long; got ${bytes}. ${HOW}`);
  }
  return Buffer.from(hkdfSync('sha256', secret, '', LABELS[use], KEY_BYTES)).toString('base64url');
}

/** A rotation of the secret rotates what is derived from it. A keyring keeps its keys while a new value is malformed. */
function deriveLive(label: string, given: Live<Secrets | undefined>, use: SecretUse): Live<Secrets> {
  let source: Secrets | undefined;
  let derived: Secrets | undefined;
  const of = (current: Secrets | undefined): Secrets => {
    if (derived === undefined || current !== source) {
      derived = derive(label, current, use);
      source = current;
    }
    return derived;
  };
  of(given.current);
  const { refresh } = given;
  return Object.defineProperties({} as Live<Secrets>, {
    // Not enumerable: what prints or copies the options of a part shows no secret.
    current: { get: () => of(given.current) },
    stale: { get: () => given.stale },
    subscribe: { value: (listener: (value: Secrets) => void) => given.subscribe((value) => listener(of(value))) },
    ...(refresh !== undefined && { refresh: { value: refresh.bind(given) } }),
  });
}
