import { randomBytes } from 'node:crypto';
import { fakeClock, requestView } from '@regionkit/core/testing';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { createHealth } from '../src/index.ts';
import type { PeerReason } from '../src/peers/peer.ts';
import { createPeerNotices } from '../src/peers/peer-notices.ts';
import { threeRegions } from './helpers/fixtures.ts';

const SECRET = 'a secret of at least thirty-two bytes';
const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
afterEach(() => void warned.mockClear());
const codes = (): unknown[] => warned.mock.calls.map(([, more]) => (more as { code: string }).code);

describe('a region that answers wrongly', () => {
  test.each<[PeerReason, string]>([
    ['bad-signature', 'REGIONKIT_PEER_SECRET'],
    ['status', 'REGIONKIT_PEER_NOT_MOUNTED'],
    ['redirect', 'REGIONKIT_PEER_NOT_MOUNTED'],
    ['wrong-region', 'REGIONKIT_PEER_WRONG_REGION'],
    ['malformed', 'REGIONKIT_PEER_MALFORMED'],
  ])('with %s five times in a row is told of as %s', (reason, code) => {
    const told: string[] = [];
    const answer = createPeerNotices((given, message) => void told.push(`${given} ${message}`));
    for (let at = 0; at < 4; at += 1) answer('b', reason);
    answer('c', reason);
    expect(told).toEqual([]);
    for (let at = 0; at < 9; at += 1) answer('b', reason);
    expect(told).toEqual([expect.stringMatching(new RegExp(`^${code} health: .*\\bb\\b`))]);
  });

  test.each<PeerReason>(['ok', 'timeout', 'unreachable', 'too-large', 'wrong-nonce'])(
    '%s is no mistake of an app',
    (reason) => {
      const told: string[] = [];
      const answer = createPeerNotices((code) => void told.push(code));
      for (let at = 0; at < 9; at += 1) answer('b', reason);
      expect(told).toEqual([]);
    },
  );

  test('a good answer in between begins the row anew: a deployment is no mistake', () => {
    const told: string[] = [];
    const answer = createPeerNotices((code) => void told.push(code));
    for (let at = 0; at < 20; at += 1) answer('b', at % 4 === 3 ? 'ok' : 'status');
    expect(told).toEqual([]);
  });
});

const peers = { secret: SECRET, fetch: async () => new Response(null, { status: 500 }) };
const asks = () =>
  requestView({ target: '/health/region', headers: { 'x-region-nonce': randomBytes(16).toString('base64url') } });

test('a router that health does not follow is told of when another region asks who the primary is', async () => {
  await using health = createHealth({ regions: threeRegions(), clock: fakeClock(), peers });
  health.check('writes', () => {}, { affects: ['writes'] });
  expect(codes()).toEqual([]);
  health.decide(asks());
  health.decide(asks());
  expect(codes()).toEqual(['REGIONKIT_NO_FOLLOW']);
});

test('nothing is told where it follows, or where no check is about writes', async () => {
  await using follows = createHealth({ regions: threeRegions(), clock: fakeClock(), peers });
  follows.follow({ topology: () => ({ local: { role: 'unknown', forks: [] } }) });
  follows.check('writes', () => {}, { affects: ['writes'] });
  await using reads = createHealth({ regions: threeRegions(), clock: fakeClock(), peers });
  reads.check('cache', () => {});
  for (const health of [follows, reads]) health.decide(asks());
  expect(codes()).toEqual([]);
});

test('a view that is asked about another region says so, once, where there are no peers', async () => {
  await using health = createHealth({ regions: threeRegions(), clock: fakeClock() });
  health.verdict();
  health.view.get(health.view.self);
  expect(codes()).toEqual([]);
  for (const { name } of threeRegions().list) health.view.get(name);
  expect(codes()).toEqual(['REGIONKIT_NO_PEERS']);
});

test('without a logger a region that fails, and a neighbour that is not mounted, are process warnings; one that leaves on purpose is none', async () => {
  const clock = fakeClock();
  await using health = createHealth({ regions: threeRegions(), clock, random: () => 0.5, peers });
  let broken = false;
  health.check('disk', () => (broken ? Promise.reject(new Error('full')) : undefined), { failAfter: 1 });
  await clock.advance(100);
  health.drain();
  health.undrain();
  expect(codes()).toEqual([]);
  broken = true;
  await clock.advance(60_000);
  expect(codes()).toEqual(['REGIONKIT_UNHEALTHY', 'REGIONKIT_PEER_NOT_MOUNTED']);
  expect(String(warned.mock.calls[0]?.[0])).toContain('failing: disk');
});
