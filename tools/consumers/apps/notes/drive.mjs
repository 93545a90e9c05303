import { deepStrictEqual, strictEqual } from 'node:assert';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import { createLab, reservePorts } from '@regionkit/lab';

// node drive.mjs FOLDER ARGUMENTS: what Node is called with in FOLDER, once in each region.
const [, , folder, ...args] = process.argv;
const REGIONS = ['us-east-1', 'eu-west-1'];

/** Runs an app of notes in two regions over real PostgreSQL: a write is forwarded, and read back at home. */
async function drive() {
  const lab = await createLab({ regions: REGIONS });
  const { ports } = await reservePorts(REGIONS.length);
  const origin = (name) => `http://127.0.0.1:${ports[REGIONS.indexOf(name)]}`;
  const children = [];
  try {
    await lab.primary.query(
      'create table notes (id int generated always as identity, text text not null, written_in text not null)',
    );
    await lab.caughtUp();
    for (const [at, name] of REGIONS.entries()) {
      const env = {
        ...process.env,
        REGION: name,
        PORT: String(ports[at]),
        US_ORIGIN: origin('us-east-1'),
        EU_ORIGIN: origin('eu-west-1'),
        DATABASE_URL: lab.region(name).connectionString,
        US_DATABASE_URL: lab.region('us-east-1').connectionStringFrom(name),
        EU_DATABASE_URL: lab.region('eu-west-1').connectionStringFrom(name),
        REGION_SECRET: 'a secret of the consumers, long enough to sign with',
      };
      children.push(spawn(process.execPath, args, { cwd: folder, env, stdio: ['ignore', 'ignore', 'inherit'] }));
    }
    const ask = (name, options = {}) =>
      fetch(`${origin(name)}/notes`, {
        ...options,
        headers: { connection: 'close', 'content-type': 'application/json', ...options.headers },
      });

    for (const name of REGIONS) await until(async () => (await ask(name)).status === 200);
    let written;
    await until(async () => {
      written = await ask('eu-west-1', { method: 'POST', body: JSON.stringify({ text: 'tea' }) });
      return written.status === 201;
    });
    deepStrictEqual(await written.json(), { region: 'us-east-1', text: 'tea' });
    const token = written.headers.get('x-region-token');
    strictEqual(typeof token, 'string');
    await until(async () => {
      const answer = await ask('eu-west-1', { headers: { 'x-region-token': token } });
      strictEqual(answer.status, 200);
      const { region, notes } = await answer.json();
      deepStrictEqual(notes, ['tea']);
      return region === 'eu-west-1';
    });
    process.stdout.write('forwarded, read back at home');
  } finally {
    await Promise.all(children.map(end));
    await lab.close();
  }
}

/** A signal that every program understands; one that does not end by it is killed. */
async function end(child) {
  child.kill();
  if (child.exitCode !== null || child.signalCode !== null) return;
  await once(child, 'exit', { signal: AbortSignal.timeout(10_000) }).catch(() => child.kill('SIGKILL'));
}

/** Asks until it holds. A server that does not listen yet is asked again; an answer that is wrong is not. */
async function until(holds) {
  const endsAt = performance.now() + 60_000;
  let last;
  while (performance.now() < endsAt) {
    try {
      if (await holds()) return;
    } catch (error) {
      if (error.name === 'AssertionError') throw error;
      last = error;
    }
    await setTimeout(20);
  }
  throw new Error('not in a minute', { cause: last });
}

drive().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
