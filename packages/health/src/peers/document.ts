import type { DatabaseReport, Epoch, EpochVoid, Fork, Verdict, Vouch, WritePause } from '@regionkit/core';
import { isSystem, isTimeline, type Keyring, readEpoch } from '@regionkit/core/kit';
import type { Relative } from '../verdict/guard.ts';

/**
 * What one process says of its own region. Everything in it but `database.highest` that process measured itself.
 *
 * On the wire, as JSON: `v` (1), `region`, `nonce`, `process`, `accept`, `reads`, `writes`, `relative`, `database`. In
 * `database`: `role`, `epoch`, `position`, `forks`, `highest`, `measured`, `measuredEpoch`, `acceptedForMs`, and to a process of the own region
 * `vouches` (`primary`, `written`), and `pause` (`id`, `epoch`, `leftMs`, `underWay`) of a pause of the writes, and `voids` (each `id`, `epochs`). An epoch is `system`,
 * `timeline`, `owner`, and `server`, which says whether two owners are one server. `process`, `measuredEpoch`, `acceptedForMs` and
 * `server`, and `secrets` beside `database`, may be missing; what is there is checked, for a region that holds the secret may still lie.
 */
export interface RegionDocument {
  readonly region: string;
  /**
   * The process that reports: a random name from its start. A region with several processes counts as the best of them.
   */
  readonly process?: string;
  readonly accept: 'yes' | 'draining' | 'no';
  readonly reads: Verdict;
  readonly writes: Verdict;
  readonly relative: Relative;
  readonly database?: DatabaseReport;
  /** Fingerprints of its secrets, by use. They are only compared, so a lie causes a warning and nothing else. */
  readonly secrets?: SecretMarks;
}

/** `token` and `forward`: eleven characters for each secret that verifies. */
export type SecretMarks = Readonly<Record<string, readonly string[]>>;

/** Why an answer is not a document. The set is closed. */
export type Malformed = 'malformed' | 'bad-signature' | 'wrong-nonce';

const MAX_FORKS = 64;
/** So many voids in a document, and so many epochs in a void. */
const MAX_VOIDS = 4;
const MAX_VOID_EPOCHS = 4;
const MAX_LSN = 2n ** 64n - 1n;
const MAX_ACCEPTED_MS = 2 ** 45;
const MARK = /^[A-Za-z0-9_-]{11}$/;
const IDENTITY = /^[A-Za-z0-9_-]{16,64}$/;

/** `<JSON in base64url>.<HMAC of it>`. The nonce is in the signed part, so an answer fits only one question. */
export function seal(document: RegionDocument, nonce: string, keyring: Keyring): string {
  const { region, process, accept, reads, writes, relative, database, secrets } = document;
  const payload = Buffer.from(
    JSON.stringify({
      v: 1,
      region,
      nonce,
      ...(process !== undefined && { process }),
      accept,
      reads,
      writes,
      relative,
      ...(database !== undefined && { database: encodeDatabase(database) }),
      ...(secrets !== undefined && { secrets }),
    }),
  ).toString('base64url');
  return `${payload}.${keyring.sign(payload)}`;
}

/** Reads what {@link seal} wrote, if it was signed for this nonce with a secret of ours. */
export function unseal(body: string, nonce: string, keyring: Keyring): RegionDocument | Malformed {
  const parts = body.trimEnd().split('.');
  const [payload, code] = parts;
  if (parts.length !== 2 || payload === undefined || code === undefined) return 'malformed';
  if (!keyring.verify(payload, code)) return 'bad-signature';
  let document: unknown;
  try {
    document = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'));
  } catch {
    return 'malformed';
  }
  if (!isRecord(document) || document['v'] !== 1) return 'malformed';
  if (document['nonce'] !== nonce) return 'wrong-nonce';
  const { region, process, accept, reads, writes, relative } = document;
  if (
    typeof region !== 'string' ||
    !isOptional(process, isIdentity) ||
    !isOneOf(accept, ['yes', 'draining', 'no']) ||
    !isOneOf(reads, VERDICTS) ||
    !isOneOf(writes, VERDICTS) ||
    !isOneOf(relative, ['in', 'asking', 'out'])
  ) {
    return 'malformed';
  }
  const database = decodeDatabase(document['database'], region);
  return database === 'malformed'
    ? 'malformed'
    : {
        region,
        ...(process !== undefined && { process }),
        accept,
        reads,
        writes,
        relative,
        ...(database !== undefined && { database }),
        ...(isMarks(document['secrets']) && { secrets: document['secrets'] }),
      };
}

