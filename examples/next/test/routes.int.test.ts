import {
  ask,
  type RegionName,
  type RunningServer,
  startServer,
  startTwoRegions,
  type TwoRegions,
  until,
} from 'example-support';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

describe('the route handlers of the next example in two regions', () => {
  let regions: TwoRegions;
  let us: RunningServer;
  let eu: RunningServer;

  beforeAll(async () => {
    regions = await startTwoRegions();
    const start = (name: RegionName) =>
      startServer(new URL('serve.ts', import.meta.url), regions.origins[name], regions.environment(name));
    us = start('us-east-1');
    eu = start('eu-west-1');
    await Promise.all([us.ready('/health'), eu.ready('/health')]);
  });
  afterAll(async () => {
    await Promise.all([us?.end('SIGKILL'), eu?.end('SIGKILL')]);
    await regions?.close();
  });

  it('forward a write, and read it at home with the token, or at the primary while the standby lags', async () => {
    await regions.lab.region('eu-west-1').pauseReplay();
    const written = await ask(`${eu.origin}/notes`, { method: 'POST', body: { text: 'from Ireland' } });
    expect(written.status).toBe(201);
    expect(written.json()).toEqual({ region: 'us-east-1', text: 'from Ireland' });
    const headers = { 'x-region-token': String(written.headers['x-region-token']) };
    const own = await ask(`${eu.origin}/notes`, { headers });
    expect(own.json()).toEqual({ region: 'us-east-1', notes: ['from Ireland'] });

    await regions.lab.region('eu-west-1').resumeReplay();
    const home = await until(
      () => ask(`${eu.origin}/notes`, { headers }),
      (answer) => answer.json<{ region: string }>().region === 'eu-west-1',
    );
    expect(home.json()).toEqual({ region: 'eu-west-1', notes: ['from Ireland'] });
  });

  it('answer a mistake of a client as the handler says', async () => {
    expect((await ask(`${eu.origin}/notes`, { method: 'POST', body: { title: 'no text' } })).status).toBe(400);
  });
});
