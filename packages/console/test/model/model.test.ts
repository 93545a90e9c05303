import { describe, expect, it } from 'vitest';
import { EMPTY, type Input, MAX_EVENTS, type Model, reduce } from '../../src/model/model.ts';
import { readDrill } from '../../src/model/read-drill.ts';
import { readProcess } from '../../src/model/read-process.ts';
import { verdictsOf } from '../../src/model/verdicts.ts';
import { viewOf } from '../../src/model/view.ts';
import { door, event, fleet, knows, node, without } from '../helpers/fleet.ts';

const play = (...inputs: readonly Input[]): Model => inputs.reduce(reduce, EMPTY);
const status: Input = {
  type: 'fleet',
  fleet: fleet(door('us', knows('us-1')), door('eu', knows('eu-1'))),
  atMs: 1_000,
};

describe('reduce', () => {
  it('is connected when the console sends a state, and not before', () => {
    expect(play({ type: 'sign-in' }).connection.state).toBe('connecting');
    expect(play({ type: 'sign-in' }, status).connection.state).toBe('connected');
  });

  it('keeps what it knew while the connection is lost, with the time when that began', () => {
    const model = play(status, { type: 'lost', atMs: 5 }, { type: 'lost', atMs: 9 });
    expect(model.connection).toEqual({ state: 'lost', sinceMs: 5 });
    expect(model.fleet).toBeDefined();
  });

  it('knows nothing after signing out', () => {
    expect(play(status, { type: 'sign-out', why: 'x' })).toEqual({
      ...EMPTY,
      connection: { state: 'signed-out', why: 'x' },
    });
  });

  it('begins its events anew when the console was restarted: it sends all of them again', () => {
    const one = (run: string): Input => ({ type: 'event', event: event('node'), run });
    expect(play(one('a'), one('a')).events).toHaveLength(2);
    expect(play(one('a'), one('a'), one('b')).events).toHaveLength(1);
  });

  it('counts an event once that a new connection sends again', () => {
    const [first, second] = [event('node'), event('node')];
    const heard = [first, second, first, second].map((each): Input => ({ type: 'event', event: each, run: 'a' }));
    expect(play(...heard).events).toEqual([first, second]);
  });

  it('keeps a bounded number of events', () => {
    const many = Array.from(
      { length: MAX_EVENTS + 50 },
      (): Input => ({ type: 'event', event: event('node'), run: 'a' }),
    );
    expect(play(...many).events).toHaveLength(MAX_EVENTS);
  });
});

describe('viewOf', () => {
  it('says of each process what it knows', () => {
    const epochs = [{ timeline: 3, owner: 'ap/0' }];
    const model = play({
      type: 'fleet',
      atMs: 0,
      fleet: fleet(
        door(
          'us',
          knows('us-1', { voids: [{ id: 'v', epochs }], pause: { leftMs: 900, underWay: 2 }, highest: 3 }),
          knows('us-2', { isGone: true, silentMs: 12_000 }),
          knows('us-3', { silentMs: 7_000 }),
        ),
        door('eu', without('eu-1', { holding: 4 })),
        { name: 'ap', why: 'timed-out', processes: [] },
      ),
    });
    expect(viewOf(model)?.processes).toMatchObject([
      {
        state: { word: 'ready', level: 'good' },
        knows: 'us/0 on timeline 1',
        notes: 'knows of timeline 3; writes paused for 1 s more, 2 under way; timeline 3 of ap/0 is void',
        heard: 'now',
      },
      { state: { word: 'gone', level: 'bad' }, heard: '12 s ago' },
      { state: { word: 'silent', level: 'unknown' }, heard: '7.0 s ago' },
      { state: { word: 'no-primary', level: 'bad' }, knows: 'no primary', waiting: '4' },
      { name: 'operator door', region: 'ap', state: { word: 'does not answer', level: 'bad' } },
    ]);
  });

  it('believes the process with the highest epoch of a node, and tells that others differ', () => {
    const moved = knows('eu-1', {
      highest: 2,
      nodes: [node('us/0', 'fenced'), node('eu/0', 'primary', { timeline: 2 })],
    });
    const model = play({ type: 'fleet', atMs: 0, fleet: fleet(door('us', knows('us-1')), door('eu', moved)) });
    expect(viewOf(model)?.nodes).toMatchObject([
      { id: 'eu/0', state: { word: 'primary' }, epoch: 'timeline 2', note: 'other processes say replica' },
      { id: 'us/0', state: { word: 'fenced', level: 'bad' }, note: 'other processes say primary' },
    ]);
  });

  it('shows a drill: what is over, what runs, and what is late', () => {
    const drill = readDrill({
      scenario: 'region-loss',
      summary: 'A region dies.',
      state: 'running',
      faultAtMs: 1_000,
      nowMs: 7_000,
      objectiveMs: 5_000,
      phases: [
        { name: 'detect', state: 'done', atMs: 900 },
        { name: 'promote', state: 'running' },
        { name: 'stable', state: 'waiting' },
      ],
      reads: 10,
      failedReads: 1,
      unsent: 4,
    });
    if (drill === undefined) throw new Error('it was read as no drill');
    const view = viewOf(play({ type: 'fleet', atMs: 0, fleet: { ...fleet(), drill } }));
    expect(view?.drill).toMatchObject({
      title: 'region-loss: running',
      counts: '10 reads, 1 failed reads, 4 not sent by the driver',
      phases: [
        { name: 'detect', state: { word: 'done', level: 'good' }, time: '900 ms of 5.0 s', used: 0.18 },
        { name: 'promote', state: { word: 'running, late', level: 'bad' }, time: '6.0 s of 5.0 s', used: 1 },
        { name: 'stable', state: { word: 'waiting' }, time: 'not begun of 5.0 s', used: 0 },
      ],
    });
    for (const given of [undefined, null, 'x', [], {}, { scenario: 7 }]) expect(readDrill(given)).toBeUndefined();
  });
});