const VERDICTS = ['pass', 'warn', 'fail', 'unknown'] as const;

function encodeDatabase(report: DatabaseReport): object {
  const { role, epoch, position, forks, highest, measured, measuredEpoch, acceptedForMs, vouches, pause, voids } =
    report;
  return {
    role,
    ...(epoch !== undefined && { epoch: encodeEpoch(epoch) }),
    ...(position !== undefined && { position: position.toString() }),
    // Keep the newest: a token or a returning primary may still need them.
    forks: forks.slice(-MAX_FORKS).map(({ system, parent, child, lsn }) => [system, parent, child, lsn.toString()]),
    ...(highest !== undefined && { highest: encodeEpoch(highest) }),
    ...(measured !== undefined && { measured }),
    ...(measuredEpoch !== undefined && { measuredEpoch: encodeEpoch(measuredEpoch) }),
    ...(acceptedForMs !== undefined && { acceptedForMs: Math.round(acceptedForMs) }),
    ...(vouches !== undefined && { vouches: encodeVouch(vouches) }),
    ...(pause !== undefined && { pause: { ...pause, epoch: encodeEpoch(pause.epoch) } }),
    ...(voids !== undefined && {
      voids: voids.slice(0, MAX_VOIDS).map(({ id, epochs }) => ({ id, epochs: epochs.map(encodeEpoch) })),
    }),
  };
}

function encodeVouch({ primary, written }: Vouch): object {
  return { ...(primary && { primary: encodeEpoch(primary) }), ...(written && { written: encodeEpoch(written) }) };
}

function encodeEpoch({ system, timeline, owner, server }: Epoch): object {
  return { system, timeline, owner, ...(server !== undefined && { server }) };
}

/** A report about a primary counts only from that primary's own region. From another region it is only repeated. */
function decodeDatabase(given: unknown, region: string): DatabaseReport | undefined | 'malformed' {
  if (given === undefined) return undefined;
  if (!isRecord(given) || !isOneOf(given['role'], ['primary', 'standby', 'unknown'])) return 'malformed';
  const epoch = readEpoch(given['epoch']);
  const highest = readEpoch(given['highest']);
  const measuredEpoch = readEpoch(given['measuredEpoch']);
  const position = given['position'] === undefined ? undefined : decodeLsn(given['position']);
  const forks = decodeForks(given['forks']);
  if (position === 'malformed' || forks === 'malformed') return 'malformed';
  if ((epoch === undefined) !== (given['epoch'] === undefined)) return 'malformed';
  if ((highest === undefined) !== (given['highest'] === undefined)) return 'malformed';
  if ((measuredEpoch === undefined) !== (given['measuredEpoch'] === undefined)) return 'malformed';
  const { acceptedForMs, measured } = given;
  if (!isOptional(acceptedForMs, isAge)) return 'malformed';
  if (epoch !== undefined && !epoch.owner.startsWith(`${region}/`)) return 'malformed';
  const vouches = given['vouches'] === undefined ? undefined : decodeVouch(given['vouches']);
  if (vouches === 'malformed') return 'malformed';
  const pause = decodePause(given['pause']);
  const voids = decodeVoids(given['voids']);
  return {
    role: given['role'],
    forks,
    ...(epoch !== undefined && { epoch }),
    ...(position !== undefined && { position }),
    ...(highest !== undefined && { highest }),
    ...(typeof measured === 'boolean' && { measured }),
    ...(measuredEpoch !== undefined && { measuredEpoch }),
    ...(acceptedForMs !== undefined && { acceptedForMs }),
    ...(vouches !== undefined && { vouches }),
    ...(pause !== undefined && { pause }),
    ...(voids.length > 0 && { voids }),
  };
}

