import { randomBytes } from 'node:crypto';
import { createKeyring } from '@regionkit/core/kit';
import { fakeClock, requestView } from '@regionkit/core/testing';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { createHealth } from '../src/index.ts';
import type { SecretMarks } from '../src/peers/document.ts';
import type { PeerReason } from '../src/peers/peer.ts';
import { createPeerNotices, createSecretNotices } from '../src/peers/peer-notices.ts';
import { sealQuestion } from '../src/peers/question.ts';
import { BEGIN_MS, TOKEN, threeRegions } from './helpers/fixtures.ts';
import { type Name, network, reporting } from './helpers/network.ts';

const SECRET = 'a secret of at least thirty-two bytes';
const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
afterEach(() => void warned.mockClear());
const codes = (): unknown[] => warned.mock.calls.map(([, more]) => (more as { code: string }).code);

describe('a region that answers wrongly', () => {
  test.each<[PeerReason, string]>([
    ['bad-signature', 'REGIONKIT_PEER_SECRET'],
    ['refused', 'REGIONKIT_PEER_SECRET'],
    ['not-mounted', 'REGIONKIT_PEER_NOT_MOUNTED'],
    ['status', 'REGIONKIT_PEER_STATUS'],
    ['redirect', 'REGIONKIT_PEER_NOT_MOUNTED'],
    ['wrong-region', 'REGIONKIT_PEER_WRONG_REGION'],
    ['malformed', 'REGIONKIT_PEER_MALFORMED'],
    ['version', 'REGIONKIT_PEER_MALFORMED'],
    ['clock-skew', 'REGIONKIT_PEER_CLOCK'],
  ])('with %s five times in a row is told of as %s', (reason, code) => {
    const told: string[] = [];
    const answer = createPeerNotices((given, message) => void told.push(`${given} ${message}`));
    for (let at = 0; at < 4; at += 1) answer('b', reason);
    answer('c', reason);
    expect(told).toEqual([]);
    for (let at = 0; at < 9; at += 1) answer('b', reason);
    expect(told).toEqual([expect.stringMatching(new RegExp(`^${code} health: .*\\bb\\b`))]);
  });

  test.each<PeerReason>(['ok', 'timeout', 'unreachable', 'gateway', 'too-large', 'wrong-nonce', 'replayed'])(
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

const peers = { secret: SECRET, fetch: async () => new Response(null, { status: 404 }) };
const questions = createKeyring({ option: 'test', secrets: SECRET, purpose: 'region-question' });
const asks = (code = questions) =>
  requestView({
    target: '/health/region',
    headers: sealQuestion(
      { from: 'b', to: 'a', atMs: BEGIN_MS, nonce: randomBytes(16).toString('base64url'), news: false },
      code,
    ),
  });

test('a router that health does not follow is told of when another region asks who the primary is', async () => {
  await using health = createHealth({ regions: threeRegions(), clock: fakeClock(), peers });
  health.check('writes', () => {}, { affects: ['writes'] });
  const stranger = createKeyring({ option: 'test', secrets: 'x'.repeat(32), purpose: 'test' });
  health.decide(asks(stranger));
  expect(codes()).toEqual([]);
  health.decide(asks());
  health.decide(asks());
  expect(codes()).toEqual(['REGIONKIT_NO_FOLLOW']);
});

test('nothing is told where it follows, or where no check is about writes', async () => {
  await using follows = createHealth({ regions: threeRegions(), clock: fakeClock(), peers });
  follows.follow(reporting(() => ({ local: { role: 'unknown', forks: [] } })));
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
  await using health = createHealth({ regions: threeRegions(), clock, random: () => 0.5, peers, token: TOKEN });
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
  const headers = { authorization: `Bearer ${TOKEN}` };
  const { body } = health.decide(requestView({ target: '/health', headers })) as { body: string };
  expect(Object.keys((JSON.parse(body) as { warnings: object }).warnings)).toEqual(codes());
});

describe('a region whose answer is not from health', () => {
  const page = { headers: { 'content-type': 'text/html; charset=utf-8' } };
  test.each<[string, ResponseInit, unknown[]]>([
    ['404, as an app without the mount', { status: 404 }, ['REGIONKIT_PEER_NOT_MOUNTED']],
    ['404 with a page', { status: 404, ...page }, ['REGIONKIT_PEER_NOT_MOUNTED']],
    ['405, as an app that takes only POST', { status: 405 }, ['REGIONKIT_PEER_NOT_MOUNTED']],
    ['410', { status: 410 }, ['REGIONKIT_PEER_NOT_MOUNTED']],
    ['a page with 200, as an app of one page', { status: 200, ...page }, ['REGIONKIT_PEER_NOT_MOUNTED']],
    ['a redirect', { status: 302, headers: { location: '/login' } }, ['REGIONKIT_PEER_NOT_MOUNTED']],
    ['403, as a firewall', { status: 403 }, ['REGIONKIT_PEER_STATUS']],
    ['429, as a limit of requests', { status: 429 }, ['REGIONKIT_PEER_STATUS']],
    ['500, as an app that throws', { status: 500 }, ['REGIONKIT_PEER_STATUS']],
    ['502, as a gateway', { status: 502 }, []],
    ['503, as a balancer without a process', { status: 503 }, []],
    ['503 with a page', { status: 503, ...page }, []],
    ['504, as a gateway', { status: 504 }, []],
    ['522, as a content network', { status: 522 }, []],
  ])('%s', async (_name, init, expected) => {
    const clock = fakeClock();
    const fetch = async (): Promise<Response> => new Response('<html></html>', init);
    await using health = createHealth({ regions: threeRegions(), clock, peers: { secret: SECRET, fetch } });
    for (let step = 0; step < 60; step += 1) await clock.advance(500);
    expect(health.view.get('b')).toMatchObject({ identified: false, asked: true });
    expect(codes()).toEqual(expected);
  });
});

describe('a region that takes no question of this one', () => {
  const LIMIT_MS = 30_000;
  test.each<[string, Partial<Record<Name, string>>, number, unknown[]]>([
    ['as its clock is wrong', {}, LIMIT_MS + 1_000, ['REGIONKIT_PEER_CLOCK']],
    ['as its clock is wrong the other way', {}, -LIMIT_MS - 1_000, ['REGIONKIT_PEER_CLOCK']],
    ['as its secret is another', { b: 'x'.repeat(32) }, 0, ['REGIONKIT_PEER_SECRET']],
    ['for neither, as the clocks differ by less', {}, LIMIT_MS - 1_000, []],
  ])('%s is told as that and nothing else', async (_, secrets, aheadMs, expected) => {
    const world = network({ secrets });
    try {
      await world.advance(500);
      warned.mockClear();
      world.clocks.b.stepWall(aheadMs);
      await world.advance(15_000);
      // Each region that is concerned says it once.
      expect([...new Set(codes())]).toEqual(expected);
    } finally {
      await world.close();
    }
  });
});

describe('secrets that differ between regions', () => {
  const MINE = 'mine-mine-m';
  const OTHER = 'other-other';
  const local = { role: 'unknown', forks: [] } as const;

  /** `b` asks `a` again and again; both follow a router that has those secrets. */
  async function compared(own: SecretMarks, other: SecretMarks): Promise<unknown[]> {
    const clock = fakeClock();
    await using a = createHealth({ regions: threeRegions('a'), clock, peers });
    a.follow({ ...reporting(() => ({ local })), secrets: () => other });
    const door = a.fetch(() => new Response(null, { status: 404 }));
    const fetch = async (url: string, init: object): Promise<Response> =>
      url.startsWith('https://a.') ? door(new Request(url, init)) : Promise.reject(new Error('down'));
    await using b = createHealth({ regions: threeRegions('b'), clock, peers: { secret: SECRET, fetch } });
    b.follow({ ...reporting(() => ({ local, state: 'ready' })), secrets: () => own });
    for (let step = 0; step < 60; step += 1) await clock.advance(1_000);
    expect(b.view.get('a')?.identified).toBe(true);
    return codes().filter((code) => String(code).endsWith('_SECRET'));
  }

  test.each([
    ['token', 'REGIONKIT_TOKEN_SECRET'],
    ['forward', 'REGIONKIT_FORWARD_SECRET'],
  ])('of the %s are told once, as %s', async (use, code) => {
    expect(await compared({ [use]: [MINE] }, { [use]: [OTHER] })).toEqual([code]);
  });

  test.each<[string, SecretMarks, SecretMarks]>([
    ['one of them is shared, as in a rotation', { token: [MINE, OTHER] }, { token: [OTHER] }],
    ['one region has none', { token: [MINE] }, {}],
    ['what is said is no mark', { token: [MINE] }, { token: ['<script>'] }],
    ['the use is unknown', { other: [MINE] }, { other: [OTHER] }],
  ])('are none when %s', async (_when, own, other) => {
    expect(await compared(own, other)).toEqual([]);
  });

  test('are told after five answers, not at the first', () => {
    const told: string[] = [];
    const differs = createSecretNotices((code) => void told.push(code));
    for (let at = 0; at < 4; at += 1) differs('a', 'token');
    expect(told).toEqual([]);
    for (let at = 0; at < 9; at += 1) differs('a', 'token');
    expect(told).toEqual(['REGIONKIT_TOKEN_SECRET']);
  });
});
