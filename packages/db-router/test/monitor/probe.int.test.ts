import { connect, createServer, type Socket } from 'node:net';
import { type Clock, systemClock } from '@regionkit/core/kit';
import { fakeClock } from '@regionkit/core/testing';
import type { Lab } from '@regionkit/lab';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { createProbe, type Probe } from '../../src/monitor/probe.ts';
import { postgresReadings } from '../../src/topology/readings.ts';
import { eventually, type Name, startLab } from '../int/lab.ts';

/** Longer than any answer takes on a busy machine. */
const TIMEOUT_MS = 30_000;

describe('a probe of a real server', () => {
  let lab: Lab<Name>;
  beforeAll(async () => {
    lab = await startLab({ regions: ['us'] });
  });
  afterAll(() => lab.close());

  /** In front of the server: `hold` keeps what the server says from now on from every connection there is. */
  async function startDoor() {
    const doors: { readonly inner: Socket; readonly outer: Socket }[] = [];
    let held: typeof doors = [];
    const server = createServer((inner) => {
      const outer = connect(lab.region('us').port, '127.0.0.1');
      doors.push({ inner, outer });
      for (const [from, to] of [
        [inner, outer],
        [outer, inner],
      ] as const) {
        from.on('error', () => to.destroy());
        from.on('close', () => to.destroy());
        from.pipe(to);
      }
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => {
      for (const { inner } of doors) inner.destroy();
      server.close();
    });
    return {
      port: (server.address() as { port: number }).port,
      hold: () => {
        held = [...doors];
        for (const { inner, outer } of held) outer.unpipe(inner);
      },
      hangUp: () => {
        for (const { inner } of doors) inner.end();
      },
      letGo: () => {
        for (const { inner, outer } of held) outer.pipe(inner);
      },
      opened: () => doors.length,
      /** How many bytes the server got. */
      sent: () => doors.reduce((sum, { outer }) => sum + outer.bytesWritten, 0),
      open: () => doors.filter(({ inner }) => !inner.destroyed).length,
    };
  }

  interface Watching {
    readonly clock?: Clock;
    readonly destroySilent?: () => void;
    readonly onSign?: () => void;
    /** The server, with its user. The port replaces its own. */
    readonly server?: string;
  }

  function probeBehind(
    port: number,
    timeoutMs: number,
    {
      clock = systemClock,
      destroySilent = () => {},
      onSign = () => {},
      server = lab.region('us').connectionString,
    }: Watching = {},
  ): Probe {
    const url = new URL(server);
    url.port = String(port);
    const pool = new pg.Pool({ connectionString: url.href });
    const probe = createProbe({
      pool,
      readings: postgresReadings,
      clock,
      timeoutMs,
      maxConnectionMs: () => 60_000,
      onSign,
      watchSilent: () => destroySilent,
    });
    onTestFinished(() => probe.close());
    return probe;
  }

  it('finds the server with the question behind one that was not answered in time', async () => {
    const door = await startDoor();
    const probe = probeBehind(door.port, 1_000);
    await probe.ask();
    door.hold();
    // Asked at once, as a look that is woken while another one is under way: the lost connection is not gone yet.
    const next = probe.ask().catch(() => probe.ask());
    expect((await next).inRecovery).toBe(false);
    expect(door.opened()).toBe(2);
  });

  it('tells of connections that stay silent while it has a new one, and of none that answer after all', async () => {
    const door = await startDoor();
    const clock = fakeClock();
    let silent = 0;
    const probe = probeBehind(door.port, TIMEOUT_MS, {
      clock,
      destroySilent: () => {
        silent += 1;
      },
    });
    /** The question on the old connection gets no answer in time, and the one behind it has a new connection. */
    const askInVain = async (): Promise<void> => {
      door.hold();
      const asking = expect(probe.ask()).rejects.toMatchObject({ code: 'ETIMEDOUT' });
      await clock.advance(TIMEOUT_MS);
      await asking;
      await probe.ask();
    };
    await probe.ask();
    await askInVain();
    door.letGo();
    await eventually(() => door.open() === 1);
    await clock.advance(TIMEOUT_MS);
    expect(silent).toBe(0);

    await askInVain();
    expect(silent).toBe(0);
    await clock.advance(TIMEOUT_MS);
    expect(silent).toBe(1);
    await eventually(() => door.open() === 1);
  });

  it('answers the question under way when it is told to reconnect, and the next on a new connection', async () => {
    const door = await startDoor();
    const probe = probeBehind(door.port, 5_000);
    const asking = probe.ask();
    probe.reconnect();
    probe.reconnect();
    expect((await asking).inRecovery).toBe(false);
    expect(door.opened()).toBe(1);
    await probe.ask();
    await probe.ask();
    expect(door.opened()).toBe(2);
  });

  it('opens no connection after it was closed, though a question was under way', async () => {
    const door = await startDoor();
    const probe = probeBehind(door.port, 5_000);
    await probe.ask();
    door.hold();
    const asking = probe.ask().then(
      () => 'answered',
      () => 'failed',
    );
    probe.close();
    expect(await asking).toBe('failed');
    await eventually(() => door.open() === 0);
    expect(door.opened()).toBe(1);
  });

  it('takes a connection that is closed before it is open for no sign: it would be opened again and again without a pause', async () => {
    const server = createServer((socket) => socket.on('error', () => {}).end());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    let signs = 0;
    const probe = probeBehind((server.address() as { port: number }).port, 5_000, {
      onSign: () => {
        signs += 1;
      },
    });
    await expect(probe.ask()).rejects.toThrow('Connection terminated unexpectedly');
    await new Promise((resolve) => setImmediate(resolve));
    expect(signs).toBe(0);
  });

  it('learns with an empty query that the recovery has ended', async () => {
    const replicated = await startLab({ regions: ['us', 'eu'] });
    onTestFinished(() => replicated.close());
    const eu = replicated.region('eu');
    let signs = 0;
    const probe = probeBehind(eu.port, TIMEOUT_MS, {
      server: eu.connectionString,
      onSign: () => {
        signs += 1;
      },
    });
    expect((await probe.ask()).inRecovery).toBe(true);
    probe.ping();
    // Answers come in order: the ping was answered.
    await probe.ask();
    expect(signs).toBe(0);
    await eu.promote();
    probe.ping();
    await eventually(() => signs === 1);
    expect((await probe.ask()).inRecovery).toBe(false);
  });

  it('sends no second ping before the first is answered, and none without a connection', async () => {
    const door = await startDoor();
    const probe = probeBehind(door.port, TIMEOUT_MS);
    probe.ping();
    expect(door.opened()).toBe(0);
    await probe.ask();
    door.hold();
    const before = door.sent();
    for (let count = 0; count < 5; count += 1) probe.ping();
    await eventually(() => door.sent() > before);
    const one = door.sent() - before;
    const asking = probe.ask();
    door.letGo();
    await asking;
    const reading = Buffer.byteLength(postgresReadings.sql) + one;
    expect(door.sent() - before).toBe(one + reading);
  });

  it('takes the loss of an open one for a sign, once', async () => {
    const door = await startDoor();
    let signs = 0;
    const probe = probeBehind(door.port, 5_000, {
      onSign: () => {
        signs += 1;
      },
    });
    await probe.ask();
    door.hangUp();
    await eventually(() => signs === 1);
    await probe.ask();
    expect(signs).toBe(1);
  });
});
