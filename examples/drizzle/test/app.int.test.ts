import {
  type Answer,
  ask,
  type RunningServer,
  startServer,
  startTwoRegions,
  type TwoRegions,
  twoFreePorts,
} from 'example-support';
import type { WritePolicy } from 'regionkit/db-router';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

describe('the drizzle example in two regions', () => {
  let regions: TwoRegions;
  let us: RunningServer;
  /** Ireland, once with each policy. */
  let eu: Record<WritePolicy, RunningServer>;
  let all: readonly RunningServer[] = [];

  beforeAll(async () => {
    regions = await startTwoRegions();
    const start = (environment: Record<string, string>): RunningServer =>
      startServer(new URL('../src/server.ts', import.meta.url), `http://127.0.0.1:${environment.PORT}`, environment);
    const here = regions.environment('eu-west-1');
    const [forwardPort, rejectPort] = await twoFreePorts();
    us = start({ ...regions.environment('us-east-1'), WRITES: 'forward' });
    eu = {
      'remote-pool': start(here),
      forward: start({ ...here, PORT: String(forwardPort), WRITES: 'forward' }),
      reject: start({ ...here, PORT: String(rejectPort), WRITES: 'reject' }),
    };
    all = [us, ...Object.values(eu)];
    await Promise.all(all.map((each) => each.ready('/notes')));
  }, 120_000);
  afterAll(async () => {
    await Promise.all(all.map((each) => each.end('SIGKILL')));
    await regions?.close();
  });
  beforeEach(({ onTestFailed }) => {
    onTestFailed(() => console.error(all.map(({ output }) => output).join('\n')));
  });

  const write = ({ origin }: RunningServer, ...notes: string[]): Promise<Answer> =>
    ask(`${origin}/notes`, { method: 'POST', body: { notes } });

  it('reads in a GET from the replica next door, or from the primary what the replica has not got yet', async () => {
    const replica = regions.lab.region('eu-west-1');
    await replica.pauseReplay();
    const written = await write(eu['remote-pool'], 'one', 'two');
    expect(written.status).toBe(201);
    expect(written.json()).toEqual({ region: 'eu-west-1', count: 2 });

    const { origin } = eu['remote-pool'];
    const token = String(written.headers['x-region-token']);
    expect((await ask(`${origin}/notes`)).json()).toEqual({ region: 'eu-west-1', notes: [] });
    const own = await ask(`${origin}/notes`, { headers: { 'x-region-token': token } });
    expect(own.json()).toEqual({ region: 'eu-west-1', notes: ['one', 'two'] });
    await replica.resumeReplay();
  });

  it('leaves nothing behind of a transaction that fails', async () => {
    const failed = await write(eu['remote-pool'], 'three', null as unknown as string);
    expect(failed.status).toBe(500);
    const { notes } = (await ask(`${us.origin}/notes`)).json<{ notes: string[] }>();
    expect(notes).toEqual(['one', 'two']);
  });

  it('forwards a write, or refuses it with the region to go to, as the policy says', async () => {
    const forwarded = await write(eu.forward, 'three');
    expect(forwarded.status).toBe(201);
    expect(forwarded.json()).toEqual({ region: 'us-east-1', count: 3 });

    const refused = await write(eu.reject, 'never');
    expect(refused.status).toBe(503);
    expect(refused.headers).toMatchObject({ 'x-region-hint': 'us-east-1', 'retry-after': '1' });
  });

  it('treats a GET that writes by the policy too, and says through Express what Drizzle had wrapped', async () => {
    expect((await ask(`${eu['remote-pool'].origin}/visit`)).status).toBe(200);
    for (const { origin } of [eu.forward, eu.reject]) {
      const refused = await ask(`${origin}/visit`);
      expect(refused.status).toBe(503);
      expect(refused.headers).toMatchObject({ 'x-region-hint': 'us-east-1', 'retry-after': '1' });
    }
    const { notes } = (await ask(`${us.origin}/notes`)).json<{ notes: string[] }>();
    expect(notes).toEqual(['one', 'two', 'three', 'somebody was here']);
  });

  it('drains on SIGTERM', async () => {
    expect(await eu['remote-pool'].end('SIGTERM')).toBe(0);
  });
});
