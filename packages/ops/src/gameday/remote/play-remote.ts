import type { Operations } from '../../config/check-config.ts';
import { openDoors } from '../../operator/ask-doors.ts';
import type { DrillEnd, DrillStart, Emit } from '../../records/record.ts';
import { conduct, type Hands } from '../conduct.ts';
import { drillEnd } from '../drill-end.ts';
import { createTracker } from '../drill-status.ts';
import { startLoad } from '../load/load.ts';
import { createSend } from '../load/send.ts';
import type { Sample } from '../measure/sample.ts';
import { createRandom } from '../random.ts';
import { byHooks } from './by-hooks.ts';
import { findRows } from './find-rows.ts';
import { firstSign } from './first-sign.ts';
import type { RemoteOptions } from './options.ts';
import { type StatusSign, watchStatus } from './watch-status.ts';

const RATE = { writesPerSecond: 2, readsPerSecond: 4 } as const;
const BEFORE_MS = 300_000;
const TELL_MS = 10_000;
const POLL_MS = 100;
const FIND_WITHIN_MS = 30_000;

interface RemoteDrill {
  readonly config: Operations;
  readonly options: RemoteOptions;
  readonly start: DrillStart;
  readonly emit: Emit;
  readonly signal: AbortSignal;
}

/** Measures a fault of a real setup, which a person or the hooks of the configuration cause. Changes nothing else. */
export async function playRemote(drill: RemoteDrill): Promise<DrillEnd> {
  const { config, options, start, emit, signal } = drill;
  const { places, path, withinMs, stableMs, ca } = options;
  const over = new AbortController();
  const stop = (): void => over.abort();
  signal.addEventListener('abort', stop, { once: true });
  const send = createSend({ urlOf: (place) => `${places.get(place)}${path}`, ca, signal: over.signal });
  const doors = await openDoors(config, over.signal);
  const names = [...places.keys()];
  const tracker = createTracker();
  tracker.begin(start, PHASES);
  const signs: StatusSign[] = [];
  const watching = watchStatus(config, doors, over.signal, (sign) => {
    signs.push(sign);
    emit({ type: 'step', name: 'status', where: 'fleet', state: 'done', evidence: sign.says });
  });
  const load = startLoad({ places: names, ...RATE, random: createRandom(start.seed), send });
  try {
    const conducted = await conduct({
      drill: start.id,
      phases: PHASES,
      places: names,
      load,
      limits: { beforeMs: BEFORE_MS, tellMs: TELL_MS, withinMs, stableMs, pollMs: POLL_MS },
      emit,
      signal,
      tracker,
      rows: () => findRows(load.samples, finder(names, send), FIND_WITHIN_MS, signal),
      play: (hands) =>
        options.mode === 'hooks'
          ? byHooks(drill, hands, load.samples, signs)
          : byPerson(hands, load.samples, signs, emit),
    });
    const end = drillEnd({ start, conducted, mayLose: true, atMs: Date.now() });
    emit(end);
    return end;
  } finally {
    stop();
    signal.removeEventListener('abort', stop);
    await watching;
  }
}

/** What is not known from outside, such as a promotion, is in the steps `status`. */
const PHASES = ['detect', 'write', 'stable'] as const;

async function byPerson(
  { until, found, mark, writesAgain }: Hands,
  samples: readonly Sample[],
  signs: readonly StatusSign[],
  emit: Emit,
): Promise<void> {
  const sinceMs = performance.now();
  const evidence = 'cause the fault now; the clock starts at the first sign of it';
  emit({ type: 'step', name: 'ready', where: 'fleet', state: 'started', evidence });
  await until('a sign of the fault', () => firstSign(samples, signs, sinceMs) !== undefined);
  const { says, atMs } = firstSign(samples, signs, sinceMs) as StatusSign;
  found(atMs, says);
  mark('detect');
  await writesAgain();
}

/** Asks one place after the other until one shows the row. */
const finder =
  (places: readonly string[], send: ReturnType<typeof createSend>) =>
  async (id: string): Promise<boolean | undefined> => {
    let answered = false;
    for (const place of places) {
      const answer = await send({ place, method: 'GET', id, headers: {} }).catch(() => undefined);
      if (answer?.status !== 200) continue;
      if (answer.body.includes(id)) return true;
      answered = true;
    }
    return answered ? false : undefined;
  };
