import { type ChildProcess, fork } from 'node:child_process';
import http from 'node:http';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test } from 'vitest';

const children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

interface App {
  readonly child: ChildProcess;
  readonly port: number;
  readonly messages: Record<string, unknown>[];
  readonly exited: Promise<{ readonly code: number | null; readonly signal: string | null }>;
}

async function start(framework: string, env: Record<string, string> = {}): Promise<App> {
  const child = fork(fileURLToPath(new URL('../fixtures/drain-app.ts', import.meta.url)), [framework], {
    execArgv: ['--import', 'tsx', '-C', '@regionkit/source'],
    env: { ...process.env, ...env },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  children.push(child);
  const messages: Record<string, unknown>[] = [];
  const exited = new Promise<{ code: number | null; signal: string | null }>((resolve) => {
    child.on('exit', (code, signal) => resolve({ code, signal }));
  });
  const port = await new Promise<number>((resolve, reject) => {
    child.on('message', (message: Record<string, unknown>) => {
      messages.push(message);
      if (typeof message['port'] === 'number') resolve(message['port']);
    });
    child.on('exit', () => reject(new Error('the app did not start')));
  });
  return { child, port, messages, exited };
}

/** A load balancer's view: keep-alive connections, 500 requests a second, until a while after it sees "not ready". */
async function load(
  port: number,
  { afterMs }: { readonly afterMs: number },
): Promise<{ ok: number; failures: string[] }> {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 100 });
  const failures: string[] = [];
  let ok = 0;
  let open = 0;
  const get = (path: string): Promise<number> =>
    new Promise((resolve) => {
      http
        .get({ port, host: '127.0.0.1', path, agent }, (response) => {
          response.resume();
          response.on('end', () => resolve(response.statusCode ?? 0));
          response.on('error', (error) => failures.push(`${path} ${error.message}`));
        })
        .on('error', (error: NodeJS.ErrnoException) => {
          failures.push(`${path} ${error.code}`);
          resolve(0);
        });
    });
  let stopAtMs = Number.POSITIVE_INFINITY;
  const watch = setInterval(async () => {
    if (stopAtMs === Number.POSITIVE_INFINITY && (await get('/readyz')) === 503) stopAtMs = performance.now() + afterMs;
  }, 50);
  const begun = performance.now();
  let sent = 0;
  while (performance.now() < stopAtMs) {
    for (; sent < (performance.now() - begun) / 2; sent += 1) {
      open += 1;
      void get('/orders').then((status) => {
        open -= 1;
        if (status === 200) ok += 1;
        else if (status !== 0) failures.push(`/orders ${status}`);
      });
    }
    await new Promise((resolve) => setTimeout(resolve, 4));
  }
  clearInterval(watch);
  while (open > 0) await new Promise((resolve) => setTimeout(resolve, 10));
  agent.destroy();
  return { ok, failures };
}

test.each(['express', 'koa', 'fastify'])(
  '%s: 500 requests a second on kept connections see no reset and no 5xx, and the process exits with 0',
  async (framework) => {
    const { child, port, messages, exited } = await start(framework);
    const loaded = load(port, { afterMs: 500 });
    setTimeout(() => child.kill('SIGTERM'), 700);
    const { ok, failures } = await loaded;
    expect(failures).toEqual([]);
    expect(ok).toBeGreaterThan(100);
    expect(await exited).toEqual({ code: 0, signal: null });
    expect(messages.map(({ step }) => step).filter(Boolean)).toEqual(['not-ready', 'closing', 'hooks', 'done']);
    expect(messages.find(({ step }) => step === 'hooks')).toMatchObject({ cut: 0 });
    expect(messages).toContainEqual({ hook: true });
  },
);

test('a second signal ends the process at once, with 1', async () => {
  const { child, messages, exited } = await start('express', { NOT_READY_MS: '60000' });
  child.kill('SIGTERM');
  await expect.poll(() => messages.some(({ step }) => step === 'not-ready')).toBe(true);
  child.kill('SIGINT');
  expect(await exited).toEqual({ code: 1, signal: null });
});
