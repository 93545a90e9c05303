import type { DatabaseReport, RouteExplanation } from '@regionkit/core';
import { type FakeClock, fakeClock, requestView } from '@regionkit/core/testing';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { checks, createHealth, type Followed, type FollowOptions, type Health } from '../src/index.ts';
import { deferred, SECRET, threeRegions } from './helpers/fixtures.ts';

const NOTHING: DatabaseReport = { role: 'unknown', forks: [] };
const LOCAL: RouteExplanation = { action: 'run', region: 'a', reason: 'local-replica' };
const REMOTE: RouteExplanation = { action: 'run', region: 'b', reason: 'remote-replica' };
const FORWARD: RouteExplanation = { action: 'forward', region: 'b', reason: 'forward' };

let clock: FakeClock;
let health: Health<'a' | 'b' | 'c'>;
beforeEach(() => {
  clock = fakeClock();
  health = createHealth({ regions: threeRegions(), clock, random: () => 0.5 });
});
afterEach(() => health.close());

function routerThat(read: RouteExplanation, write: RouteExplanation, more: Partial<Followed> = {}) {
  const now = { read, write };
  const router: Followed = {
    topology: () => ({ local: NOTHING, nodes: [{ region: 'a' }, { region: 'b' }] }),
    explain: (intent) => now[intent],
    ...more,
  };
  return { router, now };
}
const statuses = () =>
  ['/health', '/health/read', '/health/write', '/readyz'].map(
    (target) => (health.decide(requestView({ target })) as { status: number }).status,
  );

describe('health.follow()', () => {
  it('adds a check of reads and one of writes', async () => {
    const { router, now } = routerThat(LOCAL, FORWARD);
    health.follow(router);
    await clock.advance(0);
    expect(health.verdict()).toMatchObject({ status: 'pass', reads: 'pass', writes: 'pass', phase: 'up' });
    now.write = { action: 'hold', reason: 'no-primary' };
    await clock.advance(10_000);
    expect(health.verdict()).toMatchObject({ reads: 'pass', writes: 'fail', accept: 'yes', failing: ['writes'] });
    expect(statuses()).toEqual([200, 200, 503, 200]);
    now.read = { action: 'reject', reason: 'no-readable-node' };
    await clock.advance(10_000);
    expect(health.verdict()).toMatchObject({ reads: 'fail', failing: ['reads', 'writes'] });
    expect(statuses()).toEqual([503, 503, 503, 200]);
  });

  it('fails writes that would be forwarded to a region that has been silent for downAfterMs, whatever the router still believes', async () => {
    await health.close();
    health = createHealth({
      regions: threeRegions(),
      clock,
      random: () => 0.5,
      peers: {
        secret: SECRET,
        fetch: () => new Promise(() => {}),
        intervalMs: 500,
        urgentIntervalMs: 100,
        timeoutMs: 500,
        unknownAfterMs: 1_500,
        downAfterMs: 3_000,
      },
      logger: { info: () => {}, warn: () => {}, error: () => {} },
    });
    health.follow(routerThat(LOCAL, FORWARD).router);
    await clock.advance(2_500);
    expect(health.view.get('b')?.writes).toBe('unknown');
    expect(health.verdict()).toMatchObject({ reads: 'pass', writes: 'pass' });
    await clock.advance(7_000);
    expect(health.view.get('b')?.writes).toBe('fail');
    expect(health.verdict()).toMatchObject({ reads: 'pass', writes: 'fail', accept: 'yes', failing: ['writes'] });
    expect(statuses()).toEqual([200, 200, 503, 200]);
  });

  it('lets a region whose primary is not confirmed yet serve reads, and no writes', async () => {
    const { router, now } = routerThat({ ...LOCAL, reason: 'primary-lost' }, { action: 'hold', reason: 'unconfirmed' });
    health.follow(router);
    await clock.advance(0);
    expect(health.verdict()).toMatchObject({ status: 'warn', reads: 'pass', writes: 'fail', failing: ['writes'] });
    now.write = FORWARD;
    // A check that has only failed since the start is not recovering: the first good result decides.
    await clock.advance(2_500);
    expect(health.verdict()).toMatchObject({ status: 'pass', writes: 'pass' });
  });

  it('warns while reads run in another region because the databases of this one do not answer', async () => {
    health.follow(routerThat(REMOTE, FORWARD).router);
    await clock.advance(0);
    expect(health.verdict()).toMatchObject({ status: 'warn', reads: 'warn', writes: 'pass', failing: [] });
    expect(statuses()).toEqual([200, 200, 200, 200]);
  });

  it('passes where the router has no database in this region: its reads always run in another one', async () => {
    const topology = () => ({ local: NOTHING, nodes: [{ region: 'b' }, { region: 'c' }] });
    const { router, now } = routerThat(REMOTE, { ...REMOTE, reason: 'remote-pool' }, { topology });
    health.follow(router);
    await clock.advance(0);
    expect(health.verdict()).toMatchObject({ status: 'pass', reads: 'pass', writes: 'pass' });
    now.read = { action: 'reject', reason: 'no-readable-node' };
    await clock.advance(10_000);
    expect(health.verdict()).toMatchObject({ status: 'fail', reads: 'fail' });
  });

  it('fails both when the router is closed', async () => {
    const { router, now } = routerThat(LOCAL, FORWARD);
    health.follow(router);
    await clock.advance(0);
    now.read = { action: 'reject', reason: 'closed' };
    now.write = { action: 'reject', reason: 'closed' };
    await clock.advance(10_000);
    expect(health.verdict()).toMatchObject({ reads: 'fail', writes: 'fail', failing: ['reads', 'writes'] });
  });

  it('fails both when the router throws', async () => {
    const { router } = routerThat(LOCAL, FORWARD);
    const fails = (): never => {
      throw new Error('of the app');
    };
    health.follow({ ...router, topology: fails, explain: fails });
    await clock.advance(0);
    expect(health.verdict()).toMatchObject({ reads: 'fail', writes: 'fail' });
  });
});

