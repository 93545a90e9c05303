import { live, type RequestView, type RespondDecision, type RouteExplanation } from '@regionkit/core';
import { type FakeClock, fakeClock, requestView } from '@regionkit/core/testing';
import { afterEach, describe, expect, test, vi } from 'vitest';
import {
  type Check,
  type CheckOptions,
  checks,
  createHealth,
  type Health,
  type HealthOptions,
  type HealthVerdict,
} from '../src/index.ts';
import { deferred, TOKEN, threeRegions } from './helpers/fixtures.ts';

const open: Health<string>[] = [];
afterEach(async () => {
  for (const health of open.splice(0)) await health.close();
});

function start(options: Partial<HealthOptions<'a' | 'b' | 'c'>> = {}): {
  readonly clock: FakeClock;
  readonly health: Health<'a' | 'b' | 'c'>;
} {
  const clock = fakeClock();
  const health = createHealth({ regions: threeRegions(), clock, random: () => 0.5, ...options });
  open.push(health);
  return { clock, health };
}

function ask(health: Health, path: string, parts: Parameters<typeof requestView>[0] = {}): RespondDecision {
  const decision = health.decide(requestView({ target: path, ...parts }));
  if ('then' in decision || decision.action !== 'respond') throw new Error(`no answer at ${path}`);
  return decision;
}
const statusOf = (health: Health, path: string): number => ask(health, path).status;
const bodyOf = (health: Health, path: string, parts?: Parameters<typeof requestView>[0]) =>
  JSON.parse(String(ask(health, path, parts).body)) as Record<string, unknown>;

test('an app without a check is well as soon as it is asked', () => {
  const { health } = start();
  expect(health.verdict()).toMatchObject({ status: 'pass', reads: 'pass', writes: 'pass', accept: 'yes', phase: 'up' });
});

test('a probe reads each clock once', async () => {
  const { clock, health } = start();
  health.check('quick', () => {});
  await clock.advance(10);
  const reads = [vi.spyOn(clock, 'now'), vi.spyOn(clock, 'wallMs')];
  ask(health, '/health');
  expect(reads.map(({ mock }) => mock.calls.length)).toEqual([1, 1]);
});

test('it starts until every check has been run once, and not longer', async () => {
  const { clock, health } = start();
  const slow = deferred();
  health.check('quick', () => {});
  health.check('slow', () => slow.promise);
  let ready = false;
  void health.ready().then(() => {
    ready = true;
  });
  await clock.advance(10);
  expect(health.verdict()).toMatchObject({ phase: 'starting', accept: 'no', status: 'fail' });
  expect([statusOf(health, '/health'), statusOf(health, '/readyz'), statusOf(health, '/livez')]).toEqual([
    503, 503, 200,
  ]);
  slow.resolve();
  await clock.advance(0);
  expect(health.verdict().phase).toBe('up');
  expect(ready).toBe(true);
  expect(statusOf(health, '/health')).toBe(200);
});

test('a check that hangs at the start holds it up for its timeout alone', async () => {
  const { clock, health } = start();
  health.check('hangs', () => new Promise(() => {}), { affects: ['writes'] });
  await clock.advance(1_000);
  expect(health.verdict()).toMatchObject({ phase: 'up', writes: 'fail', accept: 'yes' });
});

test('ready can be given up', async () => {
  const { health } = start();
  health.check('hangs', () => new Promise(() => {}));
  const controller = new AbortController();
  const ready = health.ready({ signal: controller.signal });
  controller.abort(new Error('enough'));
  await expect(ready).rejects.toThrow('enough');
  await expect(health.ready({ signal: controller.signal })).rejects.toThrow('enough');
});

test('a check that begins to hang turns the verdict within its timeouts and one interval', async () => {
  const { clock, health } = start();
  let hangs = false;
  health.check('db', () => (hangs ? new Promise(() => {}) : undefined), { affects: ['reads'] });
  await clock.advance(0);
  expect(statusOf(health, '/health')).toBe(200);
  hangs = true;
  // At worst it begins to hang just after a run: one interval, and what failAfter asks for.
  await clock.advance(2_000 + 2 * 1_000 + 2_000);
  expect(health.verdict()).toMatchObject({ reads: 'fail', failing: ['db'] });
  expect(statusOf(health, '/health')).toBe(503);
});

