import type { Operations } from './config/check-config.ts';
import type { ExitCode } from './exit-codes.ts';
import type { Emit } from './records/record.ts';

/** An option of a command, as `node:util` `parseArgs` takes it, and its line of help. */
export interface Option {
  readonly type: 'string' | 'boolean';
  readonly multiple?: boolean;
  /** What stands for the value in the help: `FILE`. */
  readonly value?: string;
  readonly help: string;
}

/** What a command gets. */
export interface Context {
  /** By the name of the option. */
  readonly values: Readonly<Record<string, string | boolean | readonly string[] | undefined>>;
  readonly positionals: readonly string[];
  /** Loads the configuration. @throws {OpsError} `ERR_OPS_CONFIG` */
  config(): Promise<Operations>;
  /** The directory in which the command was called. */
  readonly directory: string;
  readonly emit: Emit;
  /** Clears the screen, so that the next records are drawn in the place of the last ones. Absent where there is no screen. */
  readonly redraw?: () => void;
  /** Aborted by SIGINT and SIGTERM. */
  readonly signal: AbortSignal;
}

/** What a command found: the exit code and one sentence. */
export interface Outcome {
  readonly exit: ExitCode;
  readonly summary: string;
}

export interface Command {
  readonly name: string;
  /** One line. */
  readonly summary: string;
  /** What stands after the name: `[--region R]`. */
  readonly usage: string;
  readonly options: Readonly<Record<string, Option>>;
  /** Lines that run. */
  readonly examples: readonly string[];
  run(context: Context): Promise<Outcome>;
}
