import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { createStreams, type Sink, streamOnNode } from '../../src/operator/index.ts';
import { fakeClock } from '../../src/testing/index.ts';

const BEAT_MS = 1_000;

/** A connection that takes what is written, unless it is stuck. */
function fakeSink(isStuck = false) {
  const written: string[] = [];
  const ends: string[] = [];
  const sink: Sink = {
    get isReady() {
      return !isStuck || written.length === 0;
    },
    write: (text) => void written.push(text),
    end: () => void ends.push('ended'),
    destroy: () => void ends.push('destroyed'),
  };
  return { sink, written, ends };
}

function setUp({ max = 2, status = (): object | undefined => ({ state: 'ready' }) } = {}) {
  const clock = fakeClock();
  const events: { readonly id: number; readonly name: string }[] = [];
  const log = {
    after: (id: number) => events.filter((event) => event.id > id),
    get lastId() {
      return events.length;
    },
  };
  const streams = createStreams({ log, process: 'p', status, max, heartbeatMs: BEAT_MS, clock });
  return { clock, events, streams };
}

describe('createStreams()', () => {
  it('destroys the connection of a listener that takes nothing: its end would wait behind what was not read', async () => {
    const { clock, streams } = setUp();
    const stuck = fakeSink(true);
    const well = fakeSink();
    streams.open(stuck.sink, undefined);
    streams.open(well.sink, undefined);
    await clock.advance(9 * BEAT_MS);
    expect(stuck.ends).toEqual([]);
    await clock.advance(BEAT_MS);
    expect([stuck.ends, well.ends]).toEqual([['destroyed'], []]);
    expect(stuck.written).toHaveLength(1);
    expect(well.written).toHaveLength(11);
  });

  it('ends at the next heartbeat a listener that may not read any more: its token was revoked', async () => {
    const { clock, streams } = setUp();
    let isRevoked = false;
    const [revoked, well] = [fakeSink(), fakeSink()];
    streams.open(revoked.sink, undefined, () => !isRevoked);
    streams.open(well.sink, undefined, () => true);
    await clock.advance(BEAT_MS);
    isRevoked = true;
    await clock.advance(BEAT_MS);
    expect([revoked.ends, well.ends]).toEqual([['ended'], []]);
    expect([revoked.written.length, well.written.length]).toEqual([2, 3]);
  });

  it('ends at the next heartbeat when its server is closed: the server waits for it', async () => {
    const { clock, streams } = setUp();
    const server = createServer((_request, response) => void streamOnNode(streams, response, undefined));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const answer = await fetch(`http://127.0.0.1:${port}/`);
    await clock.advance(BEAT_MS);
    expect(clock.pending).toBe(1);
    const closed = new Promise((resolve) => server.close(resolve));
    await clock.advance(BEAT_MS);
    expect(clock.pending).toBe(0);
    expect(await answer.text()).toContain('event: status');
    server.closeIdleConnections();
    await closed;
  });

  it('ends a listener that reads when it is closed, and destroys one that does not', () => {
    const { clock, streams } = setUp();
    const stuck = fakeSink(true);
    const well = fakeSink();
    streams.open(stuck.sink, undefined);
    streams.open(well.sink, undefined);
    streams.close();
    expect([stuck.ends, well.ends]).toEqual([['destroyed'], ['ended']]);
    expect(clock.pending).toBe(0);
  });

  it('says when it is full, and when it is closed', () => {
    const { streams } = setUp({ max: 1 });
    const leave = streams.open(fakeSink().sink, undefined);
    expect([streams.isFull, streams.isClosed]).toEqual([true, false]);
    leave();
    expect(streams.isFull).toBe(false);
    streams.close();
    expect(streams.isClosed).toBe(true);
  });

  it('goes on without a status that cannot be read, in the beat and after an event', async () => {
    let fails = true;
    const { clock, events, streams } = setUp({
      status: () => (fails ? undefined : { state: 'ready' }),
    });
    const { sink, written } = fakeSink();
    streams.open(sink, undefined);
    events.push({ id: 1, name: 'primary-lost' });
    streams.news();
    await clock.advance(BEAT_MS);
    expect(written.join('')).toContain('"primary-lost"');
    expect(written.join('')).not.toContain('event: status');
    fails = false;
    await clock.advance(BEAT_MS);
    expect(written.at(-1)).toContain('event: status\ndata: {"state":"ready"}');
  });
});