test('a thousand probes beside a check that hangs run nothing and are all answered', async () => {
  const { clock, health } = start();
  let runs = 0;
  health.check(
    'db',
    () => {
      runs += 1;
      return new Promise(() => {});
    },
    { affects: ['reads'] },
  );
  await clock.advance(0);
  expect(runs).toBe(1);
  for (let probe = 0; probe < 1_000; probe += 1) expect(statusOf(health, '/health')).toBe(503);
  expect(runs).toBe(1);
});

test('failAfter and passAfter keep a verdict from flapping', async () => {
  const { clock, health } = start();
  let fails = false;
  health.check(
    'db',
    () => {
      if (fails) throw new Error('no');
    },
    { affects: ['reads'] },
  );
  const seen: string[] = [];
  await clock.advance(0);
  for (const next of [true, false, true, true, false, false, false]) {
    fails = next;
    await clock.advance(2_000);
    seen.push(health.verdict().reads);
  }
  expect(seen).toEqual(['pass', 'pass', 'pass', 'fail', 'fail', 'fail', 'pass']);
});

test('a result that is too old fails by itself, even when no timer has fired', async () => {
  const { clock, health } = start();
  const stale: string[] = [];
  health.on('stale', ({ name }) => stale.push(name));
  health.check('db', () => {}, { affects: ['reads'] });
  await clock.advance(0);
  // The loop was blocked, or the process stopped: both clocks went on, nothing was run.
  clock.suspend(9_999);
  expect(statusOf(health, '/health')).toBe(200);
  clock.suspend(1);
  expect(statusOf(health, '/health')).toBe(503);
  expect(stale).toEqual(['db']);
  await clock.advance(0);
  expect(statusOf(health, '/health')).toBe(200);
});

test.each([3_600_000, -3_600_000])(
  'a clock that jumps by %i ms makes all that was known stale, and has it looked at',
  async (ms) => {
    const { clock, health } = start();
    let runs = 0;
    health.check(
      'db',
      () => {
        runs += 1;
      },
      { affects: ['reads'] },
    );
    await clock.advance(100);
    clock.stepWall(ms);
    expect(statusOf(health, '/health')).toBe(503);
    expect(runs).toBe(1);
    await clock.advance(0);
    expect(runs).toBe(2);
    expect(statusOf(health, '/health')).toBe(200);
  },
);

test('a check is never run twice at once, whatever the clocks do', async () => {
  const { clock, health } = start();
  let running = 0;
  let most = 0;
  health.check('db', async (_signal, { clock: time }) => {
    running += 1;
    most = Math.max(most, running);
    await new Promise<void>((resolve) => time.schedule(resolve, 1_500));
    running -= 1;
  });
  for (let round = 0; round < 30; round += 1) {
    await clock.advance(700);
    if (round % 5 === 0) clock.suspend(30_000);
    if (round % 7 === 0) clock.stepWall(5_000 * (round % 2 === 0 ? 1 : -1));
    health.verdict();
  }
  expect(most).toBe(1);
});

test('reads and writes are told apart', async () => {
  const { clock, health } = start();
  let write: RouteExplanation = { action: 'forward', region: 'b', reason: 'forward' };
  const router = {
    explain: (intent: string): RouteExplanation =>
      intent === 'write' ? write : { action: 'run', region: 'a', reason: 'local' },
  };
  health.check(
    'reads',
    checks.router(() => router, 'read'),
    { affects: ['reads'] },
  );
  health.check(
    'writes',
    checks.router(() => router, 'write'),
    { affects: ['writes'] },
  );
  await clock.advance(0);
  const all = () => ['/health', '/health/read', '/health/write'].map((path) => statusOf(health, path));
  expect(all()).toEqual([200, 200, 200]);
  write = { action: 'hold', reason: 'no-primary' };
  await clock.advance(4_000);
  expect(all()).toEqual([200, 200, 503]);
  expect(bodyOf(health, '/health')).toEqual({
    status: 'warn',
    reads: 'pass',
    writes: 'fail',
    accept: 'yes',
    phase: 'up',
  });
  write = { action: 'run', region: 'a', reason: 'primary' };
  await clock.advance(6_000);
  expect(all()).toEqual([200, 200, 200]);
});

