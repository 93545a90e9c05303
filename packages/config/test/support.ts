import { defineRegions } from '@regionkit/core';
import { type FakeClock, fakeClock } from '@regionkit/core/testing';
import { type Loaded, type LoadRequest, loadConfig, type Source } from '../src/index.ts';

/** A source whose answers a test sets, and which counts what it is asked. */
export interface ScriptedSource extends Source<string, false> {
  /** What each region answers: a value, an error to throw, or a promise of either. */
  readonly answers: Map<string, unknown>;
  readonly asked: LoadRequest[];
}

export function scripted(answers: Readonly<Record<string, unknown>>, extra: Partial<Source> = {}): ScriptedSource {
  const source = {
    ...extra,
    kind: 'scripted',
    answers: new Map(Object.entries(answers)),
    asked: [] as LoadRequest[],
    load: async (request: LoadRequest): Promise<Loaded> => {
      source.asked.push(request);
      const answer = await source.answers.get(request.region);
      if (answer instanceof Error) throw answer;
      return answer as Loaded;
    },
  };
  return source as unknown as ScriptedSource;
}

export const regions = defineRegions({
  self: 'us-east-1',
  all: { 'us-east-1': { origin: 'https://us.example.com' }, 'eu-west-1': { origin: 'https://eu.example.com' } },
});

/** A config of one scripted source, `db`, in two regions. */
export const load = (source: ScriptedSource, clock: FakeClock, more: object = {}) =>
  loadConfig({
    regions,
    fallbackRegions: ['eu-west-1'],
    clock,
    random: () => 0.5,
    sources: { db: source },
    ...more,
  });

/** Version `n` of a value, made at `n`. */
export const v = (n: number, createdAt: number | undefined = n) => ({
  value: `value ${n}`,
  version: `v${n}`,
  ...(createdAt !== undefined && { createdAt }),
});

/** A promise that nothing settles. */
export const never = (): Promise<never> => new Promise(() => {});

/** Runs `work` while the clock goes on until it has settled. */
export async function during<T>(clock: FakeClock, work: Promise<T>, stepMs = 1_000): Promise<T> {
  let settled = false;
  const watched = work.finally(() => {
    settled = true;
  });
  watched.catch(() => {});
  for (let step = 0; step < 1_000 && !settled; step += 1) await clock.advance(stepMs);
  return watched;
}

export { type FakeClock, fakeClock };