describe('a process that starts', () => {
  const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
  beforeEach(() => void warned.mockClear());
  const unready: RouteExplanation = { action: 'reject', reason: 'no-readable-node' };

  it('is starting until its router has probed the databases: no failure is reported before', async () => {
    const probed = deferred();
    const { router, now } = routerThat(unready, unready, { ready: () => probed.promise });
    health.follow(router);
    await clock.advance(500);
    expect(health.verdict()).toMatchObject({ phase: 'starting' });
    now.read = LOCAL;
    now.write = FORWARD;
    probed.resolve();
    await clock.advance(0);
    expect(health.verdict()).toMatchObject({ status: 'pass', phase: 'up' });
    expect(warned).not.toHaveBeenCalled();
  });

  it('does not wait for it longer than a check may take', async () => {
    const { router, now } = routerThat(unready, unready, {
      ready: ({ signal }) => new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
    });
    health.follow(router);
    await clock.advance(1_000);
    expect(health.verdict()).toMatchObject({ phase: 'up', reads: 'fail', writes: 'fail' });
    now.read = LOCAL;
    now.write = FORWARD;
    await clock.advance(3_500);
    expect(health.verdict()).toMatchObject({ status: 'pass' });
  });

  it('reports what the router says when it can never become ready', async () => {
    const { router } = routerThat(unready, unready, { ready: () => Promise.reject(new Error('28P01')) });
    health.follow(router);
    await clock.advance(0);
    expect(health.verdict()).toMatchObject({ phase: 'up', reads: 'fail', writes: 'fail' });
  });
});

