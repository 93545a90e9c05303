import { AsyncLocalStorage } from 'node:async_hooks';
import http from 'node:http';
import http2 from 'node:http2';
import { expect, test } from 'vitest';
import { compose, type Decider, type Decision } from '../../src/index.ts';
import { overHttp, overHttp2 } from './hosts/clients.ts';
import { eventually } from './hosts/host.ts';

const later = (turns: number): Promise<void> =>
  new Promise((resolve) => (turns === 0 ? resolve() : setImmediate(() => later(turns - 1).then(resolve, resolve))));

/** Requests whose clients leave at every stage: an unhandled rejection anywhere would fail the run. */
test.each(['http', 'http2'] as const)(
  'every abandoned request ends once over %s, whenever it is left',
  async (transport) => {
    const scopes = new AsyncLocalStorage<number>();
    const ends = new Map<number, number>();
    let signals = 0;
    let count = 0;
    const decider: Decider = {
      kind: 'gate',
      decide: (request) => {
        count += 1;
        const id = count;
        request.signal.addEventListener('abort', () => {
          signals += 1;
        });
        const decision: Decision = {
          action: 'next',
          reason: 'test',
          onHead: (head) => head.append('Set-Cookie', `id=${id}`),
          onDone: () => ends.set(id, (ends.get(id) ?? 0) + 1),
          scope: (run) => scopes.run(id, run),
        };
        return id % 2 === 0 ? decision : later(id % 5).then(() => decision);
      },
    };
    const door = compose({ kind: 'affinity', decide: async () => ({ action: 'next', reason: 'x' }) }, decider);
    const answer = async (response: { write(part: string): unknown; end(): unknown }): Promise<void> => {
      const id = scopes.getStore() as number;
      await later(id % 7);
      response.write('part');
      await later(id % 3);
      // One in four is never answered to the end.
      if (id % 4 !== 0) response.end();
    };
    const running =
      transport === 'http'
        ? await overHttp(http.createServer(door.node((_request, response) => answer(response))))
        : await overHttp2(
            http2.createServer(
              door.node((_request: http2.Http2ServerRequest, response: http2.Http2ServerResponse) =>
                answer({ write: (part) => response.write(part), end: () => response.end() }),
              ),
            ),
          );
    for (let batch = 0; batch < 20; batch += 1) {
      const calls = Array.from({ length: 10 }, (_, at) => running.open({ path: `/${at}` }));
      await Promise.all(
        calls.map(async ({ abandon }, at) => {
          await later(at * 2);
          abandon();
        }),
      );
    }
    await eventually(() => ends.size === count && count > 0).toBe(true);
    await later(10);
    expect(new Set(ends.values())).toEqual(new Set([1]));
    expect(signals).toBeGreaterThan(0);
    expect(signals).toBeLessThanOrEqual(count);
    await running.close();
  },
);