test('a region alone never leaves for a relative reason', async () => {
  const { clock, health } = start();
  health.check('loop', () => ({ status: 'fail' }), { scope: 'relative' });
  await clock.advance(60_000);
  expect(health.verdict()).toMatchObject({ status: 'warn', accept: 'yes', failing: ['loop'] });
});

test('draining fails health and readiness, keeps liveness, and can be taken back', async () => {
  const { clock, health } = start();
  health.check('db', () => {});
  await clock.advance(0);
  const phases: string[] = [];
  health.on('drain', ({ phase }) => phases.push(phase));
  const all = () =>
    ['/health', '/health/read', '/health/write', '/readyz', '/livez'].map((path) => statusOf(health, path));
  health.drain();
  expect(health.verdict()).toMatchObject({ accept: 'draining', phase: 'draining', status: 'fail', reads: 'pass' });
  expect(all()).toEqual([503, 503, 503, 503, 200]);
  health.undrain();
  expect(all()).toEqual([200, 200, 200, 200, 200]);
  health.drain();
  await health.close();
  health.undrain();
  expect(all()).toEqual([503, 503, 503, 503, 200]);
  expect(phases).toEqual(['draining', 'up', 'draining', 'stopped']);
});

test('a process that is told to leave while it starts never says yes', async () => {
  const { clock, health } = start();
  const slow = deferred();
  health.check('db', () => slow.promise);
  await clock.advance(0);
  health.drain();
  slow.resolve();
  await clock.advance(0);
  expect(health.verdict()).toMatchObject({ phase: 'draining', accept: 'draining' });
  await health.ready();
});

test('a check can be removed and added anew', async () => {
  const { clock, health } = start();
  let runs = 0;
  let closes = 0;
  const check: Check = () => {
    runs += 1;
    throw new Error('no');
  };
  check.close = () => {
    closes += 1;
  };
  const remove = health.check('x', check);
  expect(() => health.check('x', check)).toThrow(/there is a check 'x' already/);
  await clock.advance(0);
  expect(health.verdict().accept).toBe('no');
  remove();
  remove();
  expect(health.verdict().accept).toBe('yes');
  await clock.advance(60_000);
  expect([runs, closes]).toEqual([1, 2]);
  health.check('x', check);
});

test('a check that is added late is waited for by nobody', async () => {
  const { clock, health } = start();
  health.check('first', () => {});
  await clock.advance(0);
  health.check('late', () => new Promise(() => {}), { affects: ['reads'] });
  expect(health.verdict()).toMatchObject({ phase: 'up', reads: 'unknown', accept: 'yes' });
});

test('changes are told once each, with what was and what is', async () => {
  const { clock, health } = start();
  const changes: { from: HealthVerdict; to: HealthVerdict }[] = [];
  health.on('change', (change) => changes.push(change));
  let fails = false;
  health.check('db', () => ({ status: fails ? 'fail' : 'pass' }), { affects: ['reads'] });
  await clock.advance(10_000);
  fails = true;
  await clock.advance(10_000);
  expect(changes.map(({ from, to }) => [from.reads, to.reads])).toEqual([
    ['unknown', 'unknown'],
    ['unknown', 'pass'],
    ['pass', 'fail'],
  ]);
  expect(changes.every(({ from, to }) => to.since >= from.since)).toBe(true);
});

test('every run is told, with a reason of a closed set and no word of what was thrown', async () => {
  const { clock, health } = start();
  const told: unknown[] = [];
  health.on('check', (event) => told.push(event));
  health.check('db', () => {
    throw new Error('postgres://user:pw@host/db');
  });
  await clock.advance(0);
  expect(told).toEqual([{ name: 'db', status: 'fail', settled: 'fail', reason: 'threw', durationMs: 0 }]);
});

