import { execFileSync, spawnSync } from 'node:child_process';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Cell, PARTS } from './cells.ts';
import type { Toolbox } from './toolbox.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const ANSI = new RegExp(`${String.fromCharCode(27)}\\[[0-9;]*m`, 'g');

export interface Result {
  readonly node: string;
  readonly postgres: string;
  readonly part: string;
  readonly ok: boolean;
  /** What the part says of itself in its last line. */
  readonly summary: string;
  readonly seconds: number;
  readonly output: string;
}

/** Runs one cell: its Node first on the path, for the children of tests as well, and its PostgreSQL in the environment. */
export function runCell({ node, postgres, part }: Cell, toolbox: Toolbox, timeoutMs: number): Result {
  const nodeBin = node === undefined ? undefined : toolbox.node(node);
  const program = nodeBin === undefined ? process.execPath : join(nodeBin, 'node');
  const pgBin = postgres === undefined ? undefined : toolbox.postgres(postgres);
  const began = performance.now();
  const { status, stdout, stderr, error } = spawnSync(program, PARTS[part], {
    cwd: ROOT,
    encoding: 'utf8',
    maxBuffer: 256 * 1024 * 1024,
    timeout: timeoutMs,
    env: {
      ...process.env,
      ...(nodeBin !== undefined && { PATH: `${nodeBin}${delimiter}${process.env['PATH']}` }),
      ...(pgBin !== undefined && { REGIONKIT_PG_BIN: pgBin }),
    },
  });
  const output = `${stdout}${stderr}`;
  const closing = stdout.replace(ANSI, '').trimEnd().split('\n').at(-1) ?? '';
  return {
    node: versionOf(program),
    postgres: pgBin === undefined ? 'as the lab brings it' : versionOf(join(pgBin, 'postgres')),
    part,
    ok: status === 0,
    summary: error === undefined ? closing : error.message,
    seconds: Math.round((performance.now() - began) / 1_000),
    output,
  };
}

const versionOf = (program: string): string =>
  /\d+\.\d+(\.\d+)?/.exec(execFileSync(program, ['--version'], { encoding: 'utf8' }))?.[0] ?? 'unknown';
