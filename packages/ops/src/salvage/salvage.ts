import type { Command, Context, Outcome } from '../command.ts';
import { OpsError } from '../errors.ts';
import { readOptions } from './options.ts';
import { runSalvage } from './run-salvage.ts';

export const salvage: Command = {
  name: 'salvage',
  summary: 'Lists the writes that a new primary lacks. Applies nothing.',
  usage: '--old S --new S --out DIR [options]',
  options: {
    old: { type: 'string', value: 'S', help: 'the old primary: a server of the configuration' },
    new: { type: 'string', value: 'S', help: 'the primary that took its place' },
    run: { type: 'string', value: 'FILE', help: 'the run file of the failover: it has both, and the fork' },
    out: { type: 'string', value: 'DIR', help: 'an empty directory for the files; they contain data' },
    slot: { type: 'string', value: 'NAME', help: 'default: regionkit_tail_<oid of the database>' },
    fork: { type: 'string', value: 'LSN', help: 'where the new timeline begins' },
    'first-xid': { type: 'string', value: 'N', help: 'the first transaction of the new timeline' },
    redact: { type: 'string', multiple: true, value: 'T.C', help: 'show no value of this column; may be repeated' },
    ledger: { type: 'boolean', help: 'list the keys of once() that were lost and not done again' },
    'ledger-answers': { type: 'boolean', help: 'show their answers, which are data; review.sql needs them' },
    'max-bytes': { type: 'string', value: 'SIZE', help: 'list no more than so much; default: 1GB' },
  },
  examples: [
    'regionkit salvage --run runs/20261130-055303-f75d.ndjson --out lost',
    'regionkit salvage --old us-east-1 --new eu-west-1 --out lost --redact t.mail',
    'regionkit salvage --old us-east-1 --new eu-west-1 --out lost --ledger',
  ],
  run: async (context: Context): Promise<Outcome> => {
    if (context.positionals.length > 0) throw new OpsError('ERR_OPS_USAGE', 'salvage takes options only');
    return await runSalvage(context, await readOptions(context, await context.config()));
  },
};