test('a listener that throws harms nothing else', async () => {
  const { clock, health } = start();
  for (const event of ['change', 'check', 'drain'] as const) {
    health.on(event, () => {
      throw new Error('no');
    });
  }
  health.check('db', () => {});
  await clock.advance(0);
  health.drain();
  expect(health.verdict().phase).toBe('draining');
});

test('the logger is told of what matters, and of no secret', async () => {
  const lines: string[] = [];
  const push = (line: string): void => {
    lines.push(line);
  };
  const { clock, health } = start({ logger: { info: push, warn: push, error: push } });
  health.check('db', () => Promise.reject(new Error('pw')), { affects: ['reads'] });
  await clock.advance(0);
  expect(lines).toEqual(['health: reads fail, writes pass, accept yes, up; failing: db']);
});

test('a logger that throws, or rejects, harms nothing else', async () => {
  const fails = (): void => {
    throw new Error('no');
  };
  const rejects = (() => Promise.reject(new Error('no'))) as () => void;
  for (const say of [fails, rejects]) {
    const { clock, health } = start({ logger: { info: say, warn: say, error: say } });
    health.check('db', () => ({ status: 'fail' }), { affects: ['reads'] });
    await clock.advance(0);
    expect(health.verdict().reads).toBe('fail');
  }
});

test('closing ends every check, every timer and every answer of yes', async () => {
  const { clock, health } = start({ peers: { secret: 'x'.repeat(32), fetch: () => new Promise(() => {}) } });
  let closed = 0;
  const check: Check = () => {};
  check.close = () => {
    closed += 1;
    throw new Error('no');
  };
  health.check('one', check);
  health.check('two', check);
  await clock.advance(5_000);
  await health.close();
  await health[Symbol.asyncDispose]();
  await clock.advance(5_000);
  expect([closed, clock.pending]).toEqual([2, 0]);
  expect(statusOf(health, '/health')).toBe(503);
  expect(statusOf(health, '/livez')).toBe(200);
});

test('requests the app answers are told to the checks that observe, health probes are not', () => {
  const { health } = start();
  const heard: string[] = [];
  const check: Check = () => {};
  check.observe = ({ status }, { path }) => heard.push(`${path} ${status}`);
  health.check('latency', check);
  const outcome = { status: 200, headMs: 1, durationMs: 1, aborted: false };
  const request: RequestView = requestView({ target: '/orders' });
  const decision = health.decide(request);
  if ('then' in decision || decision.action !== 'next') throw new Error('not next');
  decision.onDone?.({ ...outcome, by: 'handler' });
  decision.onDone?.({ ...outcome, by: 'proxy' });
  decision.onDone?.({ ...outcome, by: 'respond' });
  expect(heard).toEqual(['/orders 200']);
  expect(ask(health, '/health').onDone).toBeUndefined();
});

test('without an observing check, a request costs one look: the decision is always the same', () => {
  const { health } = start();
  expect(health.decide(requestView({ target: '/one' }))).toBe(health.decide(requestView({ target: '/two' })));
  expect(ask(health, '/health')).toBe(ask(health, '/health'));
});

