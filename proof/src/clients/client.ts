import { Agent } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import type { OperationEntry, OperationKind } from '../history/entries.ts';
import { isWrite } from '../history/kinds.ts';
import type { Random } from '../random.ts';
import { GLOBAL_HOST, REGIONS, type Region } from '../regions.ts';
import { type Answer, ask, type Silence } from './ask.ts';
import { createPlan, type Plan, type Step, type Temper } from './plan.ts';
import { createPurse, type PurseKind } from './purse.ts';
import { readAnswer } from './read-answer.ts';

export interface ClientOptions {
  readonly name: string;
  readonly home: Region;
  readonly random: Random;
  readonly purse: PurseKind;
  readonly temper: Temper;
  /** @default one of its temper */
  readonly plan?: Plan | undefined;
  /** How long it rests after everything but a write, which it may want to look at. @default 0 */
  readonly restMs?: number;
  readonly carries: OperationEntry['carries'];
  /** Whether it goes to other regions too, and so tells them what it has seen elsewhere. @default true */
  readonly roams?: boolean;
  /** Tokens of another environment, which it brings now and then besides its own. @default none */
  readonly strays?: readonly string[];
  /** Where the app of a region listens. */
  readonly portOf: (region: Region) => number;
  /** Which region an origin leads to. */
  readonly regionAt: (location: string) => Region | undefined;
  readonly now: () => number;
  readonly record: (entry: OperationEntry) => void;
}

/** One client: asks, waits for the answer, thinks, asks again. Never two requests at once. */
export interface Client {
  readonly name: string;
  /** Goes on until `stop`, and ends after the request it is in. */
  run(): Promise<void>;
  stop(): void;
  /** Asks once more: for the end, when all must be well. */
  ask(kind: OperationKind, key: string, region: Region): Promise<OperationEntry>;
  /** Everything it ever wrote to. */
  readonly keys: ReadonlySet<string>;
  close(): void;
}

/** Longer than an app may hold a write or wait for a database. */
const TIMEOUT_MS = 15_000;
const MAX_REDIRECTS = 8;
/** A few a minute from each client. */
const STRAY_SHARE = 0.02;

export function createClient(options: ClientOptions): Client {
  const { name, portOf, regionAt, now, record, carries, restMs = 0, strays = [] } = options;
  const agent = new Agent({ keepAlive: true, maxSockets: 2 });
  const purse = createPurse(options.purse, carries);
  const plan = options.plan ?? createPlan(name, options.temper, options.random);
  const keys = new Set<string>();
  const astray = options.random.fork('strays');
  let running = true;
  let count = 0;

  const perform = async (
    { kind, key, region, pauseMs, once, patienceMs }: Omit<Step, 'thinkMs' | 'waitMs'>,
    final: boolean,
  ): Promise<OperationEntry> => {
    count += 1;
    const id = `${name}-${count}`;
    const write = isWrite(kind);
    if (write) keys.add(key);
    const sent = purse.positions;
    const brought = strays.length > 0 && !final && astray.chance(STRAY_SHARE) ? [astray.pick(strays)] : [];
    const startMs = now();
    const { answer, redirects } = await follow(kind, pathOf(kind, key, id, pauseMs), region, {
      brought,
      patienceMs,
      ...(once !== undefined && { once }),
    });
    const base = {
      type: 'operation',
      id,
      client: name,
      carries,
      kind,
      key,
      ...(once !== undefined && { once }),
      region,
      startMs,
      endMs: now(),
      sent,
    } as const;
    const entry: OperationEntry =
      'failure' in answer
        ? {
            ...base,
            status: 0,
            outcome: answer.sent ? 'unknown' : 'not-sent',
            failure: answer.failure === 'timeout' && patienceMs !== undefined ? 'left' : answer.failure,
            received: [],
            redirects,
          }
        : { ...base, ...readAnswer(answer), ...((kind === 'visit' || redirects.length > 0) && { redirects }) };
    const noted = final ? { ...entry, final } : entry;
    record(noted);
    return noted;
  };

  /** A browser's visit follows redirects; anything else is asked once. */
  const follow = async (
    kind: OperationKind,
    path: string,
    region: Region,
    { brought, once, patienceMs = TIMEOUT_MS }: Sent,
  ): Promise<{ readonly answer: Answer | Silence; readonly redirects: readonly Region[] }> => {
    const redirects: Region[] = [];
    for (let at = region, host = GLOBAL_HOST; ; ) {
      const answer = await ask({
        agent,
        port: portOf(at),
        method: isWrite(kind) ? 'POST' : 'GET',
        path,
        headers: {
          host,
          ...purse.fieldsWith(brought),
          ...(once !== undefined && { 'idempotency-key': `"${once}"` }),
          ...(kind === 'visit' && NAVIGATION),
        },
        timeoutMs: patienceMs,
      });
      if ('failure' in answer) return { answer, redirects };
      purse.keep(answer.headers);
      const { location } = answer.headers;
      if (answer.status < 300 || answer.status > 399 || location === undefined) return { answer, redirects };
      const next = regionAt(location);
      if (next === undefined || redirects.length === MAX_REDIRECTS) return { answer, redirects };
      redirects.push(next);
      at = next;
      host = new URL(location).host;
    }
  };

  return {
    name,
    keys,
    run: async () => {
      let at = options.home;
      while (running) {
        const planned = plan.next(at);
        const step = options.roams === false ? { ...planned, region: options.home } : planned;
        at = step.region;
        await pause(step.waitMs);
        const entry = await perform(step, false);
        plan.heard?.(entry);
        if (entry.status === 0) at = plan.flee(at);
        else if (entry.hint !== undefined) at = REGIONS.find((region) => region === entry.hint) ?? at;
        await pause(step.thinkMs + (isWrite(step.kind) ? 0 : restMs));
      }
    },
    stop: () => {
      running = false;
    },
    ask: (kind, key, region) => perform({ kind, key, region, pauseMs: 0 }, true),
    close: () => agent.destroy(),
  };
}

interface Sent {
  readonly brought: readonly string[];
  readonly once?: string;
  readonly patienceMs: number | undefined;
}

const NAVIGATION = { accept: 'text/html', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' };

function pathOf(kind: OperationKind, key: string, id: string, pauseMs: number): string {
  if (kind === 'visit') return '/visit';
  return `/${kind}/${key}?id=${id}&pause=${pauseMs}`;
}
