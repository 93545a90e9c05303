import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { tell, writeJson } from '../packed.ts';

/** `npx regionkit` of the installed package: the help, a configuration that is missing, and a server that is down. */
export function checkCommandLine(folder: string): void {
  checkHelp(folder);
  mustEnd(folder, ['doctor'], 2, 'there is no regionkit.config.js here');
  const config = 'nothing-listens.json';
  writeJson(join(folder, config), { regions: { us: { databases: ['postgres://monitor:x@127.0.0.1:1/app'] } } });
  mustEnd(folder, ['doctor', '--config', config], 3, 'unreachable  us/0');
  tell('command line: npx regionkit');
}

/** It starts, whichever package brought it. */
export function checkHelp(folder: string): void {
  mustEnd(folder, ['--help'], 0, 'Usage: regionkit COMMAND');
}

export function mustEnd(folder: string, args: readonly string[], code: number, words: string): void {
  const { status, stdout, stderr } = spawnSync('npx', ['--no-install', 'regionkit', ...args], {
    cwd: folder,
    encoding: 'utf8',
    timeout: 60_000,
  });
  if (status === code && `${stdout}${stderr}`.includes(words)) return;
  throw new Error(`regionkit ${args.join(' ')} ended with ${status} and said:\n${stdout}${stderr}`);
}