test('detail is for whoever has the token', async () => {
  const { clock, health } = start({ token: TOKEN, version: '1.2.3' });
  health.check('db', () => ({ status: 'warn', message: 'slow', observed: 12, unit: 'ms' }), { affects: ['reads'] });
  health.check('cache', () => Promise.reject(Object.assign(new Error('redis://:pw@cache'), { code: 'ECONNREFUSED' })), {
    severity: 'degraded',
  });
  await clock.advance(0);
  const plain = ask(health, '/health');
  expect(plain.body).toBe('{"status":"warn","reads":"warn","writes":"pass","accept":"yes","phase":"up"}');
  for (const given of [
    'Bearer wrong-token-of-length',
    `Bearer ${TOKEN}x`,
    `Bearer ${TOKEN.slice(0, -1)}`,
    `Basic ${TOKEN}`,
    TOKEN,
    'Bearer ',
    `Bearer ${'x'.repeat(10_000)}`,
    '',
  ]) {
    expect(ask(health, '/health', { headers: { authorization: given } })).toBe(plain);
  }
  expect(ask(health, '/health', { headers: { authorization: [`Bearer ${TOKEN}`, `Bearer ${TOKEN}`] } })).toBe(plain);
  expect(ask(health, '/health', { headers: { 'x-forwarded-for': '127.0.0.1' } })).toBe(plain);
  expect(ask(health, `/health?token=${TOKEN}`)).toBe(plain);

  const detail = bodyOf(health, '/health', { headers: { authorization: `Bearer ${TOKEN}` } });
  expect(Object.keys(detail)[0]).toBe('status');
  expect(detail).toMatchObject({
    status: 'warn',
    version: '1.2.3',
    region: 'a',
    failing: ['cache'],
    checks: {
      db: [{ status: 'warn', observedValue: 12, observedUnit: 'ms', output: 'slow' }],
      cache: [{ status: 'fail', reason: 'threw', output: 'it threw ECONNREFUSED' }],
    },
    regions: [{ name: 'a', accept: 'yes' }, { name: 'b', accept: 'unknown' }, { name: 'c' }],
  });
  expect(JSON.stringify(detail)).not.toContain('pw@');
  expect(bodyOf(health, '/livez', { headers: { authorization: `Bearer ${TOKEN}` } })).toEqual({ status: 'pass' });
});

test('a token can be one of several, and can change while it runs; one that turns too short opens nothing', () => {
  const token = live<string | readonly string[]>(TOKEN);
  const { health } = start({ token });
  const opens = (given: string): boolean =>
    String(ask(health, '/health', { headers: { authorization: `Bearer ${given}` } }).body).includes('"checks"');
  expect(opens(TOKEN)).toBe(true);
  token.set(['the-next-token-of-all', TOKEN]);
  expect([opens('the-next-token-of-all'), opens(TOKEN)]).toEqual([true, true]);
  token.set('the-next-token-of-all');
  expect([opens('the-next-token-of-all'), opens(TOKEN)]).toEqual([true, false]);
  token.set('short');
  expect([opens('short'), opens('the-next-token-of-all')]).toEqual([false, false]);
});

test('detail names the checks whose result is too old', async () => {
  const { clock, health } = start({ token: TOKEN });
  health.check('db', () => {}, { affects: ['reads'] });
  await clock.advance(0);
  clock.suspend(60_000);
  const detail = bodyOf(health, '/health', { headers: { authorization: `Bearer ${TOKEN}` } });
  expect(detail).toMatchObject({ status: 'fail', checks: { db: [{ status: 'fail', stale: true, latest: 'pass' }] } });
});

test.each([
  ['regions', {}, /createHealth: regions/],
  ['a token that could be guessed', { token: 'short' }, /createHealth: token must be at least 16 bytes long/],
  ['an empty token', { token: '' }, /createHealth: token/],
  ['an empty list of tokens', { token: [] }, /createHealth: token/],
  [
    'an interval of nothing',
    { defaults: { intervalMs: 0 } },
    /createHealth: defaults\.intervalMs must be an integer from 10/,
  ],
  [
    'results older than their next',
    { defaults: { staleAfterMs: 2_000 } },
    /createHealth: defaults\.staleAfterMs .* from 3400/,
  ],
  ['a logger that cannot log', { logger: { info: () => {} } }, /createHealth: logger\.warn must be a function/],
  ['a clock that is none', { clock: 5 }, /createHealth: clock must be an object; got number/],
  ['a number for random', { random: 0.5 }, /createHealth: random must be a function; got number/],
  ['an option it does not have', { tokn: 'x' }, /createHealth: options has no option "tokn"/],
  ['a short secret', { peers: { secret: 'short' } }, /createHealth: peers\.secret must be at least 32 bytes/],
  ['no secret', { peers: {} }, /createHealth: peers\.secret/],
  [
    'an urgent interval longer than the other',
    { peers: { secret: 'x'.repeat(32), urgentIntervalMs: 3_000 } },
    /createHealth: peers\.urgentIntervalMs/,
  ],
  [
    'forgetting between two answers',
    { peers: { secret: 'x'.repeat(32), unknownAfterMs: 1_000 } },
    /createHealth: peers\.unknownAfterMs/,
  ],
  [
    'down before unknown',
    { peers: { secret: 'x'.repeat(32), downAfterMs: 1_000 } },
    /createHealth: peers\.downAfterMs/,
  ],
  ['a path that is none', { paths: { health: 'health' } }, /createHealth: paths\.health/],
  ['one path for two', { paths: { health: '/livez' } }, /createHealth: paths\.\w+ is also/],
  [
    'a region address that is none',
    { peers: { secret: 'x'.repeat(32), url: () => 'nowhere' } },
    /createHealth: peers\.url/,
  ],
])('%s is refused', (name, options, message) => {
  const all = name === 'regions' ? { regions: undefined } : { regions: threeRegions(), ...options };
  expect(() => createHealth(all as never)).toThrow(message);
});

