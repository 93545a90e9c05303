import { defineRegions } from '@regionkit/core';
import { requestView } from '@regionkit/core/testing';
import { describe, expect, it } from 'vitest';
import { CookieTooLargeError, cookie, createSessionCookie } from '../src/index.ts';
import { claims, craft } from './support.ts';

const token = craft(claims());
const regions = defineRegions({
  self: 'us-east-1',
  all: {
    'us-east-1': { origin: 'https://app-us-east-1.example.com' },
    'eu-west-1': { origin: 'https://app-eu-west-1.example.com' },
  },
  hosts: ['app.example.com'],
});

describe('createSessionCookie()', () => {
  it('writes a cookie that every region of the domain is sent', () => {
    const made = createSessionCookie({ domain: 'example.com', regions });
    expect(made.set(token).at(-1)).toBe(
      `__Secure-session=${token}; Max-Age=3600; Domain=example.com; Path=/; HttpOnly; Secure; SameSite=Lax`,
    );
    expect(made.clear().at(-1)).toBe(
      '__Secure-session=; Max-Age=0; Domain=example.com; Path=/; HttpOnly; Secure; SameSite=Lax',
    );
  });

  it('takes a twin away that is for this host alone, before it sets its own, so that signing in again heals', () => {
    const made = createSessionCookie({ domain: 'example.com', path: '/app' });
    const twin = '__Secure-session=; Max-Age=0; Path=/app; HttpOnly; Secure; SameSite=Lax';
    for (const fields of [made.set(token), made.clear()]) {
      expect(fields).toHaveLength(2);
      expect(fields[0]).toBe(twin);
    }
    expect(createSessionCookie().set(token)).toHaveLength(1);
    expect(createSessionCookie().clear()).toHaveLength(1);
  });

  it.each([undefined, 'example.com'])(
    'with chunks: a browser that held chunks keeps only the new cookie (domain %s)',
    (domain) => {
      const made = createSessionCookie({ ...(domain && { domain }), chunks: true });
      for (const [fields, left] of [
        [made.set(token), [token]],
        [made.clear(), []],
      ] as const) {
        // A browser keeps one cookie for each name, domain and path.
        const jar = new Map<string, string>();
        const store = (field: string): void => {
          const [pair = '', ...attributes] = field.split('; ');
          const scope = attributes.find((one) => one.startsWith('Domain=')) ?? 'host only';
          const key = `${pair.slice(0, pair.indexOf('='))} ${scope}`;
          if (attributes.includes('Max-Age=0')) jar.delete(key);
          else jar.set(key, pair);
        };
        for (const scope of domain ? ['', `; Domain=${domain}`] : [''])
          for (const at of ['', '.0', '.1', '.7']) store(`${made.name}${at}=old; Path=/${scope}`);
        for (const field of fields) store(field);
        const request = requestView({ headers: { cookie: [...jar.values()].join('; ') } });
        expect(cookie(made.name, { chunks: true }).read(request)).toEqual(left);
        expect(jar.size).toBe(left.length);
      }
    },
  );

  it.each(['com', 'localhost', '.com', 'example.', '..com'])('refuses the domain %j', (domain) => {
    expect(() => createSessionCookie({ domain })).toThrow(/domain must be a domain name with a dot/);
  });

  it('refuses a domain that would sign somebody out on the way to another region', () => {
    expect(() => createSessionCookie({ regions })).toThrow(/domain must be set/);
    expect(() => createSessionCookie({ regions, domain: 'app-us-east-1.example.com' })).toThrow(/eu-west-1/);
    expect(() => createSessionCookie({ name: '__Host-session', regions, domain: 'example.com' })).toThrow(/__Secure-/);
  });

  it('refuses what browsers would refuse without a word', () => {
    expect(() => createSessionCookie({ secure: false })).toThrow(/secure/);
    expect(() => createSessionCookie({ name: 'session', secure: false, sameSite: 'none' })).toThrow(/secure/);
    expect(() => createSessionCookie({ name: '__Host-session', path: '/app' })).toThrow(/__Host-/);
    expect(() => createSessionCookie({ name: 'a b' })).toThrow(/cookie name/);
    expect(() => createSessionCookie({ domain: 'example.com; Path=/' })).toThrow(/domain name/);
    expect(() => createSessionCookie({ path: '/;x' })).toThrow(/path/);
    expect(() => createSessionCookie({ maxAgeSeconds: 0 })).toThrow(/maxAgeSeconds/);
    expect(() => createSessionCookie({ sameSite: 'Lax' as never })).toThrow(/sameSite/);
    expect(() => createSessionCookie({ chunks: 8 as never })).toThrow(/chunks must be a boolean/);
    expect(() => createSessionCookie({ domian: 'example.com' } as never)).toThrow(/domian/);
  });

  it('has one switch for development over plain http', () => {
    expect(createSessionCookie({ name: 'session', secure: false }).set('a.b.c')).toEqual([
      'session=a.b.c; Max-Age=3600; Path=/; HttpOnly; SameSite=Lax',
    ]);
  });

  it('says so when a browser would drop it for its size', () => {
    const made = createSessionCookie({ domain: 'example.com' });
    const rest = Number(made.set('x').at(-1)?.length) - 1;
    expect(made.set('x'.repeat(4_096 - rest)).at(-1)).toHaveLength(4_096);
    expect(() => made.set('x'.repeat(4_097 - rest))).toThrow(CookieTooLargeError);
    expect(() => made.set('x'.repeat(4_097 - rest))).toThrow(/4097 bytes/);
  });

  it('lets nothing but a token in', () => {
    const made = createSessionCookie();
    for (const bad of ['a; Domain=evil.test', 'a\r\nSet-Cookie: x=y', 'a b', '', 'é']) {
      expect(() => made.set(bad)).toThrow(TypeError);
    }
  });

  it('is read back by cookie()', () => {
    const made = createSessionCookie();
    const pair = made.set(token)[0]?.split(';')[0] as string;
    const read = (value: string): readonly string[] =>
      cookie(made.name).read(requestView({ headers: { cookie: value } }));
    expect(read(`a=b; ${pair}; c=d`)).toEqual([token]);
    expect(read(made.clear()[0]?.split(';')[0] as string)).toEqual([]);
  });
});
