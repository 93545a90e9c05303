import { randomUUID } from 'node:crypto';
import { tokenOf } from '../../app-token.ts';
import { codeOf, type HttpAnswer } from '../../http.ts';
import type { Sample } from '../measure/sample.ts';
import type { Random } from '../random.ts';
import { type Client, createClients } from './clients.ts';
import { readOutcome, writeOutcome } from './outcome.ts';

export interface LoadRequest {
  readonly place: string;
  readonly method: 'GET' | 'POST';
  /** The row to look for. */
  readonly id: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface LoadOptions {
  /** Where clients stand. */
  readonly places: readonly string[];
  /** From every place. */
  readonly writesPerSecond: number;
  readonly readsPerSecond: number;
  readonly random: Random;
  /** Sends one request on a connection of its own. Rejects if there is no answer. */
  readonly send: (request: LoadRequest) => Promise<HttpAnswer>;
}

/** Clients that write rows and read their own, as long as they run. */
export interface Load {
  readonly samples: readonly Sample[];
  /** When the oldest request that has no answer yet was due. Undefined: all have one. */
  waitingSinceMs(): number | undefined;
  /**
   * Opens the loop. Before that each place has only few requests under way. What is due beyond them is no sample, and
   * slows the place down.
   */
  open(): void;
  /** Sends no more, and waits for the answers. */
  stop(): Promise<void>;
}

const JSON_BODY = { 'content-type': 'application/json' };
/** No two requests of a place are further apart than this many times the mean, at full pace. */
const LONGEST = 3;

/** So many requests of a place are under way at most before the loop is open: a slow app must not be kept slow by its driver. */
const FEW = 4;
/** A place becomes slower each time it has so many, and a little quicker at each answer. Its pace stays when the loop opens. */
const PACE = { slower: 1.5, quicker: 0.9, slowest: 8 } as const;

/**
 * Once it is open, an open loop: requests are due at times that no answer delays. So an app that hangs is seen as long as
 * it hangs.
 */
export function startLoad({ places, writesPerSecond, readsPerSecond, random, send }: LoadOptions): Load {
  const samples: Sample[] = [];
  const waiting = new Map<Client, { readonly dueAtMs: number; readonly done: Promise<void> }>();
  const timers = new Map<string, NodeJS.Timeout>();
  let running = true;
  let isOpen = false;

  const write = async (place: string, client: Client): Promise<Pick<Sample, 'outcome' | 'id'>> => {
    const id = `drill-${randomUUID()}`;
    const body = JSON.stringify({ id });
    const answer = await answerOf(
      send({ place, method: 'POST', id: undefined, headers: { ...JSON_BODY, ...client.token }, body }),
    );
    const outcome = writeOutcome(answer);
    if (outcome === 'ok') {
      client.id = id;
      client.token = (typeof answer === 'string' ? undefined : tokenOf(answer)) ?? client.token;
    }
    return { outcome, id };
  };
  const read = async (place: string, { id, token }: Client): Promise<Pick<Sample, 'outcome' | 'id'>> => {
    const answer = await answerOf(send({ place, method: 'GET', id, headers: token }));
    return { outcome: readOutcome(answer, id), ...(id !== undefined && { id }) };
  };

  const perform = async (place: string, kind: Sample['kind'], client: Client, dueAtMs: number): Promise<void> => {
    const result = await (kind === 'write' ? write : read)(place, client);
    samples.push({ place, kind, dueAtMs, endedAtMs: performance.now(), ...result });
  };

  for (const place of places) {
    const clients = createClients(random);
    let underWay = 0;
    let pace = 1;
    const begin = (kind: Sample['kind'], dueAtMs: number): void => {
      if (!isOpen && underWay >= FEW) {
        pace = Math.min(PACE.slowest, pace * PACE.slower);
        return;
      }
      const client = clients.take(kind);
      if (client === undefined) {
        samples.push({ place, kind, dueAtMs, endedAtMs: dueAtMs, outcome: 'unsent' });
        return;
      }
      underWay += 1;
      const done = perform(place, kind, client, dueAtMs).finally(() => {
        underWay -= 1;
        if (!isOpen) pace = Math.max(1, pace * PACE.quicker);
        waiting.delete(client);
        clients.give(client);
      });
      waiting.set(client, { dueAtMs, done });
    };
    const schedule = (kind: Sample['kind'], dueAtMs: number, meanMs: number): void => {
      if (!running) return;
      const timer = setTimeout(
        () => {
          begin(kind, dueAtMs);
          schedule(kind, dueAtMs + pace * meanMs * Math.min(LONGEST, -Math.log(1 - random())), meanMs);
        },
        Math.max(0, dueAtMs - performance.now()),
      );
      timers.set(`${kind} ${place}`, timer);
    };
    const now = performance.now();
    schedule('write', now + (random() * 1_000) / writesPerSecond, 1_000 / writesPerSecond);
    schedule('read', now + (random() * 1_000) / readsPerSecond, 1_000 / readsPerSecond);
  }

  return {
    samples,
    waitingSinceMs: () =>
      waiting.size === 0 ? undefined : Math.min(...[...waiting.values()].map(({ dueAtMs }) => dueAtMs)),
    open: () => {
      isOpen = true;
    },
    stop: async () => {
      running = false;
      for (const timer of timers.values()) clearTimeout(timer);
      await Promise.all([...waiting.values()].map(({ done }) => done));
    },
  };
}

/** An answer, or the code of the error in its place. */
const answerOf = (sent: Promise<HttpAnswer>): Promise<HttpAnswer | string> => sent.catch(codeOf);
