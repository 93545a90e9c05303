import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { isRegionKitError } from '@regionkit/core';
import type { Command, Context, Outcome } from './command.ts';
import { loadConfig } from './config/load-config.ts';
import { OpsError } from './errors.ts';
import { EXIT, type ExitCode } from './exit-codes.ts';
import { COMMON, helpOf, helpOfAll } from './help.ts';
import type { OpsRecord } from './records/record.ts';
import { jsonLines } from './render/json-lines.ts';
import { junit } from './render/junit.ts';
import { terminal } from './render/terminal.ts';

/** Cursor to the first line and column, and everything after it deleted. */
const CLEAR = '\u001b[H\u001b[J';

/** What the process around gives. */
export interface Surroundings {
  readonly stdout: { write(text: string): unknown; readonly isTTY?: boolean; readonly columns?: number };
  readonly stderr: { write(text: string): unknown };
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly directory: string;
  /** Aborted by SIGINT, SIGTERM and SIGHUP. */
  readonly signal: AbortSignal;
}

/** Runs one command. A mistake of the user does not reject: it gives a line on stderr and exit code 2. */
export async function main(
  args: readonly string[],
  commands: readonly Command[],
  surroundings: Surroundings,
): Promise<ExitCode> {
  const { stdout, stderr } = surroundings;
  const [name, ...rest] = args;
  if (name === undefined || name === '--help' || name === 'help') {
    stdout.write(helpOfAll(commands));
    return name === undefined ? EXIT.usage : EXIT.ok;
  }
  const command = commands.find((one) => one.name === name);
  if (command === undefined) {
    stderr.write(`regionkit: there is no such command; it has ${commands.map((one) => one.name).join(', ')}\n`);
    return EXIT.usage;
  }
  try {
    return await runCommand(command, rest, surroundings);
  } catch (error) {
    if (!(error instanceof OpsError)) throw error;
    stderr.write(`regionkit ${name}: ${error.message}\n`);
    return EXIT.usage;
  }
}

async function runCommand(
  command: Command,
  args: readonly string[],
  { stdout, stderr, env, directory, signal }: Surroundings,
): Promise<ExitCode> {
  const { values, positionals } = parse(command, args);
  if (values['help'] === true) {
    stdout.write(helpOf(command));
    return EXIT.ok;
  }
  const interactive = stdout.isTTY === true && env['NO_COLOR'] === undefined && env['TERM'] !== 'dumb';
  // Some terminals say that they have 0 columns: they do not know.
  const renderer =
    values['json'] === true
      ? jsonLines()
      : terminal({ interactive, columns: stdout.columns || Number.POSITIVE_INFINITY });
  const report = junit(`regionkit ${command.name}`);
  const reportFile = typeof values['junit'] === 'string' ? resolve(directory, values['junit']) : undefined;
  // Before anything is done: a run whose result cannot be written is of no use to a CI.
  await writeReport(reportFile, report.end());
  const emit = (record: OpsRecord): void => {
    report.add(record);
    const text = renderer.add(record);
    if (text !== '') stdout.write(text);
  };
  const context: Context = {
    values,
    positionals,
    directory,
    config: () => loadConfig(values['config'] as string | undefined, directory, env),
    emit,
    ...(stdout.isTTY === true &&
      env['TERM'] !== 'dumb' &&
      values['json'] !== true && { redraw: () => void stdout.write(CLEAR) }),
    signal,
  };
  let outcome: Outcome;
  try {
    outcome = await command.run(context);
  } catch (error) {
    if (error instanceof OpsError) throw error;
    outcome = signal.aborted
      ? { exit: EXIT.interrupted, summary: 'interrupted' }
      : {
          exit: EXIT.unknown,
          summary: `not finished: ${isRegionKitError(error) ? error.message : 'an error of regionkit itself. What the lines above call done is done'}`,
        };
    if (!signal.aborted && !isRegionKitError(error)) stderr.write(`${error instanceof Error ? error.stack : error}\n`);
  }
  emit({ type: 'result', ...outcome });
  stdout.write(renderer.end());
  try {
    await writeReport(reportFile, report.end());
  } catch (error) {
    if (!(error instanceof OpsError)) throw error;
    // Not 2, which says that nothing was done.
    stderr.write(`regionkit ${command.name}: ${error.message}. The result above is right: ${outcome.exit}\n`);
    return outcome.exit === EXIT.ok ? EXIT.unknown : outcome.exit;
  }
  return outcome.exit;
}

async function writeReport(file: string | undefined, content: string): Promise<void> {
  if (file === undefined) return;
  try {
    await writeFile(file, content);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'no code';
    throw new OpsError('ERR_OPS_USAGE', `--junit: the file cannot be written (${code})`);
  }
}

function parse(command: Command, args: readonly string[]): Pick<Context, 'values' | 'positionals'> {
  const options = Object.fromEntries(
    Object.entries({ ...command.options, ...COMMON }).map(([name, { type, multiple = false }]) => [
      name,
      { type, multiple },
    ]),
  );
  try {
    const { values, positionals, tokens } = parseArgs({
      args: [...args],
      options,
      allowPositionals: true,
      tokens: true,
    });
    mustBeGivenOnce(tokens, options);
    return { values: values as Context['values'], positionals };
  } catch (error) {
    if (error instanceof OpsError) throw error;
    // The messages of parseArgs name the option and not its value.
    throw new OpsError('ERR_OPS_USAGE', `${(error as Error).message} (regionkit ${command.name} --help)`);
  }
}

/** The last of two values would win, and the other one would be forgotten. @throws {OpsError} */
function mustBeGivenOnce(
  tokens: readonly { readonly kind: string; readonly name?: string }[],
  options: Readonly<Record<string, { readonly type: string; readonly multiple: boolean }>>,
): void {
  const names = tokens.flatMap(({ kind, name }) => (kind === 'option' && name !== undefined ? [name] : []));
  const twice = names.find((name, at) => {
    const isSingle = options[name]?.type === 'string' && options[name]?.multiple === false;
    return isSingle && names.indexOf(name) !== at;
  });
  if (twice !== undefined) throw new OpsError('ERR_OPS_USAGE', `--${twice} is given twice: give one value`);
}
