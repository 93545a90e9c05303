import { deepStrictEqual, strictEqual } from 'node:assert';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import { createLab, reservePorts } from '@regionkit/lab';
import { createSessionIssuer, generateSigningKeys } from '@regionkit/session';

const NAMES = ['us', 'eu'] as const;
type Name = (typeof NAMES)[number];
const [, , server = '', folder = ''] = process.argv;

/**
 * Runs the app of the one package in two regions over real PostgreSQL, each as a process in a folder where nothing else of
 * ours was asked for: a write from the other region, the own write read back, a session, and the end by a signal.
 */
async function drive(): Promise<void> {
  const lab = await createLab({ regions: NAMES });
  const keys = await generateSigningKeys({ algorithm: 'ES256' });
  const issuer = createSessionIssuer({ key: keys.privatePem, issuer: 'anyone', audience: 'anything' });
  const [us, eu] = (await reservePorts(NAMES.length)).ports;
  const ports = { us, eu };
  const origin = (name: Name): string => `http://127.0.0.1:${ports[name]}`;
  const children: ChildProcess[] = [];
  try {
    await lab.primary.query('create table orders (id int generated always as identity, item text not null)');
    await lab.caughtUp();
    const startedAt = performance.now();
    const since = (): string => `${Math.round(performance.now() - startedAt)} ms`;
    for (const name of NAMES) {
      const env = {
        ...process.env,
        REGION: name,
        PORT: String(ports[name]),
        US_ORIGIN: origin('us'),
        EU_ORIGIN: origin('eu'),
        DATABASE_URL: lab.region(name).connectionString,
        REGION_SECRET: 'a secret of the consumers, long enough to sign with',
        SESSION_KEY: keys.publicPem,
      };
      children.push(spawn(process.execPath, [server], { cwd: folder, env, stdio: ['ignore', 'inherit', 'inherit'] }));
    }
    const until = async (status: number, ask: () => Promise<Response>): Promise<Response> => {
      const endsAt = performance.now() + 60_000;
      for (;;) {
        const answer = await ask().catch((error: unknown) => error);
        if (answer instanceof Response && answer.status === status) return answer;
        if (performance.now() > endsAt) {
          throw new Error(`no ${status} in a minute: ${answer instanceof Response ? answer.status : answer}`);
        }
        await setTimeout(20);
      }
    };
    const get = (name: Name, path: string, headers = {}) =>
      fetch(origin(name) + path, { headers: { connection: 'close', ...headers } });
    const post = (name: Name, item: string) =>
      fetch(`${origin(name)}/orders`, {
        method: 'POST',
        headers: { connection: 'close', 'content-type': 'application/json' },
        body: JSON.stringify({ item }),
      });

    await until(200, () => get('eu', '/orders'));
    const read = since();
    const written = await until(201, () => post('eu', 'tea'));
    process.stdout.write(`from the start to the first read ${read}, to the first write ${since()}; `);
    deepStrictEqual(await written.json(), { region: 'us' });
    const token = written.headers.get('x-region-token') ?? '';
    const { items } = (await (await get('eu', '/orders', { 'x-region-token': token })).json()) as { items: string[] };
    deepStrictEqual(items, ['tea']);

    const session = await issuer.issue({ sub: 'alice' });
    for (const name of NAMES) {
      const known = await get(name, '/me', { authorization: `Bearer ${session}` });
      deepStrictEqual([known.status, await known.json()], [200, 'alice']);
      strictEqual((await get(name, '/me')).status, 401);
    }
    for (const child of children) {
      child.kill('SIGTERM');
      if (child.exitCode === null) await once(child, 'exit');
      strictEqual(child.exitCode, 0);
    }
    process.stdout.write('forwarded, read back, a session, drained');
  } finally {
    for (const child of children) child.kill('SIGKILL');
    await issuer.close();
    await lab.close();
  }
}

drive().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
