import { defineRegions, fakeView } from '@regionkit/core';
import { requestView } from '@regionkit/core/testing';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { type AffinityOptions, createAffinity } from '../src/index.ts';
import { ALL, headOf, type Name, regionsOf } from './helpers.ts';

const domain = 'example.com';
const create = (options: Partial<AffinityOptions<Name>>) => () =>
  createAffinity({ regions: regionsOf(), ...options, cookie: { domain, ...options.cookie } });

describe('createAffinity()', () => {
  test.each([
    [{ mode: 'sometimes' }, /createAffinity: mode must be one of/],
    [{ failover: 'no' }, /createAffinity: failover must be one of/],
    [{ redirectStatus: 301 }, /createAffinity: redirectStatus must be one of 302, 303, 307/],
    [{ redirectStatus: 308 }, /createAffinity: redirectStatus/],
    [{ maxViewAgeMs: 0 }, /createAffinity: maxViewAgeMs/],
    [{ settleSeconds: 0.5 }, /createAffinity: settleSeconds/],
    [{ trustUnknown: 'yes' }, /createAffinity: trustUnknown must be a boolean/],
    [{ pin: 1 }, /createAffinity: pin must be a boolean/],
    [{ host: 'app.example.com' }, /createAffinity: host must be a function/],
    [{ ignore: ['/health'] }, /createAffinity: ignore must be a function/],
    [{ clock: Date }, /createAffinity: clock must be an object; got function/],
    [{ random: 0.5 }, /createAffinity: random must be a function; got number/],
    [{ cookies: {} }, /createAffinity: options has no option "cookies"/],
    [{ cookie: { ttl: 1 } }, /createAffinity: cookie has no option "ttl"/],
    [{ cookie: { maxAgeSeconds: 401 * 86_400 } }, /createAffinity: cookie.maxAgeSeconds/],
    [{ cookie: { renew: 'never' } }, /createAffinity: cookie.renew/],
    [{ cookie: { sameSite: 'relaxed' } }, /createAffinity: cookie.sameSite/],
    [{ cookie: { secure: false } }, /createAffinity: cookie.secure must be true/],
    [{ cookie: { name: '__Host-region' } }, /__Host-/],
    [{ cookie: { name: 'a b' } }, /cookie\.name/],
    [{ cookie: { domain: 'example.org' } }, /createAffinity: cookie.domain must cover/],
    [
      { cookie: { domain: 'app-us.example.com' } },
      /createAffinity: cookie.domain must cover the origin of every region/,
    ],
    [{ cookie: { domain: 'ample.com' } }, /createAffinity: cookie.domain must cover/],
  ])('refuses %o', (options, message) => {
    expect(create(options as never)).toThrow(message);
  });

  test('refuses a cookie without a domain, which would stay behind at the first redirect', () => {
    expect(() => createAffinity({ regions: regionsOf() })).toThrow(/createAffinity: cookie.domain must be set/);
  });

  test('refuses a domain that does not cover a global host, which could then never set it', () => {
    const regions = defineRegions({ self: 'us-east-1', all: ALL, hosts: ['example.org'] });
    expect(() => createAffinity({ regions, cookie: { domain } })).toThrow(/does not cover example.org/);
  });

  test('refuses mode redirect without a global host to start from', () => {
    const regions = defineRegions({ self: 'us-east-1', all: ALL });
    expect(() => createAffinity({ regions, cookie: { domain }, mode: 'redirect' })).toThrow(/needs a global host/);
  });

  test('refuses health itself where its view belongs', () => {
    expect(create({ view: { view: {} } as never })).toThrow(
      'createAffinity: view must be a RegionView such as health.view',
    );
  });

  test("refuses another region's view", () => {
    expect(create({ view: fakeView(regionsOf('eu-west-1')) })).toThrow(/createAffinity: view/);
  });

  test('needs no domain in one region, nor in development, where the cookie is not Secure either', () => {
    const one = defineRegions({ self: 'us-east-1', all: { 'us-east-1': ALL['us-east-1'] } });
    const local = defineRegions({
      self: 'a',
      all: { a: { origin: 'http://localhost:3001' }, b: { origin: 'http://localhost:3002' } },
      development: true,
    });
    for (const [regions, cookie] of [
      [one, 'region=us-east-1; Max-Age=3600; Path=/; HttpOnly; Secure; SameSite=Lax'],
      [local, 'region=a; Max-Age=3600; Path=/; HttpOnly; SameSite=Lax'],
    ] as const) {
      const head = headOf();
      const decision = createAffinity({ regions: regions as never }).decide(requestView());
      if (decision.action === 'next') decision.onHead?.(head);
      expect(head.get('set-cookie')).toEqual([cookie]);
    }
  });

  test('writes the cookie as it is told to', () => {
    const head = headOf();
    const cookie = {
      name: '__Secure-r',
      maxAgeSeconds: 60,
      domain: '.example.com',
      httpOnly: false,
      sameSite: 'none',
    } as const;
    const decision = create({ cookie })().decide(requestView());
    if (decision.action === 'next') decision.onHead?.(head);
    expect(head.get('set-cookie')).toEqual([
      '__Secure-r=us-east-1; Max-Age=60; Domain=example.com; Path=/; Secure; SameSite=None',
    ]);
  });
});

describe('what would never happen is told when it is made', () => {
  const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
  beforeEach(() => void warned.mockClear());
  const codes = (options: Partial<AffinityOptions<Name>>): unknown[] => {
    create(options)();
    return warned.mock.calls.map(([, more]) => (more as { code: string }).code);
  };
  const noHosts = (): AffinityOptions<Name>['regions'] => defineRegions({ self: 'us-east-1', all: ALL });
  const view = () => fakeView(regionsOf());

  test('no global host: no redirect', () => {
    expect(codes({ regions: noHosts(), view: view() })).toEqual(['REGIONKIT_NO_HOSTS']);
  });

  test('no view: no other region', () => {
    expect(codes({})).toEqual(['REGIONKIT_NO_VIEW']);
  });

  test.each<[string, () => Partial<AffinityOptions<Name>>]>([
    ['both are there', () => ({ view: view() })],
    ['nothing is known on purpose', () => ({ trustUnknown: true })],
    ['it only hints', () => ({ regions: noHosts(), view: view(), mode: 'hint' })],
    ['it is off', () => ({ regions: noHosts(), mode: 'off' })],
  ])('nothing when %s', (_when, options) => {
    expect(codes(options())).toEqual([]);
  });

  test('nothing with one region', () => {
    createAffinity({ regions: defineRegions({ self: 'a', all: { a: { origin: 'https://a.example.com' } } }) });
    expect(warned).not.toHaveBeenCalled();
  });
});

test('an option that is undefined was not given', () => {
  const none = {
    mode: undefined,
    failover: undefined,
    random: undefined,
    clock: undefined,
    view: undefined,
    host: undefined,
  };
  expect(create({ ...none, cookie: { name: undefined, secure: undefined } } as never)).not.toThrow();
});

test.each(['host', 'ignore', 'mode'] as const)(
  'an async %s is refused: a promise is true, and no host and no mode',
  (name) => {
    const regions = defineRegions({ self: 'a', all: { a: { origin: 'https://a.example.com' } } });
    expect(() => createAffinity({ regions, [name]: async () => 'x' } as never)).toThrow(
      /must return its answer at once/,
    );
  },
);
