import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ConfigError, loadConfig, reveal, type Source } from '../../src/index.ts';
import { type FakeStore, fakeStore } from './fake-store.ts';

/** What one store is, for the suite. */
export interface StoreUnderTest {
  readonly name: string;
  /** A source that reads a secret at this address, with this token. */
  source(url: string, token: string | (() => Promise<string>)): Source;
  /** The answer of the service that holds this value. */
  answer(value: string, version: number): unknown;
  /** What the config then has. */
  value(value: string): unknown;
  /** The path of the request, and the field that carries the token. */
  readonly path: string;
  readonly tokenField: { readonly name: string; readonly value: string };
  /** Answers of the service that no longer hold a secret. */
  readonly broken: readonly unknown[];
}

const CANARY = 'hunter2-canary';

/** Every source of a secret store must behave like this. */
export function storeContract(store: StoreUnderTest): void {
  describe(`${store.name}, as every store`, () => {
    let fake: FakeStore;
    beforeEach(async () => {
      fake = await fakeStore();
      fake.body = store.answer(CANARY, 7);
    });
    afterEach(() => fake.close());

    const load = (token: string | (() => Promise<string>) = 'a-token', url = fake.url) =>
      loadConfig({ sources: { key: store.source(url, token) }, refresh: { timeoutMs: 300, minForcedMs: 1 } });
    const failure = async (token?: string | (() => Promise<string>), url?: string) => {
      const error = await load(token, url).then(
        async (config) => config.close(),
        (reason: unknown) => reason,
      );
      expect(error).toBeInstanceOf(ConfigError);
      expect(`${(error as Error).stack}${JSON.stringify(error)}`).not.toMatch(/hunter2|a-token/);
      const [problem] = (error as ConfigError).problems;
      return problem?.detail ?? problem?.failure;
    };

    test('loads the value and its version, with one request', async () => {
      await using config = await load();
      expect(reveal(config.get('key'))).toEqual(store.value(CANARY));
      expect(config.version('key')).toBe('7');
      expect(fake.requests).toHaveLength(1);
      expect(fake.requests[0]?.path).toBe(store.path);
      expect(fake.requests[0]?.headers[store.tokenField.name]).toBe(store.tokenField.value);
    });

    test('sees a new version at a refresh, and asks for a token each time', async () => {
      let tokens = 0;
      await using config = await load(async () => {
        tokens += 1;
        return 'a-token';
      });
      fake.body = store.answer('second', 8);
      expect(await config.refresh('key')).toBe('changed');
      expect(config.version('key')).toBe('8');
      expect(tokens).toBe(2);
    });

    test('keeps the last good value when the service fails', async () => {
      await using config = await load();
      fake.status = 503;
      expect(await config.refresh('key')).toBe('failed');
      expect(config.status().keys.key).toMatchObject({ state: 'stale', refreshError: { failure: 'unavailable' } });
      expect(config.version('key')).toBe('7');
    });

    test.each([
      [401, 'denied'],
      [403, 'denied'],
      [404, 'not-found'],
      [429, 'throttled'],
      [500, 'unavailable'],
      [302, 'unavailable'],
    ])('status %d is %s, and no redirect is followed', async (status, expected) => {
      fake.fault = (response) => response.writeHead(status, { location: `${fake.url}/elsewhere` }).end(CANARY);
      expect(await failure()).toBe(expected);
      expect(fake.requests).toHaveLength(1);
    });

    test('gives up a silent service, a reset connection and a truncated answer', async () => {
      fake.fault = () => {};
      expect(await failure()).toBe('timeout');
      fake.fault = (response) => response.socket?.resetAndDestroy();
      expect(await failure()).toBe('network');
      fake.fault = (response) => {
        response.writeHead(200, { 'content-length': '1000' });
        response.write('{', () => response.destroy());
      };
      expect(await failure()).toBe('network');
    });

    test('bounds the answer', async () => {
      fake.fault = (response) => {
        response.writeHead(200);
        response.on('error', () => {});
        const fill = (): void => {
          while (!response.destroyed && response.write(' '.repeat(65_536)));
        };
        response.on('drain', fill);
        fill();
      };
      expect(['too-large', 'timeout']).toContain(await failure());
      fake.fault = (response) => void response.writeHead(200).end(' '.repeat(2_200_000));
      expect(await failure()).toBe('too-large');
    });

    test('refuses what is no answer of the service', async () => {
      fake.fault = (response) => void response.writeHead(200).end(`<html>${CANARY}`);
      expect(await failure()).toBe('not-json');
      fake.fault = undefined;
      for (const body of [...store.broken, [], CANARY, null]) {
        fake.body = body;
        expect(await failure()).toMatch(/^(?:unavailable|not-found|invalid)$/);
      }
    });

    test('sends nothing without a token, or over plain http to another machine', async () => {
      for (const token of [async () => '', async () => 'a-token\r\nx: y', () => Promise.reject(new Error(CANARY))])
        expect(await failure(token)).toBe('credentials');
      expect(fake.requests).toHaveLength(0);
      expect(await failure('a-token', 'http://vault.example.com')).toBe('refused');
      expect(await failure('a-token', 'ftp://127.0.0.1')).toBe('refused');
    });
  });
}
