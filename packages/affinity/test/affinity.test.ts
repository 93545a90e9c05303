import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { NextDecision, RegionState } from '@regionkit/core';
import { fakeClock, type RequestParts, requestView } from '@regionkit/core/testing';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type AffinityOptions, createAffinity } from '../src/index.ts';
import { ALL, headOf, NAVIGATION, type Name, regionsOf, wellView } from './helpers.ts';

type Headers = NonNullable<RequestParts['headers']>;

function setUp(
  options: Partial<AffinityOptions<Name>> = {},
  states: Partial<Record<Name, Partial<Omit<RegionState<Name>, 'name' | 'origin'>>>> = {},
) {
  const regions = regionsOf();
  const view = wellView(regions);
  const clock = fakeClock({ now: 1_000 });
  for (const [name, state] of Object.entries(states)) view.set(name as Name, state);
  const affinity = createAffinity({
    regions,
    view,
    clock,
    random: () => 0.5,
    ...options,
    cookie: { domain: 'example.com', ...options.cookie },
  });
  const decide = (parts: RequestParts = {}) => affinity.decide(requestView(parts));
  const navigate = (headers: Headers = {}, parts: RequestParts = {}) =>
    decide({ ...parts, headers: { ...NAVIGATION, ...headers } });
  /** What a client gets on an answer whose head the app wrote as `fields`. */
  const answer = (parts: RequestParts, fields: readonly (readonly [string, string])[] = [], status = 200) => {
    const head = headOf(fields, status);
    const decision = decide(parts);
    if (decision.action === 'next') decision.onHead?.(head);
    return head;
  };
  return { affinity, view, clock, decide, navigate, answer };
}

const EU = { cookie: 'region=eu-west-1' } as const;
const PIN_US = 'region=us-east-1; Max-Age=3600; Domain=example.com; Path=/; HttpOnly; Secure; SameSite=Lax';

function locationOf(decision: {
  action: string;
  headers?: readonly (readonly [string, string])[];
}): string | undefined {
  return decision.headers?.find(([name]) => name === 'Location')?.[1];
}

