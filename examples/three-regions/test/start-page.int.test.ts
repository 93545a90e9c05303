import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createLab, reservePorts } from '@regionkit/lab';
import { expect, it, onTestFinished } from 'vitest';
import { FROM_SOURCES } from '../../../tools/regionkit.ts';

const PAGE = readFileSync(new URL('../../../docs/start.md', import.meta.url), 'utf8');
/** An app that has every package installed: what the page imports is found from here. */
const APP = fileURLToPath(new URL('..', import.meta.url));

it('docs/start.md: the app of step 2 runs as it stands, and answers as the page says', async () => {
  const [, app = ''] = /```ts\n([\s\S]*?)```/.exec(PAGE) ?? [];
  expect(app).toContain('kit.drain(app.listen(3000))');
  await using lab = await createLab({ regions: ['local'] });
  using reserved = await reservePorts(1);
  const [port] = reserved.ports;
  const args = [
    '--import',
    'tsx',
    '-C',
    '@regionkit/source',
    '--input-type=module',
    '-e',
    app.replaceAll('3000', `${port}`),
  ];
  const child = spawn(process.execPath, args, {
    cwd: APP,
    env: { ...process.env, DATABASE_URL: lab.region('local').connectionString },
    stdio: ['ignore', 'inherit', 'pipe'],
  });
  const ended = once(child, 'exit');
  let complaints = '';
  child.stderr.on('data', (chunk: Buffer) => {
    complaints += chunk.toString();
  });
  try {
    const url = `http://localhost:${port}`;
    const health = await untilAnswered(`${url}/health`, () => child.exitCode ?? undefined);
    expect({ status: health, complaints }).toEqual({ status: 200, complaints: '' });

    const posted = await fetch(`${url}/orders`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"item":"tea"}',
    });
    expect({ status: posted.status, body: await posted.json() }).toEqual({ status: 200, body: { id: '1' } });
    expect(posted.headers.get('x-region-token')).toMatch(/^[\w.-]{20,}$/);
    expect(await (await fetch(`${url}/orders`)).json()).toEqual([{ id: '1', item: 'tea' }]);
  } finally {
    child.kill('SIGTERM');
    await ended;
  }
});

it('docs/start.md: the app of steps 2 and 3 runs in two regions by the script of step 4, also after a failover', async () => {
  const [step2 = '', step3 = '', script = ''] = [...PAGE.matchAll(/```ts\n([\s\S]*?)```/g)].map(
    ([, block = '']) => block,
  );
  using reserved = await reservePorts(2);
  const [us, eu] = reserved.ports as [number, number];
  // As the page says: the kit of step 3 without the line that writes at the start, and what step 4 changes.
  const kit = step3
    .replace('const production', 'const kit')
    .replace('https://app-us-east-1.example.com', `http://localhost:${us}`)
    .replace('https://app-eu-west-1.example.com', `http://localhost:${eu}`)
    .replace(/ {2}cookieDomain: .*\n/, '  development: true,\n');
  const server = step2
    .replace(/const kit = createRegionKit\([\s\S]*?\n\}\);\nawait kit\.router\.write\('create table .*\n/, kit)
    .replace('listen(3000)', 'listen(process.env.PORT)');
  expect(server).toMatch(/http:\/\/localhost:\d+[\s\S]*development: true[\s\S]*listen\(process/);
  expect(server).not.toContain('create table');
  expect(PAGE).toContain('Remove the line of step 2 that creates the table.');

  const folder = mkdtempSync(join(tmpdir(), 'regionkit-start-page-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  symlinkSync(join(APP, 'node_modules'), join(folder, 'node_modules'));
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  writeFileSync(join(folder, 'server.js'), server);
  writeFileSync(join(folder, 'two-regions.mjs'), script.replace('3001', `${us}`).replace('3002', `${eu}`));
  const child = spawn(process.execPath, ['two-regions.mjs'], {
    cwd: folder,
    // The apps are children of the script, and Ctrl-C reaches the whole group.
    detached: true,
    env: { ...process.env, NODE_OPTIONS: FROM_SOURCES.join(' ') },
    stdio: ['pipe', 'ignore', 'inherit'],
  });
  const ended = once(child, 'exit');
  onTestFinished(async () => {
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGINT');
    await ended;
  });
  const post = async (): Promise<number> => {
    const headers = { 'content-type': 'application/json' };
    const sent = fetch(`http://localhost:${eu}/orders`, { method: 'POST', headers, body: '{"item":"tea"}' });
    return (await sent.catch(() => undefined))?.status ?? 0;
  };
  const WAIT = { timeout: 60_000, interval: 100 };
  await expect.poll(post, WAIT).toBe(200);
  const items = async (): Promise<number> =>
    ((await (await fetch(`http://localhost:${eu}/orders`)).json()) as unknown[]).length;
  await expect.poll(items, WAIT).toBe(1);

  child.stdin.write('\n');
  await expect.poll(async () => (await fetch(`http://localhost:${us}/health/read`)).status, WAIT).toBe(503);
  await expect.poll(post, WAIT).toBe(200);
});

/** The first status that is no 503; a process that has ended answers no more. */
async function untilAnswered(url: string, exitCode: () => number | undefined): Promise<number> {
  while (exitCode() === undefined) {
    const status = await fetch(url).then(
      (response) => response.status,
      () => 0,
    );
    if (status !== 0 && status !== 503) return status;
    await new Promise((done) => setTimeout(done, 50));
  }
  throw new Error(`the app of the page has ended with ${exitCode()}`);
}
