import http from 'node:http';
import { fakeClock } from '@regionkit/core/testing';
import { afterEach, expect, test } from 'vitest';
import { createDrain, type Drain, type DrainOptions } from '../../src/index.ts';
import { deferred } from '../helpers/fixtures.ts';

const SIGNAL = 'SIGUSR2';
const open: Drain[] = [];
afterEach(async () => {
  for (const drain of open.splice(0)) {
    await drain.close();
  }
});

function start(options: Partial<DrainOptions> = {}) {
  const clock = fakeClock();
  const log: string[] = [];
  const health = {
    drain: () => {
      log.push('health drained');
    },
    close: async () => {
      log.push('health closed');
    },
  };
  const drain = createDrain({
    health,
    signals: [SIGNAL],
    exit: (code) => {
      log.push(`exit ${code}`);
    },
    clock,
    ...options,
  });
  open.push(drain);
  drain.on('drain-step', ({ step }) => log.push(step));
  drain.on('drain-hook-failed', ({ name, reason }) => log.push(`${name} ${reason}`));
  return { clock, drain, log };
}
const signal = (): void => void process.emit(SIGNAL, SIGNAL);
const listenersBefore = process.listenerCount(SIGNAL);

test('a signal drains health, waits, closes, runs the hooks in reverse order and exits with 0', async () => {
  const { clock, drain, log } = start({ hooks: [{ name: 'pool', run: () => void log.push('pool') }] });
  drain.hook('queue', async () => void log.push('queue'));
  expect(drain.step).toBe('serving');
  signal();
  expect(log).toEqual(['not-ready', 'health drained']);
  await clock.advance(14_999);
  expect(drain.step).toBe('not-ready');
  await clock.advance(1);
  await drain.start();
  expect(log.slice(2)).toEqual(['closing', 'hooks', 'queue', 'pool', 'health closed', 'done', 'exit 0']);
  expect(process.listenerCount(SIGNAL)).toBe(listenersBefore);
});

test('a second signal exits at once, with 1', async () => {
  const { clock, drain, log } = start({ notReadyForMs: 10_000 });
  signal();
  await clock.advance(100);
  signal();
  expect(log.at(-1)).toBe('exit 1');
  // Only here does anything follow: there is no process to end.
  await clock.advance(10_000);
  await drain.start();
});

test('start drains as a signal does, once however often it is called', async () => {
  const { clock, drain, log } = start({ notReadyForMs: 0 });
  const [one, two] = [drain.start(), drain.start()];
  expect(one).toBe(two);
  await clock.advance(0);
  await one;
  expect(log.filter((line) => line === 'health drained')).toHaveLength(1);
});

test('a hook that throws, and one that hangs, stop nobody, and the exit is 1', async () => {
  const { clock, drain, log } = start({
    notReadyForMs: 0,
    hookTimeoutMs: 500,
    hooks: [
      { name: 'last', run: () => void log.push('last') },
      { name: 'hangs', run: () => deferred().promise },
      {
        name: 'throws',
        run: () => {
          throw new Error('secret');
        },
      },
      { name: 'rejects', run: () => Promise.reject('secret') },
    ],
  });
  const done = drain.start();
  await clock.advance(500);
  await done;
  expect(log.slice(4)).toEqual([
    'rejects threw',
    'throws threw',
    'hangs timeout',
    'last',
    'health closed',
    'done',
    'exit 1',
  ]);
});

test('a hook added while hooks run is run too', async () => {
  const { clock, drain, log } = start({ notReadyForMs: 0 });
  drain.hook('outer', () => drain.hook('inner', () => void log.push('inner')));
  const done = drain.start();
  await clock.advance(0);
  await done;
  expect(log).toContain('inner');
});

test('in development it waits for nobody, unless it is told to', async () => {
  const log: string[] = [];
  const drainIn = async (options: Partial<DrainOptions>): Promise<number> => {
    const clock = fakeClock();
    const health = { drain: () => {}, close: async () => {}, development: true };
    const drain = createDrain({ health, signals: [], exit: (code) => log.push(`exit ${code}`), clock, ...options });
    open.push(drain);
    const begunAtMs = clock.now();
    let endedAtMs = Number.NaN;
    const left = drain.start().then(() => {
      endedAtMs = clock.now();
    });
    await clock.advance(20_000);
    await left;
    return endedAtMs - begunAtMs;
  };
  expect(await drainIn({})).toBe(0);
  expect(await drainIn({ front: 'dns' })).toBe(0);
  expect(await drainIn({ notReadyForMs: 3_000 })).toBe(3_000);
  expect(log).toEqual(['exit 0', 'exit 0', 'exit 0']);
});

test.each<[Partial<DrainOptions>, number]>([
  [{}, 15_000],
  [{ front: 'balancer' }, 15_000],
  [{ front: 'dns' }, 160_000],
  [{ front: 'dns', notReadyForMs: 100_000 }, 100_000],
])('%j goes on serving for %i ms', async (options, notReadyForMs) => {
  const { clock, drain } = start(options);
  const done = drain.start();
  await clock.advance(notReadyForMs - 1);
  expect(drain.step).toBe('not-ready');
  await clock.advance(1);
  await done;
  expect(drain.step).toBe('done');
});

