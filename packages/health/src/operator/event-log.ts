import { type Clock, noteMoment } from '@regionkit/core/kit';

/** One event, as a listener gets it. `id` counts from 1 in each process. */
export interface LoggedEvent {
  readonly id: number;
  /** In milliseconds since 1970, as the wall clock counts now. */
  readonly atMs: number;
  readonly source: 'router' | 'health' | 'operator';
  readonly name: string;
  readonly payload: object;
  /** So many equal events, one after the other, are folded into this one. */
  readonly times: number;
}

export interface EventLog {
  add(source: LoggedEvent['source'], name: string, payload: object): void;
  /** The events with a higher id, oldest first. */
  after(id: number): readonly LoggedEvent[];
  /** The newest ones, oldest first. */
  last(count: number): readonly LoggedEvent[];
  readonly lastId: number;
}

/** A failover has hundreds of these at once: they are one entry, with the newest payload. */
const FOLDED: ReadonlySet<string> = new Set([
  'hold',
  'hold-ended',
  'outcome-unknown',
  'write-lost-suspected',
  'write-fate-unknown',
]);

/** Keeps the last `max` events. Folding gives an event a new id, so that a listener sees the new count. */
export function createEventLog(max: number, clock: Clock): EventLog {
  let events: LoggedEvent[] = [];
  let lastId = 0;
  return {
    add: (source, name, payload) => {
      lastId += 1;
      const at = FOLDED.has(name) ? events.findLastIndex((one) => !FOLDED.has(one.name) || one.name === name) : -1;
      const same = events[at];
      const isSame = same?.name === name && same.source === source;
      if (isSame) events.splice(at, 1);
      const shownMs = noteMoment(clock);
      events.push({
        id: lastId,
        get atMs() {
          return shownMs();
        },
        source,
        name,
        payload,
        times: isSame ? same.times + 1 : 1,
      });
      if (events.length > max) events = events.slice(-max);
    },
    after: (id) => events.filter((event) => event.id > id),
    last: (count) => events.slice(-count),
    get lastId() {
      return lastId;
    },
  };
}
