import type { Clock } from '@regionkit/core/kit';
import { describeEvent } from '../model/describe-event.ts';
import { addEvent } from '../model/events.ts';
import type { Drill, Fleet, FleetEvent, ProcessState } from '../model/fleet.ts';
import { members, number, text } from '../model/members.ts';
import { MAX_EVENTS } from '../model/model.ts';
import { type Open, type WatchedRegion, watchRegion } from './watch-region.ts';

export interface WatchFleetOptions {
  readonly doors: readonly { readonly name: string; readonly url: string }[];
  readonly open: Open;
  readonly drill: () => Drill | undefined;
  readonly clock: Clock;
  onChange(): void;
}

export interface WatchedFleet {
  /** Begins to listen to the doors, if it does not. */
  start(): void;
  /** Ends all streams. What was said is forgotten, and the events are kept. */
  stop(): void;
  fleet(): Fleet;
  /** The events with a higher id, oldest first. */
  after(id: number): readonly FleetEvent[];
  readonly lastId: number;
}

/** The shortest time between two reports of changes. */
const TOLD_EVERY_MS = 200;
const MAX_SEEN = 256;

/** Listens to the doors of all regions, and puts together what they say. */
export function watchFleet({ doors, open, drill, clock, onChange }: WatchFleetOptions): WatchedFleet {
  let regions: readonly WatchedRegion[] = [];
  let events: readonly FleetEvent[] = [];
  let lastId = 0;
  /** The newest event of each process: a stream that is opened again sends all of them again. */
  const seen = new Map<string, number>();
  let cancel: (() => void) | undefined;
  let toldAtMs = Number.NEGATIVE_INFINITY;

  const tell = (): void => {
    cancel = undefined;
    toldAtMs = clock.now();
    onChange();
  };
  const change = (): void => {
    cancel ??= clock.schedule(tell, Math.max(0, toldAtMs + TOLD_EVERY_MS - clock.now()));
  };
  const take = ({ id: process, region }: ProcessState, data: unknown): void => {
    const { id, atMs, source, name, payload, times } = members(data);
    const eventId = number(id);
    if (eventId === undefined || eventId <= (seen.get(process) ?? 0)) return;
    seen.delete(process);
    seen.set(process, eventId);
    const [oldest] = seen.keys();
    if (seen.size > MAX_SEEN && oldest !== undefined) seen.delete(oldest);
    lastId += 1;
    const event: FleetEvent = {
      id: lastId,
      atMs: number(atMs) ?? clock.wallMs(),
      region,
      process,
      source: text(source, 20),
      name: text(name, 40),
      text: describeEvent(typeof name === 'string' ? name : '', payload),
      times: Math.max(1, Math.floor(number(times) ?? 1)),
    };
    events = addEvent(events, event, MAX_EVENTS);
    change();
  };
  return {
    start: () => {
      if (regions.length > 0) return;
      regions = doors.map(({ name, url }) => watchRegion({ name, url, open, clock, onChange: change, onEvent: take }));
    },
    stop: () => {
      for (const region of regions) region.close();
      regions = [];
      cancel?.();
      cancel = undefined;
    },
    fleet: () => {
      const running = drill();
      return {
        atMs: clock.wallMs(),
        regions: regions.map((region) => region.report()),
        ...(running !== undefined && { drill: running }),
      };
    },
    after: (id) => events.filter((event) => event.id > id),
    get lastId() {
      return lastId;
    },
  };
}
