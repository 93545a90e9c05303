import Fastify from 'fastify';
import { expect, test } from 'vitest';
import { type Decision, type RequestOutcome, type RequestView, withDoors } from '../../src/index.ts';
import { eventually } from './hosts/host.ts';

function spying(decision: Decision = { action: 'next', reason: 'test' }) {
  const seen: (readonly [target: string, path: string])[] = [];
  const door = withDoors({
    kind: 'affinity' as const,
    decide: ({ target, path }: RequestView): Decision => {
      seen.push([target, path]);
      return decision;
    },
  });
  return { door, seen };
}

const below = [
  ['/api', '/'],
  ['/api/', '/'],
  ['/api/x?y', '/x'],
  ['/api?y', '/'],
  ['/%61pi/x', '/x'],
  ['/API/x', '/x'],
  ['//api//x', '//x'],
] as const;
const besides = ['/apix', '/x/api/y', '/', '/%/x', '//'];

test.each(['/api', '/api/', '/api//'])('the prefix %j is left away from the path where it is there', async (prefix) => {
  const { door, seen } = spying();
  const app = Fastify().register(door.fastify({ prefix }));
  for (const [url] of below) await app.inject(url);
  expect(seen).toEqual(below);
});

test('what is not below the prefix is decided about all the same, by its whole path', async () => {
  const { door, seen } = spying();
  const app = Fastify().register(door.fastify({ prefix: '/api' }));
  for (const url of besides) await app.inject(url);
  // Fastify itself answers the escape that is none.
  expect(seen).toEqual(besides.filter((url) => url !== '/%/x').map((url) => [url, url]));
});

test('a prefix with a parameter is left away whatever fills it', async () => {
  const { door, seen } = spying();
  await Fastify()
    .register(
      (tenant, _options, done) => {
        tenant.register(door.fastify());
        tenant.get('/report', async () => 'x');
        done();
      },
      { prefix: '/t/:tenant' },
    )
    .inject('/t/acme/report');
  expect(seen).toEqual([['/t/acme/report', '/report']]);
});

test('the prefix given to the door goes before that given to register', async () => {
  const { door, seen } = spying();
  await Fastify()
    .register(door.fastify({ prefix: '/a' }), { prefix: '/b' })
    .inject('/a/x');
  expect(seen).toEqual([['/a/x', '/x']]);
});

test('the target is what was sent, before the app has rewritten it', async () => {
  const { door, seen } = spying();
  await Fastify({ rewriteUrl: ({ url }) => (url ?? '').replace('/old', '/new') })
    .register(door.fastify())
    .inject('/old/x');
  expect(seen).toEqual([['/old/x', '/new/x']]);
});

test('what is registered is seen by routes that were there before, and by no child that is closed off', async () => {
  const { door, seen } = spying();
  const app = Fastify();
  app.get('/before', async () => 'x');
  app.register((child, _options, done) => {
    child.register(door.fastify());
    child.get('/inside', async () => 'x');
    done();
  });
  await app.inject('/before');
  await app.inject('/inside');
  expect(seen).toEqual([['/inside', '/inside']]);
});

test('an injected request has its hooks like one from the network', async () => {
  const ends: RequestOutcome[] = [];
  const { door } = spying({
    action: 'next',
    reason: 'test',
    onHead: (head) => head.append('Set-Cookie', 'ours=1'),
    onDone: (outcome) => ends.push(outcome),
  });
  const app = Fastify().register(door.fastify());
  app.get('/', async (_request, reply) => {
    reply.header('set-cookie', 'app=1');
    return 'x';
  });
  const answer = await app.inject('/');
  expect(answer.headers['set-cookie']).toEqual(['app=1', 'ours=1']);
  await eventually(() => ends).toHaveLength(1);
  expect(ends[0]).toMatchObject({ status: 200, aborted: false });
});

test('a text that can never change becomes bytes once; bytes are copied, because those of an app may change', async () => {
  const asked = async (body: string | Uint8Array): Promise<unknown[]> => {
    const decision = Object.freeze({
      action: 'respond',
      reason: 'test',
      status: 200,
      headers: Object.freeze([]),
      body,
    });
    const sent: unknown[] = [];
    const app = Fastify().register(spying(decision as Decision).door.fastify());
    app.addHook('onSend', async (_request, _reply, payload) => void sent.push(payload));
    expect((await app.inject('/')).payload).toBe('x');
    await app.inject('/');
    return sent;
  };
  const texts = await asked('x');
  expect(texts[0]).toBeInstanceOf(Buffer);
  expect(texts[1]).toBe(texts[0]);
  const bytes = Buffer.from('x');
  const copies = await asked(bytes);
  expect(copies).toEqual([bytes, bytes]);
  expect(new Set([bytes, ...copies]).size).toBe(3);
});

test('a plugin says who it is', () => {
  expect(Reflect.get(spying().door.fastify(), Symbol.for('fastify.display-name'))).toBe('regionkit-affinity');
});
