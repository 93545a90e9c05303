import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { defineRegions, type FakeView, fakeView } from '@regionkit/core';
import type { Lab } from '@regionkit/lab';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { createWriteGate } from '../../src/http/index.ts';
import type { RegionRouterOptions } from '../../src/index.ts';
import { eventually, labOfTest, type Name, SECRET, startLab, startRouter, type TestRouter } from './lab.ts';

async function listening(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.closeAllConnections());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Two regions, each with its own database alone, and the gates between them: the set-up of the guide. */
async function twoRegions(lab: Lab<Name>, options: Partial<RegionRouterOptions<Name>> = {}) {
  const servers = { us: createServer(), eu: createServer() };
  const origins = { us: { origin: await listening(servers.us) }, eu: { origin: await listening(servers.eu) } };
  const routers = {} as Record<'us' | 'eu', TestRouter>;
  const views = {} as Record<'us' | 'eu', FakeView<'us' | 'eu'>>;
  for (const self of ['us', 'eu'] as const) {
    const regions = defineRegions({ self: self as string, all: origins, development: true });
    const view = fakeView(regions);
    views[self] = view;
    routers[self] = await startRouter(lab, self, {
      reach: [self],
      regions: regions as never,
      view: view as never,
      writes: 'forward',
      probe: { intervalMs: 200, alertIntervalMs: 20, timeoutMs: 1_000 },
      ...options,
    });
    const router = routers[self];
    const gate = createWriteGate({ router: router as never, view, forward: { secret: SECRET } });
    onTestFinished(() => gate.close());
    servers[self].on(
      'request',
      gate.node(async (request, response) => {
        const [, path, text = ''] = String(request.url).split('/');
        try {
          if (path === 'lose') {
            await router.write('INSERT INTO note (text) VALUES ($1)', [text]);
            (request as { socket: { destroy(): void } }).socket.destroy();
          } else if (request.method === 'POST') {
            await router.write('INSERT INTO note (text) VALUES ($1)', [text]);
            response.end(self);
          } else {
            const { rows } = await router.pool.query('SELECT 1 FROM note WHERE text = $1', [text]);
            response.end(`${self} ${rows.length}`);
          }
        } catch (error) {
          const { status = 500, code } = error as { status?: number; code?: string };
          (response as unknown as { writeHead(status: number): void }).writeHead(status);
          response.end(code);
        }
      }),
    );
  }
  const tell = (): void => {
    for (const name of ['us', 'eu'] as const) {
      const { role, epoch, position, forks, highest, measured } = routers[name].topology().local;
      const isPrimary = role === 'primary' && epoch !== undefined && position !== undefined;
      for (const view of Object.values(views)) {
        view.set(name, {
          ...(isPrimary && { primary: { epoch, position } }),
          ...(highest !== undefined && { highest }),
          ...(measured === true && { measured }),
          forks,
          identified: true,
          accept: 'yes',
          reads: 'pass',
          writes: 'pass',
          observedAtMs: performance.now(),
        });
      }
    }
  };
  const telling = setInterval(tell, 50);
  onTestFinished(() => clearInterval(telling));
  await eventually(() => routers.eu.explain('write').action === 'forward');
  const ask = async (
    method: string,
    path: string,
    token = '',
  ): Promise<{ status: number; text: string; token: string }> => {
    const response = await fetch(origins.eu.origin + path, { method, headers: { 'X-Region-Token': token } });
    return {
      status: response.status,
      text: await response.text(),
      token: response.headers.get('x-region-token') ?? '',
    };
  };
  return { ask, routers, servers, hush: () => clearInterval(telling) };
}

describe('a region that reaches its own database alone', () => {
  let lab: Lab<Name>;
  beforeAll(async () => {
    lab = await startLab({ regions: ['us', 'eu'] });
  });
  afterAll(() => lab.close());

  it('serves a client its own write while the standby is behind: by the primary, after a wait', async () => {
    const { ask, routers } = await twoRegions(lab);
    await lab.region('eu').pauseReplay();
    try {
      for (let turn = 0; turn < 5; turn += 1) {
        const written = await ask('POST', `/note/behind-${turn}`);
        expect([written.status, written.text]).toEqual([200, 'us']);
        expect(written.token).not.toBe('');
        const read = await ask('GET', `/note/behind-${turn}`, written.token);
        expect([read.status, read.text]).toEqual([200, 'us 1']);
      }
    } finally {
      await lab.region('eu').resumeReplay();
    }
    // Caught up, it serves the same itself, and a read waits for it no longer than that takes.
    await lab.caughtUp();
    const written = await ask('POST', '/note/caught-up');
    await eventually(() => routers.eu.explain('read', written.token).reason === 'caught-up');
    expect((await ask('GET', '/note/caught-up', written.token)).text).toBe('eu 1');
  });

  it('does not look at a standby for a write of which nobody can tell', async () => {
    const { ask } = await twoRegions(lab);
    await lab.region('eu').pauseReplay();
    try {
      for (let turn = 0; turn < 5; turn += 1) {
        const lost = await ask('POST', `/lose/lost-${turn}`);
        expect([lost.status, JSON.parse(lost.text).outcome]).toEqual([502, 'unknown']);
        const read = await ask('GET', `/note/lost-${turn}`, lost.token);
        expect([read.status, read.text]).toEqual([200, 'us 1']);
      }
    } finally {
      await lab.region('eu').resumeReplay();
    }
  });
});

describe('a region whose primary is lost with its app', () => {
  it('takes writes after its own promotion, although no report and no round of probes is due: a forward has failed', async () => {
    const lab = await labOfTest({ regions: ['us', 'eu'] });
    const { ask, routers, servers, hush } = await twoRegions(lab, {
      probe: { intervalMs: 600_000, alertIntervalMs: 20, timeoutMs: 1_000 },
      maxViewAgeMs: 1_200_000,
    });
    expect((await ask('POST', '/note/before')).text).toBe('us');
    hush();
    await lab.region('us').kill();
    servers.us.closeAllConnections();
    await new Promise((resolve) => servers.us.close(resolve));
    expect(await ask('POST', '/note/lost')).toMatchObject({ status: 503 });
    expect(routers.eu.topology().primary?.region).toBe('us');

    await lab.failover({ to: 'eu' });
    await eventually(async () => (await ask('POST', '/note/after')).text === 'eu');
  });
});
