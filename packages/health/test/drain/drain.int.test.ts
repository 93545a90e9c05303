import { type ChildProcess, fork } from 'node:child_process';
import http from 'node:http';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, expect, test } from 'vitest';

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

async function start(framework: string): Promise<App> {
  const child = fork(fileURLToPath(new URL('../fixtures/drain-app.ts', import.meta.url)), [framework], {
    execArgv: ['--import', 'tsx', '-C', '@regionkit/source'],
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

const agent = new http.Agent({ keepAlive: true });
afterAll(() => agent.destroy());

/** Status and body of an answer, or why there was none. `onHead` is called when its head is there. */
function get(port: number, path: string, onHead = (): void => {}): Promise<string> {
  return new Promise((resolve) => {
    http
      .get({ port, host: '127.0.0.1', path, agent }, (response) => {
        let body = '';
        onHead();
        response.on('data', (chunk) => {
          body += String(chunk);
        });
        response.on('end', () => resolve(`${response.statusCode} ${body}`));
        response.on('error', (error: NodeJS.ErrnoException) => resolve(`${error.code} after the head`));
      })
      .on('error', (error: NodeJS.ErrnoException) => resolve(`${error.code}`));
  });
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const CLIENTS = 16;
const WAIT = { timeout: 60_000, interval: 20 };

/**
 * Keep-alive clients, each of which asks again as soon as it is answered, until `turn` resolves: as fast as the machine
 * can, and no faster. `ends` counts how they ended.
 */
async function load(port: number, ends: Record<string, number>, turn: Promise<void>): Promise<void> {
  let turned = false;
  void turn.then(() => {
    turned = true;
  });
  const client = async (): Promise<void> => {
    while (!turned) {
      const end = await get(port, '/orders');
      ends[end] = (ends[end] ?? 0) + 1;
    }
  };
  await Promise.all(Array.from({ length: CLIENTS }, client));
}

test.each(['express', 'koa', 'fastify'])(
  '%s: clients that ask without a pause on kept connections see no reset and no 5xx, long answers are finished, and it exits with 0',
  async (framework) => {
    const { child, port, messages, exited } = await start(framework);
    let turn = (): void => {};
    const ends: Record<string, number> = {};
    const answered = (): number => Object.values(ends).reduce((sum, count) => sum + count, 0);
    const moreAnswers = (): Promise<void> => expect.poll(answered, WAIT).toBeGreaterThan(answered() + 5 * CLIENTS);
    const loaded = load(
      port,
      ends,
      new Promise((resolve) => {
        turn = resolve;
      }),
    );
    await moreAnswers();
    child.kill('SIGTERM');
    // As a load balancer does: it asks, and goes on for a while after it has been told.
    while ((await get(port, '/readyz')).startsWith('200')) await sleep(20);
    expect(await get(port, '/livez')).toMatch(/^200 /);
    await moreAnswers();
    const heads: Promise<void>[] = [];
    const long = Array.from({ length: 10 }, () => {
      let head = (): void => {};
      heads.push(
        new Promise((resolve) => {
          head = resolve;
        }),
      );
      return get(port, '/export', () => head());
    });
    turn();
    await loaded;
    await Promise.all(heads);
    child.send('all have turned away');
    expect(Object.keys(ends)).toEqual(['200 orders']);
    expect(new Set(await Promise.all(long))).toEqual(new Set(['200 first, last']));
    expect(await exited).toEqual({ code: 0, signal: null });
    expect(messages.map(({ step }) => step).filter(Boolean)).toEqual(['not-ready', 'closing', 'hooks', 'done']);
    expect(messages.find(({ step }) => step === 'hooks')).toMatchObject({ cut: 0 });
    expect(messages).toContainEqual({ hook: true });
  },
);

test('a second signal ends the process at once, with 1', async () => {
  const { child, messages, exited } = await start('express');
  child.kill('SIGTERM');
  await expect.poll(() => messages.some(({ step }) => step === 'not-ready')).toBe(true);
  child.kill('SIGINT');
  expect(await exited).toEqual({ code: 1, signal: null });
});
