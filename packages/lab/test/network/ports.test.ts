import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { listen, listenAnywhere, type Reservation, reservePort } from '../../src/network/ports.ts';
import { isListening } from '../support.ts';

/** A source of randomness from which these ports are drawn. */
const draw = (port: number): number => (port - 15_000) / 17_000 + 1e-9;
const drawing = (...draws: number[]) => ({ draws, random: () => draws.shift() as number });

async function reserved(random?: () => number): Promise<Reservation> {
  const reservation = await reservePort(random);
  onTestFinished(reservation.release);
  return reservation;
}

test('a port that is taken is left alone and another is tried', async () => {
  const taken = createServer();
  onTestFinished(() => void taken.close());
  const { port, release } = await listenAnywhere(taken);
  release();
  const { draws, random } = drawing(draw(port), draw(port), Math.random());
  const free = await reserved(random);
  expect(free.port).not.toBe(port);
  expect(draws).toEqual([]);
  expect(await isListening(free.port)).toBe(false);
});

test('a port that is reserved is left alone, although nothing listens on it, until it is released', async () => {
  const { port, release } = await reserved();
  expect(await isListening(port)).toBe(false);
  const { draws, random } = drawing(draw(port), Math.random());
  expect((await reserved(random)).port).not.toBe(port);
  expect(draws).toEqual([]);
  release();
  release();
  expect((await reserved(() => draw(port))).port).toBe(port);
});

test('a server can listen on a port that is reserved', async () => {
  const { port } = await reserved();
  const server = createServer();
  onTestFinished(() => void server.close());
  await listen(server, port);
  expect(await isListening(port)).toBe(true);
});

test('a port that another process has reserved is left alone, until that process has died', async () => {
  const holder = fileURLToPath(new URL('../fixtures/hold-port.ts', import.meta.url));
  const child = spawn(process.execPath, ['--import', 'tsx', '-C', '@regionkit/source', holder], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
  const port = Number(line);
  const only = (): number => draw(port);
  expect(await isListening(port)).toBe(false);
  await expect(reservePort(only)).rejects.toMatchObject({ code: 'ERR_LAB_PORT_TAKEN' });

  child.kill('SIGKILL');
  await once(child, 'exit');
  expect((await reserved(only)).port).toBe(port);
});

test('ports are those from which no system takes the source of a connection', async () => {
  for (const first of [0, 0.5, 0.999999]) {
    const { random } = drawing(first, Math.random(), Math.random());
    const { port } = await reserved(random);
    expect(port).toBeGreaterThanOrEqual(15_000);
    expect(port).toBeLessThan(32_000);
  }
});

test('when every try meets a taken port, the error says so', async () => {
  const taken = createServer();
  onTestFinished(() => void taken.close());
  const { port, release } = await listenAnywhere(taken);
  onTestFinished(release);
  await expect(reservePort(() => draw(port))).rejects.toMatchObject({ code: 'ERR_LAB_PORT_TAKEN' });
});
