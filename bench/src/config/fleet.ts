import { fakeClock } from '@regionkit/core/testing';
import type { Sample } from '../sample.ts';
import { judge, type TrialResult } from '../trial.ts';
import { type Answer, middyHandler, ownConfig, powertools, VALUE } from './stores.ts';

const PROCESSES = 100;
const PARTS = 100;
const INTERVALS = 10;
const INTERVAL_MS = 900_000;
const RUNS = 3;

/** What its stores see of a fleet that a deployment started at one moment. */
export async function spreadOverFleet(): Promise<TrialResult[]> {
  return [await byTheRules(), await forReal()];
}

/** At the default interval, on a fake clock: what the rules make of it, without what this machine adds. */
async function byTheRules(): Promise<TrialResult> {
  const samples: Sample[] = [];
  for (let run = 0; run < RUNS; run += 1) {
    const clock = fakeClock();
    const began = clock.now();
    // The first fetch of each process cannot be delayed, so it does not count as a refresh.
    const atMs: number[] = [];
    const configs = await Promise.all(
      Array.from({ length: PROCESSES }, () =>
        ownConfig(
          heardAt(atMs, () => clock.now() - began),
          { everyMs: INTERVAL_MS },
          { clock },
        ),
      ),
    );
    await clock.advance(INTERVAL_MS * INTERVALS);
    await Promise.all(configs.map((config) => config.close()));
    const refreshes = atMs.slice(PROCESSES);
    const single = Array.from({ length: INTERVALS }, (_, interval) => {
      const within = atMs.slice(PROCESSES).filter((at) => Math.floor(at / INTERVAL_MS) === interval);
      return fullest(within, INTERVAL_MS);
    });
    samples.push({
      timesTheMean: fullest(refreshes, INTERVAL_MS),
      inOneInterval: Math.max(...single),
      refreshes: refreshes.length,
    });
  }
  return judge(
    {
      title: `a fleet of ${PROCESSES}, every 15 minutes: the fullest 1 % of the interval`,
      baseline: 'regionkit',
      metrics: ['timesTheMean', 'inOneInterval', 'refreshes'],
      bars: [{ contender: 'regionkit', metric: 'timesTheMean', atMost: 3, by: 'worst' }],
      notes: [
        `On a fake clock; ${INTERVALS} intervals laid over one another. \`inOneInterval\` is the fullest hundredth of any single interval, where the mean is one refresh: there chance alone makes four or five.`,
      ],
    },
    new Map([['regionkit', samples]]),
  );
}

const SHORT_MS = 2_000;
const SHORT_INTERVALS = 5;
const ASK_EVERY_MS = 20;

/** At the shortest interval all can do, one fleet after the other. */
async function forReal(): Promise<TrialResult> {
  const fleets: readonly (readonly [name: string, start: (answer: Answer) => Promise<() => Promise<void>>])[] = [
    [
      'regionkit',
      async (answer) => {
        const configs = await Promise.all(
          Array.from({ length: PROCESSES }, () => ownConfig(answer, { everyMs: SHORT_MS })),
        );
        return async () => {
          await Promise.all(configs.map((config) => config.close()));
        };
      },
    ],
    ['Powertools', async (answer) => asked(() => bind(powertools(answer), SHORT_MS / 1_000))],
    ['middy', async (answer) => asked(() => middyHandler(answer, SHORT_MS))],
  ];
  const samples = new Map<string, Sample[]>();
  for (const [name, start] of fleets) {
    const atMs: number[] = [];
    const began = performance.now();
    const stop = await start(heardAt(atMs, () => performance.now() - began));
    await new Promise((done) => setTimeout(done, SHORT_MS * SHORT_INTERVALS));
    await stop();
    const refreshes = atMs.slice(PROCESSES);
    samples.set(name, [{ timesTheMean: fullest(refreshes, SHORT_MS), refreshes: refreshes.length }]);
  }
  return judge(
    {
      title: `a fleet of ${PROCESSES}, every ${SHORT_MS / 1_000} s: the fullest 1 % of the interval`,
      baseline: 'regionkit',
      metrics: ['timesTheMean', 'refreshes'],
      notes: [
        `With the real clock, all in this process and started together, as by a deployment. ${SHORT_INTERVALS} intervals are added up. The peers are asked every ${ASK_EVERY_MS} ms.`,
      ],
    },
    samples,
  );
}

function asked(make: () => () => Promise<unknown>): () => Promise<void> {
  const readers = Array.from({ length: PROCESSES }, make);
  const timer = setInterval(() => {
    for (const read of readers) void read();
  }, ASK_EVERY_MS);
  return async () => clearInterval(timer);
}

const bind =
  (get: (seconds: number) => Promise<unknown>, seconds: number): (() => Promise<unknown>) =>
  () =>
    get(seconds);

function heardAt(atMs: number[], now: () => number): Answer {
  const text = JSON.stringify(VALUE);
  return async () => {
    atMs.push(now());
    return text;
  };
}

/** The fetches in the fullest hundredth of an interval, against the mean of all hundredths. */
function fullest(atMs: readonly number[], intervalMs: number): number {
  const parts = new Array<number>(PARTS).fill(0);
  for (const at of atMs) {
    const part = Math.floor(((at % intervalMs) / intervalMs) * PARTS);
    parts[part] = (parts[part] ?? 0) + 1;
  }
  return Math.max(...parts) / (atMs.length / PARTS);
}
