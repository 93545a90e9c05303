import { randomUUID } from 'node:crypto';
import { defineRegions, fakeView } from '@regionkit/core';
import { describe, expect, it } from 'vitest';
import { createAffinity } from '../src/index.ts';

const ORIGINS = { us: 'https://us.example.com', eu: 'https://eu.example.com' } as const;
type Name = keyof typeof ORIGINS;

/** A region with a store of its own. In memory here; a Redis of the region in an app. */
function region(self: Name) {
  const regions = defineRegions({
    self,
    all: { us: { origin: ORIGINS.us }, eu: { origin: ORIGINS.eu } },
    hosts: ['app.example.com'],
  });
  const view = fakeView(regions);
  for (const name of ['us', 'eu'] as const)
    view.set(name, { reads: 'pass', accept: 'yes', identified: true, observedAtMs: performance.now() });
  const affinity = createAffinity({ regions, view, cookie: { domain: 'example.com' }, pin: true });
  const uploads = new Map<string, string>();
  const counts = new Map<string, number>();
  const handler = async (request: Request): Promise<Response> => {
    const { pathname } = new URL(request.url);
    const client = request.headers.get('x-client') ?? 'anonymous';
    const count = (counts.get(client) ?? 0) + 1;
    counts.set(client, count);
    if (count > 5) return new Response('slow down', { status: 429, headers: { 'retry-after': '60' } });
    if (request.method === 'POST' && pathname === '/uploads') {
      const id = randomUUID();
      uploads.set(id, '');
      affinity.pin(self);
      return new Response(undefined, {
        status: 201,
        headers: { location: `${regions.get(self)?.origin}/uploads/${id}` },
      });
    }
    const id = pathname.slice('/uploads/'.length);
    const parts = uploads.get(id);
    if (parts === undefined) return new Response(`${self} has no such upload`, { status: 404 });
    if (request.method === 'PUT') uploads.set(id, parts + (await request.text()));
    return new Response(uploads.get(id));
  };
  return affinity.fetch(handler);
}

function internet() {
  const servers = { us: region('us'), eu: region('eu') };
  /** Sends a request to the region of its host; `app.example.com` leads where DNS says. */
  const send = async (url: string, dns: Name, init: RequestInit = {}): Promise<Response> => {
    const { hostname } = new URL(url);
    const name = hostname === 'us.example.com' ? 'us' : hostname === 'eu.example.com' ? 'eu' : dns;
    return servers[name](
      new Request(url, { ...init, headers: { host: hostname, ...init.headers } }),
    ) as Promise<Response>;
  };
  return { send };
}

describe('state of one region', () => {
  it('a program continues its upload at the address that it was given, wherever DNS leads now', async () => {
    const { send } = internet();
    const begun = await send('https://app.example.com/uploads', 'eu', { method: 'POST' });
    const location = begun.headers.get('location') ?? '';
    expect(location).toMatch(/^https:\/\/eu\.example\.com\/uploads\//);
    await send(location, 'us', { method: 'PUT', body: 'one ' });
    await send(location, 'us', { method: 'PUT', body: 'two' });
    expect(await (await send(location, 'us')).text()).toBe('one two');
    // The same path at the common name is not enough.
    expect((await send(location.replace('eu.example', 'app.example'), 'us')).status).toBe(404);
  });

  it('a browser is led back by its cookie, once, when DNS leads it elsewhere', async () => {
    const { send } = internet();
    const begun = await send('https://app.example.com/uploads', 'eu', { method: 'POST' });
    const { pathname } = new URL(begun.headers.get('location') ?? '');
    const [cookie = ''] = begun.headers.getSetCookie().map((field) => field.split(';')[0] ?? '');
    expect(cookie).toBe('region=eu');
    const navigation = {
      headers: { cookie, accept: 'text/html', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' },
    };
    const moved = await send(`https://app.example.com${pathname}`, 'us', navigation);
    expect(moved.status).toBe(307);
    const target = moved.headers.get('location') ?? '';
    expect(new URL(target).host).toBe('eu.example.com');
    expect((await send(target, 'us', navigation)).status).toBe(200);
  });

  it('a limit counts in each region by itself: at most once the limit in each', async () => {
    const { send } = internet();
    const burst = async (dns: Name): Promise<number> => {
      let served = 0;
      for (let at = 0; at < 20; at += 1) {
        const { status } = await send('https://app.example.com/uploads', dns, {
          method: 'POST',
          headers: { 'x-client': 'a' },
        });
        if (status !== 429) served += 1;
      }
      return served;
    };
    expect([await burst('us'), await burst('eu'), await burst('us')]).toEqual([5, 5, 0]);
  });
});