describe('affinity.decide() for a navigation', () => {
  test('redirects to the region its cookie names, with the path and query as they were sent', () => {
    const { navigate } = setUp();
    expect(navigate(EU, { target: '/a/..%2f/b?x=%20&y=//evil.com' })).toEqual({
      action: 'respond',
      reason: 'redirect',
      status: 307,
      headers: [
        ['Location', 'https://app-eu.example.com/a/..%2f/b?x=%20&y=//evil.com'],
        ['Cache-Control', 'no-store'],
        ['Vary', 'Cookie, Sec-Fetch-Mode'],
        ['Set-Cookie', 'region-hop=eu-west-1; Max-Age=30; Domain=example.com; Path=/; HttpOnly; Secure; SameSite=Lax'],
      ],
    });
  });

  test('redirects HEAD as GET, with another temporary status by option', () => {
    expect(setUp({ redirectStatus: 302 }).navigate(EU, { method: 'HEAD' })).toMatchObject({ status: 302 });
    expect(setUp({ redirectStatus: 303 }).navigate(EU)).toMatchObject({ status: 303 });
  });

  test('knows an older browser, which sends no Sec-Fetch-Mode, by what it accepts', () => {
    const { decide } = setUp();
    const accepts = { ...EU, accept: 'text/html,application/xhtml+xml' };
    expect(decide({ headers: accepts }).reason).toBe('redirect');
    for (const more of [
      { origin: 'https://a.example' },
      { authorization: 'Bearer x' },
      { 'x-requested-with': 'XMLHttpRequest' },
    ]) {
      expect(decide({ headers: { ...accepts, ...more } }).reason).toBe('hint');
    }
    expect(decide({ headers: { ...EU, accept: 'application/json' } }).reason).toBe('hint');
    expect(decide({ headers: EU }).reason).toBe('hint');
  });

  test.each([
    ['POST', {}],
    ['PUT', {}],
    ['PATCH', {}],
    ['DELETE', {}],
    ['OPTIONS', {}],
    ['GET', { 'content-length': '3' }],
    ['GET', { 'transfer-encoding': 'chunked' }],
    ['GET', { 'sec-fetch-mode': 'cors' }],
    ['GET', { 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' }],
    ['GET', { 'sec-fetch-dest': 'iframe' }],
    ['GET', { 'sec-purpose': 'prefetch;prerender' }],
    ['GET', { purpose: 'prefetch' }],
    ['GET', { authorization: 'Basic eDp5' }],
    ['GET', { accept: 'text/event-stream', 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' }],
  ])('serves %s with %o here, and hints', (method, headers) => {
    const { decide } = setUp();
    expect(decide({ method, headers: { ...NAVIGATION, ...EU, ...headers } })).toMatchObject({
      action: 'next',
      reason: 'hint',
    });
  });

  test('is redirected all the same with a range, conditions, or an empty body', () => {
    const { navigate } = setUp();
    for (const more of [{ range: 'bytes=0-9' }, { 'if-none-match': '"a"' }, { 'content-length': '0' }]) {
      expect(navigate({ ...EU, ...more }).reason).toBe('redirect');
    }
  });

  test.each([
    [
      'preflight',
      { method: 'OPTIONS', headers: { origin: 'https://a.example', 'access-control-request-method': 'POST' } },
    ],
    ['upgrade', { headers: { connection: 'keep-alive, Upgrade', upgrade: 'websocket' } }],
    ['hop', { headers: { 'x-region-hop': 'anything at all' } }],
    ['ignored', { target: '/health' }],
    ['ignored', { target: '/health/region?x=1' }],
    ['ignored', { target: '/livez' }],
    ['ignored', { target: '/readyz' }],
    ['ignored', { target: '/.well-known/acme-challenge/x' }],
    ['not-origin-form', { method: 'OPTIONS', target: '*' }],
    ['not-origin-form', { method: 'CONNECT', target: 'evil.com:443' }],
    ['not-origin-form', { target: 'http://evil.com/' }],
  ] as const)('leaves alone: %s', (reason, parts) => {
    const { affinity, answer } = setUp();
    const headers = { ...NAVIGATION, ...EU, ...('headers' in parts ? parts.headers : {}) };
    expect(affinity.decide(requestView({ ...parts, headers }))).toMatchObject({ action: 'next', reason });
    expect(answer({ ...parts, headers }).fields).toEqual([]);
  });

  test('leaves alone what the ignore option says instead of the probe paths', () => {
    const { navigate } = setUp({ ignore: ({ path }) => path.startsWith('/static/') });
    expect(navigate(EU, { target: '/static/a.js' }).reason).toBe('ignored');
    expect(navigate(EU, { target: '/health' }).reason).toBe('redirect');
  });

  test('is judged by the path below the mount, and redirected to the whole target', () => {
    const { decide } = setUp();
    const mounted = { target: '/shop/cart?x=1', path: '/cart', headers: { ...NAVIGATION, ...EU } };
    expect(locationOf(decide(mounted) as never)).toBe('https://app-eu.example.com/shop/cart?x=1');
    expect(decide({ ...mounted, target: '/shop/livez', path: '/livez' }).reason).toBe('ignored');
  });
});

describe('affinity.decide() and where the request came in', () => {
  test.each(['app.example.com', 'APP.Example.COM', 'app.example.com:8443', 'app.example.com.', 'app.example.com.:443'])(
    'takes %s for the global host',
    (host) => {
      expect(setUp().navigate({ ...EU, host }).reason).toBe('redirect');
    },
  );

  test.each([
    'app-us.example.com',
    '10.0.0.7',
    '[::1]:8080',
    'internal',
    'app.example.com@evil.com',
    'app.example.com/evil',
    'app.example.com, evil.com',
    '',
    'a'.repeat(300),
  ])('starts no redirect from %j', (host) => {
    expect(setUp().navigate({ ...EU, host })).toMatchObject({ action: 'next', reason: 'host-not-global' });
  });

  test('starts none when the host is missing or was sent twice', () => {
    const { navigate } = setUp();
    expect(navigate(EU, { host: undefined as never }).reason).toBe('host-not-global');
    expect(navigate({ ...EU, host: ['app.example.com', 'app.example.com'] }).reason).toBe('host-not-global');
  });

  test('does not believe X-Forwarded-Host unless the host option does', () => {
    const sent = { ...EU, host: 'pod-7:8080', 'x-forwarded-host': 'app.example.com' };
    expect(setUp().navigate(sent).reason).toBe('host-not-global');
    expect(setUp({ host: (request) => request.header('x-forwarded-host')[0] }).navigate(sent).reason).toBe('redirect');
    // A promise is no host, and one that rejects must not end the process: the test run would tell of it.
    const later = () => Promise.reject(new Error('later'));
    expect(setUp({ host: later as never }).navigate(sent).reason).toBe('host-not-global');
  });
});

describe('affinity.decide() and the region cookie', () => {
  test('assigns this region to a client that has none, once', () => {
    const { answer } = setUp();
    expect(answer({}).fields).toEqual([
      ['Cache-Control', 'private'],
      ['Set-Cookie', PIN_US],
    ]);
    expect(answer({ headers: { cookie: 'region=us-east-1' } }).fields).toEqual([]);
  });

  test.each([
    'mars-1',
    '',
    'US-EAST-1',
    'us-east-1%20',
    'eu%2Dwest-1',
    '__proto__',
    'constructor',
    'toString',
    'x'.repeat(4_096),
    '"mars-1"',
    '\u00e9',
  ])('assigns this region to a client whose cookie says %j', (value) => {
    const { decide, answer } = setUp();
    const parts = { headers: { ...NAVIGATION, cookie: `a=1; region=${value}; b=2` } };
    expect(decide(parts)).toMatchObject({ action: 'next', reason: 'cookie-unknown' });
    expect(answer(parts).get('set-cookie')).toEqual([PIN_US]);
  });

  test('reads a quoted value, several Cookie fields, and no cookie that only contains its name', () => {
    const { navigate } = setUp();
    expect(navigate({ cookie: 'region="eu-west-1"' }).reason).toBe('redirect');
    expect(navigate({ cookie: ['a=1', 'region=eu-west-1', 'b=2'] }).reason).toBe('redirect');
    expect(navigate({ cookie: 'a=region=eu-west-1; xregion=eu-west-1; region-x=eu-west-1' }).reason).toBe('assigned');
  });

  test('ignores cookies of its name that disagree: another site of the domain may have set one', () => {
    const { navigate } = setUp();
    expect(navigate({ cookie: 'region=eu-west-1; region=ap-south-1' }).reason).toBe('cookie-conflict');
    expect(navigate({ cookie: ['region=eu-west-1', 'region=evil'] }).reason).toBe('cookie-conflict');
    expect(navigate({ cookie: 'region=eu-west-1; region=eu-west-1' }).reason).toBe('redirect');
  });

  test('starts its life anew on each answer with renew: always', () => {
    const { answer } = setUp({ cookie: { renew: 'always' } });
    expect(answer({ headers: { cookie: 'region=us-east-1' } }).get('set-cookie')).toEqual([PIN_US]);
    expect(answer({ headers: EU }).get('set-cookie')[0]).toMatch(/^region=eu-west-1;/);
  });

  test.each([['public, max-age=60'], ['max-age=60'], ['s-maxage=60'], ['Public'], ['public, private="set-cookie"']])(
    'puts nothing on an answer that a shared cache may keep: %s',
    (control) => {
      const { affinity, answer } = setUp();
      const skipped: string[] = [];
      affinity.on('cookie-skipped', ({ reason }) => skipped.push(reason));
      expect(answer({}, [['Cache-Control', control]]).fields).toHaveLength(1);
      expect(answer({ headers: EU }, [['Cache-Control', control]]).get('x-region-hint')).toEqual([]);
      expect(skipped).toEqual(['cacheable', 'cacheable']);
    },
  );

  test.each([['private, max-age=60'], ['no-store'], ['no-cache'], ['max-age=0, must-revalidate']])(
    'puts it on one that none may keep: %s',
    (control) => {
      expect(
        setUp()
          .answer({}, [['Cache-Control', control]])
          .get('set-cookie'),
      ).toEqual([PIN_US]);
    },
  );

  test.each([
    ['nothing', [], 'private'],
    ['no-cache', [['Cache-Control', 'no-cache']], 'no-cache, private'],
  ] as const)(
    'keeps an answer it puts anything on from shared caches, where it says %s of them',
    (_what, fields, told) => {
      const { answer } = setUp();
      expect(answer({}, fields).get('cache-control')).toEqual([told]);
      expect(answer({ headers: EU }, fields).get('cache-control')).toEqual([told]);
      expect(answer({ headers: { cookie: 'region=us-east-1' } }, fields).fields).toEqual(fields);
    },
  );

  test('leaves a cookie of its name to the app, which may set or delete it', () => {
    const { affinity, answer } = setUp();
    const skipped: string[] = [];
    affinity.on('cookie-skipped', ({ reason }) => skipped.push(reason));
    for (const own of ['region=ap-south-1; Path=/', 'region=; Max-Age=0']) {
      expect(answer({}, [['Set-Cookie', own]]).get('set-cookie')).toEqual([own]);
    }
    expect(skipped).toEqual(['set-by-app', 'set-by-app']);
    expect(
      answer({}, [
        ['Set-Cookie', 'session=1'],
        ['Set-Cookie', 'region-x=1'],
      ]).get('set-cookie'),
    ).toHaveLength(3);
  });
});

describe('affinity.decide() for what is not a navigation', () => {
  test('hints the region, readable across origins where CORS applies', () => {
    const { answer } = setUp();
    expect(answer({ method: 'POST', headers: EU }).fields).toEqual([
      ['Cache-Control', 'private'],
      ['X-Region-Hint', 'eu-west-1'],
    ]);
    const cors = answer({ headers: EU }, [['Access-Control-Allow-Origin', 'https://a.example']]);
    expect(cors.get('access-control-expose-headers')).toEqual(['X-Region-Hint']);
    const already = answer({ headers: EU }, [
      ['Access-Control-Allow-Origin', '*'],
      ['Access-Control-Expose-Headers', 'ETag, x-region-hint'],
    ]);
    expect(already.get('access-control-expose-headers')).toEqual(['ETag, x-region-hint']);
  });

  test('gives one hint an answer: that of a refusal stays', () => {
    const { answer } = setUp();
    expect(answer({ method: 'POST', headers: EU }, [['X-Region-Hint', 'ap-south-1']]).get('x-region-hint')).toEqual([
      'ap-south-1',
    ]);
  });

  test('hints nothing about a region that cannot take the client', () => {
    const { answer } = setUp({}, { 'eu-west-1': { accept: 'draining' } });
    expect(answer({ method: 'POST', headers: EU }).fields).toEqual([]);
  });
});

describe('affinity.decide() when the target cannot take the client', () => {
  const DOWN = { 'eu-west-1': { accept: 'no' } } as const;

  test.each([
    ['target-down', { accept: 'no' }],
    ['target-down', { reads: 'fail' }],
    ['target-draining', { accept: 'draining' }],
    ['target-unknown', { accept: 'unknown' }],
    ['target-unknown', { observedAtMs: Number.NEGATIVE_INFINITY }],
    ['target-misnamed', { identified: false }],
  ] as const)('serves here: %s by %o', (reason, state) => {
    const { affinity, navigate } = setUp({}, { 'eu-west-1': state });
    const heard: unknown[] = [];
    affinity.on('failover', (event) => heard.push(event));
    expect(navigate(EU)).toMatchObject({ action: 'next', reason });
    expect(heard).toEqual([
      { from: 'eu-west-1', to: 'us-east-1', target: reason.slice('target-'.length), repinned: false },
    ]);
  });

  test('keeps the cookie, and has the client stay a while, spread so that a region which returns is not stormed', () => {
    const { answer } = setUp({}, DOWN);
    expect(answer({ headers: { ...NAVIGATION, ...EU } }).get('set-cookie')).toEqual([
      'region-hop=us-east-1; Max-Age=45; Domain=example.com; Path=/; HttpOnly; Secure; SameSite=Lax',
    ]);
  });

  test('does not toss a client to and fro while the region flaps', () => {
    const { view, navigate, answer } = setUp({}, DOWN);
    const jar = answer({ headers: { ...NAVIGATION, ...EU } })
      .get('set-cookie')[0]
      ?.split(';')[0];
    const client = { cookie: `region=eu-west-1; ${jar}` };
    for (const accept of ['yes', 'no', 'yes', 'draining', 'yes'] as const) {
      view.set('eu-west-1', { accept });
      expect(navigate(client).action).toBe('next');
    }
    // The hop cookie has lapsed.
    expect(navigate(EU).action).toBe('respond');
  });

  test('moves the client here for good under sticky, but not for what is merely unknown', () => {
    const { affinity, answer, view } = setUp({ failover: 'sticky' }, DOWN);
    const repinned: boolean[] = [];
    affinity.on('failover', (event) => repinned.push(event.repinned));
    expect(answer({ headers: { ...NAVIGATION, ...EU } }).get('set-cookie')).toEqual([PIN_US]);
    expect(answer({ method: 'POST', headers: EU }).get('set-cookie')).toEqual([PIN_US]);
    view.set('eu-west-1', { accept: 'unknown' });
    expect(answer({ headers: { ...NAVIGATION, ...EU } }).get('set-cookie')).toEqual([]);
    expect(repinned).toEqual([true, true, false]);
  });

  test('takes old news for no news', async () => {
    const { clock, navigate } = setUp();
    await clock.advance(30_000);
    expect(navigate(EU).reason).toBe('redirect');
    await clock.advance(1);
    expect(navigate(EU).reason).toBe('target-unknown');
  });

  test.each(['no', 'draining'] as const)(
    'does not forget that a region says %s, however long ago it was heard',
    async (accept) => {
      const { clock, navigate, answer } = setUp(
        { failover: 'sticky', trustUnknown: true },
        { 'eu-west-1': { accept } },
      );
      await clock.advance(24 * 60 * 60 * 1_000);
      expect(navigate(EU).reason).toBe(accept === 'no' ? 'target-down' : 'target-draining');
      expect(answer({ headers: { ...NAVIGATION, ...EU } }).get('set-cookie')).toEqual([PIN_US]);
    },
  );

  test('without a view sends nobody anywhere, unless told to trust what it does not know', () => {
    const regions = regionsOf();
    const cookie = { domain: 'example.com' };
    const request = requestView({ headers: { ...NAVIGATION, ...EU } });
    expect(createAffinity({ regions, cookie }).decide(request).reason).toBe('target-unknown');
    expect(createAffinity({ regions, cookie, trustUnknown: true }).decide(request).reason).toBe('redirect');
  });

  test('trusts nothing that is known to be bad, however much it trusts the unknown', () => {
    const state = { 'eu-west-1': { identified: false }, 'ap-south-1': { accept: 'no' } } as const;
    const { navigate } = setUp({ trustUnknown: true }, state);
    expect(navigate(EU).reason).toBe('target-misnamed');
    expect(navigate({ cookie: 'region=ap-south-1' }).reason).toBe('target-down');
  });

  test('keeps everybody when every region is down', () => {
    const { navigate } = setUp({}, { ...DOWN, 'ap-south-1': { accept: 'no' }, 'us-east-1': { accept: 'no' } });
    expect(navigate(EU).action).toBe('next');
    expect(navigate({ cookie: 'region=ap-south-1' }).action).toBe('next');
  });
});

describe('affinity and the hop cookie', () => {
  test('redirects nobody who was redirected a moment ago', () => {
    const { affinity, navigate } = setUp();
    const guards: string[] = [];
    affinity.on('loop-prevented', ({ guard }) => guards.push(guard));
    expect(navigate({ cookie: 'region=eu-west-1; region-hop=eu-west-1' })).toMatchObject({
      action: 'next',
      reason: 'already-redirected',
    });
    navigate({ ...EU, host: 'app-us.example.com' });
    expect(guards).toEqual(['hop-cookie', 'host']);
  });

  test('is taken back on arrival, and only there', () => {
    const { answer } = setUp();
    expect(answer({ headers: { cookie: 'region=us-east-1; region-hop=us-east-1' } }).get('set-cookie')).toEqual([
      'region-hop=; Max-Age=0; Domain=example.com; Path=/; HttpOnly; Secure; SameSite=Lax',
    ]);
    expect(answer({ headers: { cookie: 'region=us-east-1; region-hop=eu-west-1' } }).get('set-cookie')).toEqual([]);
  });
});

describe('an app that sends everybody back to the global name', () => {
  test('has its clients redirected once, not to and fro: one that is sent on has not arrived', () => {
    const { affinity, answer, navigate } = setUp();
    const home = { headers: { cookie: 'region=us-east-1; region-hop=us-east-1' } };
    const sentBack = answer(home, [['Location', 'https://app.example.com/']], 301);
    expect(sentBack.get('set-cookie')).toEqual([]);
    // There the hop cookie ends it.
    const prevented: string[] = [];
    affinity.on('loop-prevented', ({ guard }) => prevented.push(guard));
    expect(navigate({ cookie: 'region=eu-west-1; region-hop=eu-west-1' }).action).toBe('next');
    expect(prevented).toEqual(['hop-cookie']);
    expect(answer(home, [], 304).get('set-cookie')[0]).toMatch(/^region-hop=; Max-Age=0/);
    expect(answer(home, [['Location', '/new']], 201).get('set-cookie')[0]).toMatch(/^region-hop=; Max-Age=0/);
  });
});

describe('affinity modes', () => {
  test('off leaves everything alone, hint redirects nothing', () => {
    expect(setUp({ mode: 'off' }).navigate(EU).reason).toBe('off');
    expect(setUp({ mode: 'off' }).answer({}).fields).toEqual([]);
    expect(setUp({ mode: 'hint' }).navigate(EU).reason).toBe('hint');
  });

  test('redirect also takes a GET that looks like no browser, but never a page script or a call with credentials', () => {
    const { decide } = setUp({ mode: 'redirect' });
    expect(decide({ headers: EU }).reason).toBe('redirect');
    expect(decide({ headers: { ...EU, 'sec-fetch-mode': 'cors' } }).reason).toBe('hint');
    expect(decide({ headers: { ...EU, authorization: 'Bearer x' } }).reason).toBe('hint');
    expect(decide({ method: 'POST', headers: EU }).reason).toBe('hint');
  });

  test('can differ from request to request', () => {
    const { navigate } = setUp({ mode: ({ path }) => (path === '/download' ? 'hint' : 'auto') });
    expect(navigate(EU, { target: '/download' }).reason).toBe('hint');
    expect(navigate(EU).reason).toBe('redirect');
  });
});

describe('affinity.pin()', () => {
  function handle(
    options: Partial<AffinityOptions<Name>>,
    headers: Headers,
    handler: (pin: (name: Name) => void) => void,
  ) {
    const { affinity, decide } = setUp({ pin: true, ...options });
    const head = headOf();
    const decision = decide({ headers });
    if (decision.action !== 'next' || decision.scope === undefined) throw new Error('it was not let through');
    decision.scope(() => handler(affinity.pin));
    decision.onHead?.(head);
    return head.get('set-cookie').map((value) => value.split(';')[0]);
  }

  test('moves the client with its next request; the last call counts', () => {
    const moved = handle({}, { cookie: 'region=us-east-1' }, (pin) => {
      pin('ap-south-1');
      pin('eu-west-1');
    });
    expect(moved).toEqual(['region=eu-west-1']);
  });

  test('replaces what would have been assigned, and works where affinity leaves the request alone', () => {
    expect(handle({}, {}, (pin) => pin('eu-west-1'))).toEqual(['region=eu-west-1']);
    expect(handle({}, { 'x-region-hop': 'x' }, (pin) => pin('eu-west-1'))).toEqual(['region=eu-west-1']);
  });

  test('refuses a region there is not, and a call outside a request', () => {
    const { affinity } = setUp({ pin: true });
    expect(() => affinity.pin('mars-1' as Name)).toThrow(RangeError);
    expect(() => affinity.pin('eu-west-1')).toThrow(/while a request is handled/);
  });

  test('has to be turned on: otherwise a client at home costs no scope and no hook', () => {
    const { affinity, decide } = setUp();
    expect(decide({ headers: { cookie: 'region=us-east-1' } })).toEqual({ action: 'next', reason: 'home' });
    expect(() => affinity.pin('eu-west-1')).toThrow(/needs pin: true/);
  });

  test('wants the head only of an answer that it has something for', () => {
    const wants = (cookie: string, pinned?: Name): unknown => {
      const { affinity, decide } = setUp({ pin: true });
      const decision = decide({ headers: { cookie } }) as NextDecision;
      decision.scope?.(() => pinned && affinity.pin(pinned));
      return decision.wantsHead?.();
    };
    expect(wants('region=us-east-1')).toBe(false);
    expect(wants('region=us-east-1', 'eu-west-1')).toBe(true);
    expect(wants('theme=dark')).toBe(true);
  });

  test('counts until a head is accepted: Node may refuse one', () => {
    const { affinity, decide } = setUp({ pin: true });
    const skipped: string[] = [];
    affinity.on('cookie-skipped', ({ reason }) => skipped.push(reason));
    const decision = decide({ headers: { cookie: 'region=us-east-1' } });
    if (decision.action !== 'next') throw new Error('it was not let through');
    decision.scope?.(() => {
      expect(decision.wantsHead?.()).toBe(false);
      affinity.pin('eu-west-1');
      expect(decision.wantsHead?.()).toBe(true);
      decision.afterHead?.();
      affinity.pin('eu-west-1');
    });
    expect(skipped).toEqual(['too-late']);
  });

  test('says when it was called too late', () => {
    const { affinity, decide } = setUp({ pin: true });
    const skipped: string[] = [];
    affinity.on('cookie-skipped', ({ reason }) => skipped.push(reason));
    const decision = decide();
    if (decision.action !== 'next') throw new Error('it was not let through');
    decision.scope?.(() => {
      decision.onHead?.(headOf());
      affinity.pin('eu-west-1');
    });
    expect(skipped).toEqual(['too-late']);
  });
});

describe('affinity events', () => {
  test('tell every decision about a request that was looked at, with the region of its cookie', () => {
    const { affinity, navigate, decide } = setUp();
    const heard: unknown[] = [];
    affinity.on('decision', (event) => heard.push(event));
    navigate(EU);
    decide({ headers: EU });
    decide();
    navigate(EU, { target: '/health' });
    expect(heard).toEqual([
      { action: 'redirect', reason: 'redirect', region: 'eu-west-1' },
      { action: 'hint', reason: 'hint', region: 'eu-west-1' },
      { action: 'serve', reason: 'assigned' },
    ]);
  });

  test('are mirrored on diagnostics channels', () => {
    const { navigate } = setUp();
    const heard: unknown[] = [];
    const listener = (event: unknown) => heard.push(event);
    subscribe('regionkit:affinity:decision', listener);
    navigate(EU);
    unsubscribe('regionkit:affinity:decision', listener);
    navigate(EU);
    expect(heard).toEqual([{ action: 'redirect', reason: 'redirect', region: 'eu-west-1' }]);
  });
});

describe('every redirect there is', () => {
  const origins = new Set<string>(Object.values(ALL).map(({ origin }) => origin));
  const bits = fc.constantFrom(
    '/',
    '\\',
    '//',
    '@',
    '.',
    '..',
    ':',
    '?',
    '#',
    '%2f',
    '%5C',
    '%0d%0a',
    '\r\n',
    '\t',
    ' ',
    'evil.com',
    'é',
    '\ud800',
    'a',
  );
  const targets = fc.oneof(
    fc.array(bits, { maxLength: 8 }).map((parts) => parts.join('')),
    fc.array(bits, { maxLength: 8 }).map((parts) => `/${parts.join('')}`),
    fc.webUrl(),
    // Every UTF-16 unit; `unit: 'binary'` takes fast-check seconds to prepare.
    fc.string({ unit: fc.nat(0xffff).map((code) => String.fromCharCode(code)) }),
  );
  const values = fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom('eu-west-1', 'ap-south-1') },
    { weight: 1, arbitrary: fc.oneof(fc.string(), fc.constantFrom('__proto__', 'hasOwnProperty')) },
  );

  test('leads to an origin of the configuration, whatever the client sends', () => {
    const { navigate } = setUp({ mode: 'redirect', host: () => 'app.example.com' });
    let redirects = 0;
    fc.assert(
      fc.property(targets, values, fc.string(), (target, value, other) => {
        const decision = navigate({ cookie: `region=${value}; a=${other}` }, { target });
        if (decision.action !== 'respond') return;
        redirects += 1;
        const location = locationOf(decision as never) as string;
        expect(origins).toContain(new URL(location).origin);
        expect(location).not.toMatch(/[\r\n]/);
      }),
      { numRuns: 5_000 },
    );
    expect(redirects).toBeGreaterThan(100);
  });
});