describe('the writes of a process that has just started', () => {
  const HELD: RouteExplanation = { action: 'hold', reason: 'no-primary' };
  const nodesOf = (...states: string[]) => ({
    topology: () => ({ local: NOTHING, nodes: states.map((state) => ({ region: 'a', state })) }),
  });
  const isOver = ['primary', 'unreachable'];

  it('are not known while a server was not probed yet, and reads are served meanwhile', async () => {
    const states = ['replica', 'unknown'];
    const { router, now } = routerThat(LOCAL, HELD, {
      topology: () => ({ local: NOTHING, nodes: states.map((state) => ({ region: 'a', state })) }),
      ready: () => Promise.resolve(),
    });
    health.follow(router);
    await clock.advance(0);
    expect(health.verdict()).toMatchObject({
      status: 'warn',
      reads: 'pass',
      writes: 'unknown',
      accept: 'yes',
      phase: 'up',
      failing: [],
    });
    expect(statuses()).toEqual([200, 200, 503, 200]);
    // The first answer: it shows at once, and not a whole interval later.
    states[1] = 'primary';
    now.write = { action: 'run', region: 'a', reason: 'local-primary' };
    await clock.advance(200);
    expect(health.verdict()).toMatchObject({ status: 'pass', writes: 'pass' });
    expect(statuses()).toEqual([200, 200, 200, 200]);
  });

  it.each(isOver)('fail as soon as every server has answered or not: %s', async (state) => {
    const states = ['unknown'];
    const { router } = routerThat(LOCAL, HELD, {
      topology: () => ({ local: NOTHING, nodes: states.map((each) => ({ region: 'a', state: each })) }),
    });
    health.follow(router);
    await clock.advance(500);
    expect(health.verdict()).toMatchObject({ writes: 'unknown' });
    states[0] = state;
    await clock.advance(200);
    expect(health.verdict()).toMatchObject({ reads: 'pass', writes: 'fail', failing: ['writes'] });
  });

  it('fail in the end if nothing is ever heard', async () => {
    health.follow(routerThat(LOCAL, HELD, nodesOf('unknown')).router);
    await clock.advance(4_500);
    expect(health.verdict()).toMatchObject({ writes: 'unknown' });
    await clock.advance(1_000);
    expect(health.verdict()).toMatchObject({ writes: 'fail', failing: ['writes'] });
    await clock.advance(60_000);
    expect(health.verdict()).toMatchObject({ writes: 'fail' });
  });

  it('are known if they are refused, whatever is still unknown', async () => {
    const refused: RouteExplanation = { action: 'reject', reason: 'closed' };
    health.follow(routerThat(refused, refused, nodesOf('unknown')).router);
    await clock.advance(0);
    expect(health.verdict()).toMatchObject({ reads: 'fail', writes: 'fail' });
  });

  it('are never unknown again: a primary that is lost later fails them', async () => {
    const states = ['primary'];
    const { router, now } = routerThat(
      LOCAL,
      { action: 'run', reason: 'local-primary' },
      { topology: () => ({ local: NOTHING, nodes: states.map((state) => ({ region: 'a', state })) }) },
    );
    health.follow(router);
    await clock.advance(3_000);
    states[0] = 'unknown';
    now.write = HELD;
    await clock.advance(5_000);
    expect(health.verdict()).toMatchObject({ writes: 'fail', failing: ['writes'] });
  });

  it('show a primary that is found late at once, also after they failed', async () => {
    const { router, now } = routerThat(LOCAL, HELD, nodesOf('primary'));
    health.follow(router);
    await clock.advance(10_000);
    expect(health.verdict()).toMatchObject({ writes: 'fail' });
    now.write = FORWARD;
    await clock.advance(200);
    expect(health.verdict()).toMatchObject({ status: 'pass', writes: 'pass' });
  });

  describe('beside other regions', () => {
    /** Answers of the regions b and c: undefined as long as none has come. */
    const answers: Partial<Record<string, () => Promise<Response>>> = {};
    const others: Health<'a' | 'b' | 'c'>[] = [];
    const gone = (): Promise<Response> => Promise.reject(new Error('connection refused'));
    let sibling = gone;
    const begin = async (...[router]: Parameters<typeof health.follow>): Promise<void> => {
      await health.close();
      health = createHealth({
        regions: threeRegions(),
        clock,
        random: () => 0.5,
        peers: {
          secret: SECRET,
          fetch: (url, init) => {
            const answer = answers[new URL(url).hostname[0] as string];
            if (url.startsWith('https://a.')) return sibling();
            return answer === undefined ? new Promise(() => {}) : regionAnswers(url, init.headers, answer);
          },
        },
        logger: { info: () => {}, warn: () => {}, error: () => {} },
      });
      health.follow(router);
    };
    afterEach(async () => {
      for (const name of ['b', 'c']) delete answers[name];
      sibling = gone;
      for (const other of others.splice(0)) await other.close();
    });
    const regionAnswers = (
      url: string,
      headers: Readonly<Record<string, string>>,
      answer: () => Promise<Response>,
    ): Promise<Response> => {
      const other = others.find(({ view }) => url.startsWith(`https://${view.self}.`));
      return other === undefined ? answer() : Promise.resolve(other.fetch(answer)(new Request(url, { headers })));
    };
    const started = (name: 'b' | 'c', local: DatabaseReport): void => {
      const other = createHealth({ regions: threeRegions(name), clock, peers: { secret: SECRET, fetch: gone } });
      other.follow(routerThat(LOCAL, LOCAL, { topology: () => ({ local }) }).router, { reads: false, writes: false });
      others.push(other);
      answers[name] = async () => new Response('not found', { status: 404 });
    };
    const settled: DatabaseReport = { role: 'standby', position: 1n, forks: [], measured: true, acceptedForMs: 9_000 };

    /** One question is still open, and ends without an answer after a second. */
    const expectUnknownUntilTheLastIsAsked = async (state: string): Promise<void> => {
      await begin(routerThat(LOCAL, HELD, nodesOf(state)).router);
      await clock.advance(900);
      expect(health.verdict()).toMatchObject({ reads: 'pass', writes: 'unknown', failing: [] });
      await clock.advance(500);
      expect(health.verdict()).toMatchObject({ reads: 'pass', writes: 'fail', failing: ['writes'] });
    };

    it('are not known before each of them was asked', async () => {
      answers['b'] = gone;
      await expectUnknownUntilTheLastIsAsked('replica');
    });

    it('are not known before the other processes of its own region were asked: the router waits for that', async () => {
      for (const name of ['b', 'c'] as const) started(name, settled);
      sibling = () => new Promise(() => {});
      await expectUnknownUntilTheLastIsAsked('primary');
    });

    it('fail at once where all of them know of no primary', async () => {
      for (const name of ['b', 'c'] as const) started(name, settled);
      await begin(routerThat(LOCAL, HELD, nodesOf('replica')).router);
      await clock.advance(500);
      expect(health.verdict()).toMatchObject({ reads: 'pass', writes: 'fail', failing: ['writes'] });
    });

    it('are not known while one of them has itself just started', async () => {
      started('b', { role: 'unknown', forks: [] });
      started('c', settled);
      const { router, now } = routerThat(LOCAL, HELD, nodesOf('replica'));
      await begin(router);
      await clock.advance(2_000);
      expect(health.verdict()).toMatchObject({ reads: 'pass', writes: 'unknown' });
      now.write = FORWARD;
      await clock.advance(200);
      expect(health.verdict()).toMatchObject({ writes: 'pass' });
    });
  });
});

