import { createHash } from 'node:crypto';
import { type Epoch, isLive, type Live } from '@regionkit/core';
import { createKeyring, createRecentCache, type Secrets } from '@regionkit/core/kit';

/**
 * The content of a token. It contains hashes of names. This process compares them with hashes of the names it knows.
 */
export interface TokenClaims {
  /** `write`: the client wrote this. `seen`: the client read this. */
  readonly kind: 'write' | 'seen';
  readonly systemHash: string;
  readonly timeline: number;
  readonly ownerHash: string;
  /** Identifies the running server, as `Epoch.server`. Undefined if it was not known. */
  readonly server: string | undefined;
  readonly lsn: bigint;
  readonly issuedAtMs: number;
  /** Signed in this environment, and not in another one with the same secret. */
  readonly isHome: boolean;
}

/** Signs positions and reads them back. */
export interface TokenCodec {
  encode(kind: TokenClaims['kind'], epoch: Epoch, lsn: bigint, issuedAtMs: number): string;
  /** Undefined for a token that no secret verifies. Never throws. */
  decode(token: string): TokenClaims | undefined;
  /** Whether a token that no secret verifies says that another environment signed it. It is not signed, so every sender can write that. */
  saysElsewhere(token: string): boolean;
  /** The hashes that stand for a database and an owner in a token. */
  systemHash(system: string): string;
  ownerHash(owner: string): string;
  /** A fingerprint of each secret, to compare secrets between regions. */
  fingerprints(): readonly string[];
  /** Asks the source for newer secrets, if it can be asked. */
  refresh(): Promise<void>;
}

/**
 * The name of an owner of which only the hash is known. Signing it again gives the same hash, because another hash
 * would look like a second primary.
 */
export const nameOfHash = (ownerHash: string): string => `#${ownerHash}`;

const VERSION = 'v1';
const CODE_LENGTH = 22;
/** Less than 3 MB. With more clients at the same time, the busiest ones are remembered. */
const MAX_VERIFIED = 10_000;
const BYTES = { kind: 1, system: 6, timeline: 4, owner: 4, lsn: 8, issuedAt: 6, server: 12, environment: 4 } as const;
const PAYLOAD_BYTES = Object.values(BYTES).reduce((sum, bytes) => sum + bytes, 0);
const NO_SERVER = Buffer.alloc(BYTES.server).toString('base64url');
const OF_HASH = new RegExp(`^#[0-9a-f]{${BYTES.owner * 2}}$`);
const PAYLOAD_LENGTH = Math.ceil((PAYLOAD_BYTES * 4) / 3);
/** 87 characters. A token may have 96. */
const TOKEN_LENGTH = VERSION.length + 1 + PAYLOAD_LENGTH + 1 + CODE_LENGTH;
const CODE_AT = TOKEN_LENGTH - CODE_LENGTH;

/** Distinguishes one environment from a copy of it that has the same secret and a copy of the database. */
export interface TokenHome {
  /** `token.environment`. The keys are derived with it: a token of another environment does not verify. */
  readonly environment?: string | undefined;
  /** The regions and hosts. Where there is no name a token says them, so that one of elsewhere fences nothing. */
  readonly place?: string;
}

/**
 * `v1.<payload>.<HMAC-SHA-256, 132 bits>`: 87 characters of a cookie value
 * ([RFC 6265 section 4.1.1](https://www.rfc-editor.org/rfc/rfc6265#section-4.1.1)).
 *
 * @throws {TypeError | RangeError} A secret is missing or too short.
 */
