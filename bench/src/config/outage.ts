import { fakeClock } from '@regionkit/core/testing';
import type { Sample } from '../sample.ts';
import { startServer } from '../server-process.ts';
import { judge, type TrialResult } from '../trial.ts';
import { ownConfig, VALUE } from './stores.ts';

const PROCESSES = 10;
const HOUR_MS = 3_600_000;
const HOURS = 24;

/** A day without any region's store, on a fake clock; and, in processes of their own, a few seconds for real. */
export async function outage(): Promise<TrialResult[]> {
  return [await aDay(), await seconds()];
}

async function aDay(): Promise<TrialResult> {
  const clock = fakeClock();
  let down = false;
  let calls = 0;
  const answer = async (): Promise<string> => {
    calls += 1;
    if (down) throw Object.assign(new Error('the store is down'), { code: 'ECONNREFUSED' });
    return JSON.stringify(VALUE);
  };
  const configs = await Promise.all(
    Array.from({ length: PROCESSES }, () => ownConfig(answer, { everyMs: HOUR_MS / 4 }, { clock })),
  );
  down = true;
  const samples: Sample[] = [];
  for (let hour = 0; hour < HOURS; hour += 1) {
    calls = 0;
    await clock.advance(HOUR_MS);
    const readable = configs.filter((config) => config.get('db').password === VALUE.password).length;
    samples.push({ readable, callsPerProcess: calls / PROCESSES });
  }
  down = false;
  await clock.advance(HOUR_MS);
  const fresh = configs.filter((config) => config.status().verdict === 'pass').length;
  await Promise.all(configs.map((config) => config.close()));
  return judge(
    {
      title: `a day without Secrets Manager, ${PROCESSES} processes, hour by hour`,
      baseline: 'regionkit',
      metrics: ['readable', 'callsPerProcess'],
      bars: [{ contender: 'regionkit', metric: 'readable', atLeast: PROCESSES, by: 'worst' }],
      notes: [`On a fake clock. One hour after the outage, ${fresh} of ${PROCESSES} were fresh again.`],
    },
    new Map([['regionkit', samples]]),
  );
}

const ROUNDS = 3;

async function seconds(): Promise<TrialResult> {
  const samples = new Map<string, Sample[]>();
  const ends = new Set<string>();
  const ways = [
    ['regionkit', 'regionkit'],
    ['powertools', 'Powertools'],
    ['middy', 'middy'],
  ] as const;
  for (let round = 0; round < ROUNDS; round += 1) {
    const taken = await Promise.all(
      ways.map(async ([way, name]): Promise<readonly [string, Sample]> => {
        const server = await startServer('outage', [way], { quiet: true });
        // A process that is gone cannot tell what it had read until then.
        const sample = await server.ask().catch((error: Error) => {
          ends.add(`${name}: ${error.message}`);
          return { readable: Number.NaN, alive: 0 };
        });
        await server.stop();
        return [name, sample];
      }),
    );
    for (const [name, sample] of taken) samples.set(name, [...(samples.get(name) ?? []), sample]);
  }
  return judge(
    {
      title: 'three seconds without Secrets Manager, at a cache of one second',
      baseline: 'regionkit',
      metrics: ['readable', 'alive'],
      bars: [{ contender: 'regionkit', metric: 'alive', atLeast: 1, by: 'worst' }],
      notes: [
        'The share of reads that got the last good value, and whether the process survived. A rejection without a handler ends a Node process.',
        ...[...ends].map((end) => `${end}.`),
      ],
    },
    samples,
  );
}
