import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { z } from 'zod';
import { failureOfStatus, loadConfig, type Source, SourceError, type StandardSchema } from '../src/index.ts';

// The recipes of the README, on servers that answer as the documentation of the two says.
let url: string;
let status = 200;
const asked: string[] = [];
const server = createServer((request, response) => {
  asked.push(`${request.url} ${request.headers.authorization ?? request.headers['x-vault-token']}`);
  response.statusCode = status;
  response.setHeader('content-type', 'application/json');
  if (status !== 200) return response.end(JSON.stringify({ errors: ['hunter2'] }));
  if (request.url?.startsWith('/applications/') === true) {
    response.setHeader('configuration-version', '12');
    return response.end(JSON.stringify({ checkout: { enabled: true } }));
  }
  if (request.url?.startsWith('/v1/projects/') === true) {
    const data = Buffer.from(JSON.stringify({ password: 'of gcp' })).toString('base64');
    return response.end(JSON.stringify({ name: 'projects/1/secrets/db/versions/7', payload: { data } }));
  }
  const metadata = { version: 3, created_time: '2026-01-02T03:04:05.678Z' };
  return response.end(JSON.stringify({ data: { data: { password: 'of vault' }, metadata } }));
});
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
beforeEach(() => {
  status = 200;
  asked.length = 0;
});
afterAll(() => server.close());

async function getJson(address: string, headers: Record<string, string>, signal: AbortSignal): Promise<unknown> {
  const response = await fetch(address, { headers, signal, redirect: 'error' });
  if (!response.ok) throw new SourceError(failureOfStatus(response.status));
  return response.json();
}

function gcpSecret<T>(
  name: string,
  schema: StandardSchema<unknown, T>,
  token: () => Promise<string>,
): Source<T, false> {
  return {
    kind: 'gcp-secret',
    schema,
    regions: [],
    load: async ({ signal }) => {
      const headers = { authorization: `Bearer ${await token()}` };
      const answer = await getJson(`${url}/v1/${name}/versions/latest:access`, headers, signal);
      const { name: version, payload } = answer as { name: string; payload: { data: string } };
      const value: unknown = JSON.parse(Buffer.from(payload.data, 'base64').toString('utf8'));
      return { value, version: version.slice(version.lastIndexOf('/') + 1) };
    },
  };
}

function vaultSecret<T>(path: string, schema: StandardSchema<unknown, T>, token: string): Source<T, false> {
  return {
    kind: 'vault',
    schema,
    load: async ({ region, signal }) => {
      const answer = await getJson(`${url}/v1/secret/data/${path}?at=${region}`, { 'x-vault-token': token }, signal);
      const { data, metadata } = (answer as { data: { data: unknown; metadata: VaultMetadata } }).data;
      return { value: data, version: String(metadata.version), createdAt: Date.parse(metadata.created_time) };
    },
  };
}
interface VaultMetadata {
  readonly version: number;
  readonly created_time: string;
}

function appConfig<T>(path: string, schema: StandardSchema<unknown, T>): Source<T, false> {
  return {
    kind: 'appconfig',
    schema,
    everyMs: 45_000,
    regions: [],
    load: async ({ signal }) => {
      const response = await fetch(`${url}/${path}`, { signal, redirect: 'error' });
      if (!response.ok) throw new SourceError(failureOfStatus(response.status));
      return { value: await response.json(), version: response.headers.get('configuration-version') ?? '' };
    },
  };
}

const Db = z.object({ password: z.string() });

test('GCP Secret Manager and Vault are twenty lines each', async () => {
  await using config = await loadConfig({
    sources: {
      gcp: gcpSecret('projects/1/secrets/db', Db, async () => 'token'),
      vault: vaultSecret('app/db', Db, 'token'),
    },
  });
  expect([config.get('gcp').password, config.get('vault').password]).toEqual(['of gcp', 'of vault']);
  expect([config.version('gcp'), config.version('vault')]).toEqual(['7', '3']);
  expect(asked.toSorted()).toEqual([
    '/v1/projects/1/secrets/db/versions/latest:access Bearer token',
    '/v1/secret/data/app/db?at=local token',
  ]);
});

test('AppConfig is read from its agent, and the last good value stays while the agent is away', async () => {
  const Flags = z.object({ checkout: z.object({ enabled: z.boolean() }) });
  const flags = appConfig('applications/shop/environments/prod/configurations/flags', Flags);
  await using config = await loadConfig({
    fallbackRegions: ['other'],
    sources: { flags },
    refresh: { minForcedMs: 1 },
  });
  expect(config.get('flags').checkout.enabled).toBe(true);
  expect(config.version('flags')).toBe('12');
  expect(asked).toHaveLength(1);
  status = 500;
  await config.refresh('flags').catch(() => {});
  expect(asked.length).toBeGreaterThan(1);
  expect(config.get('flags').checkout.enabled).toBe(true);
});

test.each([
  [403, 'denied', 1],
  [404, 'not-found', 1],
  [429, 'throttled', 2],
  [503, 'unavailable', 2],
])('an answer of %i is %s, and asks %i regions', async (answer, failure, regions) => {
  status = answer;
  const start = loadConfig({ fallbackRegions: ['other'], sources: { vault: vaultSecret('app/db', Db, 'token') } });
  await expect(start).rejects.toMatchObject({ problems: [{ key: 'vault', failure }] });
  expect(asked).toHaveLength(regions);
});