test('health as the first argument is refused with the form that is right, also from JavaScript', () => {
  const health = { drain: () => {}, close: async () => {} };
  const call = createDrain as unknown as (...given: unknown[]) => Drain;
  for (const given of [[health], [health, {}], [health, { servers: [] }]]) {
    expect(() => call(...given)).toThrow(
      /^createDrain takes one object: createDrain\(\{ health, servers: \[server\] \}\)/,
    );
  }
  expect(() => call()).toThrow(/^createDrain: options must be an object; got undefined/);
  expect(() => call({})).toThrow(/^createDrain: health must be an object; got undefined/);
});

test('health, or an exit, that throws keeps the process from nothing', async () => {
  const clock = fakeClock();
  const fails = (): never => {
    throw new Error('of the app');
  };
  const health = { drain: fails, close: async () => fails() };
  const steps: string[] = [];
  const drain = createDrain({ health, signals: [SIGNAL], notReadyForMs: 0, exit: fails, clock });
  open.push(drain);
  drain.on('drain-step', ({ step }) => steps.push(step));
  signal();
  await clock.advance(0);
  await drain.start();
  expect(steps).toEqual(['not-ready', 'closing', 'hooks', 'done']);
});

test('close before a drain takes the signals back', async () => {
  const { drain, log, clock } = start();
  await drain.close();
  expect(process.listenerCount(SIGNAL)).toBe(listenersBefore);
  expect([log, clock.pending]).toEqual([[], 0]);
});

test('close waits for a drain that has begun: the process serves until then', async () => {
  const { drain, log, clock } = start({ notReadyForMs: 100 });
  signal();
  const closed = drain.close().then(() => void log.push('closed'));
  await clock.advance(99);
  expect(log).toEqual(['not-ready', 'health drained']);
  await clock.advance(1);
  await closed;
  expect(log.slice(2)).toEqual(['closing', 'hooks', 'health closed', 'done', 'exit 0', 'closed']);
});

test('a hook and the exit may close the drain: they do not wait for themselves', async () => {
  const { drain, log, clock } = start({ notReadyForMs: 0, exit: () => drain.close() });
  drain.hook('app', async () => {
    await drain.close();
    log.push('closed');
  });
  signal();
  await clock.advance(0);
  await drain.start();
  expect(log.slice(2)).toEqual(['closing', 'hooks', 'closed', 'health closed', 'done']);
});

test('a server without a connection is closed at once; one that listens only then is closed as well', async () => {
  const server = http.createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const late = http.createServer();
  const { clock, drain } = start({ notReadyForMs: 0, servers: [server, late, server] });
  const done = drain.start();
  await clock.advance(0);
  await done;
  expect(server.listening).toBe(false);

  const again = start({ notReadyForMs: 0, graceMs: 1_000 });
  again.drain.server(late);
  const hang = deferred();
  again.drain.hook('wait', () => hang.promise);
  const leaving = again.drain.start();
  await again.clock.advance(0);
  late.listen(0, '127.0.0.1');
  await new Promise((resolve) => late.once('listening', resolve));
  expect(late.listening).toBe(false);
  hang.resolve();
  await again.clock.advance(0);
  await leaving;
});

test('the server is left as it was', async () => {
  const server = http.createServer();
  const count = (): number[] =>
    ['connection', 'request', 'listening', 'newListener', 'session', 'upgrade'].map((event) =>
      server.listenerCount(event),
    );
  const before = count();
  const { drain } = start({ servers: [server] });
  expect(count()).not.toEqual(before);
  // No listener for upgrades is added where there is none: it would swallow them.
  expect(server.listenerCount('upgrade')).toBe(0);
  server.on('upgrade', () => {});
  expect(server.listenerCount('upgrade')).toBe(2);
  server.removeAllListeners('upgrade');
  await drain.close();
  expect(count()).toEqual(before);
});

test.each([
  [{ graceMs: -1 }, /createDrain: graceMs must be an integer from 0/],
  [{ notReadyForMs: 1.5 }, /createDrain: notReadyForMs/],
  [{ servers: [{}] }, /createDrain: servers must be servers/],
  [{ servers: {} }, /createDrain: servers must be a list/],
  [{ hooks: [{ name: 'x' }] }, /createDrain: hooks: run must be a function/],
  [{ hooks: [{ run: () => {} }] }, /createDrain: hooks: name must be a string/],
  [{ clock: {} }, /createDrain: clock.now must be a function; got undefined/],
  [{ exit: 0 }, /createDrain: exit must be a function/],
  [{ signals: ['SIGTREM'] }, /createDrain: signals must be one of .*"SIGTERM".*; got "SIGTREM"/],
  [{ grace: 1 }, /createDrain: options has no option "grace"/],
  [{ front: 'cdn' }, /createDrain: front must be one of "balancer", "dns"; got "cdn"/],
  [{ front: null }, /createDrain: front must be one of "balancer", "dns"; got null/],
  [{ health: undefined }, /createDrain: health must be an object; got undefined/],
  [{ health: { drain: () => {} } }, /createDrain: health.close must be a function; got undefined/],
])('%j is refused', (options, message) => {
  expect(() => start(options as never)).toThrow(message);
  expect(process.listenerCount(SIGNAL)).toBe(listenersBefore);
});