export function createTokenCodec(
  secrets: Secrets | Live<Secrets>,
  { environment, place = '' }: TokenHome = {},
): TokenCodec {
  const keyring = createKeyring({
    option: 'createRegionRouter: token.secret',
    secrets,
    purpose: environment === undefined ? 'db-router token' : `db-router token in ${environment}`,
    length: CODE_LENGTH,
  });
  // A client sends its token with every request until it writes again. Remember a verified token while the secrets
  // stay.
  const verified = createRecentCache<TokenClaims>(MAX_VERIFIED);
  let verifiedUnder: unknown = isLive(secrets) ? secrets.current : secrets;
  /** If the source cannot be read, the secrets stay unchanged, as in the keyring. */
  const current = (): unknown => {
    try {
      return isLive(secrets) ? secrets.current : secrets;
    } catch {
      return verifiedUnder;
    }
  };
  const systemHash = createNames(BYTES.system);
  const hashOf = createNames(BYTES.owner);
  const home = createNames(BYTES.environment)(environment === undefined ? place : `environment ${environment}`);
  const ownerHash = (owner: string): string => (OF_HASH.test(owner) ? owner.slice(1) : hashOf(owner));
  return {
    systemHash,
    ownerHash,
    encode: (kind, epoch, lsn, issuedAtMs) => {
      const payload = Buffer.alloc(PAYLOAD_BYTES);
      let at = payload.writeUInt8(kind === 'write' ? 1 : 2, 0);
      at += payload.write(systemHash(epoch.system), at, 'hex');
      at = payload.writeUInt32BE(epoch.timeline, at);
      at += payload.write(ownerHash(epoch.owner), at, 'hex');
      at = payload.writeBigUInt64BE(lsn, at);
      at = payload.writeUIntBE(issuedAtMs, at, BYTES.issuedAt);
      if (epoch.server !== undefined) payload.write(epoch.server, at, BYTES.server, 'base64url');
      at += BYTES.server;
      payload.write(home, at, 'hex');
      const signed = `${VERSION}.${payload.toString('base64url')}`;
      return `${signed}.${keyring.sign(signed)}`;
    },
    decode: (token) => {
      if (current() !== verifiedUnder) {
        verifiedUnder = current();
        verified.sweep(() => false);
      }
      const known = verified.get(token);
      if (known !== undefined) return known;
      if (!isLaidOut(token) || !keyring.verify(token.slice(0, CODE_AT - 1), token.slice(CODE_AT))) return undefined;
      const claims = readPayload(token, home);
      if (claims === undefined) return undefined;
      // Make a copy: a token that is a slice of a field would keep the whole field in memory.
      verified.set(Buffer.from(token, 'latin1').toString('latin1'), claims);
      return claims;
    },
    saysElsewhere: (token) => isLaidOut(token) && readPayload(token, home)?.isHome === false,
    fingerprints: keyring.fingerprints,
    refresh: () => keyring.refresh(),
  };
}

function isLaidOut(token: string): boolean {
  return (
    typeof token === 'string' &&
    token.length === TOKEN_LENGTH &&
    token.startsWith(`${VERSION}.`) &&
    token[CODE_AT - 1] === '.'
  );
}

function readPayload(token: string, home: string): TokenClaims | undefined {
  const payload = Buffer.from(token.slice(VERSION.length + 1, CODE_AT - 1), 'base64url');
  if (payload.length !== PAYLOAD_BYTES) return undefined;
  const kind = payload[0] === 1 ? 'write' : payload[0] === 2 ? 'seen' : undefined;
  if (kind === undefined) return undefined;
  const timelineAt = BYTES.kind + BYTES.system;
  const ownerAt = timelineAt + BYTES.timeline;
  const lsnAt = ownerAt + BYTES.owner;
  const issuedAt = lsnAt + BYTES.lsn;
  const serverAt = issuedAt + BYTES.issuedAt;
  const homeAt = serverAt + BYTES.server;
  const server = payload.toString('base64url', serverAt, homeAt);
  return {
    kind,
    systemHash: payload.toString('hex', BYTES.kind, timelineAt),
    timeline: payload.readUInt32BE(timelineAt),
    ownerHash: payload.toString('hex', ownerAt, lsnAt),
    server: server === NO_SERVER ? undefined : server,
    lsn: payload.readBigUInt64BE(lsnAt),
    issuedAtMs: payload.readUIntBE(issuedAt, BYTES.issuedAt),
    isHome: payload.toString('hex', homeAt) === home,
  };
}

/** Short hex hashes of names, as tokens contain them. There are few names, so each is hashed once. */
function createNames(bytes: number): (name: string) => string {
  const known = new Map<string, string>();
  return (name) => {
    let hash = known.get(name);
    if (hash === undefined) {
      hash = createHash('sha256')
        .update(name)
        .digest('hex')
        .slice(0, bytes * 2);
      if (known.size < 1_024) known.set(name, hash);
    }
    return hash;
  };
}
