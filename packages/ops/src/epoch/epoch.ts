import type { Command, Context, Outcome } from '../command.ts';
import { OpsError } from '../errors.ts';
import { EXIT } from '../exit-codes.ts';
import { type DoorOrder, type Doors, openDoors } from '../operator/ask-doors.ts';
import type { ProcessStatus } from '../operator/process-status.ts';
import { judge, writersOf } from '../status/judge.ts';
import { survey } from '../status/survey.ts';

const VERBS = ['show', 'reset', 'confirm'] as const;

export const epoch: Command = {
  name: 'epoch',
  summary: 'What each process knows of the epoch, or an order to all of them.',
  usage: 'show | reset --why TEXT | confirm --why TEXT [--execute]',
  options: {
    why: { type: 'string', value: 'TEXT', help: 'the reason, for the log of every process' },
    execute: { type: 'boolean', help: 'do it; without it only what would be done is printed' },
  },
  examples: [
    'regionkit epoch show',
    "regionkit epoch reset --why 'eu-west-1 was promoted by mistake'",
    "regionkit epoch confirm --why 'the other region is gone' --execute",
  ],
  run,
};

async function run(context: Context): Promise<Outcome> {
  const { values, positionals, config, emit, signal } = context;
  const [verb, ...rest] = positionals;
  if (rest.length > 0 || !VERBS.includes(verb as never)) {
    throw new OpsError('ERR_OPS_USAGE', `epoch needs one of ${VERBS.join(', ')}`);
  }
  const action = verb as (typeof VERBS)[number];
  const why = values['why'] as string | undefined;
  if (action !== 'show' && (why ?? '').trim() === '') {
    throw new OpsError('ERR_OPS_USAGE', `epoch ${action} needs --why TEXT: it goes to the log of every process`);
  }
  const operations = await config();
  const doors = await openDoors(operations, signal);
  if (doors === undefined) {
    throw new OpsError('ERR_OPS_CONFIG', 'the configuration has no operatorToken, so no process can be asked');
  }
  const found = await survey(operations, doors, signal);
  const { servers, processes: states, exit, summary } = judge(found);
  signal.throwIfAborted();
  for (const record of [...servers, ...states]) emit(record);
  if (action === 'show') return { exit, summary };

  const writers = writersOf(found);
  if (writers.length > 1) {
    return {
      exit: EXIT.refused,
      summary: `Refused: ${writers.map(({ id }) => id).join(' and ')} take writes. Stop all but one first. Nothing was done.`,
    };
  }
  const home = writers[0]?.id.split('/')[0];
  const processes = found.regions.flatMap((region) => region.processes);
  const silent = found.regions.filter(({ why: reason }) => reason !== undefined).map(({ region }) => region);
  if (processes.length === 0)
    return {
      exit: EXIT.unknown,
      summary:
        'No operator door answered, so no process got the order. Nothing was done. Correct operatorToken and the origins of the configuration.',
    };
  // The region of the primary first: the others then learn it from there.
  const ordered = [...processes].sort((one, other) => Number(other.region === home) - Number(one.region === home));
  if (values['execute'] !== true) {
    return {
      exit: EXIT.ok,
      summary: `Would ${action} in ${count(ordered.length)}: ${ordered.map(nameOf).join(', ')}. Nothing was done; add --execute.`,
    };
  }
  return carryOut(context, doors, ordered, { action, reason: (why as string).trim() }, silent);
}

async function carryOut(
  { emit, signal }: Context,
  doors: Doors,
  processes: readonly ProcessStatus[],
  order: DoorOrder,
  silent: readonly string[],
): Promise<Outcome> {
  let done = 0;
  const left: string[] = [];
  for (const process of processes) {
    if (signal.aborted) {
      left.push(nameOf(process));
      continue;
    }
    const result = await doors.order(process, order);
    const isDone = result.outcome === 'done';
    if (isDone) done += 1;
    else left.push(nameOf(process));
    emit({
      type: 'step',
      name: order.action,
      where: process.region,
      state: isDone ? 'done' : result.outcome === 'refused' ? 'refused' : 'unknown',
      evidence: `${nameOf(process)}: ${isDone ? `the state is ${result.state}` : result.why}`,
    });
  }
  const missing = [...left, ...silent];
  if (missing.length === 0) return { exit: EXIT.ok, summary: `${order.action}: done in ${count(done)}.` };
  return {
    exit: done === 0 ? EXIT.refused : EXIT.partly,
    summary: `${order.action}: done in ${count(done)}; not in ${missing.join(', ')}. Look at regionkit epoch show, then run the same command again.`,
  };
}

const nameOf = ({ region, host, pid }: ProcessStatus): string => `${region} ${host}:${pid}`;
const count = (processes: number): string => `${processes} ${processes === 1 ? 'process' : 'processes'}`;
