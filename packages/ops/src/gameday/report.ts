import { resolve } from 'node:path';
import type { Context, Outcome } from '../command.ts';
import { EXIT } from '../exit-codes.ts';
import { journalsIn, readJournal } from './journal/journals.ts';
import { exitOf } from './measure/verdict.ts';
import { outOption } from './options.ts';

/** Prints the journal of a drill, by default of the last one. Ends as the drill did. */
export async function report({ positionals, values, directory, emit }: Context): Promise<Outcome> {
  const [, file] = positionals;
  const path = file === undefined ? (await journalsIn(outOption(values['out'], directory))).at(-1) : file;
  const { records, start, end } = await readJournal(resolve(directory, String(path)));
  for (const record of records) if (record.type !== 'result') emit(record);
  if (end === undefined) return { exit: EXIT.unknown, summary: `${start.scenario} did not come to its end.` };
  return { exit: exitOf([end.verdict]), summary: `${start.scenario}: ${end.verdict}.` };
}
