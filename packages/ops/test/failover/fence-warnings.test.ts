import { describe, expect, it } from 'vitest';
import { fenceWarnings } from '../../src/failover/fence-warnings.ts';
import type { Proposal } from '../../src/failover/plan.ts';
import type { Situation } from '../../src/failover/survey/situation.ts';
import { GONE, proposal, WELL } from './fixtures.ts';

interface Row {
  readonly says: string;
  readonly expected: RegExp | undefined;
  readonly hooks?: number;
  readonly roles?: readonly string[];
  readonly app?: string;
  readonly situation?: Situation;
  readonly plan?: Partial<Proposal>;
  readonly demotes?: boolean;
  readonly adapter?: 'postgres' | 'patroni';
  readonly fix?: RegExp;
}

const ROWS: readonly Row[] = [
  { says: 'nothing is configured', expected: /no hook .* and no role of the app .* two primaries/ },
  { says: 'nothing is configured, and the region answers', situation: WELL, expected: /would stop at the step fence/ },
  {
    says: 'roles, and no server of the region answers',
    roles: ['app'],
    expected: /cannot be revoked there.*two primaries/,
  },
  {
    says: 'roles, no server of the region answers, and a fence is required',
    roles: ['app'],
    plan: { requireFence: true },
    expected: /would stop at the step fence/,
  },
  {
    says: 'the login of the app, and no server of the region answers',
    app: 'postgresql://app@us/app',
    expected: /cannot be revoked/,
  },
  { says: 'roles, and the region answers', roles: ['app'], situation: WELL, expected: undefined },
  { says: 'a hook', hooks: 1, expected: undefined },
  {
    says: 'a switchover in which the adapter demotes',
    situation: WELL,
    plan: { mode: 'switchover' },
    demotes: true,
    expected: undefined,
  },
  { says: 'a failover with such an adapter', demotes: true, expected: /no hook/ },
  {
    says: 'a failover under Patroni, which ends the old primary by its own lock',
    adapter: 'patroni',
    demotes: true,
    expected:
      /^The command cannot fence us now: .* Patroni fences it by its own lock: .* An agent that hangs, .* lost\.$/,
    fix: /^Set watchdog: mode: required for Patroni/,
  },
  {
    says: 'the same with roles of an app whose region does not answer',
    adapter: 'patroni',
    roles: ['app'],
    expected: /^The command cannot fence us now: no server of us answers .* Patroni fences it by its own lock/,
  },
  {
    says: 'a failover under Patroni that is paused',
    adapter: 'patroni',
    demotes: true,
    situation: { ...GONE, manager: { name: 'Patroni', refuses: undefined, rewinds: false, paused: true } },
    expected: /^Nothing can fence us now: .* Patroni is paused, so it stops no primary .* two primaries/,
  },
  { says: 'a failover under Patroni with a hook', adapter: 'patroni', demotes: true, hooks: 1, expected: undefined },
  {
    says: 'a switchover in which it does not',
    situation: WELL,
    plan: { mode: 'switchover' },
    expected: /stop at the step/,
  },
];

describe('fenceWarnings()', () => {
  it.each(ROWS)(
    '$says',
    ({
      expected,
      hooks = 0,
      roles = [],
      app,
      situation = GONE,
      plan,
      demotes = false,
      adapter: name = 'postgres',
      fix: expectedFix = /hook of fence/,
    }) => {
      const config = {
        failover: { adapter: name, appRoles: roles, hooks: { fence: Array(hooks).fill({}) } },
        regions: [{ name: 'us', app }],
      } as unknown as Parameters<typeof fenceWarnings>[0]['config'];
      const adapter = { name, demotes } as const;
      const found = fenceWarnings({ config, adapter, proposal: proposal(plan), situation });
      expect(found.map(({ id, level, where }) => [id, level, where])).toEqual(
        expected === undefined ? [] : [['cannot-fence', 'warning', 'us']],
      );
      for (const { evidence, fix } of found) {
        expect(evidence).toMatch(expected as RegExp);
        expect(fix).toMatch(expectedFix);
        expect(evidence).not.toMatch(name === 'patroni' ? /does not stop the old primary/ : /Patroni/);
      }
    },
  );
});
