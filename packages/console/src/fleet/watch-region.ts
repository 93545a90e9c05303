import type { Clock } from '@regionkit/core/kit';
import type { ServerSentEvent } from '@regionkit/core/operator';
import type { DoorSilence, ProcessState, RegionDoor } from '../model/fleet.ts';
import { readProcess } from '../model/read-process.ts';
import type { OpenStreamOptions } from './open-stream.ts';

/** Opens one stream to a door. Returns what ends it. */
export type Open = (url: string, on: Pick<OpenStreamOptions, 'onEvent' | 'onEnd'>) => () => void;

export interface WatchRegionOptions {
  readonly name: string;
  readonly url: string;
  readonly open: Open;
  readonly clock: Clock;
  /** What is known of the region has changed. */
  onChange(): void;
  /** An event of one of its processes, as it was sent. */
  onEvent(process: ProcessState, data: unknown): void;
}

export interface WatchedRegion {
  report(): RegionDoor;
  close(): void;
}

interface Watched {
  state: ProcessState;
  saidAtMs: number;
  /** Undefined: its stream has ended. */
  close: (() => void) | undefined;
}

/** A balancer picks a process for each stream. After so many in a row that lead to a process which is watched already, all are. */
const MISSES = 4;
const MAX_PROCESSES = 16;
const MAX_SHOWN = 32;
/** A door says at once who it is. */
const STATUS_MS = 5_000;
/** What is kept of the events that come before the door says who it is: the newest, and no more characters. */
const MAX_EARLY = 500;
const MAX_EARLY_LENGTH = 1_048_576;
const SEARCH_MS = 10_000;
const RETRY_MS = 250;
const MAX_RETRY_MS = 2_000;
/** How long a process that went away is still shown. */
const REMEMBERED_MS = 60_000;

/** Listens to one stream for each process behind the door of a region, and looks for new ones. */
export function watchRegion({ name, url, open, clock, onChange, onEvent }: WatchRegionOptions): WatchedRegion {
  const watched = new Map<string, Watched>();
  let why: DoorSilence | undefined = 'not-asked';
  let closeSearch: (() => void) | undefined;
  let cancel: (() => void) | undefined;
  let cancelWait: (() => void) | undefined;
  let misses = 0;
  let retryMs = RETRY_MS;
  let isClosed = false;

  const live = (): number => [...watched.values()].filter((each) => each.close !== undefined).length;
  const searchIn = (ms: number): void => {
    cancel?.();
    cancel = isClosed ? undefined : clock.schedule(search, ms);
  };
  const take = (id: string, state: ProcessState): void => {
    const one = watched.get(id);
    if (one === undefined || state.id !== id) return;
    one.state = state;
    one.saidAtMs = clock.now();
    onChange();
  };

  /** A door may name a new process each time. */
  const forget = (): void => {
    const gone = [...watched].filter(([, { close }]) => close === undefined);
    for (const [id] of gone.slice(0, Math.max(0, watched.size - MAX_SHOWN))) watched.delete(id);
  };

  function search(): void {
    cancel = undefined;
    // At the limit the next search begins when a stream ends.
    if (closeSearch !== undefined || isClosed || live() >= MAX_PROCESSES) return;
    let id: string | undefined;
    let early: ServerSentEvent[] = [];
    let earlyLength = 0;
    const keep = (event: ServerSentEvent): void => {
      early.push(event);
      earlyLength += event.data.length;
      while (early.length > MAX_EARLY || earlyLength > MAX_EARLY_LENGTH) earlyLength -= early.shift()?.data.length ?? 0;
    };
    const ended = (by: DoorSilence): void => {
      early = [];
      if (id === undefined) {
        cancelWait?.();
        closeSearch = undefined;
      } else {
        const one = watched.get(id);
        if (one !== undefined) one.close = undefined;
      }
      if (live() === 0) {
        why = by;
        searchIn(retryMs);
        retryMs = Math.min(2 * retryMs, MAX_RETRY_MS);
      } else searchIn(id === undefined ? SEARCH_MS : RETRY_MS);
      onChange();
    };
    const found = (state: ProcessState): void => {
      cancelWait?.();
      const known = watched.get(state.id);
      retryMs = RETRY_MS;
      if (known?.close !== undefined) {
        misses += 1;
        close();
        closeSearch = undefined;
      } else {
        misses = 0;
        why = undefined;
        id = state.id;
        watched.set(state.id, { state, saidAtMs: clock.now(), close });
        closeSearch = undefined;
        forget();
        for (const event of early.splice(0)) onEvent(state, parse(event));
        onChange();
      }
      searchIn(misses < MISSES ? 0 : SEARCH_MS);
      if (misses >= MISSES) misses = 0;
    };
    const close = open(url, {
      onEvent: (event) => {
        if (event.event === 'event') {
          // The door sends what it has kept before it says who it is.
          if (id === undefined) return keep(event);
          const one = watched.get(id);
          if (one !== undefined) onEvent(one.state, parse(event));
          return;
        }
        const state = event.event === 'status' ? readProcess(parse(event)) : undefined;
        if (state === undefined) return;
        if (id === undefined) found(state);
        else take(id, state);
      },
      onEnd: ended,
    });
    closeSearch = close;
    // A door that only keeps its stream open must not end the search for the others.
    cancelWait = clock.schedule(() => {
      close();
      ended('timed-out');
    }, STATUS_MS);
  }

  searchIn(0);
  return {
    report: () => {
      const nowMs = clock.now();
      for (const [id, { close, saidAtMs }] of watched) {
        if (close === undefined && nowMs - saidAtMs > REMEMBERED_MS) watched.delete(id);
      }
      const processes = [...watched.values()]
        .map(({ state, saidAtMs, close }) => ({
          ...state,
          silentMs: Math.round(nowMs - saidAtMs),
          ...(close === undefined && { isGone: true }),
        }))
        .toSorted((left, right) => (left.id < right.id ? -1 : 1));
      return { name, ...(live() === 0 && why !== undefined && { why }), processes };
    },
    close: () => {
      isClosed = true;
      cancel?.();
      cancelWait?.();
      closeSearch?.();
      for (const { close } of watched.values()) close?.();
    },
  };
}

function parse({ data }: ServerSentEvent): unknown {
  try {
    return JSON.parse(data);
  } catch {
    return undefined;
  }
}
