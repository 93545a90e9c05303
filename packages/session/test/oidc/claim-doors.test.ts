import type { RespondDecision } from '@regionkit/core';
import { requestView as viewOf } from '@regionkit/core/testing';
import { describe, expect, it } from 'vitest';
import { claimEquals, requiredScopes } from '../../src/oidc/index.ts';
import { claims, craft, verifier } from '../support.ts';

/** With the request of a fetch handler, as the doors find it. */
const requestView = (options: Parameters<typeof viewOf>[0]) => ({
  ...viewOf(options),
  raw: new Request('http://localhost'),
});
const request = (changes?: Record<string, unknown>, headers: Record<string, string> = {}) =>
  requestView({
    headers: { ...(changes && { authorization: `Bearer ${craft(claims(changes))}` }), ...headers },
  });

describe('requiredScopes()', () => {
  const door = requiredScopes(verifier(), 'read:orders write:orders');

  it.each([
    ['a text', { scope: 'write:orders openid read:orders' }],
    ['a list', { scope: ['read:orders', 'write:orders'] }],
    ['scp of Entra ID and Okta', { scp: ['read:orders', 'write:orders'] }],
  ])('lets a token pass whose scopes are %s', async (_what, changes) => {
    expect(await door.decide(request(changes))).toMatchObject({ action: 'next', reason: 'session' });
  });

  it.each([
    ['no scope', {}],
    ['one of two', { scope: 'read:orders' }],
    ['a longer scope', { scope: 'read:orders write:orders:all' }],
    ['an object', { scope: { 'read:orders': true, 'write:orders': true } }],
    ['scopes under another claim', { scopes: 'read:orders write:orders' }],
    ['scp beside a scope that lacks it', { scope: 'read:orders', scp: 'read:orders write:orders' }],
  ])('answers 403 and the scopes that are needed: %s', async (_what, changes) => {
    const decision = await door.decide(request(changes, { origin: 'https://app.example.com' }));
    expect(decision).toMatchObject({ action: 'respond', status: 403, reason: 'scope' });
    expect(Object.fromEntries((decision as RespondDecision).headers)).toMatchObject({
      'www-authenticate': 'Bearer error="insufficient_scope", scope="read:orders write:orders"',
      'access-control-expose-headers': 'www-authenticate',
    });
  });

  it('answers 401 without a session, and never asks for scopes of a refused token', async () => {
    expect(await door.decide(request())).toMatchObject({ status: 401, reason: 'missing' });
    expect(await door.decide(request({ exp: 2, iat: 1, scope: 'read:orders write:orders' }))).toMatchObject({
      status: 401,
    });
  });

  it('lets a preflight pass only where the verifier does', async () => {
    const preflight = requestView({
      method: 'OPTIONS',
      headers: { origin: 'https://app.example.com', 'access-control-request-method': 'GET' },
    });
    expect(await requiredScopes(verifier({ preflight: 'pass' }), 'a').decide(preflight)).toMatchObject({
      action: 'next',
    });
    expect(await requiredScopes(verifier(), 'a').decide(preflight)).toMatchObject({ status: 401 });
  });

  it('refuses scopes that no token can have', () => {
    for (const scopes of ['', ' ', []]) expect(() => requiredScopes(verifier(), scopes)).toThrow(RangeError);
    for (const scopes of ['a"b', ['a b'], 'a\nb']) expect(() => requiredScopes(verifier(), scopes)).toThrow(RangeError);
    expect(() => requiredScopes(verifier(), [1 as never])).toThrow(TypeError);
  });
});

describe('claimEquals()', () => {
  it('compares exactly', async () => {
    const door = claimEquals(verifier(), 'isAdmin', true);
    expect(await door.decide(request({ isAdmin: true }))).toMatchObject({ action: 'next' });
    for (const isAdmin of [false, 'true', 1, [true], null, undefined])
      expect(await door.decide(request({ isAdmin }))).toMatchObject({ status: 403, reason: 'scope' });
  });

  it('takes nothing from a prototype, and no empty name', async () => {
    expect(await claimEquals(verifier(), 'constructor', null).decide(request({}))).toMatchObject({ status: 403 });
    expect(() => claimEquals(verifier(), '', 1)).toThrow();
    expect(() => claimEquals(verifier(), 'a', {} as never)).toThrow(TypeError);
  });
});
