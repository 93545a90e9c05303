import { defineRegions } from '@regionkit/core';
import { describe, expect, it } from 'vitest';
import { createHealth } from '../../src/index.ts';
import { listenHealth } from '../../src/port/index.ts';

const regions = defineRegions({ self: 'us', all: { us: { origin: 'https://us.example.com' } } });

describe('listenHealth()', () => {
  it('serves the routes of health, and nothing else', async () => {
    await using health = createHealth({ regions });
    health.check('always', () => {}, { affects: ['reads'] });
    await using probes = await listenHealth(health, { port: 0, host: '127.0.0.1' });
    const get = (path: string) => fetch(`http://127.0.0.1:${probes.port}${path}`);
    expect((await get('/livez')).status).toBe(200);
    expect((await get('/readyz')).headers.get('cache-control')).toBe('no-store');
    const other = await get('/orders');
    expect([other.status, await other.text()]).toEqual([404, '']);
  });

  it('is closed once, and then refuses', async () => {
    await using health = createHealth({ regions });
    const probes = await listenHealth(health, { port: 0, host: '127.0.0.1' });
    await Promise.all([probes.close(), probes.close()]);
    await expect(fetch(`http://127.0.0.1:${probes.port}/livez`)).rejects.toThrow();
  });

  it('rejects if the port is taken, and refuses wrong options', async () => {
    await using health = createHealth({ regions });
    await using probes = await listenHealth(health, { port: 0, host: '127.0.0.1' });
    await expect(listenHealth(health, { port: probes.port, host: '127.0.0.1' })).rejects.toMatchObject({
      code: 'EADDRINUSE',
    });
    await expect(listenHealth(health, { port: -1 })).rejects.toThrow(RangeError);
    await expect(listenHealth(health, {} as never)).rejects.toThrow(TypeError);
  });
});
