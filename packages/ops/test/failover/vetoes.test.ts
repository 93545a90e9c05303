import { describe, expect, it } from 'vitest';
import type { Proposal } from '../../src/failover/plan.ts';
import { PLAN_OPTIONS } from '../../src/failover/plan-options.ts';
import type { RunLine } from '../../src/failover/run-file/line.ts';
import type { ManagerState, Situation } from '../../src/failover/survey/situation.ts';
import { object, VETOES } from '../../src/failover/vetoes.ts';
import { app, fenced, GONE, NOW_MS, node, primary, proposal, receiver, situation, standby, WELL } from './fixtures.ts';

interface Row {
  readonly says: string;
  readonly expected: readonly string[];
  readonly situation?: Situation;
  readonly plan?: Partial<Proposal>;
  readonly ageMs?: number;
  readonly isFencing?: boolean;
  readonly isPromoting?: boolean;
}

const byManager = (id: string, passes: boolean): ManagerState => ({
  name: 'Amazon RDS',
  refuses: undefined,
  rewinds: false,
  objections: new Map([[id, { why: 'its status is modifying', passes }]]),
});

const DROPS: ManagerState = {
  ...{ name: 'Patroni', refuses: undefined, rewinds: false },
  dropsSlots: ['regionkit_tail_5'],
};

const LOST_US = { name: 'us', reads: 'unknown', writes: 'unknown', ageMs: 20_000, timeline: undefined } as const;

const switchover = { mode: 'switchover' } as const;

