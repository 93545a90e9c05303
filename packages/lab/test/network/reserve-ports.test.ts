import { createServer } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { reservePort } from '../../src/network/ports.ts';
import { reservePorts } from '../../src/network/reserve-ports.ts';
import { isListening } from '../support.ts';

const isReserved = async (port: number): Promise<boolean> => {
  const reservation = await reservePort(() => (port - 15_000) / 17_000 + 1e-9).catch(() => undefined);
  reservation?.release();
  return reservation === undefined;
};

test('reservePorts() returns different ports on which nothing listens, and a server can listen on each', async () => {
  using reserved = await reservePorts(20);
  expect(new Set(reserved.ports).size).toBe(20);
  for (const port of reserved.ports) {
    expect(await isListening(port)).toBe(false);
    const server = createServer();
    onTestFinished(() => void server.close());
    await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, '127.0.0.1', resolve));
  }
});

test('the ports stay reserved until release(), or the end of the scope', async () => {
  const first = await reservePorts(1);
  const [port] = first.ports as [number];
  expect(await isReserved(port)).toBe(true);
  first.release();
  first.release();
  expect(await isReserved(port)).toBe(false);

  let scoped: number | undefined;
  {
    using second = await reservePorts(1);
    [scoped] = second.ports;
    expect(await isReserved(scoped as number)).toBe(true);
  }
  expect(await isReserved(scoped as number)).toBe(false);
});

test.each([0, 1.5, 101, -1])('a count of %s is a RangeError', async (count) => {
  await expect(reservePorts(count)).rejects.toThrow(RangeError);
});
