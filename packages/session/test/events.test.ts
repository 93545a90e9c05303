import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { live } from '@regionkit/core';
import { describe, expect, it } from 'vitest';
import type { KeySource } from '../src/index.ts';
import { claims, craft, ec, jwks, rsa, verifier } from './support.ts';

describe('events', () => {
  it('are mirrored on diagnostics channels, without a byte of any token', async () => {
    const heard: [string, unknown][] = [];
    const names = ['keys', 'keys-rejected', 'epochs-rejected', 'unknown-kid', 'rejected'];
    const listeners = names.map((name) => {
      const listener = (message: unknown): void => void heard.push([name, message]);
      subscribe(`regionkit:session:${name}`, listener);
      return () => unsubscribe(`regionkit:session:${name}`, listener);
    });
    const keys = live<KeySource>(jwks);
    const notBefore = live<object>({});
    const sessions = verifier({ keys, notBefore });
    keys.set('nonsense');
    keys.set(ec.publicJwk);
    notBefore.set({ all: 'canary' });
    await sessions.verify(craft(claims({ sub: 'canary' }))).catch(() => {});
    await sessions.verify('canary').catch(() => {});
    for (const stop of listeners) stop();
    expect(heard.map(([name]) => name)).toEqual([
      'keys',
      'keys-rejected',
      'keys',
      'epochs-rejected',
      'unknown-kid',
      'rejected',
      'rejected',
    ]);
    expect(JSON.stringify(heard)).not.toMatch(/canary|eyJ|nonsense/);
  });

  it('of a listener that throws harm nobody', async () => {
    const keys = live<KeySource>(jwks);
    const sessions = verifier({ keys });
    for (const event of ['keys', 'rejected', 'unknown-kid', 'keys-rejected'] as const) {
      sessions.on(event, () => {
        throw new Error('listener');
      });
    }
    keys.set(rsa.publicJwk);
    keys.set('nonsense');
    await expect(sessions.verify(craft(claims()))).resolves.toBeDefined();
    await expect(sessions.verify(craft(claims(), { key: ec }))).rejects.toMatchObject({ status: 503 });
  });
});