const ROWS: readonly Row[] = [
  { says: 'a primary that is gone', expected: [] },
  { says: 'a switchover of a healthy fleet', situation: WELL, plan: switchover, expected: [] },
  {
    says: 'a writer answers in the lost region',
    situation: situation([node('us/0', primary()), ...GONE.nodes.slice(1)]),
    expected: ['another-writer', 'too-few-vantages'],
  },
  {
    says: 'a writer answers in a third region',
    situation: situation([...GONE.nodes, node('sa/0', primary())]),
    expected: ['another-writer'],
  },
  {
    says: 'two writers answer in a switchover',
    situation: situation([...WELL.nodes, node('sa/0', primary())]),
    plan: switchover,
    expected: ['another-writer'],
  },
  {
    says: 'a fenced writer answers, and enough others do not hear it',
    situation: situation([node('us/0', primary({ apps: fenced })), ...GONE.nodes.slice(1), node('sa/0', standby())]),
    expected: [],
  },
  {
    says: 'a fenced writer feeds a standby of its own region',
    situation: situation([
      node('us/0', primary({ apps: fenced })),
      node('us/1', standby({ receiver })),
      ...GONE.nodes.slice(1),
      node('sa/0', standby()),
    ]),
    expected: [],
  },
  {
    says: 'a fenced writer answers this machine, which is no place to wait for then',
    situation: situation([
      node('us/0', primary({ apps: fenced })),
      node('eu/0', standby()),
      node('eu/1', standby()),
      node('ap/0', standby()),
    ]),
    expected: [],
  },
  {
    says: 'a fenced writer answers, and three vantages of one region do not hear it',
    situation: situation([
      node('us/0', primary({ apps: fenced })),
      node('eu/0', standby()),
      node('eu/1', standby()),
      node('eu/2', standby()),
      node('ap/0', 'timed-out'),
    ]),
    expected: ['too-few-vantages'],
  },
  {
    says: 'a writer that cannot be reached from here feeds a standby of its own region',
    situation: situation([...GONE.nodes, node('sa/0', standby()), node('us/1', standby({ receiver }))]),
    expected: ['too-few-vantages'],
  },
  {
    says: 'the target still streams',
    situation: situation([node('us/0', 'refused'), node('eu/0', standby({ receiver })), node('ap/0', standby())], {
      apps: [app('eu', { regions: [] })],
    }),
    expected: ['still-streams', 'too-few-vantages'],
  },
  {
    says: 'another standby still streams',
    situation: situation([...GONE.nodes, node('sa/0', standby({ receiver }))]),
    expected: ['still-streams', 'too-few-vantages'],
  },
  {
    says: 'a receiver that is idle for less than half its timeout still streams',
    situation: situation([...GONE.nodes, node('sa/0', standby({ receiver: { ...receiver, silentMs: 34_000 } }))]),
    expected: ['still-streams', 'too-few-vantages'],
  },
  {
    says: 'a receiver that got no answer when it asked streams no more',
    situation: situation([...GONE.nodes, node('sa/0', standby({ receiver: { ...receiver, silentMs: 36_000 } }))]),
    expected: [],
  },
  {
    says: 'a receiver without a timeout is never silent',
    situation: situation([
      ...GONE.nodes,
      node('sa/0', standby({ receiver: { ...receiver, silentMs: 900_000, timeoutMs: 0 } })),
    ]),
    expected: ['still-streams', 'too-few-vantages'],
  },
  {
    says: 'a target of a switchover that must replay much',
    situation: situation([
      node('us/0', primary({ position: '0/9000001' })),
      node('eu/0', standby({ receiver })),
      node('ap/0', standby({ receiver })),
    ]),
    plan: switchover,
    expected: ['target-behind'],
  },
  {
    says: 'a target of a switchover that must replay as much as it can in time',
    situation: situation([
      node('us/0', primary({ position: '0/9000000' })),
      node('eu/0', standby({ receiver })),
      node('ap/0', standby({ receiver })),
    ]),
    plan: switchover,
    expected: [],
  },
  {
    says: 'a manager that objects to the target',
    situation: { ...WELL, manager: byManager('eu/0', false) },
    plan: { ...switchover, adapter: 'rds' },
    expected: ['managed'],
  },
  {
    says: 'a manager that objects to the primary of a switchover',
    situation: { ...WELL, manager: byManager('us/0', true) },
    plan: { ...switchover, adapter: 'rds' },
    expected: ['managed'],
  },
  {
    says: 'a manager that objects to another standby',
    situation: { ...WELL, manager: byManager('ap/0', false) },
    plan: { ...switchover, adapter: 'rds' },
    expected: [],
  },
  {
    says: 'a manager that is busy with the promotion',
    situation: { ...WELL, manager: byManager('eu/0', true) },
    plan: { ...switchover, adapter: 'rds' },
    isPromoting: true,
    expected: [],
  },
  {
    says: 'a cascading standby streams from another standby',
    situation: situation([...GONE.nodes, node('sa/0', standby({ receiver: { ...receiver, from: 'eu.db:5432' } }))]),
    expected: [],
  },
  { says: 'no primary to switch over from', plan: switchover, expected: ['no-primary', 'not-streaming'] },
  { says: 'a primary that the fence of a switchover has stopped', plan: switchover, isFencing: true, expected: [] },
  {
    says: 'no standby elsewhere',
    situation: situation([node('us/0', 'refused'), node('us/1', standby()), node('eu/0', 'refused')]),
    plan: { target: undefined },
    expected: ['last-region', 'too-few-vantages'],
  },
  { says: 'a target that is no standby', plan: { target: undefined }, expected: ['last-region'] },
  {
    says: 'no app elsewhere answers',
    situation: situation(GONE.nodes, { apps: [app('us', 'unreachable'), app('eu', 'unreachable')] }),
    expected: ['last-region'],
  },
  {
    says: 'the app of the lost region answers at the origin of the only other one',
    situation: situation(GONE.nodes, { apps: [app('us', {}), app('eu', { region: 'us' })] }),
    expected: ['last-region'],
  },
  {
    says: 'one app elsewhere answers',
    situation: situation(GONE.nodes, { apps: [app('eu', 'unreachable'), app('ap', 'no-detail')] }),
    expected: [],
  },
  {
    says: 'a standby of another cluster',
    situation: situation([...GONE.nodes, node('sa/0', standby({ system: '8' }))]),
    expected: ['foreign-system'],
  },
  {
    says: 'pg_promote() under Patroni',
    situation: situation([
      node('us/0', 'refused'),
      node('eu/0', standby({ manager: 'Patroni' })),
      node('ap/0', standby()),
    ]),
    expected: ['managed'],
  },
  {
    says: 'pg_promote() on Amazon RDS',
    situation: situation([node('us/0', 'refused'), node('eu/0', standby({ hosted: true })), node('ap/0', standby())]),
    expected: ['managed'],
  },
  {
    says: 'Patroni by its own interface',
    situation: situation(GONE.nodes, { manager: { name: 'Patroni', refuses: undefined, rewinds: false } }),
    plan: { adapter: 'patroni' },
    expected: [],
  },
  {
    says: 'Patroni refuses',
    situation: situation(GONE.nodes, { manager: { name: 'Patroni', refuses: 'it is paused', rewinds: false } }),
    plan: { adapter: 'patroni' },
    expected: ['managed'],
  },
  { says: 'evidence of five minutes ago', ageMs: 300_000, expected: [] },
  { says: 'evidence of more than five minutes ago', ageMs: 300_001, expected: ['evidence-old'] },
  { says: 'evidence of the future', ageMs: -1, expected: ['evidence-old'] },
  {
    says: 'two vantages',
    situation: situation([node('us/0', 'refused'), node('eu/0', standby())]),
    expected: ['too-few-vantages'],
  },
  {
    says: 'three vantages, two of them in the lost region',
    situation: situation([node('us/0', 'refused'), node('us/1', standby()), node('eu/0', standby())]),
    plan: { here: 'us' },
    expected: ['too-few-vantages'],
  },
  {
    says: 'three vantages, one of them in the lost region',
    situation: situation([node('us/0', 'refused'), node('us/1', standby()), node('eu/0', standby())]),
    expected: [],
  },
  {
    says: 'two standbys of one region are one place',
    situation: situation([
      node('us/0', 'refused'),
      node('eu/0', standby()),
      node('eu/1', standby()),
      node('ap/0', 'timed-out'),
    ]),
    expected: ['too-few-vantages'],
  },
  {
    says: 'a standby and the app of one region are one place',
    situation: situation([node('us/0', 'refused'), node('eu/0', standby()), node('ap/0', 'timed-out')], {
      apps: [app('eu', { regions: [LOST_US] })],
    }),
    expected: ['too-few-vantages'],
  },
  {
    says: 'this machine and the standbys of its own region are one place',
    situation: situation([node('us/0', 'refused'), node('eu/0', standby()), node('eu/1', standby())]),
    plan: { here: 'eu' },
    expected: ['too-few-vantages'],
  },
  { says: 'this machine in one of two other regions, and a vantage in the other', plan: { here: 'ap' }, expected: [] },
  {
    says: 'this machine and two vantages of one region, of which one says nothing',
    situation: situation([
      node('us/0', 'refused'),
      node('eu/0', standby()),
      node('eu/1', standby({ receiver: { ...receiver, from: 'eu.db:5432' } })),
      node('ap/0', standby()),
    ]),
    expected: [],
  },
  {
    says: 'this machine, and two standbys of the other one of two regions',
    situation: situation([node('us/0', 'refused'), node('eu/0', standby()), node('eu/1', standby())]),
    expected: [],
  },
  {
    says: 'a region that can never see the primary, because its only standby streams from another one, is no place to wait for',
    situation: situation([
      node('us/0', 'refused'),
      node('eu/0', standby()),
      node('eu/1', standby()),
      node('sa/0', standby({ receiver: { ...receiver, from: 'eu.db:5432' } })),
    ]),
    expected: [],
  },
  {
    says: 'a machine in such a region has a way of its own, and is a place to wait for',
    situation: situation([
      node('us/0', 'starting'),
      node('eu/0', standby()),
      node('eu/1', standby()),
      node('ap/0', standby()),
      node('sa/0', standby({ receiver: { ...receiver, from: 'eu.db:5432' } })),
    ]),
    plan: { here: 'sa' },
    expected: ['too-few-vantages'],
  },
  {
    says: 'such a region has an app as well, and the app says nothing certain',
    situation: situation(
      [
        node('us/0', 'refused'),
        node('eu/0', standby()),
        node('eu/1', standby()),
        node('sa/0', standby({ receiver: { ...receiver, from: 'eu.db:5432' } })),
      ],
      { apps: [app('eu', { regions: [LOST_US] }), app('sa', 'unreachable')] },
    ),
    expected: ['too-few-vantages'],
  },
  {
    says: 'an app as the third vantage',
    situation: situation([node('us/0', 'refused'), node('eu/0', standby())], {
      apps: [
        app('eu', {
          regions: [{ name: 'us', reads: 'unknown', writes: 'unknown', ageMs: 20_000, timeline: undefined }],
        }),
      ],
    }),
    expected: [],
  },
  {
    says: 'an app as the third vantage, whose origin leads to the app of the lost region',
    situation: situation([node('us/0', 'refused'), node('eu/0', standby())], {
      apps: [
        app('eu', {
          region: 'us',
          regions: [{ name: 'us', reads: 'unknown', writes: 'unknown', ageMs: 20_000, timeline: undefined }],
        }),
      ],
    }),
    expected: ['last-region', 'too-few-vantages'],
  },
  {
    says: 'an app that still reaches the primary',
    situation: situation([node('us/0', 'refused'), node('eu/0', standby())], {
      apps: [
        app('eu', {
          writes: 'pass',
          regions: [{ name: 'us', reads: 'pass', writes: 'pass', ageMs: 500, timeline: 1 }],
        }),
      ],
    }),
    expected: ['too-few-vantages'],
  },
  {
    says: 'a password that is refused: the server lives',
    situation: situation([node('us/0', 'wrong-password'), ...GONE.nodes.slice(1)]),
    expected: ['too-few-vantages'],
  },
  {
    says: 'another standby is ahead',
    situation: situation([...GONE.nodes, node('sa/0', standby({ position: '0/5000001' }))]),
    expected: ['not-furthest-ahead'],
  },
  {
    says: 'another standby is ahead, by the high half of its position',
    situation: situation([...GONE.nodes, node('sa/0', standby({ position: '1/0' }))]),
    expected: ['not-furthest-ahead'],
  },
  {
    says: 'another standby is on a newer timeline',
    situation: situation([...GONE.nodes, node('sa/0', standby({ timeline: 2, position: '0/1' }))]),
    expected: ['not-furthest-ahead'],
  },
  {
    says: 'a target of a switchover that does not stream',
    situation: situation([node('us/0', primary()), node('eu/0', standby()), node('ap/0', standby({ receiver }))]),
    plan: switchover,
    expected: ['not-streaming'],
  },
  {
    says: 'replay is paused on the target',
    situation: situation([
      node('us/0', 'refused'),
      node('eu/0', standby({ replayPaused: true })),
      node('ap/0', standby()),
    ]),
    expected: ['replay-paused'],
  },
  {
    says: 'replay is paused elsewhere',
    situation: situation([
      node('us/0', 'refused'),
      node('eu/0', standby()),
      node('ap/0', standby({ replayPaused: true })),
    ]),
    expected: [],
  },
  { says: 'nobody accepted a loss', plan: { acceptLoss: { kind: 'none' } }, expected: ['loss-not-accepted'] },
  {
    says: 'a shorter time was accepted',
    plan: { acceptLoss: { kind: 'duration', ms: 9_999 } },
    expected: ['loss-not-accepted'],
  },
  { says: 'that time was accepted', plan: { acceptLoss: { kind: 'duration', ms: 10_000 } }, expected: [] },
  {
    says: 'an amount was accepted, and none is known',
    plan: { acceptLoss: { kind: 'bytes', bytes: 1e9 } },
    expected: ['loss-not-accepted'],
  },
  {
    says: 'a target that has replayed no commit',
    situation: situation([
      node('us/0', 'refused'),
      node('eu/0', standby({ lastCommitMs: null })),
      node('ap/0', standby()),
    ]),
    plan: { acceptLoss: { kind: 'duration', ms: 1e9 } },
    expected: ['loss-not-accepted'],
  },
  {
    says: 'a fenced primary has one byte more',
    situation: situation([
      node('us/0', primary({ apps: fenced, position: '0/5000001' })),
      ...GONE.nodes.slice(1),
      node('sa/0', standby()),
    ]),
    plan: { acceptLoss: { kind: 'none' } },
    expected: ['loss-not-accepted'],
  },
  {
    says: 'a fenced primary has no byte more',
    situation: situation([node('us/0', primary({ apps: fenced })), ...GONE.nodes.slice(1), node('sa/0', standby())]),
    plan: { acceptLoss: { kind: 'none' } },
    expected: [],
  },
  // The step `salvage` holds it back: nothing can be salvaged before there is a new primary.
  { says: 'a rebuild', plan: { rebuild: true }, expected: [] },
  { says: 'a rebuild after a switchover', situation: WELL, plan: { ...switchover, rebuild: true }, expected: [] },
  {
    says: 'a manager that rewinds',
    situation: situation(GONE.nodes, { manager: { name: 'Patroni', refuses: undefined, rewinds: true } }),
    plan: { adapter: 'patroni' },
    expected: ['rebuild-before-salvage'],
  },
  ...[
    { says: 'a manager that drops the slot of the tail', plan: {}, expected: ['rebuild-before-salvage'] },
    { says: 'a manager that drops a slot that was given up', plan: { discardTail: true }, expected: [] },
  ].map((row) => ({ ...row, situation: situation(GONE.nodes, { manager: DROPS }) })),
  {
    says: 'a manager that drops the slot of the tail after a switchover',
    situation: { ...WELL, manager: DROPS },
    plan: { ...switchover, adapter: 'patroni' },
    expected: [],
  },
  {
    says: 'a manager that leaves the slot of the tail alone',
    situation: situation(GONE.nodes, { manager: { ...DROPS, dropsSlots: [] } }),
    expected: [],
  },
  {
    says: 'a manager that rewinds what was given up',
    situation: situation(GONE.nodes, { manager: { name: 'Patroni', refuses: undefined, rewinds: true } }),
    plan: { adapter: 'patroni', discardTail: true },
    expected: [],
  },
];