describe('the checks of health.follow()', () => {
  it.each<[FollowOptions, string[]]>([
    [{}, ['reads', 'writes']],
    [{ reads: 'db-reads', writes: 'db-writes' }, ['db-reads', 'db-writes']],
    [{ reads: false }, ['writes']],
    [{ writes: false }, ['reads']],
    [{ reads: false, writes: false }, []],
  ])('with %j are %j', async (options, names) => {
    const refused: RouteExplanation = { action: 'reject', reason: 'no-readable-node' };
    health.follow(routerThat(refused, refused).router, options);
    await clock.advance(0);
    expect(health.verdict().failing).toEqual(names);
  });

  it.each<[unknown, unknown, RegExp]>([
    [undefined, {}, /^health\.follow: router\.topology must be a function; got undefined/],
    [{}, {}, /^health\.follow: router\.topology must be a function; got undefined/],
    [{ topology: () => ({}) }, {}, /^health\.follow: router\.explain must be a function; got undefined/],
    [
      routerThat(LOCAL, LOCAL).router,
      { read: 'x' },
      /^health\.follow: options has no option "read"; it takes reads, writes/,
    ],
    [routerThat(LOCAL, LOCAL).router, { reads: true }, /^health\.follow: reads must be 1 to 64 printable/],
    [routerThat(LOCAL, LOCAL).router, { writes: 'no name' }, /^health\.follow: writes must be 1 to 64 printable/],
    [
      routerThat(LOCAL, LOCAL).router,
      { reads: 'db', writes: 'db' },
      /^health\.follow: writes must be another name than reads/,
    ],
    [
      routerThat(LOCAL, LOCAL).router,
      { writes: 'taken' },
      /^health\.follow: there is a check 'taken' already: .* \{ writes: false \}/,
    ],
  ])('are refused with a sentence, and nothing is half done: %o, %j', async (router, options, message) => {
    health.check('taken', () => {});
    expect(() => health.follow(router as Followed, options as FollowOptions)).toThrow(message);
    health.follow(routerThat(LOCAL, LOCAL).router);
    await clock.advance(0);
    expect(health.verdict()).toMatchObject({ status: 'pass' });
  });

  it('are refused for a second router, and for the same one again: a region has one database', async () => {
    const first = routerThat(LOCAL, FORWARD);
    const refused: RouteExplanation = { action: 'reject', reason: 'no-readable-node' };
    health.follow(first.router);
    for (const router of [first.router, routerThat(refused, refused).router]) {
      expect(() => health.follow(router)).toThrow(/^health\.follow: a router is followed already/);
      expect(() => health.follow(router, { reads: false, writes: false })).toThrow(/followed already/);
    }
    await clock.advance(10_000);
    expect(health.verdict()).toMatchObject({ status: 'pass', failing: [] });
  });

  it('are known to an app that still adds them by hand', () => {
    health.follow(routerThat(LOCAL, FORWARD).router);
    const reads = checks.router(() => routerThat(LOCAL, FORWARD).router, 'read');
    expect(() => health.check('reads', reads, { affects: ['reads'] })).toThrow(
      "there is a check 'reads' already; health.follow() adds those of reads and writes itself",
    );
  });
});
