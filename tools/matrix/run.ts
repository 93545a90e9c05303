import { cellsOf } from './cells.ts';
import { type Result, runCell } from './run-cell.ts';
import { createToolbox } from './toolbox.ts';

/**
 * Runs the tests on every Node and PostgreSQL that we claim to work on, fetching each:
 *
 *     npx -y pnpm@10 matrix                                  # all of it; hours
 *     npx -y pnpm@10 matrix --node 24                        # the whole suite on one Node
 *     npx -y pnpm@10 matrix --postgres 15                    # what talks to PostgreSQL, on one of those
 *     npx -y pnpm@10 matrix --postgres /usr/lib/postgresql/15/bin
 *     npx -y pnpm@10 matrix --node 26 --postgres 15 --part smoke --minutes 6
 *     npx -y pnpm@10 matrix --node 22 --node 24 --part speed # the figures that may depend on Node
 */
const { cells, minutes } = cellsOf(process.argv.slice(2));
const results: Result[] = [];
const toolbox = createToolbox();
try {
  for (const cell of cells) {
    const result = runCell(cell, toolbox, minutes * 60_000);
    results.push(result);
    if (!result.ok || cell.part === 'speed') process.stdout.write(`${result.output}\n`);
    process.stdout.write(`${line(result)}\n`);
  }
} finally {
  toolbox[Symbol.dispose]();
}
if (cells.length > 1) process.stdout.write(`\n${results.map(line).join('\n')}\n`);
process.exitCode = results.every(({ ok }) => ok) ? 0 : 1;

function line({ node, postgres, part, ok, summary, seconds }: Result): string {
  return `| Node ${node} | PostgreSQL ${postgres} | ${part} | ${ok ? 'ok' : 'FAILED'} | ${summary} | ${seconds} s |`;
}