describe('object()', () => {
  for (const {
    says,
    expected,
    situation: given = GONE,
    plan,
    ageMs = 0,
    isFencing = false,
    isPromoting = false,
  } of ROWS) {
    it(`${says}: ${expected.join(', ') || 'nothing against it'}`, () => {
      const vetoes = object(proposal(plan), given, {
        confirmedAtMs: NOW_MS - ageMs,
        nowMs: NOW_MS,
        isFencing,
        isPromoting,
      });
      expect(vetoes.map(({ id }) => id)).toEqual(expected);
      for (const { evidence, fix } of vetoes) {
        expect(evidence).toMatch(/^\S.*\.$/);
        expect(fix).toMatch(/^[A-Z].*\S$/);
      }
    });
  }

  describe('in a run, whose plan is fixed', () => {
    const RUN = { id: '20261130-044510-3f2a', lines: [] };
    const inRun = (lines: readonly RunLine[], { situation: given = GONE, plan, ageMs = 0 }: Partial<Row>) =>
      object(proposal(plan), given, {
        ...{ confirmedAtMs: NOW_MS - ageMs, nowMs: NOW_MS, isFencing: false },
        run: { ...RUN, lines },
      });
    const line = (step: string, state: RunLine['state']): RunLine => ({ step, state, atMs: 1, evidence: { says: '' } });
    const LOSS = { plan: { acceptLoss: { kind: 'duration', ms: 1 } } } as const;

    it('no veto asks for an option that the run refuses', () => {
      for (const row of ROWS) {
        for (const { fix } of inRun([], row)) {
          if (!Object.keys(PLAN_OPTIONS).some((name) => fix.includes(`--${name}`))) continue;
          expect(fix).toMatch(/takes no such option\. Begin a new one|In this run: regionkit failover resume --run/);
        }
      }
    });

    it('evidence that is old names the command with this run', () => {
      expect(inRun([], { ageMs: 300_001 })[0]?.fix).toBe(
        `Measure again: regionkit failover confirm --run ${RUN.id}. Then, within five minutes: regionkit failover resume --run ${RUN.id} --execute.`,
      );
    });

    it('a loss that is not accepted begins a new run, after this one is given up if it has fenced', () => {
      const fixOf = (...lines: readonly RunLine[]): string | undefined => inRun(lines, LOSS)[0]?.fix;
      const begin = 'new one with it, without --run: regionkit failover confirm.';
      expect(fixOf()).toMatch(new RegExp(`takes no such option\\. Begin a ${begin}$`));
      const giveUp = new RegExp(
        `Give it up: regionkit failover abort --run ${RUN.id} --execute\\. Then begin a ${begin}$`,
      );
      expect(fixOf(line('fence', 'started'))).toMatch(giveUp);
      // A veto just before the promotion: it was not asked for.
      expect(
        fixOf(line('fence', 'done'), line('fence', 'started'), line('promote', 'started'), line('promote', 'refused')),
      ).toMatch(giveUp);
      expect(fixOf(line('fence', 'started'), line('promote', 'started'))).toMatch(new RegExp(`Begin a ${begin}$`));
    });

    it('a tail that was given up with resume --discard-tail is given up', () => {
      const rewinds = situation(GONE.nodes, { manager: { name: 'Patroni', refuses: undefined, rewinds: true } });
      const row = { situation: rewinds, plan: { adapter: 'patroni' } } as const;
      const [veto] = inRun([], row);
      expect(veto?.id).toBe('rebuild-before-salvage');
      expect(veto?.fix).toContain(`regionkit failover resume --run ${RUN.id} --discard-tail --execute`);
      expect(inRun([line('discard-tail', 'done')], row)).toEqual([]);
    });
  });

  describe('too-few-vantages: three places that say gone are not enough if another one says alive', () => {
    const SIGHTS = ['gone', 'alive', 'unknown'] as const;
    const machine = { gone: 'refused', alive: 'wrong-password', unknown: 'starting' } as const;
    const receivers = { gone: null, alive: receiver, unknown: { ...receiver, from: 'sa.db:5432' } } as const;
    const us = { name: 'us', reads: 'pass', writes: 'pass', ageMs: 100, timeline: 1 };
    const apps = {
      gone: { writes: 'fail', regions: [{ ...us, ageMs: 9_000 }] },
      alive: { writes: 'pass', regions: [us] },
      unknown: { writes: 'pass', regions: [{ ...us, ageMs: 9_000 }] },
    } as const;
    const combinations = [undefined, 'us', 'eu'].flatMap((here) =>
      SIGHTS.flatMap((one) =>
        SIGHTS.flatMap((two) =>
          SIGHTS.flatMap((three) => SIGHTS.map((four) => [one, two, three, four, here] as const)),
        ),
      ),
    );

    it.each(combinations)(
      'this machine %s, receivers %s and %s, an app %s, --here %s',
      (one, two, three, four, here) => {
        const seen = situation(
          [
            node('us/0', machine[one]),
            node('eu/0', standby({ receiver: receivers[two] })),
            node('ap/0', standby({ receiver: receivers[three] })),
            node('sa/0', 'timed-out'),
          ],
          { apps: [app('eu', apps[four])] },
        );
        const gone = [one, two, three, four].filter((sight) => sight === 'gone').length;
        // The receiver and the app of eu are one place. This machine is another one, unless it stands in us or in eu.
        const places = new Set<string>();
        if (one === 'gone') places.add(here ?? 'this machine');
        if (two === 'gone' || four === 'gone') places.add('eu');
        if (three === 'gone') places.add('ap');
        const outside = [...places].filter((place) => place !== 'us').length;
        // Elsewhere are eu, ap and sa.
        const isEnough = gone >= 3 && places.size >= 3 && outside >= 2 && ![one, two, three, four].includes('alive');
        const vetoes = object(proposal({ here }), seen, { confirmedAtMs: NOW_MS, nowMs: NOW_MS, isFencing: false });
        expect(vetoes.some(({ id }) => id === 'too-few-vantages')).toBe(!isEnough);
      },
    );
  });

  it.each(['us', 'eu'])(
    'too-few-vantages: with two regions, a machine in %s is told to look from elsewhere',
    (here) => {
      const given = situation([node('us/0', 'refused'), node('us/1', standby()), node('eu/0', standby())]);
      const moment = { confirmedAtMs: NOW_MS, nowMs: NOW_MS, isFencing: false };
      const [veto] = object(proposal({ here }), given, moment);
      expect(veto?.evidence).toMatch(/needed are 3 vantages in 2 places, 2 of them outside/);
      expect(veto?.fix).toMatch(/^Run it without --here from a machine that is in no region of the configuration: /);
      expect(object(proposal(), given, moment)).toEqual([]);
    },
  );

  it('too-few-vantages: of a fenced writer that answers it is said that it must be stopped, and then it is enough', () => {
    const moment = { confirmedAtMs: NOW_MS, nowMs: NOW_MS, isFencing: true };
    const others = [node('eu/0', standby()), node('eu/1', standby())];
    const answers = situation([node('us/0', primary({ apps: fenced })), ...others]);
    const [veto] = object(proposal(), answers, moment);
    expect(veto?.id).toBe('too-few-vantages');
    expect(veto?.fix).toMatch(/^Stop the fenced server of us: /);
    expect(object(proposal(), situation([node('us/0', 'refused'), ...others]), moment)).toEqual([]);
  });

  it('every veto is in this table', () => {
    const seen = new Set(ROWS.flatMap(({ expected }) => expected));
    expect(VETOES.map(({ id }) => id).filter((id) => !seen.has(id))).toEqual([]);
  });
});
