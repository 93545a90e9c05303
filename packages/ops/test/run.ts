import type { Command } from '../src/command.ts';
import { COMMANDS } from '../src/commands.ts';
import type { ExitCode } from '../src/exit-codes.ts';
import { main } from '../src/main.ts';
import type { OpsRecord } from '../src/records/record.ts';

export interface Ran {
  readonly exit: ExitCode;
  readonly stdout: string;
  readonly stderr: string;
  /** With `--json` among the arguments. */
  readonly records: readonly OpsRecord[];
}

interface RunOptions {
  readonly commands?: readonly Command[];
  readonly env?: Readonly<Record<string, string>>;
  readonly directory?: string;
  readonly tty?: boolean;
  readonly columns?: number;
  readonly signal?: AbortSignal;
}

/** Runs the command line in this process, as the bin does. */
export async function run(args: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const { commands = COMMANDS, env = {}, directory = '/', tty = false, columns = 120 } = options;
  let stdout = '';
  let stderr = '';
  const exit = await main(args, commands, {
    stdout: { write: (text) => (stdout += text), isTTY: tty, columns },
    stderr: { write: (text) => (stderr += text) },
    env,
    directory,
    signal: options.signal ?? new AbortController().signal,
  });
  const records = args.includes('--json')
    ? stdout.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as OpsRecord]))
    : [];
  return { exit, stdout, stderr, records };
}
