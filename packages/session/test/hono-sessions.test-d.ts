/** Compiled, never run: the types that a handler of the real Hono sees. */
import { Hono } from 'hono';
import { hc } from 'hono/client';
import { z } from 'zod';
import { honoSessions } from '../src/hono/index.ts';
import { createSessionVerifier, type Session } from '../src/index.ts';

const rules = { keys: 'PEM', algorithms: ['RS256'], issuer: null, audience: null } as const;
const auth = honoSessions(createSessionVerifier({ ...rules, claims: z.object({ tenant: z.number() }) }));
type Known = Session<{ tenant: number }>;
type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <A, B>(equal: Equal<A, B>): void => void equal;

// On a route: the session is there after `require`, and may be missing after `optional`.
new Hono().get('/notes/:id', auth.require('admin'), (c) => {
  same<typeof c.var.session, Known>(true);
  c.get('session') satisfies Known;
  c.req.param('id') satisfies string;
  // @ts-expect-error not in the schema
  void c.var.session.claims.other;
  return c.json({ tenant: c.var.session.claims.tenant });
});
new Hono().get('/', auth.optional(), (c) => {
  same<typeof c.var.session, Known | undefined>(true);
  // @ts-expect-error there may be none
  return c.text(c.var.session.sub);
});
new Hono().get('/', (c) => {
  // @ts-expect-error no middleware of ours is before this handler
  return c.text(c.var.session.sub);
});

// For a whole app, in a chain, with the bindings and variables of the app.
new Hono<{ Bindings: { KEY: string }; Variables: { tenant: string } }>()
  .use(auth.optional())
  .use('/api/*', auth.require({ anyOf: ['a', 'b'] }))
  .get('/api/me', (c) => c.json({ sub: c.var.session?.sub, tenant: c.var.tenant, key: c.env.KEY }))
  .get('/api/admin', auth.require('admin'), (c) => c.text(c.var.session.sub));

// For a whole app that is not written as a chain, the way Hono has for it.
const app = new Hono<{ Variables: { session: Known | undefined } }>();
app.use(auth.optional());
app.get('/', (c) => c.text(c.var.session?.claims.tenant.toFixed() ?? ''));
app.get('/admin', auth.require('admin'), (c) => c.text(c.var.session.sub));

// The client that Hono derives from the routes keeps what the handler answers.
const routes = new Hono().get('/me', auth.require(), (c) => c.json({ sub: c.var.session.sub }));
export const me = async (): Promise<string> => {
  const answer = await hc<typeof routes>('http://127.0.0.1').me.$get();
  return (await answer.json()).sub;
};

// Another name, and two verifiers in one app.
const staff = honoSessions(createSessionVerifier(rules), { variable: 'staff' });
new Hono().get('/', auth.require(), staff.optional(), (c) => {
  c.var.staff satisfies Session | undefined;
  return c.text(c.var.session.sub);
});
// @ts-expect-error misspelt
honoSessions(createSessionVerifier(rules), { name: 'staff' });
// @ts-expect-error all of these, or any of those
auth.require('admin', { anyOf: ['ops'] });
