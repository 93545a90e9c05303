import { once } from 'node:events';
import type { Context, Outcome } from '../command.ts';
import { EXIT } from '../exit-codes.ts';
import { lockRuns } from '../failover/run-file/lock.ts';
import { newRunId } from '../failover/run-file/run-file.ts';
import type { DrillEnd, DrillStart, OpsRecord } from '../records/record.ts';
import { createTracker } from './drill-status.ts';
import { openJournal } from './journal/journal.ts';
import { openConsolePage } from './local/console-page.ts';
import { loadModules } from './local/modules.ts';
import { playLocal } from './local/play-local.ts';
import { createAddresses, tellAddresses } from './local/served.ts';
import { exitOf } from './measure/verdict.ts';
import { type RunOptions, readRunOptions } from './options.ts';
import { createRandom, shuffled } from './random.ts';
import type { Scenario } from './scenario.ts';

/** Plays scenarios on three regions on this machine, each on regions of its own. */
export async function runLocal(context: Context): Promise<Outcome> {
  const { signal, values, emit } = context;
  const isServed = values['serve'] === true;
  const options = readRunOptions(context);
  const modules = await loadModules();
  await using lock = await lockRuns(options.out);
  if (lock.by !== undefined) {
    return {
      exit: EXIT.refused,
      summary: `Process ${lock.by} works with the journals of this directory already (--out). Nothing was done.`,
    };
  }
  const tracker = createTracker();
  const addresses = await createAddresses();
  if (isServed) tellAddresses(addresses, emit);
  await using _page = isServed ? await openConsolePage(addresses, tracker, emit) : undefined;
  const ends: DrillEnd[] = [];
  const scenarios = shuffled(options.scenarios, createRandom(options.seed));
  for (const scenario of scenarios) {
    if (signal.aborted) break;
    const end = await drill(context, options, scenario, (start, emit) =>
      playLocal({
        modules,
        addresses,
        scenario,
        start,
        random: createRandom(`${options.seed}/${scenario.name}`),
        emit,
        signal,
        tracker,
        beforeClose: async () => {
          if (isServed && scenario === scenarios.at(-1)) await served(context);
        },
      }),
    );
    if (end !== undefined) ends.push(end);
  }
  if (ends.length < scenarios.length) return { exit: EXIT.interrupted, summary: `Interrupted. ${said(ends)}` };
  return { exit: exitOf(ends.map(({ verdict }) => verdict)), summary: said(ends) };
}

/** The regions of the last drill stay until Ctrl-C. */
async function served({ emit, signal }: Context): Promise<void> {
  emit({ type: 'step', name: 'serve', where: 'fleet', state: 'started', evidence: 'the regions stay until Ctrl-C' });
  if (!signal.aborted) await once(signal, 'abort');
}

/** One drill with its journal. Undefined: it was interrupted. */
async function drill(
  { emit, signal }: Context,
  { objectiveMs, rpoMs, seed, out }: RunOptions,
  { name, summary }: Pick<Scenario, 'name' | 'summary'>,
  play: (start: DrillStart, emit: (record: OpsRecord) => void) => Promise<DrillEnd>,
): Promise<DrillEnd | undefined> {
  const atMs = Date.now();
  const start: DrillStart = {
    type: 'drill',
    id: newRunId(atMs),
    scenario: name,
    summary,
    mode: 'local',
    seed,
    atMs,
    objectiveMs,
    rpoMs,
  };
  const journal = await openJournal(out, start.id);
  const both = (record: OpsRecord): void => {
    journal.add(record);
    emit(record);
  };
  try {
    both(start);
    const end = await play(start, both);
    journal.add({ type: 'result', exit: exitOf([end.verdict]), summary: `${name}: ${end.verdict}.` });
    return end;
  } catch (error) {
    const [exit, why] = signal.aborted
      ? ([EXIT.interrupted, 'interrupted'] as const)
      : ([EXIT.unknown, 'not finished'] as const);
    journal.add({ type: 'result', exit, summary: `${name}: ${why}.` });
    if (signal.aborted) return undefined;
    throw error;
  } finally {
    await journal.close();
  }
}

/** `2 of 3 drills passed. Missed: freeze.` */
function said(ends: readonly DrillEnd[]): string {
  const of = (verdict: DrillEnd['verdict']): readonly string[] =>
    ends.filter((end) => end.verdict === verdict).map(({ scenario }) => scenario);
  const rest = (['failed', 'unknown', 'missed'] as const).flatMap((verdict) =>
    of(verdict).length === 0 ? [] : [`${WORDS[verdict]}: ${of(verdict).join(', ')}.`],
  );
  return [`${of('passed').length} of ${ends.length} drills passed.`, ...rest].join(' ');
}

const WORDS = { failed: 'Failed', unknown: 'Not known', missed: 'Objective missed' } as const;
