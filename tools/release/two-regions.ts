import { deepStrictEqual, strictEqual } from 'node:assert';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { createLab, reservePorts } from '../../packages/lab/src/index.ts';

const NAMES = ['us-east-1', 'eu-west-1'] as const;
type Name = (typeof NAMES)[number];
const PRIMARY: Name = 'us-east-1';
const OTHER: Name = 'eu-west-1';
const WRITES = 10;

/**
 * Runs the app of the README, `script` in `folder`, as one process in each of two regions over real PostgreSQL. Writes are
 * sent to the region that has the replica, and read back there with the token.
 *
 * @returns what was seen
 */
export async function runInTwoRegions(folder: string, script: string): Promise<string> {
  const lab = await createLab({ regions: NAMES });
  const children: ChildProcess[] = [];
  try {
    await lab.primary.query('create table orders (id int generated always as identity)');
    await lab.caughtUp();
    using reserved = await reservePorts(2);
    const [primaryPort, otherPort] = reserved.ports as [number, number];
    const ports = { [PRIMARY]: primaryPort, [OTHER]: otherPort };
    const origin = (name: Name): string => `http://127.0.0.1:${ports[name]}`;
    for (const name of NAMES) {
      const env = {
        ...process.env,
        REGION: name,
        PORT: String(ports[name]),
        US_ORIGIN: origin(PRIMARY),
        EU_ORIGIN: origin(OTHER),
        DATABASE_URL: lab.region(name).connectionString,
        REGION_SECRET: 'a secret of the release check, long enough to sign with',
      };

      children.push(spawn(process.execPath, [script], { cwd: folder, env, stdio: ['ignore', 'ignore', 'inherit'] }));
    }
    const ask = (method: string, token?: string): Promise<Response> =>
      fetch(`${origin(OTHER)}/orders`, { method, headers: token === undefined ? {} : { 'x-region-token': token } });
    await until(() => ask('GET'));
    let answer = await until(() => ask('POST'));
    for (let written = 1; ; written += 1) {
      strictEqual(answer.status, 200);
      const token = answer.headers.get('x-region-token') ?? '';
      const rows = (await (await ask('GET', token)).json()) as unknown[];
      deepStrictEqual(rows.length, written, 'a read with the token of a write saw that write');
      if (written === WRITES) break;
      answer = await ask('POST', token);
    }
    const [row] = await lab.primary.query<{ count: number }>('select count(*)::int from orders');
    strictEqual(row?.count, WRITES);
    return `${WRITES} writes to ${OTHER}, whose database is a replica, were done once each by the primary in ${PRIMARY} and read back in ${OTHER} by the token`;
  } finally {
    for (const child of children) {
      const ended = child.exitCode === null && child.signalCode === null ? once(child, 'exit') : undefined;
      child.kill('SIGKILL');
      await ended;
    }
    await lab.close();
  }
}

async function until(ask: () => Promise<Response>): Promise<Response> {
  const endsAt = performance.now() + 60_000;
  for (;;) {
    const answer = await ask().catch((error: unknown) => error);
    if (answer instanceof Response && answer.ok) return answer;
    if (performance.now() > endsAt) {
      throw new Error(`no answer in a minute: ${answer instanceof Response ? answer.status : answer}`);
    }
    await pause(20);
  }
}
