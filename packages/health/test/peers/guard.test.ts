import { afterEach, expect, test } from 'vitest';
import type { CheckStatus } from '../../src/index.ts';
import { NAMES, type Name, type Network, network, silence } from '../helpers/network.ts';

let world: Network | undefined;
afterEach(async () => {
  await world?.close();
  world = undefined;
});

/** Three regions whose latency is what `p99` says. */
async function start(): Promise<Network & { readonly p99: Record<Name, CheckStatus>; out(): Name[] }> {
  world = network();
  const p99: Record<Name, CheckStatus> = { a: 'pass', b: 'pass', c: 'pass' };
  for (const name of NAMES) {
    world.healths[name].check('p99', () => ({ status: p99[name] }), { scope: 'relative', intervalMs: 500 });
  }
  await world.advance(1_000);
  const { healths } = world;
  return Object.assign(world, { p99, out: () => NAMES.filter((name) => healths[name].verdict().accept !== 'yes') });
}

test('a slow region leaves while the others are well, and is back after passAfter', async () => {
  const { healths, p99, advance, out } = await start();
  p99.a = 'fail';
  await advance(2_000);
  expect(healths.a.verdict()).toMatchObject({ status: 'warn', accept: 'yes', failing: ['p99'] });
  await advance(6_000);
  expect(out()).toEqual(['a']);
  expect(healths.b.view.get('a')?.accept).toBe('no');
  p99.a = 'pass';
  await advance(1_000);
  expect(out()).toEqual(['a']);
  await advance(1_500);
  expect(out()).toEqual([]);
});

test('when all are slow at once, nobody leaves', async () => {
  const { p99, advance, out } = await start();
  for (const name of NAMES) p99[name] = 'fail';
  for (let round = 0; round < 100; round += 1) {
    await advance(200);
    expect(out()).toEqual([]);
  }
});

test('of two that are slow one leaves, and never both', async () => {
  const { p99, advance, out } = await start();
  p99.b = 'fail';
  p99.c = 'fail';
  const seen = new Set<string>();
  for (let round = 0; round < 100; round += 1) {
    await advance(200);
    seen.add(out().join());
  }
  expect([...seen]).toEqual(['', 'b']);
});

test('a slow region comes back as soon as the one that stood in for it drains', async () => {
  const { healths, p99, advance, out } = await start();
  healths.c.drain();
  p99.a = 'fail';
  await advance(10_000);
  expect(out()).toEqual(['a', 'c']);
  healths.b.drain();
  await advance(600);
  expect(out()).toEqual(['b', 'c']);
});

test('a slow region that hears nobody stays', async () => {
  const world = await start();
  world.between = () => silence();
  await world.advance(3_000);
  world.p99.a = 'fail';
  await world.advance(60_000);
  expect(world.out()).toEqual([]);
});

test('hard failures count whatever the others do', async () => {
  const { healths, p99, advance, out } = await start();
  for (const name of NAMES) p99[name] = 'fail';
  healths.a.check('disk', () => ({ status: 'fail' }));
  healths.b.check('disk', () => ({ status: 'fail' }));
  healths.c.check('disk', () => ({ status: 'fail' }));
  await advance(5_000);
  expect(out()).toEqual(['a', 'b', 'c']);
});

test('with the databases of all others lost, a slow region stays: it is the only one that serves', async () => {
  const { healths, p99, advance } = await start();
  for (const name of ['b', 'c'] as const) {
    healths[name].check('reads', () => ({ status: 'fail' }), { affects: ['reads'] });
  }
  p99.a = 'fail';
  const statuses = new Set<string>();
  for (let round = 0; round < 60; round += 1) {
    await advance(500);
    statuses.add(healths.a.verdict().status);
  }
  expect(healths.b.verdict()).toMatchObject({ accept: 'yes', reads: 'fail', status: 'fail' });
  expect([...statuses].sort()).toEqual(['pass', 'warn']);
});

test('a slow region that has left comes back when the databases of the others are lost', async () => {
  const { healths, p99, advance, out } = await start();
  p99.a = 'fail';
  await advance(8_000);
  expect(out()).toEqual(['a']);
  for (const name of ['b', 'c'] as const) {
    healths[name].check('reads', () => ({ status: 'fail' }), { affects: ['reads'] });
  }
  await advance(2_500);
  expect(out()).toEqual([]);
});
