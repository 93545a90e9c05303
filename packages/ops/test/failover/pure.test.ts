import { describe, expect, it } from 'vitest';
import { readAcceptLoss } from '../../src/failover/accept-loss.ts';
import { assessLoss } from '../../src/failover/loss.ts';
import { candidates, chooseTarget } from '../../src/failover/plan.ts';
import { readAppView } from '../../src/failover/survey/app-view.ts';
import type { KnownNode } from '../../src/failover/survey/situation.ts';
import { vantages } from '../../src/failover/vantages.ts';
import { durationOption } from '../../src/options/duration.ts';
import { bytesOfLsn } from '../../src/postgres/lsn.ts';
import { app, fenced, GONE, NOW_MS, node, primary, receiver, situation, standby, WELL } from './fixtures.ts';

describe('readAcceptLoss()', () => {
  it('reads a duration, an amount, or unknown', () => {
    expect(readAcceptLoss(undefined)).toEqual({ kind: 'none' });
    expect(readAcceptLoss('unknown')).toEqual({ kind: 'unknown' });
    expect(readAcceptLoss('500ms')).toEqual({ kind: 'duration', ms: 500 });
    expect(readAcceptLoss('5m')).toEqual({ kind: 'duration', ms: 300_000 });
    expect(readAcceptLoss('16MB')).toEqual({ kind: 'bytes', bytes: 16_777_216 });
    expect(readAcceptLoss('0B')).toEqual({ kind: 'bytes', bytes: 0 });
  });

  it.each(['', '5', 'all', '1.5s', '-1s', '5 m', '16mb', 'Infinityms', '9999999999s'])('refuses %j', (text) => {
    expect(() => readAcceptLoss(text)).toThrow(expect.objectContaining({ code: 'ERR_OPS_USAGE' }));
  });
});

describe('durationOption()', () => {
  it('has a default, and names the option that is wrong', () => {
    expect(durationOption('stable', undefined, 7)).toBe(7);
    expect(durationOption('stable', '2h', 7)).toBe(7_200_000);
    expect(() => durationOption('stable', '2', 7)).toThrow(/--stable/);
  });
});

describe('bytesOfLsn()', () => {
  it('counts the high half', () => {
    expect(bytesOfLsn('0/0')).toBe(0n);
    expect(bytesOfLsn('1/0')).toBe(4_294_967_296n);
    expect(bytesOfLsn('FF/FFFFFFFF')).toBe(0xff_ffff_ffffn);
  });
});

describe('chooseTarget()', () => {
  const nodes = situation([
    node('us/0', 'refused'),
    node('us/1', standby({ position: '9/0' })),
    node('eu/0', standby()),
    node('ap/0', standby({ position: '0/5000001' })),
    node('sa/0', standby({ position: '0/6000000', timeline: 0 })),
  ]);

  it('takes the standby of another region that has most', () => {
    expect(candidates(nodes, 'us').map(({ id }) => id)).toEqual(['ap/0', 'eu/0', 'sa/0']);
    expect(chooseTarget(nodes, 'us', undefined)).toBe('ap/0');
  });

  it('takes what was asked for, a region or a server, if it is one of them', () => {
    expect(chooseTarget(nodes, 'us', 'eu')).toBe('eu/0');
    expect(chooseTarget(nodes, 'us', 'sa/0')).toBe('sa/0');
    expect(chooseTarget(nodes, 'us', 'us/1')).toBeUndefined();
  });
});

