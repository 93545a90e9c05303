import type { Region } from '@regionkit/core';
import type { NoAffinity, Plan } from './plan.ts';
import type { SecretUse } from './secrets.ts';

/** What the kit did about one part, and why. */
export interface KitPart {
  readonly name: 'pools' | 'health' | 'router' | 'gate' | 'affinity' | 'sessions' | 'config';
  /** `kit`: made by the kit. `app`: the app gave it. `none`: there is none. */
  readonly from: 'kit' | 'app' | 'none';
  readonly why: string;
}

export type SecretOrigin = 'derived' | 'random' | 'app' | 'none';

/** What was wired, and why. `String()` gives it as text. */
export interface KitExplanation<Name extends string = string> {
  readonly self: Name;
  readonly regions: readonly Region<Name>[];
  readonly hosts: readonly string[];
  readonly development: boolean;
  readonly parts: readonly KitPart[];
  /** What decides about a request, in this order. */
  readonly doors: readonly string[];
  /** The checks of health that the kit added. */
  readonly checks: readonly string[];
  /** Where each secret comes from: `derived` from the secret of the kit, `random`, the `app`, or `none`. Never a secret. */
  readonly secrets: Readonly<Record<SecretUse, SecretOrigin>>;
  /** What `close()` and a drain end, in this order. */
  readonly closes: readonly string[];
  /** What to know before production. */
  readonly notes: readonly string[];
  toString(): string;
}

/** The names of what the kit ends, in this order. */
export const CLOSING = ['sessions', 'gate', 'router', 'config', 'health'] as const;

const NO_AFFINITY: Readonly<Record<NoAffinity, string>> = {
  'switched-off': 'affinity is false',
  'one-region': 'there is one region',
  'no-hosts': 'there are no hosts, so no redirect could start: name the hosts that all clients use',
};

export function explainKit<Name extends string>(plan: Plan<Name>): KitExplanation<Name> {
  const { regions, health, affinity, sessions, config, derived, isSecretRandom } = plan;
  const parts = [...explainParts(plan)];
  const has = (name: string): boolean => parts.some((part) => part.name === name && part.from !== 'none');
  const secretOf = (use: SecretUse): SecretOrigin => {
    if (derived.includes(use)) return isSecretRandom ? 'random' : 'derived';
    return use === 'peers' && !asksPeers(health) ? 'none' : 'app';
  };
  const explanation = {
    self: regions.self,
    regions: regions.list,
    hosts: regions.hosts,
    development: regions.development,
    parts,
    doors: ['health', typeof affinity === 'object' && 'affinity', sessions !== undefined && 'sessions', 'gate'].filter(
      (door) => door !== false,
    ),
    checks: ['reads', 'writes', config !== undefined && 'config', sessions !== undefined && 'session-keys'].filter(
      (check) => check !== false,
    ),
    secrets: { peers: secretOf('peers'), token: secretOf('token'), forward: secretOf('forward') },
    closes: CLOSING.filter(has),
    notes: notesOn(plan),
  } as const;
  return Object.defineProperty(explanation, 'toString', { value: () => textOf(explanation) });
}

function* explainParts<Name extends string>(plan: Plan<Name>): Generator<KitPart> {
  const { regions, databases, health, router, gate, affinity, sessions, config } = plan;
  yield { name: 'pools', ...explainPools(databases, regions.self) };
  const asks = asksPeers(health) ? 'asks the other regions' : 'asks no other process';
  yield {
    name: 'health',
    from: health.from,
    why: `answers the probes and ${asks}; it follows the router, so the probes tell of reads and writes`,
  };
  const writes = router.from === 'kit' ? router.options.writes : router.part.writes;
  yield { name: 'router', from: router.from, why: `finds the primary; a write outside its region: ${writes}` };
  yield {
    name: 'gate',
    from: gate.from,
    why: 'carries out what the router says of a request, and gives a client that wrote the token with which it reads its own write',
  };
  if (typeof affinity === 'string') yield { name: 'affinity', from: 'none', why: NO_AFFINITY[affinity] };
  else yield { name: 'affinity', from: affinity.from, why: 'keeps a client in its region, by a cookie' };
  if (sessions === undefined) yield { name: 'sessions', from: 'none', why: 'not asked for' };
  else
    yield {
      name: 'sessions',
      from: sessions.from,
      why: 'stands before the gate: a handler of any region knows the session',
    };
  if (config === undefined) yield { name: 'config', from: 'none', why: 'not asked for' };
  else yield { name: 'config', from: 'app', why: 'health checks it; it is closed with the kit' };
}

const asksPeers = <Name extends string>(health: Plan<Name>['health']): boolean =>
  health.from === 'app' || health.options.peers !== undefined;

function explainPools<Name extends string>(databases: Plan<Name>['databases'], self: Name): Omit<KitPart, 'name'> {
  if (databases.from === 'router') return { from: 'none', why: 'the router that was given has its own' };
  const given: object = databases.from === 'urls' ? databases.urls : databases.pools;
  const names = Object.keys(given);
  const whose =
    names.length === 1 && names[0] === self ? `this region's own servers alone` : `servers of ${names.join(', ')}`;
  if (databases.from === 'pools') return { from: 'app', why: whose };
  return {
    from: 'kit',
    why: `${whose}; a connect and a statement end after a time, also where the network is lost (poolConfig)`,
  };
}

function notesOn<Name extends string>({ regions, router, logger, isSecretRandom }: Plan<Name>): readonly string[] {
  const isAlone = regions.list.length === 1;
  return [
    regions.development &&
      'development: cookies go without Secure, origins may use http, and a drain does not wait; never in production',
    isSecretRandom && 'the secret is a random one: tokens end with this process',
    !isAlone &&
      router.from === 'kit' &&
      router.options.coldStart !== 'trust' &&
      "a process that starts takes no write before the other regions have answered; for the first deployment of all: router: { coldStart: 'trust' }",
    logger === undefined &&
      'without a logger, only the first of each important event is reported, as a process warning',
  ].filter((note) => note !== false);
}

const DONE: Readonly<Record<KitPart['from'], string>> = { kit: 'made', app: 'given', none: '-' };

function textOf(explanation: Omit<KitExplanation, 'toString'>): string {
  const { self, regions, parts, doors, checks, secrets, closes, notes } = explanation;
  const secretTexts = Object.entries(secrets).map(([use, from]) => `${use} ${from}`);
  return [
    `regionkit in ${self}, of ${regions.length} region${regions.length === 1 ? '' : 's'}: ${regions.map(({ name }) => name).join(', ')}`,
    ...parts.map(({ name, from, why }) => `  ${name.padEnd(8)}  ${DONE[from].padEnd(5)}  ${why}`),
    `  a request passes ${doors.join(', ')}`,
    `  health checks ${checks.join(', ')}`,
    `  secrets: ${secretTexts.join(', ')}`,
    `  closing ends ${closes.join(', ')}`,
    ...notes.map((note) => `  note: ${note}`),
  ].join('\n');
}
