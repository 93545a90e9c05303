import { resolve } from 'node:path';
import type { Context } from '../command.ts';
import type { NodeTarget, Operations } from '../config/check-config.ts';
import { OpsError } from '../errors.ts';
import { readBytes } from '../options/bytes.ts';
import { type Redaction, readRedaction } from './output/redaction.ts';
import { type RunFacts, readRunFacts } from './run-facts.ts';

export interface SalvageOptions {
  readonly old: NodeTarget;
  readonly now: NodeTarget;
  readonly slot: string | undefined;
  readonly fork: string | undefined;
  readonly firstXid: bigint | undefined;
  readonly run: RunFacts | undefined;
  readonly runFile: string | undefined;
  readonly out: string;
  readonly redaction: Redaction;
  readonly maxBytes: number;
  /** Whether to list whose writes by `once()` were lost. */
  readonly ledger: 'none' | 'keys' | 'answers';
}

const usage = (message: string): OpsError => new OpsError('ERR_OPS_USAGE', message);

/** @throws {OpsError} `ERR_OPS_USAGE` */
export async function readOptions({ values, directory }: Context, config: Operations): Promise<SalvageOptions> {
  const text = (name: string): string | undefined => values[name] as string | undefined;
  const runFile = text('run') === undefined ? undefined : resolve(directory, text('run') as string);
  const ledger = ledgerOption(values);
  const run = runFile === undefined ? undefined : await readRunFacts(runFile);
  const out = text('out');
  if (out === undefined) throw usage('--out must name a directory that is empty or not there: it will contain data');
  const old = server(config, 'old', text('old') ?? run?.plan.from);
  const now = server(config, 'new', text('new') ?? run?.plan.target);
  if (old.id === now.id) throw usage('--old and --new must be two servers');
  // The run file would say that the writes of its old primary are listed, and allow to rebuild it.
  if (run !== undefined && old.region !== run.plan.from)
    throw usage(`--old must be a server of ${run.plan.from}, from which the run of --run took the primary`);
  return {
    old,
    now,
    slot: matching('slot', text('slot'), /^[a-z0-9_]{1,63}$/, 'the name of a slot'),
    fork: matching('fork', text('fork'), /^[0-9A-F]{1,8}\/[0-9A-F]{1,8}$/i, 'a position of the WAL, such as 0/3000148'),
    firstXid: bigint(matching('first-xid', text('first-xid'), /^\d{1,19}$/, 'a transaction number with 64 bits')),
    run,
    runFile,
    out: resolve(directory, out),
    redaction: readRedaction((values['redact'] as readonly string[] | undefined) ?? [], {
      ledgerAnswers: ledger === 'answers',
    }),
    maxBytes: bytesOption(text('max-bytes')),
    ledger,
  };
}

/** A server (`us-east-1/0`), or a region that has only one. */
function server({ nodes }: Operations, option: string, given: string | undefined): NodeTarget {
  const found = nodes.filter(({ id, region }) => id === given || region === given);
  const [first] = found;
  if (first !== undefined && found.length === 1) return first;
  if (found.length > 1)
    throw usage(`--${option} must name one of the servers of ${given}: ${found.map(({ id }) => id).join(', ')}`);
  throw usage(`--${option} must be a server of the configuration: ${nodes.map(({ id }) => id).join(', ')}`);
}

function matching(option: string, given: string | undefined, pattern: RegExp, what: string): string | undefined {
  if (given !== undefined && !pattern.test(given)) throw usage(`--${option} must be ${what}`);
  return given;
}

const bigint = (digits: string | undefined): bigint | undefined => (digits === undefined ? undefined : BigInt(digits));

function ledgerOption({ ledger, 'ledger-answers': answers }: Context['values']): SalvageOptions['ledger'] {
  if (answers === true && ledger !== true) throw usage('--ledger-answers is for --ledger');
  return answers === true ? 'answers' : ledger === true ? 'keys' : 'none';
}

const DEFAULT_MAX_BYTES = 1_024 ** 3;

function bytesOption(given: string | undefined): number {
  if (given === undefined) return DEFAULT_MAX_BYTES;
  const bytes = given.startsWith('0') ? undefined : readBytes(given);
  if (bytes === undefined) throw usage('--max-bytes must be an amount: 500MB, 2GB');
  return bytes;
}