describe('assessLoss()', () => {
  const target: KnownNode = { id: 'eu/0', region: 'eu', state: standby() };

  it('knows no amount while the primary is gone', () => {
    expect(assessLoss(GONE, 'us', target)).toEqual({ excluded: false, bytes: undefined, windowMs: 10_000 });
  });

  describe('the time ends when the apps lost the primary', () => {
    const lost = (noPrimaryForMs: number | undefined) => ({ writes: 'fail', noPrimaryForMs });
    const us = { name: 'us', reads: 'pass', writes: 'pass', ageMs: 100, timeline: 1 };
    const [eu, ap] = [app('eu', lost(8_000)), app('ap', lost(7_000))];
    it.each([
      ['the app that had it longest counts', [eu, ap, app('us', lost(6_000))], 4_000],
      ['also in another region', [eu, app('ap', lost(5_000)), app('us', lost(6_000))], 5_000],
      ['one does not say it', [eu, app('ap', lost(undefined)), app('us', lost(6_000))], 10_000],
      ['one still finds it', [eu, app('ap', { writes: 'pass', regions: [us] }), app('us', lost(6_000))], 10_000],
      ['one does not answer', [eu, app('ap', 'unreachable'), app('us', lost(6_000))], 10_000],
      ['one shows no detail', [eu, app('ap', 'no-detail'), app('us', lost(6_000))], 10_000],
      ['the app of a region is not known', [eu, app('us', lost(6_000))], 10_000],
      [
        'the app of another region answers',
        [eu, app('ap', { ...lost(8_000), region: 'eu' }), app('us', lost(6_000))],
        10_000,
      ],
      // It may only be cut off, and take the writes of its own clients.
      ['the app of the lost region does not answer', [eu, ap, app('us', 'unreachable')], 10_000],
      ['the app of the lost region is not known', [eu, ap], 10_000],
      ['the app of the lost region does not say it', [eu, ap, app('us', lost(undefined))], 10_000],
      ['the app of the lost region still finds it', [eu, ap, app('us', { writes: 'pass' })], 10_000],
      ['the app of the lost region shows no detail', [eu, ap, app('us', 'no-detail')], 10_000],
      ['the app of the lost region alone says so', [app('us', lost(8_000))], 10_000],
      ['at the last commit', ['eu', 'ap', 'us'].map((region) => app(region, lost(10_000))), 0],
      ['a commit is younger', ['eu', 'ap', 'us'].map((region) => app(region, lost(10_001))), 10_000],
      ['no app is known', [], 10_000],
    ] as const)('%s', (_, apps, windowMs) => {
      expect(assessLoss(situation(GONE.nodes, { apps }), 'us', target).windowMs).toBe(windowMs);
    });

    it('is not known if the last commit is of a time that has not come: the old clock ran ahead', () => {
      const ahead: KnownNode = { ...target, state: standby({ lastCommitMs: NOW_MS + 1 }) };
      expect(assessLoss(GONE, 'us', ahead).windowMs).toBeUndefined();
    });

    it('is not known without a commit', () => {
      const bare: KnownNode = { ...target, state: standby({ lastCommitMs: null }) };
      const given = situation(GONE.nodes, { apps: [app('eu', lost(8_000))] });
      expect(assessLoss(given, 'us', bare).windowMs).toBeUndefined();
    });
  });

  it('excludes a loss only when the old primary takes no writes any more', () => {
    expect(assessLoss(WELL, 'us', target)).toEqual({ excluded: false, bytes: 0, windowMs: 10_000 });
    const shut = situation([node('us/0', primary({ apps: fenced }))]);
    expect(assessLoss(shut, 'us', target)).toEqual({ excluded: true, bytes: 0, windowMs: 10_000 });
    const open = situation([node('us/0', primary({ apps: [{ name: 'app', canLogin: false, sessions: 1 }] }))]);
    expect(assessLoss(open, 'us', target).excluded).toBe(false);
    const nobody = situation([node('us/0', primary({ apps: [] }))]);
    expect(assessLoss(nobody, 'us', target).excluded).toBe(false);
  });

  it('goes by what a stopped primary had flushed when its logins were revoked', () => {
    const flushed = { timeline: 1, position: '0/5000000' };
    expect(assessLoss(GONE, 'us', target, flushed)).toMatchObject({ excluded: true, bytes: 0 });
    expect(assessLoss(GONE, 'us', target, { ...flushed, position: '0/5000001' })).toMatchObject({
      excluded: false,
      bytes: 1,
    });
    expect(assessLoss(GONE, 'us', target, { ...flushed, timeline: 2 })).toMatchObject({
      excluded: false,
      bytes: undefined,
    });
    expect(assessLoss(WELL, 'us', target, flushed)).toMatchObject({ excluded: false });
  });

  it('measures what is missing, and compares no positions of two timelines', () => {
    const more = situation([node('us/0', primary({ apps: fenced, position: '0/5000064' }))]);
    expect(assessLoss(more, 'us', target)).toMatchObject({ excluded: false, bytes: 100 });
    const other = situation([node('us/0', primary({ apps: fenced, timeline: 2 }))]);
    expect(assessLoss(other, 'us', target)).toMatchObject({ excluded: false, bytes: undefined });
  });
});

