import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { loadConfig } from '../../src/index.ts';
import { gcpSecret, kubernetesSecret, vaultSecret } from '../../src/stores/index.ts';
import { fakeStore } from './fake-store.ts';
import { storeContract } from './store.contract.ts';

const base64 = (text: string): string => Buffer.from(text).toString('base64');
const created = (version: number): string => new Date(Date.UTC(2026, 0, version)).toISOString();

storeContract({
  name: 'vaultSecret()',
  source: (address, token) => vaultSecret('app/db', { address, token }),
  answer: (value, version) => ({
    data: { data: { password: value }, metadata: { version, created_time: created(version) } },
  }),
  value: (value) => ({ password: value }),
  path: '/v1/secret/data/app/db',
  tokenField: { name: 'x-vault-token', value: 'a-token' },
  broken: [{}, { data: null }, { data: { data: null, metadata: { version: 1 } } }, { data: { data: {} } }],
});

storeContract({
  name: 'gcpSecret()',
  source: (endpoint, token) => gcpSecret('projects/app/secrets/db', { endpoint, token }),
  answer: (value, version) => ({
    name: `projects/1/secrets/db/versions/${version}`,
    payload: { data: base64(value) },
  }),
  value: (value) => value,
  path: '/v1/projects/app/secrets/db/versions/latest:access',
  tokenField: { name: 'authorization', value: 'Bearer a-token' },
  broken: [{}, { name: 'x' }, { name: 'x', payload: {} }, { payload: { data: base64('x') } }],
});

storeContract({
  name: 'kubernetesSecret()',
  source: (server, token) => kubernetesSecret('db', { namespace: 'app', server, token }),
  answer: (value, version) => ({
    metadata: { resourceVersion: String(version) },
    data: { password: base64(value), empty: '' },
  }),
  value: (value) => ({ password: value, empty: '' }),
  path: '/api/v1/namespaces/app/secrets/db',
  tokenField: { name: 'authorization', value: 'Bearer a-token' },
  broken: [
    {},
    { data: {} },
    { data: [], metadata: { resourceVersion: '1' } },
    { data: { a: 1 }, metadata: { resourceVersion: '1' } },
  ],
});

describe('vaultSecret()', () => {
  test('asks the regions in turn, each at its own address, with the namespace and the mount', async () => {
    const [us, eu] = [await fakeStore(), await fakeStore()];
    us.status = 503;
    eu.body = { data: { data: { a: 1 }, metadata: { version: 3, created_time: created(3) } } };
    const address = (region: string): string => (region === 'local' ? us.url : eu.url);
    const source = vaultSecret('a b', {
      address,
      token: 't',
      mount: 'kv',
      namespace: 'team',
      schema: z.object({ a: z.number() }),
    });
    try {
      await using config = await loadConfig({ fallbackRegions: ['eu-west-1'], sources: { key: source } });
      expect(config.get('key').a).toBe(1);
      expect(config.status().keys.key.region).toBe('eu-west-1');
      expect(eu.requests[0]?.path).toBe('/v1/kv/data/a%20b');
      expect(eu.requests[0]?.headers['x-vault-namespace']).toBe('team');
    } finally {
      await us.close();
      await eu.close();
    }
  });

  test('refuses wrong options', () => {
    expect(() => vaultSecret('', { address: 'a', token: 't' })).toThrow();
    expect(() => vaultSecret('a', { address: 'a', token: '' })).toThrow(TypeError);
    for (const path of ['../b', 'a/../b', 'a/.', '/'])
      expect(() => vaultSecret(path, { address: 'a', token: 't' })).toThrow(RangeError);
    expect(() => vaultSecret('a', { address: 'a', token: 't', mount: '..' })).toThrow(RangeError);
    expect(() => vaultSecret('a', { address: 1 as never, token: 't' })).toThrow(TypeError);
    expect(() => gcpSecret('db', { token: 't' })).toThrow(RangeError);
    expect(() => gcpSecret('projects/a/secrets/../../x', { token: 't' })).toThrow(RangeError);
    for (const project of ['..', 'a?b', 'a#b', '%2e%2e'])
      expect(() => gcpSecret(`projects/${project}/secrets/x`, { token: 't' })).toThrow(RangeError);
    expect(() => gcpSecret('projects/example.com:app/secrets/db', { token: 't' })).not.toThrow();
    expect(() => gcpSecret('projects/a/secrets/b', { token: 't', format: 'xml' as never })).toThrow(RangeError);
    expect(() => kubernetesSecret('a/../b')).toThrow(RangeError);
    expect(() => kubernetesSecret('a', { namespace: 'A' })).toThrow(RangeError);
  });
});

describe('gcpSecret()', () => {
  test('reads one version, and JSON with a schema', async () => {
    const store = await fakeStore();
    store.body = { name: 'projects/1/secrets/db/versions/2', payload: { data: base64('{"port":1}') } };
    try {
      const source = gcpSecret('projects/app/secrets/db/versions/2', {
        endpoint: store.url,
        token: 't',
        schema: z.object({ port: z.number() }),
      });
      await using config = await loadConfig({ sources: { key: source } });
      expect(config.get('key').port).toBe(1);
      expect(store.requests[0]?.path).toBe('/v1/projects/app/secrets/db/versions/2:access');
    } finally {
      await store.close();
    }
  });
});

describe('kubernetesSecret()', () => {
  test('outside a pod there are no credentials, and it says so', async () => {
    const start = loadConfig({ sources: { key: kubernetesSecret('db', { namespace: 'app' }) } });
    await expect(start).rejects.toMatchObject({
      problems: [{ key: 'key', kind: 'kubernetes', failure: expect.stringMatching(/credentials|not-found/) }],
    });
  });
});
