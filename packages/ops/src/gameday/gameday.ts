import type { Command, Context, Outcome } from '../command.ts';
import { OpsError } from '../errors.ts';
import { EXIT } from '../exit-codes.ts';
import { report } from './report.ts';
import { runLocal } from './run-local.ts';
import { runRemote } from './run-remote.ts';
import { SCENARIOS } from './scenarios.ts';
import { trend } from './trend.ts';

const VERBS: Readonly<Record<string, (context: Context) => Promise<Outcome>>> = { run, report, trend };

export const gameday: Command = {
  name: 'gameday',
  summary: 'Practises the loss of a region, and measures against objectives.',
  usage: 'run|report [FILE]|trend [options]',
  options: {
    local: { type: 'boolean', help: 'on three regions on this machine, which need only Node' },
    list: { type: 'boolean', help: 'print the scenarios' },
    scenario: { type: 'string', multiple: true, value: 'NAME', help: 'this one; several; default: all' },
    objective: { type: 'string', value: 'TIME', help: 'until everything is good again; default: 5m' },
    rpo: { type: 'string', value: 'TIME', help: 'how much time lost writes may cover; default: 5s' },
    seed: { type: 'string', value: 'TEXT', help: 'decides the order and the times of --local' },
    serve: { type: 'boolean', help: 'print addresses, and keep the regions until Ctrl-C' },
    path: { type: 'string', value: 'PATH', help: 'not --local: POST PATH, GET PATH?id= of the app' },
    inject: { type: 'string', value: 'hooks', help: 'not --local: the hooks of gameday cause the fault' },
    without: { type: 'string', value: 'R', help: 'not --local: no client uses the origin of R' },
    within: { type: 'string', value: 'TIME', help: 'not --local: until the end at most; default: 30m' },
    stable: { type: 'string', value: 'TIME', help: 'not --local: so long all is good at the end; 30s' },
    out: { type: 'string', value: 'DIR', help: 'the directory of the journals; default: gameday' },
  },
  examples: [
    'regionkit gameday run --local --scenario region-loss',
    'regionkit gameday report',
    'regionkit gameday trend',
  ],
  run: (context) => {
    const [verb, ...more] = context.positionals;
    const work = verb === undefined || !Object.hasOwn(VERBS, verb) ? undefined : VERBS[verb];
    if (work === undefined || more.length > (verb === 'report' ? 1 : 0)) {
      throw new OpsError('ERR_OPS_USAGE', `write one of ${Object.keys(VERBS).join(', ')} after gameday`);
    }
    return work(context);
  },
};

async function run(context: Context): Promise<Outcome> {
  const { values, emit } = context;
  if (values['list'] === true) {
    for (const { name, summary } of SCENARIOS) {
      emit({ type: 'step', name, where: 'local', state: 'planned', evidence: summary });
    }
    return { exit: EXIT.ok, summary: `${SCENARIOS.length} scenarios: regionkit gameday run --local --scenario NAME.` };
  }
  return values['local'] === true ? runLocal(context) : runRemote(context);
}
