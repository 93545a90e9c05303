import { fakeClock } from '@regionkit/core/testing';
import { describe, expect, it } from 'vitest';
import { watchRegion } from '../../src/fleet/watch-region.ts';
import type { DoorSilence } from '../../src/model/fleet.ts';

interface Stream {
  status(id: string, state?: string): void;
  event(data: unknown): void;
  raw(data: string): void;
  end(why: DoorSilence): void;
  isClosed: boolean;
}

function watch(onOpen: (stream: Stream, count: number) => void) {
  const clock = fakeClock();
  const streams: Stream[] = [];
  const events: [string, { readonly id?: number }][] = [];
  let changes = 0;
  const region = watchRegion({
    name: 'us',
    url: 'https://us.example.com/operator/events',
    clock,
    open: (_url, { onEvent, onEnd }) => {
      const send = (event: string, data: string) => {
        if (!stream.isClosed) onEvent({ event, data, id: '' });
      };
      const stream: Stream = {
        status: (id, state = 'ready') =>
          send('status', JSON.stringify({ process: { id, host: 'app', pid: 1 }, region: 'us', topology: { state } })),
        event: (data) => send('event', JSON.stringify(data)),
        raw: (data) => send('status', data),
        end: (why) => {
          if (!stream.isClosed) onEnd(why);
          stream.isClosed = true;
        },
        isClosed: false,
      };
      streams.push(stream);
      // As a connection does: the answer comes later.
      clock.schedule(() => onOpen(stream, streams.length), 1);
      return () => {
        stream.isClosed = true;
      };
    },
    onChange: () => {
      changes += 1;
    },
    onEvent: ({ id }, data) => void events.push([id, data as object]),
  });
  const open = () => streams.filter(({ isClosed }) => !isClosed).length;
  const ids = () => region.report().processes.map(({ id, isGone }) => (isGone ? `${id} gone` : id));
  return { clock, region, streams, events, open, ids, changes: () => changes };
}

describe('watchRegion', () => {
  it('keeps one stream for each process that a balancer leads to, and closes the others', async () => {
    const { clock, open, ids, streams } = watch((stream, count) => stream.status(`p${count % 3}`));
    await clock.advance(100);
    expect(ids()).toEqual(['p0', 'p1', 'p2']);
    expect(open()).toBe(3);
    const before = streams.length;
    await clock.advance(9_000);
    expect(streams.length).toBe(before);
  });

  it('finds a process that starts later', async () => {
    let names = ['a'];
    const { clock, ids } = watch((stream, count) => stream.status(names[count % names.length] as string));
    await clock.advance(100);
    expect(ids()).toEqual(['a']);
    names = ['a', 'b'];
    await clock.advance(11_000);
    expect(ids()).toEqual(['a', 'b']);
  });

  it('tells why a door gives nothing, and asks again, more and more rarely', async () => {
    const { clock, region, streams } = watch((stream) => stream.end('refused'));
    expect(region.report()).toEqual({ name: 'us', why: 'not-asked', processes: [] });
    await clock.advance(60_000);
    expect(region.report().why).toBe('refused');
    expect(streams.length).toBeGreaterThan(20);
    expect(streams.length).toBeLessThan(40);
  });

  it('shows a process that went away for a minute, and how long it has been silent', async () => {
    let isUp = true;
    const { clock, region, ids, streams } = watch((stream) => (isUp ? stream.status('a') : stream.end('refused')));
    await clock.advance(100);
    isUp = false;
    streams[0]?.end('lost');
    await clock.advance(30_000);
    expect(ids()).toEqual(['a gone']);
    expect(region.report().processes[0]?.silentMs).toBeGreaterThan(29_000);
    await clock.advance(31_000);
    expect(ids()).toEqual([]);
  });

  it('listens again to a process whose stream was cut', async () => {
    const { clock, ids, streams, open } = watch((stream) => stream.status('a'));
    await clock.advance(100);
    streams[0]?.end('lost');
    expect(ids()).toEqual(['a gone']);
    await clock.advance(1_000);
    expect([ids(), open()]).toEqual([['a'], 1]);
  });

  it('hands on the events with their process, also those that came before it was known', async () => {
    const { clock, events } = watch((stream, count) => {
      if (count > 1) return stream.end('refused');
      stream.event({ id: 1 });
      stream.status('a');
      stream.event({ id: 2 });
    });
    await clock.advance(10);
    expect(events).toEqual([
      ['a', { id: 1 }],
      ['a', { id: 2 }],
    ]);
  });

  it('gives up a stream that does not say who it is, and finds the others', async () => {
    const { clock, ids, open } = watch((stream, count) => {
      if (count > 1) stream.status('a');
    });
    await clock.advance(4_000);
    expect(ids()).toEqual([]);
    await clock.advance(2_000);
    expect([ids(), open()]).toEqual([['a'], 1]);
    const silent = watch(() => {});
    await silent.clock.advance(6_000);
    expect(silent.region.report().why).toBe('timed-out');
    silent.region.close();
    expect([silent.open(), silent.clock.pending]).toEqual([0, 0]);
  });

  it('keeps the newest events of a door that does not say who it is yet, and not more than 1 MB', async () => {
    const many = watch((stream, count) => {
      if (count > 1) return;
      for (let id = 1; id <= 1_200; id += 1) stream.event({ id });
      stream.status('a');
    });
    await many.clock.advance(10);
    expect([many.events.length, many.events.at(0), many.events.at(-1)]).toEqual([
      500,
      ['a', { id: 701 }],
      ['a', { id: 1_200 }],
    ]);
    const long = watch((stream, count) => {
      if (count > 1) return;
      for (let id = 1; id <= 10; id += 1) stream.event({ id, text: 'x'.repeat(300_000) });
      stream.status('a');
    });
    await long.clock.advance(10);
    expect(long.events.map(([, { id }]) => id)).toEqual([8, 9, 10]);
  });

  it('keeps a bounded number of processes and streams, whatever a door says', async () => {
    const names = watch((stream, count) => stream.status(`p${count}`));
    await names.clock.advance(600_000);
    expect(names.open()).toBeLessThanOrEqual(16);
    const fleeting = watch((stream, count) => {
      stream.status(`p${count}`);
      stream.end('lost');
    });
    await fleeting.clock.advance(50_000);
    expect(fleeting.streams.length).toBeGreaterThan(100);
    expect(fleeting.ids().length).toBeLessThanOrEqual(32);
    const garbage = watch((stream) => {
      for (const data of ['{', 'null', '[]', '7', '{"process":{}}']) stream.raw(data);
    });
    await garbage.clock.advance(1_000);
    expect(garbage.ids()).toEqual([]);
  });

  it('goes on with a process only while the stream speaks for it', async () => {
    const { clock, streams, region } = watch((stream) => stream.status('a'));
    await clock.advance(100);
    streams[0]?.status('b', 'twin-primaries');
    expect(region.report().processes).toMatchObject([{ id: 'a', state: 'ready' }]);
  });

  it('ends every stream and every timer when it is closed', async () => {
    const { clock, region, open } = watch((stream, count) => stream.status(`p${count % 2}`));
    await clock.advance(100);
    region.close();
    expect(open()).toBe(0);
    await clock.advance(60_000);
    expect([open(), clock.pending]).toEqual([0, 0]);
  });
});
