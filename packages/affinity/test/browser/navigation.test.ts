import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { defineRegions, type FakeView, fakeView } from '@regionkit/core';
import type { BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { findChromium, launch } from '../../../../tools/chromium.ts';
import { createAffinity } from '../../src/index.ts';

/** Names below `localhost` are trusted by browsers without TLS: they send `Sec-Fetch-Mode`, and keep Secure cookies. */
const GLOBAL = 'app.regionkit.localhost';
const HOSTS = { us: 'us.regionkit.localhost', eu: 'eu.regionkit.localhost' } as const;
const DOMAIN = 'regionkit.localhost';
type Name = keyof typeof HOSTS;
const FORM = '<form method="post" action="/orders"><input name="item" value="tea"><button>Order</button></form>';

const browser = findChromium();
if ('missing' in browser) console.warn(`The browser tests are skipped: ${browser.missing}`);

describe.skipIf('missing' in browser)('in a real browser', () => {
  let context: BrowserContext;
  let closeBrowser = async (): Promise<void> => {};
  let page: Page;
  let servers: Record<Name, Server>;
  let ports: Record<Name, number>;
  let views: Record<Name, FakeView<Name>>;
  /** `us GET /path`, in the order of arrival at either server. */
  let log: string[];

  beforeAll(async () => {
    if ('missing' in browser) return;
    ({ context, close: closeBrowser } = await launch(browser.path));
  }, 120_000);
  afterAll(() => closeBrowser());

  beforeEach(async () => {
    log = [];
    servers = { us: createServer(), eu: createServer() };
    ports = { us: await listen(servers.us), eu: await listen(servers.eu) };
    views = { us: serve('us', servers.us), eu: serve('eu', servers.eu) };
    await context.clearCookies();
    page = await context.newPage();
  });
  afterEach(async () => {
    await page.close();
    for (const server of Object.values(servers)) {
      server.closeAllConnections();
      server.close();
    }
  });

  /** Runs the app of the region `self` on a server, which believes that both regions are well. */
  function serve(self: Name, server: Server, { canonical = false } = {}): FakeView<Name> {
    const regions = defineRegions({
      self: self as string,
      all: { us: { origin: originOf('us') }, eu: { origin: originOf('eu') } },
      hosts: [GLOBAL],
      development: true,
    });
    const view = fakeView(regions);
    for (const name of ['us', 'eu'] as const) {
      view.set(name, { reads: 'pass', accept: 'yes', identified: true, observedAtMs: performance.now() });
    }
    const affinity = createAffinity({ regions, view, cookie: { domain: DOMAIN, secure: true } });
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      log.push(`${self} ${request.method} ${request.url}`);
      response.setHeader('Access-Control-Allow-Origin', request.headers.origin ?? '*');
      response.setHeader('Access-Control-Allow-Credentials', 'true');
      affinity.node((req: IncomingMessage, res: ServerResponse) => {
        let body = '';
        req.setEncoding('utf8').on('data', (chunk) => {
          body += chunk;
        });
        req.on('end', () => {
          res.setHeader('Content-Type', 'text/html');
          if (canonical) res.writeHead(302, { Location: `${globalOrigin()}${req.url}` });
          res.end(
            `<!doctype html><link rel="icon" href="data:,"><p id="served">${self} ${req.method} ${body}</p>${FORM}`,
          );
        });
      })(request, response);
    });
    return view;
  }

  const originOf = (name: Name): string => `http://${HOSTS[name]}:${ports[name]}`;
  const globalOrigin = (): string => `http://${GLOBAL}:${ports.us}`;
  const served = (): Promise<string | null> => page.textContent('#served');
  const belongTo = (value: string): Promise<void> =>
    context.addCookies([{ name: 'region', value, domain: `.${DOMAIN}`, path: '/', secure: true, httpOnly: true }]);
  const cookies = async (): Promise<Record<string, string>> =>
    Object.fromEntries((await context.cookies()).map(({ name, value }) => [name, value]));

  test('a navigation to the global name ends in the region of its cookie, after exactly one redirect, cookies kept', async () => {
    await belongTo('eu');
    await context.addCookies([{ name: 'session', value: 's', domain: `.${DOMAIN}`, path: '/' }]);
    const response = await page.goto(`${globalOrigin()}/shop?x=%20&y=1#part`);

    expect(page.url()).toBe(`${originOf('eu')}/shop?x=%20&y=1#part`);
    expect(response?.status()).toBe(200);
    const first = response?.request().redirectedFrom();
    expect(first?.url()).toBe(`${globalOrigin()}/shop?x=%20&y=1`);
    expect(first?.redirectedFrom()).toBeNull();
    expect((await first?.response())?.status()).toBe(307);
    expect(log).toEqual(['us GET /shop?x=%20&y=1', 'eu GET /shop?x=%20&y=1']);
    expect(await served()).toBe('eu GET ');
    // The hop cookie was taken back on arrival: the next visit is redirected again.
    expect(await cookies()).toEqual({ region: 'eu', session: 's' });
    await page.goto(`${globalOrigin()}/again`);
    expect(page.url()).toBe(`${originOf('eu')}/again`);
  });

  test('a first visit is served where it arrives, and belongs there from then on', async () => {
    await page.goto(`${globalOrigin()}/`);
    expect([page.url(), await served()]).toEqual([`${globalOrigin()}/`, 'us GET ']);
    const [cookie] = await context.cookies();
    expect(cookie).toMatchObject({
      name: 'region',
      value: 'us',
      domain: `.${DOMAIN}`,
      secure: true,
      httpOnly: true,
      sameSite: 'Lax',
    });
    await page.goto(`${globalOrigin()}/`);
    expect(log).toEqual(['us GET /', 'us GET /']);
  });

  test('a POST by fetch from a page is served with its body and a hint, never redirected', async () => {
    await page.goto(`${globalOrigin()}/`);
    await belongTo('eu');
    const answer = await page.evaluate(async () => {
      const response = await fetch('/orders', { method: 'POST', body: 'one espresso' });
      return {
        redirected: response.redirected,
        text: await response.text(),
        hint: response.headers.get('x-region-hint'),
      };
    });
    expect(answer).toMatchObject({ redirected: false, hint: 'eu' });
    expect(answer.text).toContain('us POST one espresso');
    expect(log.slice(1)).toEqual(['us POST /orders']);
  });

  test('a fetch from another origin is served too, and can read the hint', async () => {
    await page.goto(`${globalOrigin()}/`);
    await belongTo('eu');
    const answer = await page.evaluate(
      async (url) => {
        const response = await fetch(url, { credentials: 'include' });
        return { redirected: response.redirected, hint: response.headers.get('x-region-hint') };
      },
      `${originOf('us')}/api`,
    );
    expect(answer).toEqual({ redirected: false, hint: 'eu' });
  });

  test('a form that is posted is served with its body where it arrives', async () => {
    await page.goto(`${globalOrigin()}/`);
    await belongTo('eu');
    await page.click('button');
    await page.waitForURL(`${globalOrigin()}/orders`);
    expect(await served()).toBe('us POST item=tea');
  });

  test('a region that is down keeps nobody waiting, and gets its clients back', async () => {
    await belongTo('eu');
    views.us.set('eu', { accept: 'no' });
    await page.goto(`${globalOrigin()}/`);
    expect(await served()).toBe('us GET ');
    expect(await cookies()).toEqual({ region: 'eu', 'region-hop': 'us' });
    views.us.set('eu', { accept: 'yes' });
    await page.goto(`${globalOrigin()}/`);
    expect(await served()).toBe('us GET ');
    await context.clearCookies({ name: 'region-hop' });
    await page.goto(`${globalOrigin()}/`);
    expect(await served()).toBe('eu GET ');
  });

  test('a name that leads back to the same region ends after one redirect, not in a loop', async () => {
    // What answers at the origin of eu is us, and yet its view says that eu is there.
    servers.eu.removeAllListeners('request');
    serve('us', servers.eu);
    await belongTo('eu');
    const response = await page.goto(`${globalOrigin()}/`);
    expect(response?.status()).toBe(200);
    expect(await served()).toBe('us GET ');
    expect(log).toEqual(['us GET /', 'us GET /']);
  });

  test('an app that sends everybody back to the global name ends there, not in a loop', async () => {
    servers.eu.removeAllListeners('request');
    serve('eu', servers.eu, { canonical: true });
    await belongTo('eu');
    await page.goto(`${globalOrigin()}/`);
    expect(await served()).toBe('us GET ');
    expect(log).toEqual(['us GET /', 'eu GET /', 'us GET /']);
  });
});

function listen(server: Server): Promise<number> {
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
  });
}
