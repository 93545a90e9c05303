import type { DatabaseReport, Epoch, Live } from '@regionkit/core';
import { defineRegions } from '@regionkit/core';
import type { RegionSecrets } from '@regionkit/core/kit';
import { type FakeClock, fakeClock } from '@regionkit/core/testing';
import { createHealth, type Followed, type Health, type HealthOptions } from '../../src/index.ts';
import { SECRET } from './fixtures.ts';

export const NAMES = ['a', 'b', 'c'] as const;
export type Name = (typeof NAMES)[number];

/** Three regions in one process that reach each other through `fetch` alone, each with a clock of its own. */
export interface Network {
  readonly clocks: Readonly<Record<Name, FakeClock>>;
  readonly healths: Readonly<Record<Name, Health<Name>>>;
  /** What each region's router reports, and its state. */
  readonly reports: Record<Name, DatabaseReport>;
  readonly states: Record<Name, string>;
  /** Stands between `from` and `to`: an answer of its own, or undefined to let the question through. */
  between: (from: Name, to: Name, request: Request) => Promise<Response> | undefined;
  /** How many questions each region asked of the others. */
  readonly asked: Record<Name, number>;
  /** All clocks go on together, in small steps. */
  advance(ms: number): Promise<void>;
  close(): Promise<void>;
}

export const epochOf = (name: Name, timeline = 1): Epoch => ({ system: '1', timeline, owner: `${name}/0` });
export const standby: DatabaseReport = { role: 'standby', position: 1n, forks: [] };
export const primary = (name: Name, timeline = 1, position = 10n): DatabaseReport => ({
  role: 'primary',
  epoch: epochOf(name, timeline),
  position,
  forks: [],
  highest: epochOf(name, timeline),
});

export function network(
  options: Partial<HealthOptions<Name>> & {
    readonly secrets?: Partial<Record<Name, RegionSecrets | Live<RegionSecrets>>>;
  } = {},
): Network {
  const { secrets = {}, ...rest } = options;
  const all = {
    a: { origin: 'https://a.example.com' },
    b: { origin: 'https://b.example.com' },
    c: { origin: 'https://c.example.com' },
  };
  const clocks = { a: fakeClock({ now: 1_000 }), b: fakeClock({ now: 9e6 }), c: fakeClock({ now: 5 }) };
  const reports: Record<Name, DatabaseReport> = { a: primary('a'), b: standby, c: standby };
  const states: Record<Name, string> = { a: 'ready', b: 'ready', c: 'ready' };
  const asked: Record<Name, number> = { a: 0, b: 0, c: 0 };
  const made = {} as Record<Name, Health<Name>>;
  const self: Network = {
    clocks,
    healths: made,
    reports,
    states,
    asked,
    between: () => undefined,
    advance: async (ms) => {
      for (let left = ms; left > 0; left -= 50) {
        for (const name of NAMES) await clocks[name].advance(Math.min(50, left));
      }
    },
    close: async () => {
      for (const name of NAMES) await made[name].close();
    },
  };
  for (const from of NAMES) {
    made[from] = createHealth({
      regions: defineRegions({ self: from, all }),
      clock: clocks[from],
      random: () => 0.5,
      ...rest,
      peers: {
        secret: secrets[from] ?? SECRET,
        fetch: async (url, init) => {
          const to = new URL(url).hostname[0] as Name;
          if (to !== from) asked[from] += 1;
          // The first question is asked while the regions are still being made.
          await Promise.resolve();
          const request = new Request(url, { headers: init.headers });
          const answer = self.between(from, to, request);
          if (answer !== undefined) return answer;
          return made[to].fetch(() => new Response('not found', { status: 404 }))(request);
        },
        ...rest.peers,
      },
    });
    made[from].follow(
      reporting(() => ({ local: reports[from], state: states[from] })),
      { reads: false, writes: false },
    );
  }
  return self;
}

/** A router of which health uses nothing but its report. */
export function reporting(topology: Followed['topology']): Followed {
  return { topology, explain: () => ({ action: 'run', reason: 'local-primary' }) };
}

/** Never answers. */
export const silence = (): Promise<Response> => new Promise(() => {});
