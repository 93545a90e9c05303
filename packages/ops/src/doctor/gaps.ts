import { type Fleet, known, tailOf, writer } from './fleet.ts';
import { poolMaxOf } from './processes.ts';

/** What a check needs to have been measured. */
export type Source =
  /** Every server, with a role that sees its replication. */
  | 'servers'
  /** One server, whichever. */
  | 'a-server'
  /** The server that takes writes. */
  | 'primary'
  /** What a tail keeper has on it. */
  | 'tail'
  | 'managers'
  /** The health path of every region. */
  | 'health'
  /** The detail of the health of every region. */
  | 'detail'
  | 'certificates'
  /** The addresses of every host. */
  | 'dns'
  /** The TTL of every global host. */
  | 'ttl'
  /** The operator door of every region. */
  | 'doors'
  /** How many connections the app may open. */
  | 'pools'
  /** A clock of every server and every region. */
  | 'clocks';

/** What could not be asked: with it missing, that a check finds nothing says nothing. */
export interface Gap {
  readonly where: string;
  /** In one sentence. */
  readonly evidence: string;
}

const FLEET = 'fleet';

const GAPS: Readonly<Record<Source, (fleet: Fleet) => readonly Gap[]>> = {
  servers: (fleet) => [
    ...ifNone(fleet.nodes, 'The configuration names no databases.'),
    ...silentServers(fleet),
    ...known(fleet)
      .filter(({ facts }) => !facts.role.monitor)
      .map(({ id }) => ({ where: id, evidence: `The role of the configuration has no pg_monitor on ${id}.` })),
  ],
  'a-server': (fleet) => ifNone(known(fleet), 'No server answered.'),
  primary: (fleet) =>
    writer(fleet) === undefined ? [{ where: FLEET, evidence: 'No server that answered takes writes.' }] : [],
  tail: (fleet) => {
    const found = tailOf(fleet);
    if (found === undefined)
      return [{ where: FLEET, evidence: 'No tail keeper was found on a server that takes writes.' }];
    const { node, tail } = found;
    if (tail.readable && tail.showsTicks) return [];
    return [
      {
        where: node.id,
        evidence: `The role of the configuration may not read what the tail keeper of ${node.id} has recorded.`,
      },
    ];
  },
  managers: ({ managers }) =>
    managers.flatMap(({ region, facts }) =>
      facts.ok ? [] : [{ where: region, evidence: `Patroni of ${region} did not show its configuration.` }],
    ),
  health: (fleet) => [...ifNone(fleet.front.regions, 'The configuration names no origin.'), ...silentRegions(fleet)],
  detail: ({ config, front }) =>
    config.healthToken === undefined
      ? [
          {
            where: FLEET,
            evidence: 'The configuration has no healthToken, so no region shows the detail of its health.',
          },
        ]
      : [
          ...ifNone(front.regions, 'The configuration names no origin.'),
          ...front.regions
            .filter(({ warnings }) => warnings === undefined)
            .map(({ region }) => ({ where: region, evidence: `${region} did not show the detail of its health.` })),
        ],
  certificates: ({ front }) => [
    ...ifNone(front.certificates, 'The configuration names no origin with https.'),
    ...front.certificates.flatMap(({ region, name, certificate }) =>
      certificate.ok || certificate.why === 'certificate'
        ? []
        : [
            {
              where: region,
              evidence: `The certificate of ${region} for ${name} could not be read (${certificate.why}).`,
            },
          ],
    ),
  ],
  dns: ({ front }) => [
    ...ifNone(front.hosts, 'The configuration names no host to resolve.'),
    ...unresolved(front.hosts),
  ],
  ttl: ({ front }) => {
    const hosts = front.hosts.filter(({ isGlobal }) => isGlobal);
    return [
      ...ifNone(hosts, 'The configuration names no global host (hosts).'),
      ...unresolved(hosts),
      ...hosts
        .filter(({ addresses }) => addresses.ok && addresses.value.ttlSeconds === undefined)
        .map(({ host }) => ({ where: FLEET, evidence: `The TTL of ${host} is not known: DNS was not asked for it.` })),
    ];
  },
  doors: ({ config, processes, silentDoors }) => [
    ...(config.operatorToken === undefined
      ? [{ where: FLEET, evidence: 'The configuration has no operatorToken, so no operator door was asked.' }]
      : ifNone([...processes, ...silentDoors], 'The configuration names no origin.')),
    ...silent(silentDoors),
  ],
  pools: ({ config, processes, silentDoors }) =>
    config.app !== undefined
      ? []
      : [
          ...ifNone(
            [...processes, ...silentDoors],
            'Neither app nor operatorToken of the configuration says how many connections the app may open.',
          ),
          ...silent(silentDoors),
          ...processes
            .filter((process) => poolMaxOf(process) === 0)
            .map(({ region }) => ({ where: region, evidence: `A process of ${region} does not show its pools.` })),
        ],
  clocks: (fleet) => [
    ...ifNone([...fleet.nodes, ...fleet.front.regions], 'The configuration names no databases and no origin.'),
    ...silentServers(fleet),
    ...silentRegions(fleet),
  ],
};

/** What was missing for a check, each place once. Pure. */
export function gapsOf(fleet: Fleet, sources: readonly Source[]): readonly Gap[] {
  const gaps = sources.flatMap((source) => GAPS[source](fleet));
  return gaps.filter(({ where }, at) => gaps.findIndex((gap) => gap.where === where) === at);
}

const ifNone = (all: readonly unknown[], evidence: string): readonly Gap[] =>
  all.length === 0 ? [{ where: FLEET, evidence }] : [];

const silentServers = ({ nodes }: Fleet): readonly Gap[] =>
  nodes.flatMap(({ id, answer }) =>
    answer.ok ? [] : [{ where: id, evidence: `${id} could not be examined (${answer.why}).` }],
  );

const silentRegions = ({ front }: Fleet): readonly Gap[] =>
  front.regions.flatMap(({ region, health }) =>
    health.ok ? [] : [{ where: region, evidence: `The health path of ${region} did not answer (${health.why}).` }],
  );

const unresolved = (hosts: Fleet['front']['hosts']): readonly Gap[] =>
  hosts.flatMap(({ host, addresses }) =>
    addresses.ok || addresses.why === 'no-such-host' || addresses.why === 'no-ipv4'
      ? []
      : [{ where: FLEET, evidence: `DNS did not answer for ${host}.` }],
  );

const silent = (doors: Fleet['silentDoors']): readonly Gap[] =>
  doors.map(({ region, why }) => ({ where: region, evidence: `No operator door of ${region} answers (${why}).` }));