describe('vantages()', () => {
  const sees = (...args: Parameters<typeof vantages>): Record<string, string> =>
    Object.fromEntries(vantages(...args).map((one) => [one.name, one.sees]));

  it('are this machine, each receiver, and the app of each other region', () => {
    expect(sees(WELL, 'us', undefined)).toEqual({
      'this machine': 'alive',
      'receiver of eu/0': 'alive',
      'receiver of ap/0': 'alive',
    });
    expect(sees(GONE, 'us', undefined)).toEqual({
      'this machine': 'gone',
      'receiver of eu/0': 'gone',
      'receiver of ap/0': 'gone',
    });
  });

  it.each([
    ['timed-out', 'gone'],
    ['no-such-host', 'gone'],
    ['wrong-password', 'alive'],
    ['no-permission', 'alive'],
    ['starting', 'unknown'],
    ['certificate', 'unknown'],
    ['failed', 'unknown'],
  ] as const)('this machine: a primary that %s is %s', (why, expected) => {
    expect(sees(situation([node('us/0', why)]), 'us', undefined)).toEqual({ 'this machine': expected });
  });

  it('this machine: one server that lives is enough, one that is unknown makes it unknown', () => {
    expect(sees(situation([node('us/0', 'refused'), node('us/1', 'starting')]), 'us', undefined)).toEqual({
      'this machine': 'unknown',
    });
    expect(sees(situation([node('us/0', 'refused'), node('us/1', primary())]), 'us', undefined)).toEqual({
      'this machine': 'alive',
    });
    expect(sees(situation([]), 'us', undefined)).toEqual({ 'this machine': 'unknown' });
  });

  it('a primary that is fenced is no sign of life, here and for the standbys of its own region', () => {
    const nodes = [node('us/0', primary({ apps: fenced })), node('us/1', standby({ receiver }))];
    expect(sees(situation([...nodes, node('eu/0', standby({ receiver }))]), 'us', undefined)).toEqual({
      'this machine': 'unknown',
      'receiver of us/1': 'unknown',
      'receiver of eu/0': 'alive',
    });
  });

  it('a receiver that streams from another standby tells nothing of the primary', () => {
    const cascade = standby({ receiver: { ...receiver, from: 'ap.db:5432' } });
    expect(sees(situation([node('eu/0', cascade), node('ap/0', standby())]), 'us', 'eu')).toMatchObject({
      'receiver of eu/0': 'unknown',
      'receiver of ap/0': 'gone',
    });
  });

  const us = { name: 'us', reads: 'pass', writes: 'pass', ageMs: 100, timeline: 1 };
  it.each([
    ['reaches the primary', { writes: 'pass', regions: [us] }, 'alive'],
    ['has lost the region', { writes: 'fail', regions: [{ ...us, ageMs: 9_000 }] }, 'gone'],
    [
      'has never had an answer',
      { writes: 'fail', regions: [{ ...us, ageMs: undefined, timeline: undefined }] },
      'gone',
    ],
    [
      'is told by the region that it has no primary',
      { writes: 'fail', regions: [{ ...us, writes: 'fail', timeline: undefined }] },
      'gone',
    ],
    ['has lost the region, and writes all the same', { writes: 'pass', regions: [{ ...us, ageMs: 9_000 }] }, 'unknown'],
    ['does not know the region', { writes: 'fail', regions: [] }, 'unknown'],
  ] as const)('an app that %s', (_, view, expected) => {
    expect(sees(situation([], { apps: [app('eu', view)] }), 'us', undefined)).toMatchObject({ 'app of eu': expected });
  });

  it('an app of the lost region, or one that does not answer, is none', () => {
    expect(
      sees(
        situation([], { apps: [app('us', { regions: [us] }), app('eu', 'no-detail'), app('ap', 'unreachable')] }),
        'us',
        undefined,
      ),
    ).toEqual({ 'this machine': 'unknown' });
  });
});

