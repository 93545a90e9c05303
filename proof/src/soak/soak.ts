import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { checkHistory } from '../check/check.ts';
import type { Deployment, RowEntry } from '../history/entries.ts';
import { createHistory, type HistoryWriter } from '../history/file.ts';
import { createRandom } from '../random.ts';
import { REGIONS, type Region } from '../regions.ts';
import { playRound } from '../round.ts';
import type { Schedule } from '../schedule/schedule.ts';
import { createOperator } from '../stage/operator.ts';
import { setStage } from '../stage/stage.ts';
import { explain, holds, type Summary, summarise, summaryLine } from '../summary.ts';
import type { Finding } from './finding.ts';
import { judgeRounds } from './judge-rounds.ts';
import { judgeSamples } from './judge-samples.ts';
import { startSampler } from './sampler.ts';
import type { SoakFlags } from './soak-flags.ts';

export interface SoakResult {
  readonly findings: readonly Finding[];
  readonly rounds: readonly Summary[];
}

/** What most users would have, with everything on that remembers. */
const DEPLOYMENT: Deployment = { writes: 'forward', pools: 'all', store: true, monotonicReads: true };
const SAMPLE_EVERY_MS = 5_000;
/** Compiled code and caches fill first. */
const WARM_UP_SHARE = 1 / 6;
/** Some fifty requests a second in all: the load is to be long, not high. */
const REST_MS = 200;
/** After each round, for longer than a pool keeps what is idle: what is held then is held for ever. */
const CALM_MS = 20_000;

/**
 * The same app processes under load for long, with a planned switchover in the middle of each round. Each round has
 * clients and a history of its own, which is checked and forgotten: what grows then is in the apps.
 */
export async function soak(
  { minutes, switchoverEveryMinutes, seed, directory }: SoakFlags,
  print: (line: string) => void,
): Promise<SoakResult> {
  const roundMs = switchoverEveryMinutes * 60_000;
  const planned = Math.max(1, Math.round(minutes / switchoverEveryMinutes));
  const rounds: Summary[] = [];
  let failed = 0;
  let history: HistoryWriter | undefined;
  const stage = await setStage({
    deployment: DEPLOYMENT,
    probed: true,
    directory,
    onEvent: (region, name, payload) => history?.add({ type: 'event', region, atMs: now(), name, payload }),
    onStall: (region, ms) => history?.add({ type: 'stall', region, sinceMs: now() - ms, ms }),
    onExit: (region, why) => history?.add({ type: 'exit', region, atMs: now(), why }),
  });
  const beganAt = performance.now();
  const now = (): number => Math.round((performance.now() - beganAt) * 10) / 10;
  const operator = createOperator({
    stage,
    onRows: (rows: readonly RowEntry[]) => {
      for (const row of rows) history?.add(row);
    },
    onTold: (entry) => history?.add(entry),
    onPause: (entry, how) => {
      history?.add(entry);
      print(`${entry.region} paused the writes: ${how}`);
    },
    now,
  });
  const sampler = startSampler({
    apps: stage.apps,
    everyMs: SAMPLE_EVERY_MS,
    file: join(directory, 'samples.jsonl'),
    now,
  });

  const playOne = async (index: number): Promise<Summary> => {
    const file = join(directory, `round-${index + 1}.jsonl`);
    const mine = createHistory(file);
    history = mine;
    const schedule = switchoverAt(roundMs / 2, after(stage.lab.primary.name), seed);
    mine.add({
      type: 'run',
      seed,
      minutes: switchoverEveryMinutes,
      profile: schedule.profile,
      deployment: DEPLOYMENT,
      node: process.version,
    });
    try {
      await stage.lab.primary.query('TRUNCATE registers, journal');
      await stage.lab.caughtUp();
      await playRound({
        stage,
        operator,
        schedule,
        deployment: DEPLOYMENT,
        random: createRandom(`soak ${seed} ${index}`),
        now,
        record: mine.add,
        tell: print,
        lastsMs: roundMs,
        restMs: REST_MS,
      });
    } finally {
      await mine.close();
    }
    const violations = checkHistory(mine.entries);
    const summary = summarise(mine.entries, violations);
    if (holds(summary)) rmSync(file);
    else for (const line of explain(mine.entries, violations)) print(line);
    return summary;
  };

  try {
    for (let index = 0; index < planned; index += 1) {
      try {
        const summary = await playOne(index);
        rounds.push(summary);
        print(`round ${index + 1} of ${planned}: ${summaryLine(summary)}`);
      } catch (error) {
        failed += 1;
        print(`round ${index + 1} of ${planned}: could not be run: ${(error as Error).stack}`);
      }
      await pause(CALM_MS);
    }
    await sampler.stop();
  } finally {
    await stage.close();
  }
  return {
    findings: [
      ...judgeRounds(rounds, { failed, planned, missed: sampler.missed }),
      ...judgeSamples(sampler.taken, { warmUpMs: now() * WARM_UP_SHARE, rounds: planned }),
    ],
    rounds,
  };
}

function switchoverAt(atMs: number, to: Region, seed: number): Schedule {
  return { seed, profile: 'switchovers', faults: [{ atMs, fault: { kind: 'switchover', to } }], recovery: [] };
}

const after = (region: Region): Region => REGIONS[(REGIONS.indexOf(region) + 1) % REGIONS.length] as Region;
