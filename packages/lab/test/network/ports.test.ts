import { createServer } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { freePort, listenAnywhere } from '../../src/network/ports.ts';
import { isListening } from '../support.ts';

test('a port that is taken is left alone and another is tried', async () => {
  const taken = createServer();
  onTestFinished(() => void taken.close());
  const port = await listenAnywhere(taken);
  const draws = [(port - 15_000) / 17_000 + 1e-9, (port - 15_000) / 17_000 + 1e-9, Math.random()];
  const free = await freePort(() => draws.shift() as number);
  expect(free).not.toBe(port);
  expect(draws).toEqual([]);
  expect(await isListening(free)).toBe(false);
});

test('ports are those from which no system takes the source of a connection', async () => {
  for (const draw of [0, 0.5, 0.999999]) {
    const next = [draw, Math.random(), Math.random()];
    const port = await freePort(() => next.shift() as number);
    expect(port).toBeGreaterThanOrEqual(15_000);
    expect(port).toBeLessThan(32_000);
  }
});

test('when every try meets a taken port, the error says so', async () => {
  const taken = createServer();
  onTestFinished(() => void taken.close());
  const port = await listenAnywhere(taken);
  await expect(freePort(() => (port - 15_000) / 17_000 + 1e-9)).rejects.toMatchObject({ code: 'ERR_LAB_PORT_TAKEN' });
});