describe('readAppView()', () => {
  it('reads the detail of health', () => {
    const text = JSON.stringify({
      status: 'pass',
      writes: 'pass',
      region: 'eu',
      version: '1.2.3',
      regions: [
        { name: 'us', reads: 'pass', writes: 'pass', ageMs: 5, primary: { timeline: 3, owner: 'us/0' } },
        null,
        { name: 4 },
      ],
    });
    expect(readAppView(text)).toEqual({
      region: 'eu',
      writes: 'pass',
      version: '1.2.3',
      regions: [{ name: 'us', reads: 'pass', writes: 'pass', ageMs: 5, timeline: 3 }],
    });
  });

  describe('for how long the router has found no primary', () => {
    const since = '2026-11-30T10:00:00.000Z';
    const dateMs = Date.parse(since) + 7_000;
    const check = { status: 'fail', affects: ['writes'], output: 'no-primary', time: '2026-11-30T10:00:07.000Z' };
    const body = { writes: 'fail', region: 'eu', regions: [], since, checks: { writes: [check] } };
    it.each([
      ['as long as the verdict is old', body, 7_000],
      [
        'beside a check of reads',
        { ...body, checks: { ...body.checks, r: [{ ...check, affects: ['reads'] }] } },
        7_000,
      ],
      ['beside a check that passes', { ...body, checks: { ...body.checks, d: [{ ...check, status: 'pass' }] } }, 7_000],
      ['not if writes pass', { ...body, writes: 'pass' }, undefined],
      [
        'not if another check fails, too',
        { ...body, checks: { ...body.checks, d: [{ ...check, output: 'full' }] } },
        undefined,
      ],
      [
        // A proxy may give the answer a clock of its own.
        'by the clock of the app, if that of the answer is ahead',
        {
          ...body,
          since: '2026-11-30T09:59:00.000Z',
          checks: { writes: [{ ...check, time: '2026-11-30T09:59:06.000Z' }] },
        },
        6_000,
      ],
      ['not if the check has no time', { ...body, checks: { writes: [{ ...check, time: undefined }] } }, undefined],
      [
        'not if the check has not run since',
        { ...body, checks: { writes: [{ ...check, time: '2026-11-30T09:59:59.000Z' }] } },
        undefined,
      ],
      [
        'not if the result of the check is too old',
        { ...body, checks: { writes: [{ ...check, stale: true }] } },
        undefined,
      ],
      [
        'not if the router has two primaries',
        { ...body, checks: { w: [{ ...check, output: 'twin-primaries' }] } },
        undefined,
      ],
      ['not without a reason', { ...body, checks: { w: [{ status: 'fail', affects: ['writes'] }] } }, undefined],
      ['not without checks', { ...body, checks: undefined }, undefined],
      ['not if checks are none', { ...body, checks: [null, 7, { w: null }] }, undefined],
      ['not without a time', { ...body, since: 7 }, undefined],
      ['not with a time that is none', { ...body, since: 'yesterday' }, undefined],
      ['not with a time that has not come', { ...body, since: '2026-11-30T10:00:08.000Z' }, undefined],
    ])('%s', (_, given, expected) => {
      expect(readAppView(JSON.stringify(given), dateMs)?.noPrimaryForMs).toBe(expected);
      expect(readAppView(JSON.stringify(given))?.noPrimaryForMs).toBeUndefined();
    });
  });

  it.each([
    '',
    'null',
    '[]',
    '{"status":"pass","reads":"pass","writes":"pass"}',
    '<html>',
    '{"region":1,"writes":"pass","regions":[]}',
  ])('is no detail: %s', (text) => {
    expect(readAppView(text)).toBeUndefined();
  });
});
