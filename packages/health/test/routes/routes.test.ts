import type { RespondDecision } from '@regionkit/core';
import { fakeClock, requestView } from '@regionkit/core/testing';
import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { createHealth } from '../../src/index.ts';
import { BEGIN_MS, SECRET, signedQuestion, TOKEN, threeRegions } from '../helpers/fixtures.ts';

const clock = fakeClock();
const health = createHealth({
  regions: threeRegions(),
  token: TOKEN,
  clock,
  peers: { secret: SECRET, fetch: () => new Promise(() => {}) },
});
afterAll(() => health.close());
const decide = (parts: Parameters<typeof requestView>[0]) => {
  const decision = health.decide(requestView(parts));
  if ('then' in decision) throw new Error('it must decide at once');
  return decision;
};
const PATHS = ['/health', '/health/read', '/health/write', '/livez', '/readyz'];

test.each(PATHS)('%s answers GET and HEAD, with a query and with a slash at the end', (path) => {
  const answer = decide({ target: path });
  expect(answer).toMatchObject({ action: 'respond', status: 200 });
  expect(decide({ target: path, method: 'HEAD' })).toBe(answer);
  expect(decide({ target: `${path}?cache=1&x=/health` })).toBe(answer);
  expect(decide({ target: `${path}/` })).toBe(answer);
});

test.each(['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'get', 'QUERY'])('%s is not allowed', (method) => {
  for (const path of [...PATHS, '/health/region']) {
    expect(decide({ target: path, method })).toMatchObject({
      action: 'respond',
      status: 405,
      headers: [
        ['allow', 'GET, HEAD'],
        ['cache-control', 'no-store'],
      ],
    });
  }
});

test.each([
  '/',
  '/healthy',
  '/health/',
  '/health//',
  '//health',
  '/HEALTH',
  '/health/reads',
  '/x/health',
  '/livez/x',
  '',
])('%j is the health path or is left to the app', (target) => {
  expect(decide({ target, path: target }).action).toBe(target === '/health/' ? 'respond' : 'next');
});

test('an answer is never a redirect, never stored, short, and begins with the verdict', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...PATHS),
      fc.string(),
      fc.constantFrom('GET', 'HEAD'),
      fc.dictionary(
        fc.constantFrom('host', 'authorization', 'if-none-match', 'range', 'accept', 'x-forwarded-for'),
        fc.string(),
      ),
      (path, query, method, headers) => {
        const answer = decide({ target: `${path}?${query}`, path, method, headers });
        if (answer.action !== 'respond') throw new Error('no answer');
        expect([200, 503]).toContain(answer.status);
        expect(answer.headers).toContainEqual(['cache-control', 'no-store']);
        expect(String(answer.body).length).toBeLessThan(5_120);
        expect(String(answer.body)).toMatch(/^\{"status":"(?:pass|warn|fail)"/);
      },
    ),
  );
});

test('the document is for a nonce of the right length and letters alone', () => {
  const ask = (nonce: string | readonly string[] | undefined) =>
    decide({
      target: '/health/region',
      headers: { ...signedQuestion(), 'x-region-nonce': nonce ?? [] },
    });
  for (const nonce of [
    undefined,
    '',
    'x'.repeat(15),
    'x'.repeat(65),
    'a.b'.repeat(8),
    `${'x'.repeat(20)}"`,
    ' '.repeat(20),
    'é'.repeat(20),
    ['x'.repeat(20), 'x'.repeat(20)],
  ]) {
    expect(ask(nonce)).toMatchObject({ status: 400, reason: 'malformed' });
  }
});

test('the document tells of the database: it is for a question of a region that has the secret', () => {
  const ask = (headers: Readonly<Record<string, string>>) => decide({ target: '/health/region', headers });
  const answer = ask(signedQuestion());
  if (answer.action !== 'respond') throw new Error('no answer');
  expect(answer.status).toBe(200);
  expect(String(answer.body)).toMatch(/^[\w-]+\.[\w-]{43}$/);
  expect(answer.headers).toContainEqual(['cache-control', 'no-store']);
  const refused = [
    { 'x-region-nonce': 'n'.repeat(22) },
    signedQuestion({}, 'another secret of thirty-two bytes or so'),
  ];
  for (const headers of refused) {
    const refusal = ask(headers);
    expect(refusal).toMatchObject({ status: 401, reason: 'bad-signature' });
    expect(refusal).toMatchObject({ headers: expect.arrayContaining([['cache-control', 'no-store']]) });
    expect(refusal).not.toHaveProperty('body');
  }
});

test.each<[string, Parameters<typeof signedQuestion>[0], number, string]>([
  ['for another region', { to: 'c' }, 421, 'wrong-region'],
  ['of half a minute ago', { atMs: BEGIN_MS - 30_001 }, 403, 'clock-skew'],
  ['of half a minute from now', { atMs: BEGIN_MS + 30_001 }, 403, 'clock-skew'],
])('a question %s gets no document, and is told why', (_, question, status, refusal) => {
  const answer = decide({ target: '/health/region', headers: signedQuestion(question) });
  expect(answer).toMatchObject({ status, reason: refusal });
  expect(answer).toMatchObject({ headers: expect.arrayContaining([['x-region-refused', refusal]]) });
});

test('a question that was asked before gets no document: what was read on its way opens nothing', () => {
  const headers = signedQuestion();
  expect(decide({ target: '/health/region', headers })).toMatchObject({ status: 200 });
  expect(decide({ target: '/health/region', headers })).toMatchObject({ status: 403, reason: 'replayed' });
  expect(decide({ target: '/health/region', method: 'HEAD', headers })).toMatchObject({ status: 403 });
});

test('a question of an older version is told to be one', () => {
  const { 'x-region-to': _to, 'x-region-at': _at, ...older } = signedQuestion();
  const answer = decide({ target: '/health/region', headers: older });
  expect(answer).toMatchObject({ status: 400, reason: 'version', body: expect.stringContaining('same version') });
});

test('without peers there is no document', async () => {
  const alone = createHealth({ regions: threeRegions(), clock: fakeClock() });
  expect(alone.decide(requestView({ target: '/health/region' }))).toMatchObject({ action: 'next' });
  await alone.close();
});

test('paths can be moved and left out', async () => {
  const moved = createHealth({ regions: threeRegions(), clock: fakeClock(), paths: { health: '/up', live: false } });
  const at = (target: string) => (moved.decide(requestView({ target })) as { action: string }).action;
  expect([at('/up'), at('/health'), at('/livez'), at('/readyz')]).toEqual(['respond', 'next', 'next', 'respond']);
  await moved.close();
});

test('a token that can no longer be read opens nothing, and the verdict is still answered', async () => {
  let broken = false;
  const token = {
    get current(): string {
      if (broken) throw new Error('expired');
      return TOKEN;
    },
    subscribe: () => () => {},
  };
  const guarded = createHealth({ regions: threeRegions(), clock: fakeClock(), token });
  const headers = { authorization: `Bearer ${TOKEN}` };
  const ask = () => guarded.decide(requestView({ target: '/health', headers })) as RespondDecision;
  expect(String(ask().body)).toContain('regions');
  broken = true;
  expect(ask().status).toBe(200);
  expect(String(ask().body)).not.toContain('regions');
  await guarded.close();
});
