import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import { compose } from '@regionkit/core';
import { type Context, Hono } from 'hono';
import { describe, expect, it } from 'vitest';
import { honoSessions } from '../src/hono/index.ts';
import { claims, craft, verifier } from './support.ts';

const alice = craft(claims());
const root = craft(claims({ sub: 'root', roles: ['admin'] }));
const forged = `${alice.slice(0, -4)}AAAA`;

/** How an app is reached: as a fetch handler, and on Node's own request and response. */
const ways: [string, (app: Pick<Hono, 'fetch' | 'request'>, path: string, init: RequestInit) => Promise<Response>][] = [
  ['as a fetch handler', async (app, path, init) => app.request(path, init)],
  [
    'on @hono/node-server',
    async (app, path, init) => {
      const server = http.createServer(getRequestListener(app.fetch));
      await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
      try {
        const answer = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`, init);
        return new Response(await answer.arrayBuffer(), answer);
      } finally {
        server.close().closeAllConnections();
      }
    },
  ],
];

describe.each(ways)('the session in the context of Hono, %s', (_way, ask) => {
  const as = (token: string): RequestInit => ({ headers: { authorization: `Bearer ${token}` } });

  it('is there for the handler behind require', async () => {
    const sessions = verifier();
    const auth = honoSessions(sessions);
    const app = new Hono()
      .get('/me', auth.require(), (c) => c.text(`${c.var.session.sub} ${c.var.session === sessions.of(c)}`))
      .get('/admin', auth.require('admin'), (c) => c.text(c.var.session.sub));
    expect(await (await ask(app, '/me', as(alice))).text()).toBe('alice true');
    expect(await (await ask(app, '/admin', as(root))).text()).toBe('root');
  });

  it('is no reason for require to let anything else pass', async () => {
    const auth = honoSessions(verifier());
    let reached = 0;
    const handler = (c: Context) => {
      reached += 1;
      return c.text('in');
    };
    const app = new Hono().all('/me', auth.require(), handler).all('/admin', auth.require('admin'), handler);
    expect((await ask(app, '/me', {})).status).toBe(401);
    expect((await ask(app, '/me', as(forged))).status).toBe(401);
    const forbidden = await ask(app, '/admin', as(alice));
    expect(forbidden.status).toBe(403);
    expect(forbidden.headers.get('www-authenticate')).toContain('insufficient_scope');
    expect(reached).toBe(0);
  });

  it('may be missing behind optional, for a client without one and for a token that is refused', async () => {
    const auth = honoSessions(verifier());
    const app = new Hono()
      .use(auth.optional())
      .get('/', (c) => c.json({ sub: c.var.session?.sub ?? null, named: 'session' in c.var }));
    expect(await (await ask(app, '/', as(alice))).json()).toEqual({ sub: 'alice', named: true });
    expect(await (await ask(app, '/', {})).json()).toEqual({ sub: null, named: true });
    expect(await (await ask(app, '/', as(forged))).json()).toEqual({ sub: null, named: true });
  });

  it('is what an earlier door of the verifier has found, and is not verified again', async () => {
    const sessions = verifier({ isRevoked: () => ++asked > 1 });
    let asked = 0;
    const app = new Hono();
    app.use(compose(sessions).hono());
    app.get('/me', honoSessions(sessions).require(), (c) => c.text(c.var.session.sub));
    expect(await (await ask(app, '/me', as(alice))).text()).toBe('alice');
    expect(asked).toBe(1);
  });

  it('has the name that the app gives it: two verifiers do not share a variable', async () => {
    const users = honoSessions(verifier());
    const staff = honoSessions(verifier({ audience: 'staff' }), { variable: 'staff' });
    const app = new Hono().get('/', users.require(), staff.optional(), (c) =>
      c.text(`${c.var.session.sub} ${c.var.staff?.sub ?? 'no staff'}`),
    );
    expect(await (await ask(app, '/', as(alice))).text()).toBe('alice no staff');
  });

  it('is undefined for a preflight that the app answers itself', async () => {
    const auth = honoSessions(verifier({ preflight: 'pass' }));
    const app = new Hono().options('/me', auth.require(), (c) => c.text(String(c.var.session)));
    const preflight = { origin: 'https://web.example.com', 'access-control-request-method': 'GET' };
    const answer = await ask(app, '/me', { method: 'OPTIONS', headers: preflight });
    expect([answer.status, await answer.text()]).toEqual([200, 'undefined']);
  });
});

it.each([
  [{ variabel: 'user' }, TypeError],
  [{ variable: '' }, RangeError],
  [{ variable: 7 }, TypeError],
  [null, TypeError],
])('refuses the options %j', (options, kind) => {
  expect(() => honoSessions(verifier(), options as never)).toThrow(kind);
  expect(() => honoSessions(verifier(), options as never)).toThrow(/honoSessions/);
});
