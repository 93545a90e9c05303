import { createHash, createPrivateKey, createPublicKey, diffieHellman, type KeyObject } from 'node:crypto';
import { isLive, type Live } from '../live.ts';
import { createKeyring, type Keyring, type Secrets } from './keyring.ts';

/**
 * A key pair for each region in place of one secret for all. Between two regions a code is made with what their two pairs
 * have in common, so a region can speak in its own name alone: one that was stolen is shut out by leaving its public key
 * out everywhere else.
 *
 * Keys are X25519 in PEM: `openssl genpkey -algorithm x25519`, and `openssl pkey -pubout` of that.
 */
export interface RegionKeys {
  /** This region's own. The first of a list signs, all verify. */
  readonly privateKey: string | readonly string[];
  /** Those of the others, by name of the region. Nothing is believed of a region that is not here, nor told to it. */
  readonly publicKeys: Readonly<Record<string, string | readonly string[]>>;
}

/** What the words between regions are signed with: a secret that all of them hold, or a key pair for each. */
export type RegionSecrets = Secrets | RegionKeys;

/** The keys between this region and each of the others. */
export interface RegionKeyring {
  /** Undefined for a region that has no key here. Where all hold one secret, that. */
  between(peer: string): Keyring | undefined;
  /** Asks the source of the secrets for newer ones, if it has one to ask. */
  refresh(): Promise<void>;
}

/** @throws {TypeError | RangeError} a secret or a key is not what it must be; a live value that turns bad later is ignored */
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
        // The last good keys stay: a bad rotation, or a source that cannot be read, must not part the regions.
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

/** For each other region what every pair of keys has in common. The names are part of it: no code serves two pairs. */
function pairs(option: string, keys: RegionKeys, self: string): ReadonlyMap<string, readonly string[]> {
  const own = listOf(`${option}.privateKey`, keys.privateKey).map((pem) =>
    parse(`${option}.privateKey`, () => createPrivateKey(pem)),
  );
  if (typeof keys.publicKeys !== 'object' || keys.publicKeys === null) {
    throw new TypeError(`${option}.publicKeys must be an object of keys by region`);
  }
  const found = new Map<string, readonly string[]>();
  for (const [peer, given] of Object.entries(keys.publicKeys)) {
    if (peer === self) continue;
    const publicKeys = listOf(`${option}.publicKeys.${peer}`, given).map((pem) =>
      parse(`${option}.publicKeys.${peer}`, () => createPublicKey(pem)),
    );
    const names = [self, peer].sort().join(' ');
    const secrets = own.flatMap((privateKey) =>
      publicKeys.map((publicKey) => {
        // A key of low order has nothing in common with any other, and throws.
        const common = parse(`${option}.publicKeys.${peer}`, () => diffieHellman({ privateKey, publicKey }));
        return createHash('sha256').update(`regionkit pair ${names}\n`).update(common).digest('base64url');
      }),
    );
    found.set(peer, secrets);
  }
  return found;
}

function listOf(option: string, given: unknown): readonly string[] {
  const list: readonly unknown[] = Array.isArray(given) ? given : [given];
  if (list.length === 0 || !list.every((each) => typeof each === 'string')) {
    throw new TypeError(`${option} must be a key in PEM or a list of them`);
  }
  return list as readonly string[];
}

/** What OpenSSL says of a key may show some of it. */
function parse<T extends KeyObject | Buffer>(option: string, make: () => T): T {
  try {
    const made = make();
    if (Buffer.isBuffer(made) || made.asymmetricKeyType === 'x25519') return made;
  } catch {
    // Said below.
  }
  throw new RangeError(`${option} must be an X25519 key in PEM`);
}