/** A malformed void is ignored: it takes a fence away, so it must be whole. Each epoch needs its server. */
function decodeVoids(given: unknown): readonly EpochVoid[] {
  if (!Array.isArray(given)) return [];
  return given.slice(0, MAX_VOIDS).flatMap((entry: unknown): EpochVoid[] => {
    if (!isRecord(entry)) return [];
    const { id, epochs } = entry;
    if (!isIdentity(id) || !Array.isArray(epochs) || epochs.length === 0 || epochs.length > MAX_VOID_EPOCHS) return [];
    const read = epochs.map(readEpoch).filter((epoch) => epoch?.server !== undefined && epoch.owner !== '') as Epoch[];
    return read.length === epochs.length ? [{ id, epochs: read }] : [];
  });
}

/** A malformed pause is ignored: a region may run a version whose pauses are longer. */
function decodePause(given: unknown): WritePause | undefined {
  if (!isRecord(given)) return undefined;
  const { id, leftMs, underWay } = given;
  const epoch = readEpoch(given['epoch']);
  if (!isIdentity(id) || epoch === undefined || !isAge(leftMs) || !isAge(underWay)) return undefined;
  return { id, epoch, leftMs, underWay };
}

function decodeVouch(given: unknown): Vouch | 'malformed' {
  if (!isRecord(given)) return 'malformed';
  const primary = readEpoch(given['primary']);
  const written = readEpoch(given['written']);
  if ((primary === undefined) !== (given['primary'] === undefined)) return 'malformed';
  if ((written === undefined) !== (given['written'] === undefined)) return 'malformed';
  return { ...(primary !== undefined && { primary }), ...(written !== undefined && { written }) };
}

function decodeForks(given: unknown): readonly Fork[] | 'malformed' {
  if (!Array.isArray(given) || given.length > MAX_FORKS) return 'malformed';
  const forks: Fork[] = [];
  for (const entry of given as unknown[]) {
    if (!Array.isArray(entry)) return 'malformed';
    const [system, parent, child, digits] = entry as unknown[];
    const lsn = decodeLsn(digits);
    if (!isSystem(system) || !isTimeline(parent) || !isTimeline(child) || lsn === 'malformed') return 'malformed';
    forks.push({ system, parent, child, lsn });
  }
  return forks;
}

function decodeLsn(given: unknown): bigint | 'malformed' {
  if (typeof given !== 'string' || !/^\d{1,20}$/.test(given)) return 'malformed';
  const lsn = BigInt(given);
  return lsn <= MAX_LSN ? lsn : 'malformed';
}

function isIdentity(given: unknown): given is string {
  return typeof given === 'string' && IDENTITY.test(given);
}

/** A malformed value is ignored. Nothing depends on it. */
function isMarks(given: unknown): given is SecretMarks {
  if (!isRecord(given) || Object.keys(given).length > 8) return false;
  return Object.values(given).every(
    (list) =>
      Array.isArray(list) && list.length <= 16 && list.every((mark) => typeof mark === 'string' && MARK.test(mark)),
  );
}

function isAge(given: unknown): given is number {
  return Number.isSafeInteger(given) && (given as number) >= 0 && (given as number) <= MAX_ACCEPTED_MS;
}

function isOptional<T>(given: unknown, is: (given: unknown) => given is T): given is T | undefined {
  return given === undefined || is(given);
}

function isRecord(given: unknown): given is Record<string, unknown> {
  return typeof given === 'object' && given !== null && !Array.isArray(given);
}

function isOneOf<const T extends string>(given: unknown, allowed: readonly T[]): given is T {
  return (allowed as readonly unknown[]).includes(given);
}
