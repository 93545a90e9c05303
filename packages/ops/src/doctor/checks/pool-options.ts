import type { PoolLimits } from '../../operator/pool-limits.ts';
import type { Check, Found } from '../check.ts';
import { names } from '../say.ts';

interface Lack {
  readonly option: string;
  readonly why: string;
  isMissing(pool: PoolLimits): boolean;
}

const LACKS: readonly Lack[] = [
  {
    option: 'keepAlive: true',
    why: 'keepAlive is off, so a connection that a firewall has dropped looks open, and a statement on it waits',
    isMissing: ({ keepAlive }) => !keepAlive,
  },
  {
    option: 'connectionTimeoutMillis: 5_000',
    why: 'connectionTimeoutMillis is not set, so a connect to a lost server never ends',
    isMissing: ({ connectionTimeoutMs }) => connectionTimeoutMs === 0,
  },
  {
    option: 'query_timeout: 30_000',
    why: 'neither query_timeout nor statement_timeout is set, so a statement on a lost connection never ends',
    isMissing: ({ queryTimeoutMs, statementTimeoutMs }) => queryTimeoutMs === 0 && statementTimeoutMs === 0,
  },
];

export const poolOptions: Check = {
  id: 'pool-options',
  title: 'Every pool of the app ends what hangs',
  why: 'When a region is lost its servers answer no more, not even with an error. A pool without limits waits for them, and its clients wait with it. The operator door shows the limits of the pools that it was given.',
  incident: 'A pool that hangs when the network goes: node-postgres#2973 and #1075.',
  needs: ['doors'],
  find: ({ processes, silentDoors }) => [
    ...silentDoors.map(
      ({ region, why }): Found => ({
        level: 'unknown',
        where: region,
        evidence: `No operator door of ${region} answers (${why}).`,
        fix: 'Mount createOperatorDoor() in the app, and correct operatorToken and origin in the configuration.',
      }),
    ),
    ...[...new Set(processes.map(({ region }) => region))].flatMap((region): readonly Found[] => {
      const here = processes.filter((one) => one.region === region);
      const all = here.flatMap(({ pools = [] }) => pools);
      const blind: readonly Found[] = here.every(({ pools }) => pools !== undefined)
        ? []
        : [
            {
              level: 'warning',
              where: region,
              evidence: `The operator door of ${region} does not show its pools.`,
              fix: 'Give it the pools of the router: createOperatorDoor({ …, pools }). With createRegionKit they are kit.pools.',
            },
          ];
      const lacks = LACKS.flatMap(({ option, why, isMissing }): readonly Found[] => {
        const pools = [...new Set(all.filter(isMissing).map(({ where }) => where))];
        if (pools.length === 0) return [];
        const evidence = `In the processes of ${region}, of the pools for ${names(pools)}, ${why}.`;
        return [
          {
            level: 'warning',
            where: region,
            evidence,
            fix: `Set ${option} on these pools. With databaseUrl of createRegionKit: in poolConfig.`,
          },
        ];
      });
      return [...blind, ...lacks];
    }),
  ],
};
