import type { Command, Context, Outcome } from '../command.ts';
import type { Operations } from '../config/check-config.ts';
import { OpsError } from '../errors.ts';
import { EXIT } from '../exit-codes.ts';
import { appRolesOf } from '../failover/survey/app-roles.ts';
import { applySql } from './apply-sql.ts';
import { readTails } from './read-tails.ts';
import { loadTailSql } from './tail-sql.ts';

const VERBS = ['install', 'status', 'drop'] as const;

export const tail: Command = {
  name: 'tail',
  summary: 'The slot in which salvage finds lost writes: SQL and state.',
  usage: 'install [--role R] | status | drop [--execute]',
  options: {
    role: { type: 'string', value: 'R', help: 'the role of the app; default: the one of the configuration' },
    execute: { type: 'boolean', help: 'apply the SQL on the primary; without it, only print it' },
  },
  examples: [
    'regionkit tail install --role app > tail.sql',
    'regionkit tail install --execute',
    'regionkit tail status',
  ],
  run,
};

async function run(context: Context): Promise<Outcome> {
  const { values, positionals, emit } = context;
  const [verb, ...rest] = positionals;
  if (rest.length > 0 || !VERBS.includes(verb as never)) {
    throw new OpsError('ERR_OPS_USAGE', `tail needs one of ${VERBS.join(', ')}`);
  }
  if (verb === 'status') return await readTails(context);
  const { tailSql, tailDropSql } = await loadTailSql();
  const config = await context.config();
  const sql = verb === 'drop' ? tailDropSql() : tailSql({ role: roleOf(config, values['role']) });
  if (values['execute'] === true) return await applySql(context, config, verb as 'install' | 'drop', sql);
  for (const text of sql.trimEnd().split('\n')) emit({ type: 'sql', text });
  // A comment, so that psql can read all that was printed.
  return { exit: EXIT.ok, summary: '-- Nothing was changed. Apply this on the primary, or add --execute.' };
}

/** @throws {OpsError} `ERR_OPS_USAGE` */
function roleOf(config: Operations, given: unknown): string {
  const roles = typeof given === 'string' ? [given] : appRolesOf(config);
  const [role] = roles;
  if (role !== undefined && roles.length === 1 && /^[^\p{Cc}\p{Cs}]{1,63}$/u.test(role)) return role;
  throw new OpsError('ERR_OPS_USAGE', '--role must name the role of the app: the configuration has none, or several');
}
