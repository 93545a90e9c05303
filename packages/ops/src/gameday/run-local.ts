import { once } from 'node:events';
import type { Context, Outcome } from '../command.ts';
import { EXIT } from '../exit-codes.ts';
import { lockRuns } from '../failover/run-file/lock.ts';
import type { DrillEnd } from '../records/record.ts';
import { busy, drill, said } from './drill.ts';
import { createTracker } from './drill-status.ts';
import { openConsolePage } from './local/console-page.ts';
import { loadModules } from './local/modules.ts';
import { playLocal } from './local/play-local.ts';
import { createAddresses, tellAddresses } from './local/served.ts';
import { exitOf } from './measure/verdict.ts';
import { readRunOptions } from './options.ts';
import { createRandom, shuffled } from './random.ts';

/** Plays scenarios on three regions on this machine, each on regions of its own. */
export async function runLocal(context: Context): Promise<Outcome> {
  const { signal, values, emit } = context;
  const isServed = values['serve'] === true;
  const options = readRunOptions(context);
  const modules = await loadModules();
  await using lock = await lockRuns(options.out, '--out');
  if (lock.by !== undefined) return busy(lock.by);
  const tracker = createTracker();
  using addresses = await createAddresses(modules);
  if (isServed) tellAddresses(addresses, emit);
  await using _page = isServed ? await openConsolePage(addresses, tracker, emit) : undefined;
  const ends: DrillEnd[] = [];
  const scenarios = shuffled(options.scenarios, createRandom(options.seed));
  for (const scenario of scenarios) {
    if (signal.aborted) break;
    const end = await drill(
      context,
      { ...options, ...scenario, scenario: scenario.name, mode: 'local' },
      (start, emit) =>
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
