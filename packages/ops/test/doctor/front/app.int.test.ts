import type { RequestListener } from 'node:http';
import { defineRegions } from '@regionkit/core';
import { createRegionRouter } from '@regionkit/db-router';
import { createHealth } from '@regionkit/health';
import { createLab } from '@regionkit/lab';
import { describe, expect, it, onTestFinished } from 'vitest';
import { doctor, eventually, findings, found, HEALTHY, regionsOf } from '../plant.ts';
import { pass, webServer } from './web-server.ts';

const TOKEN = 'a-token-of-health-for-operators';

/** A server whose handler is set once its address is known. */
async function later(): Promise<{ readonly origin: string; use(handler: RequestListener): void }> {
  let handler: RequestListener = (_request, response) => void response.writeHead(503).end();
  const origin = await webServer((request, response) => handler(request, response));
  return {
    origin,
    use: (next) => {
      handler = next;
    },
  };
}

describe('regionkit doctor and the app of two regions', () => {
  it('finds unequal secrets', async () => {
    const [us, eu] = [await later(), await later()];
    const all = { us: { origin: us.origin }, eu: { origin: eu.origin } };
    for (const [self, server, secret] of [
      ['us', us, 'x'.repeat(32)],
      ['eu', eu, 'y'.repeat(32)],
    ] as const) {
      const regions = defineRegions({ self, all, development: true });
      const health = createHealth({
        regions,
        token: TOKEN,
        peers: { secret, intervalMs: 100, urgentIntervalMs: 50 },
        logger: { info: () => {}, warn: () => {}, error: () => {} },
      });
      onTestFinished(() => health.close());
      server.use(health.node((_request, response) => void response.writeHead(404).end()));
    }
    await eventually(async () => {
      const answers = await Promise.all(
        [us, eu].map(async ({ origin }) =>
          (await fetch(`${origin}/health`, { headers: { authorization: `Bearer ${TOKEN}` } })).text(),
        ),
      );
      return answers.every((answer) => answer.includes('REGIONKIT_PEER_SECRET'));
    });
    const regions = { us: { origin: us.origin }, eu: { origin: eu.origin } };
    const ran = await doctor({ regions, healthToken: TOKEN });
    expect(found(ran)).toEqual(['fault secrets-differ us', 'fault secrets-differ eu']);
    expect(findings(ran)[0]?.evidence).toBe(
      'us reports that another region has a different peers.secret of createHealth.',
    );
    expect(ran.stdout).not.toContain(TOKEN);
  });

  it('finds a mistake of the configuration that the app reports: another region has no documents', async () => {
    const us = await later();
    const all = { us: { origin: us.origin }, eu: { origin: await webServer(pass) } };
    const health = createHealth({
      regions: defineRegions({ self: 'us', all, development: true }),
      token: TOKEN,
      peers: { secret: 'x'.repeat(32), intervalMs: 100, urgentIntervalMs: 50 },
      logger: { info: () => {}, warn: () => {}, error: () => {} },
    });
    onTestFinished(() => health.close());
    us.use(health.node((_request, response) => void response.writeHead(404).end()));
    await eventually(async () => {
      const answer = await fetch(`${us.origin}/health`, { headers: { authorization: `Bearer ${TOKEN}` } });
      return (await answer.text()).includes('REGIONKIT_PEER_');
    });
    const ran = await doctor({ regions: { us: { origin: us.origin } }, healthToken: TOKEN });
    expect(found(ran)).toEqual(['warning app-warnings us']);
    expect(findings(ran)[0]?.evidence).toMatch(/^us reports REGIONKIT_PEER_\w+\. /);
  });

  it('finds a replica region that leaves DNS with the primary, and not one that stays', async () => {
    await using lab = await createLab({ regions: ['us', 'eu'], settings: HEALTHY });
    const server = await later();
    const regions = defineRegions({
      self: 'eu',
      all: { us: { origin: 'http://127.0.0.1:1' }, eu: { origin: server.origin } },
      development: true,
    });
    const pools = { us: lab.region('us').pool({ from: 'eu' }), eu: lab.region('eu').pool() };
    const router = createRegionRouter({ regions, pools, writes: 'remote-pool' });
    onTestFinished(() => router.close());
    const health = createHealth({ regions, defaults: { intervalMs: 100 } });
    onTestFinished(() => health.close());
    health.follow(router);
    const ours = health.node((_request, response) => void response.writeHead(404).end());
    server.use(ours);
    const status = async (path: string): Promise<number> => (await fetch(server.origin + path)).status;
    await eventually(async () => (await status('/health/write')) === 200);

    const config = regionsOf(lab);
    const asked = { ...config, eu: { ...config['eu'], origin: server.origin } };
    await lab.region('us').kill();
    await eventually(async () => (await status('/health/write')) === 503);
    await eventually(async () => (await lab.region('eu').query('SELECT FROM pg_stat_wal_receiver')).length === 0);
    const withoutPrimary = ['unknown unreachable us/0', 'fault not-streaming eu/0'];
    expect(found(await doctor({ regions: asked }))).toEqual(withoutPrimary);

    const ran = await doctor({ regions: asked, front: { path: '/health/write' } });
    expect(found(ran)).toEqual([...withoutPrimary, 'fault health-path eu']);
    expect(findings(ran).at(-1)?.evidence).toBe(
      '/health/write of eu answers 503 because the primary is away, though its standby can be read.',
    );
  });
});
