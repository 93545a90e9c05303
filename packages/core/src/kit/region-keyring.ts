import { createHash, createPrivateKey, createPublicKey, diffieHellman, type KeyObject } from 'node:crypto';
import { isLive, type Live } from '../live.ts';
import { createKeyring, type Keyring, type Secrets } from './keyring.ts';

/**
 * A key pair for each region, instead of one secret for all. The code between two regions is made from a secret that
 * only their two pairs share, so a region can sign only as itself. To exclude a region whose key was stolen, remove its
 * public key everywhere else.
 *
 * Keys are X25519 ([RFC 7748](https://www.rfc-editor.org/rfc/rfc7748)) in PEM
 * ([RFC 7468](https://www.rfc-editor.org/rfc/rfc7468)): `openssl genpkey -algorithm x25519`, then `openssl pkey
 * -pubout`.
 */
export interface RegionKeys {
  /** The private key of this region. Of a list, the first signs and all verify. */
  readonly privateKey: string | readonly string[];
  /**
   * The public keys of the other regions by region name. Nothing is accepted from a region without a key here, and
   * nothing is sent to it.
   */
  readonly publicKeys: Readonly<Record<string, string | readonly string[]>>;
}

/** What signs messages between regions: one secret that all regions hold, or a key pair for each region. */
export type RegionSecrets = Secrets | RegionKeys;

/** The keys between this region and each other region. */
export interface RegionKeyring {
  /**
   * Returns the keys for one region. Undefined if it has no key here. With one common secret, always that. The keys for the own
   * region are known to its processes alone.
   */
  between(peer: string): Keyring | undefined;
  /** Asks the source of the secrets for newer ones, if it can be asked. */
  refresh(): Promise<void>;
}

/** @throws {TypeError | RangeError} A secret or a key is malformed. A live value that turns bad later is ignored. */
export function createRegionKeyring({
  option,
  secrets,
  self,
  purpose,
}: {
  readonly option: string;
  readonly secrets: RegionSecrets | Live<RegionSecrets>;
  readonly self: string;
  readonly purpose: string;
}): RegionKeyring {
  const build = (source: RegionSecrets): RegionKeyring['between'] => {
    if (!isRegionKeys(source)) {
      const shared = createKeyring({ option, secrets: source, purpose });
      return () => shared;
    }
    const keyrings = new Map<string, Keyring>();
    for (const [peer, pair] of pairs(option, source, self)) {
      keyrings.set(peer, createKeyring({ option, secrets: pair, purpose }));
    }
    return (peer) => keyrings.get(peer);
  };
  const given = isLive<RegionSecrets>(secrets) ? secrets : undefined;
  let source = given === undefined ? (secrets as RegionSecrets) : given.current;
  let between = build(source);
  return {
    between: (peer) => {
      if (given === undefined) return between(peer);
      try {
        const { current } = given;
        if (current !== source) {
          source = current;
          between = build(current);
        }
      } catch {
        // The last good keys stay in use: a bad rotation or an unreadable source must not disconnect the regions.
      }
      return between(peer);
    },
    refresh: async () => {
      await given?.refresh?.({ reason: `${option} did not verify` });
    },
  };
}

function isRegionKeys(given: RegionSecrets): given is RegionKeys {
  return typeof given === 'object' && given !== null && 'privateKey' in given;
}

/**
 * Derives the shared secret of every pair of keys, for each other region. The region names are part of it, so a signature
 * for one pair of regions is invalid for every other pair.
 */
function pairs(option: string, keys: RegionKeys, self: string): ReadonlyMap<string, readonly string[]> {
  const own = listOf(`${option}.privateKey`, keys.privateKey).map((pem) =>
    parse(`${option}.privateKey`, () => createPrivateKey(pem)),
  );
  if (typeof keys.publicKeys !== 'object' || keys.publicKeys === null) {
    throw new TypeError(`${option}.publicKeys must be an object of keys by region`);
  }
  const found = new Map<string, readonly string[]>();
  // The shared secret of a key with its own public key: it cannot be derived without the private key.
  found.set(
    self,
    own.map((privateKey) => secretOf(self, self, privateKey, createPublicKey(privateKey))),
  );
  for (const [peer, given] of Object.entries(keys.publicKeys)) {
    if (peer === self) continue;
    const publicKeys = listOf(`${option}.publicKeys.${peer}`, given).map((pem) =>
      parse(`${option}.publicKeys.${peer}`, () => createPublicKey(pem)),
    );
    const secrets = own.flatMap((privateKey) =>
      publicKeys.map((publicKey) => {
        // A key of low order has no shared secret with any other key, so this throws.
        return parse(`${option}.publicKeys.${peer}`, () => secretOf(self, peer, privateKey, publicKey));
      }),
    );
    found.set(peer, secrets);
  }
  return found;
}

function secretOf(self: string, peer: string, privateKey: KeyObject, publicKey: KeyObject): string {
  const common = diffieHellman({ privateKey, publicKey });
  const names = [self, peer].sort().join(' ');
  return createHash('sha256').update(`regionkit pair ${names}\n`).update(common).digest('base64url');
}

function listOf(option: string, given: unknown): readonly string[] {
  const list: readonly unknown[] = Array.isArray(given) ? given : [given];
  if (list.length === 0 || !list.every((each) => typeof each === 'string')) {
    throw new TypeError(`${option} must be a key in PEM or a list of them`);
  }
  return list as readonly string[];
}

/** A message of OpenSSL may contain parts of the key. */
function parse<T extends KeyObject | string>(option: string, make: () => T): T {
  try {
    const made = make();
    if (typeof made === 'string' || made.asymmetricKeyType === 'x25519') return made;
  } catch {
    // The error below reports it.
  }
  throw new RangeError(`${option} must be an X25519 key in PEM`);
}
