import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { createLab } from '@regionkit/lab';
import { expect, it } from 'vitest';
import { freePorts } from '../../../tools/free-ports.ts';

const PAGE = readFileSync(new URL('../../../docs/start.md', import.meta.url), 'utf8');
/** An app that has every package installed: what the page imports is found from here. */
const APP = fileURLToPath(new URL('..', import.meta.url));

it('docs/start.md: the app of step 2 runs as it stands, and answers as the page says', async () => {
  const [, app = ''] = /```ts\n([\s\S]*?)```/.exec(PAGE) ?? [];
  expect(app).toContain('kit.drain(app.listen(3000))');
  await using lab = await createLab({ regions: ['local'] });
  const [port] = (await freePorts(1)) as [number];
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