test.each([
  ['', {}, /name/],
  ['with space', {}, /name/],
  ['x'.repeat(65), {}, /name/],
  ['x', { affects: ['read'] }, /health\.check: 'x'\.affects must be one of "reads", "writes", "accept"; got "read"/],
  ['x', { severity: 'warn' }, /health\.check: 'x'\.severity/],
  ['x', { scope: 'local' }, /health\.check: 'x'\.scope/],
  ['x', { intervalMs: 3_000_000_000 }, /'x'\.intervalMs must be an integer from 10 to 2147483647/],
  ['x', { timeoutMs: 0 }, /health\.check: 'x'\.timeoutMs/],
  ['x', { staleAfterMs: 100 }, /health\.check: 'x'\.staleAfterMs/],
  ['x', { every: 1 }, /has no option "every"/],
])('check(%j, …, %j) is refused', (name, options, message) => {
  const { health } = start();
  expect(() => health.check(name, () => {}, options as never)).toThrow(message);
  expect(() => health.check('ok', 'x' as never)).toThrow(TypeError);
});

test('a check with a long interval of its own is not stale between its runs', async () => {
  const { clock, health } = start();
  const stale: string[] = [];
  health.on('stale', ({ name }) => stale.push(name));
  health.check('rare', () => {}, { intervalMs: 60_000, timeoutMs: 5_000 });
  await clock.advance(600_000);
  expect(stale).toEqual([]);
  expect(health.verdict().status).toBe('pass');
});

test('a check that cannot judge yet is unknown, and fails if that lasts', async () => {
  const { clock, health } = start();
  const stale: string[] = [];
  health.on('stale', ({ name }) => stale.push(name));
  let status: 'unknown' | 'pass' = 'unknown';
  health.check('queue', () => ({ status }), { affects: ['writes'] });
  await clock.advance(0);
  expect(health.verdict()).toMatchObject({
    status: 'warn',
    reads: 'pass',
    writes: 'unknown',
    accept: 'yes',
    phase: 'up',
  });
  expect(ask(health, '/health/write').status).toBe(503);
  await clock.advance(9_000);
  expect(health.verdict()).toMatchObject({ writes: 'unknown', failing: [] });
  await clock.advance(2_000);
  expect(health.verdict()).toMatchObject({ writes: 'fail', failing: ['queue'] });
  await clock.advance(30_000);
  // It says the same again and again: that does not make it young.
  expect(health.verdict()).toMatchObject({ writes: 'fail', failing: ['queue'] });
  expect(stale).toEqual(['queue']);
  status = 'pass';
  await clock.advance(3_000);
  expect(health.verdict()).toMatchObject({ status: 'pass', writes: 'pass', failing: [] });
});