describe('verdictsOf', () => {
  const good = { reads: 'pass', writes: 'pass', accept: 'yes' };
  it('tells what a region says of itself, and how each other region sees it', () => {
    const us = knows('us-1', {
      verdict: good,
      sees: [{ name: 'eu', reads: 'unknown', writes: 'unknown', accept: 'unknown' }],
    });
    const eu = [
      knows('eu-1', { verdict: good, sees: [{ name: 'us', ...good }] }),
      knows('eu-2', { verdict: { ...good, writes: 'fail' }, sees: [{ name: 'us', ...good, reads: 'fail' }] }),
    ];
    expect(verdictsOf(fleet(door('us', us), door('eu', ...eu), door('ap')))).toMatchObject([
      {
        region: 'us',
        reads: { word: 'pass', level: 'good' },
        seen: [{ by: 'eu', says: { word: 'pass, reads fail, writes pass, traffic yes', level: 'bad' } }],
      },
      {
        region: 'eu',
        writes: { word: 'pass, fail', level: 'bad' },
        seen: [{ by: 'us', says: { word: 'unknown', level: 'unknown' } }],
      },
      { region: 'ap', reads: { word: 'not known', level: 'unknown' }, seen: [] },
    ]);
  });
});

describe('readProcess', () => {
  it('takes nothing that a door would not send', () => {
    for (const given of [
      undefined,
      null,
      'x',
      7,
      [],
      {},
      { process: {}, region: 'us', topology: { state: 'ready' } },
    ]) {
      expect(readProcess(given)).toBeUndefined();
    }
  });

  it('bounds lists, texts and numbers of a hostile one', () => {
    const long = 'x'.repeat(10_000);
    const process = readProcess({
      process: { id: 'p', host: '<img src=x>', pid: -1 },
      region: 'us',
      topology: {
        state: long,
        nodes: Array.from({ length: 1_000 }, () => ({
          id: long,
          region: null,
          state: 'a\u202eb',
          timeline: Number.MAX_VALUE,
          lagMs: -5,
        })),
      },
      voids: Array.from({ length: 1_000 }, () => ({ epochs: Array.from({ length: 1_000 }, () => 7) })),
      regions: 'none',
      stats: [],
    });
    expect(process).toMatchObject({ host: '<img src=x>', pid: 0, sees: [], holding: 0 });
    expect(process?.nodes).toHaveLength(64);
    expect(process?.nodes[0]).toEqual({
      id: `${'x'.repeat(119)}…`,
      region: '',
      state: 'a\ufffdb',
      timeline: Number.MAX_SAFE_INTEGER,
      position: '',
    });
    expect(process?.voids).toHaveLength(16);
    expect(process?.state).toHaveLength(120);
  });
});
