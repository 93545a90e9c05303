import { describe, expect, it } from 'vitest';
import type { Operations } from '../../src/config/check-config.ts';
import type { RunLine } from '../../src/failover/run-file/line.ts';
import { apps as step } from '../../src/failover/steps/apps.ts';
import { judgeFollowers, sayMissing } from '../../src/failover/steps/followers.ts';
import type { AppView } from '../../src/failover/survey/app-view.ts';
import type { SurveyedApp } from '../../src/failover/survey/situation.ts';
import { foreignProcesses } from '../../src/operator/foreign-processes.ts';
import { webServer } from '../doctor/front/web-server.ts';
import { app, proposal } from './fixtures.ts';

const EU = { name: 'eu', reads: 'pass', writes: 'pass', ageMs: 100, timeline: 3 } as const;
const follows = (changes: Partial<AppView> = {}): Partial<AppView> => ({ writes: 'pass', regions: [EU], ...changes });

describe('judgeFollowers()', () => {
  const judge = (apps: readonly SurveyedApp[], timeline: number | undefined = 3) =>
    judgeFollowers({ apps, known: ['us', 'eu', 'ap'], from: 'us', target: 'eu/0', timeline });

  it('counts the app of each other region that reports the new primary and can write', () => {
    const found = judge([app('us', 'unreachable'), app('eu', follows()), app('ap', follows({ writes: 'warn' }))]);
    expect(found).toEqual({ says: 'eu, ap reports the primary in eu', missing: [], blind: [] });
  });

  it.each<[string, Partial<AppView> | 'unreachable' | 'no-detail', string]>([
    [
      'the app of another region answers at its origin',
      follows({ region: 'eu' }),
      "(the app of eu answers there: correct regions['ap'].origin, or what stands behind it)",
    ],
    ['the app of the lost region answers at its origin', follows({ region: 'us' }), '(the app of us answers there'],
    [
      'an app of another setup answers at its origin',
      follows({ region: 'evil\u001b[2J' }),
      '(an app of no region of the configuration answers there',
    ],
    [
      'it knows an older primary in that region',
      follows({ regions: [{ ...EU, timeline: 1 }] }),
      '(it knows a primary on timeline 1, and the new one is on 3)',
    ],
    [
      'it is of another cluster with a primary in that region',
      follows({ regions: [{ ...EU, timeline: 9 }] }),
      'on timeline 9',
    ],
    ['it knows no primary there', follows({ regions: [{ ...EU, timeline: undefined }] }), ''],
    ['its writes fail', follows({ writes: 'fail' }), '(it sends no writes)'],
    ['it does not answer', 'unreachable', '(it does not answer)'],
    ['it shows no detail', 'no-detail', '(without the detail of its health)'],
  ])('does not count an app if %s', (_, view, says) => {
    const found = judge([app('eu', follows()), app('ap', view)]);
    expect(found.missing.map(({ region }) => region)).toEqual(['ap']);
    expect(sayMissing(found)).toMatch(/^ap/);
    expect(sayMissing(found)).toContain(says);
    expect(sayMissing(found)).not.toContain('evil');
    expect(found.blind).toEqual(view === 'no-detail' ? ['ap'] : []);
  });

  it('compares no timeline that the run has not recorded', () => {
    expect(
      judgeFollowers({
        apps: [app('eu', follows())],
        known: ['us', 'eu'],
        from: 'us',
        target: 'eu/0',
        timeline: undefined,
      }).missing,
    ).toEqual([]);
  });
});

describe('foreignProcesses()', () => {
  const behind = (region: string, ...processes: readonly (readonly [id: string, region: string])[]) =>
    ({ region, processes: processes.map(([id, own]) => ({ id, region: own })), why: undefined }) as never;

  it.each([
    [
      'each origin leads to processes of its region',
      [behind('eu', ['a', 'eu'], ['b', 'eu']), behind('ap', ['c', 'ap'])],
      [],
    ],
    [
      'a door does not answer',
      [{ region: 'eu', processes: [], why: 'timed-out' } as never, behind('ap', ['c', 'ap'])],
      [],
    ],
    [
      'a balancer mixes two regions',
      [behind('eu', ['a', 'eu'], ['b', 'us'])],
      [/^1 of 2 processes behind the origin of eu are of another region/],
    ],
    [
      'two origins lead to one process',
      [behind('eu', ['a', 'eu']), behind('ap', ['a', 'eu'])],
      [/^1 of 1 processes behind the origin of ap/, /^the origins of eu and ap lead to one and the same process/],
    ],
    ['one process shows up twice behind its own origin', [behind('eu', ['a', 'eu'], ['a', 'eu'])], []],
  ] as const)('%s', (_, regions, expected) => {
    const found = foreignProcesses(regions as never);
    expect(found).toHaveLength(expected.length);
    for (const [at, pattern] of expected.entries()) expect(found[at]).toMatch(pattern);
  });
});

describe('the step apps, over the wire', () => {
  const view = (region: string): string =>
    JSON.stringify({
      region,
      writes: 'pass',
      regions: [{ name: 'eu', reads: 'pass', writes: 'pass', primary: { timeline: 3 } }],
    });
  const status = (region: string, id: string): string =>
    JSON.stringify({ process: { id, host: 'h', pid: 1 }, region, topology: { state: 'ready' } });
  const LINES: readonly RunLine[] = [{ step: 'promote', state: 'done', atMs: 0, evidence: { says: '', timeline: 3 } }];

  /** @param behind what each connection in turn meets: its region, and its process */
  async function prove(behind: readonly (readonly [region: string, id: string])[], operatorToken?: string) {
    let met = 0;
    const next = () => behind[met++ % behind.length] as readonly [string, string];
    const origin = await webServer((request, response) => {
      const [region, id] = next();
      response.end(request.url === '/health' ? view(region) : status(region, id));
    });
    const config = {
      regions: [{ name: 'us' }, { name: 'eu', origin }],
      front: { path: '/health' },
      healthToken: 'a token of health for the tests',
      operatorToken,
    } as unknown as Operations;
    const context = {
      config,
      plan: { ...proposal(), appsWithinMs: 0 },
      file: { lines: LINES },
      signal: new AbortController().signal,
    };
    return step.prove(context as unknown as Parameters<typeof step.prove>[0], { says: '', sinceMs: -1 });
  }

  it('is done if the app is of its region', async () => {
    expect(await prove([['eu', 'a']])).toMatchObject({ state: 'done' });
    expect(await prove([['eu', 'a']], 'a token of operators')).toMatchObject({ state: 'done' });
  });

  it('fails with a clear word if the app is of another region', async () => {
    expect(await prove([['us', 'a']])).toMatchObject({
      state: 'failed',
      evidence: { says: expect.stringContaining('the app of us answers there') },
    });
  });

  it('fails if a balancer leads to a process of another region now and then', async () => {
    const mixed = [
      ['eu', 'a'],
      ['eu', 'a'],
      ['us', 'b'],
    ] as const;
    expect(await prove(mixed, 'a token of operators')).toMatchObject({
      state: 'failed',
      evidence: { says: expect.stringContaining('1 of 2 processes') },
    });
  });
});