describe('a process that starts, while a check cannot judge yet', () => {
  const PATHS = ['/health', '/health/read', '/health/write', '/readyz'];
  const statuses = (health: Parameters<typeof ask>[0]): readonly number[] =>
    PATHS.map((path) => ask(health, path).status as number);

  test.each<[string, CheckOptions]>([
    ['of new traffic (the default)', {}],
    ['of reads', { affects: ['reads'] }],
    ['of both kinds', { affects: ['writes', 'reads'] }],
  ])('gets no traffic: a check %s', async (_name, options) => {
    const { clock, health } = start();
    let status: 'unknown' | 'pass' = 'unknown';
    health.check('cache', () => ({ status }), options);
    await clock.advance(5_000);
    expect(health.verdict()).toMatchObject({ accept: 'no', phase: 'starting', failing: [] });
    expect(statuses(health)).toEqual([503, 503, 503, 503]);
    status = 'pass';
    await clock.advance(3_000);
    expect(health.verdict()).toMatchObject({ status: 'pass', accept: 'yes', phase: 'up' });
    expect(statuses(health)).toEqual([200, 200, 200, 200]);
  });

  test('has started when it fails because that lasts', async () => {
    const { clock, health } = start();
    health.check('cache', () => ({ status: 'unknown' }));
    await clock.advance(12_000);
    expect(health.verdict()).toMatchObject({ accept: 'no', phase: 'up', failing: ['cache'] });
    expect(statuses(health)).toEqual([503, 503, 503, 200]);
  });

  test.each<[string, CheckOptions]>([
    ['of writes alone', { affects: ['writes'] }],
    ['that only warns', { severity: 'degraded' }],
    ['of a degree', { scope: 'relative' }],
  ])('serves reads all the same: a check %s', async (_name, options) => {
    const { clock, health } = start();
    health.check('cache', () => ({ status: 'unknown' }), options);
    await clock.advance(5_000);
    expect(health.verdict()).toMatchObject({ accept: 'yes', phase: 'up' });
  });

  test('is not one that has served for long, to which a check is added', async () => {
    const { clock, health } = start();
    health.check('db', () => {});
    await clock.advance(5_000);
    health.check('cache', () => ({ status: 'unknown' }));
    await clock.advance(5_000);
    expect(health.verdict()).toMatchObject({ accept: 'yes', phase: 'up' });
  });
});

test('a check that has judged once cannot take that back: unknown then counts as a failure', async () => {
  const { clock, health } = start();
  const told: unknown[] = [];
  health.on('check', ({ status, settled, reason }) => told.push([status, settled, reason]));
  let status: 'unknown' | 'pass' = 'pass';
  health.check('queue', () => ({ status }), { affects: ['writes'] });
  await clock.advance(0);
  status = 'unknown';
  await clock.advance(5_000);
  expect(health.verdict()).toMatchObject({ writes: 'fail', failing: ['queue'] });
  expect(told).toEqual([
    ['pass', 'pass', 'passed'],
    ['unknown', 'pass', 'not-yet'],
    ['unknown', 'fail', 'not-yet'],
  ]);
});

test.each([3_600_000, -3_600_000])(
  'the ages of a verdict and of its checks stay right when the clock is set by %i ms',
  async (stepMs) => {
    const { clock, health } = start({ token: TOKEN });
    health.check('db', () => ({ status: 'fail' }), { affects: ['reads'] });
    await clock.advance(60_000);
    const ages = (): readonly number[] => {
      const { since, checks } = bodyOf(health, '/health', { headers: { authorization: `Bearer ${TOKEN}` } }) as {
        since: string;
        checks: { db: readonly [{ time: string }] };
      };
      return [since, checks.db[0].time].map((time) => clock.wallMs() - Date.parse(time));
    };
    const before = ages();
    expect(before[0]).toBe(60_000);
    const verdict = health.verdict();
    clock.stepWall(stepMs);
    // The check is run again, because a step may be a suspension. The verdict is the same as before.
    expect(ages()).toEqual(before);
    expect(health.verdict()).toBe(verdict);
    expect(clock.wallMs() - verdict.since).toBe(60_000);
    await clock.advance(10_000);
    expect(ages()[0]).toBe(70_000);
  },
);
