import { createWriteStream } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { REGIONS, type Region } from '../regions.ts';
import type { Stage } from '../stage/stage.ts';
import type { Sample } from './sample.ts';

export interface TakenSample {
  readonly region: Region;
  readonly atMs: number;
  readonly sample: Sample;
}

/** Asks every app how it is, again and again. */
export interface Sampler {
  readonly taken: readonly TakenSample[];
  /** How often an app did not say. */
  readonly missed: number;
  /** Resolves when all is on disk. */
  stop(): Promise<void>;
}

export interface SamplerOptions {
  readonly apps: Stage['apps'];
  readonly everyMs: number;
  /** One sample a line, as they come: a run that is cut short leaves what it saw. */
  readonly file: string;
  readonly now: () => number;
}

export function startSampler({ apps, everyMs, file, now }: SamplerOptions): Sampler {
  const stream = createWriteStream(file);
  const taken: TakenSample[] = [];
  const ended = new AbortController();
  let missed = 0;

  const take = async (region: Region): Promise<void> => {
    try {
      const one = { region, atMs: now(), sample: await apps[region].sample() };
      taken.push(one);
      stream.write(`${JSON.stringify(one)}\n`);
    } catch {
      missed += 1;
    }
  };
  const live = (async () => {
    while (!ended.signal.aborted) {
      await Promise.all(REGIONS.map(take));
      await pause(everyMs, undefined, { signal: ended.signal }).catch(() => {});
    }
  })();

  return {
    taken,
    get missed() {
      return missed;
    },
    stop: async () => {
      ended.abort();
      await live;
      await new Promise<void>((done) => stream.end(done));
    },
  };
}
