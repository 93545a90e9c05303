#!/usr/bin/env node
import { setMaxListeners } from 'node:events';
import { COMMANDS } from './commands.ts';
import { EXIT } from './exit-codes.ts';
import { main } from './main.ts';

const abort = new AbortController();
// One for each request and each server that is asked at the same time.
setMaxListeners(0, abort.signal);
// SIGHUP: the terminal has gone, often with the connection to this machine.
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  // The second time the process ends at once: the default of Node.
  process.once(name, () => abort.abort());
}

let isCut = false;
for (const stream of [process.stdout, process.stderr]) {
  // `| head` closes the pipe early, and a terminal that has gone answers EIO. The command goes on: a failover must not end because its
  // reader has gone, or because its log has no room.
  stream.on('error', ({ code }: NodeJS.ErrnoException) => {
    if (code === 'EPIPE' || code === 'EIO') return;
    // A file on a full disk (ENOSPC), most often.
    if (!isCut)
      process.stderr.write(`regionkit: the output is not whole: it cannot be written (${code ?? 'no code'})\n`);
    isCut = true;
    // What is not whole must not look as if it was.
    if (process.exitCode === EXIT.ok) process.exitCode = EXIT.unknown;
  });
}

const exit = await main(process.argv.slice(2), COMMANDS, {
  stdout: process.stdout,
  stderr: process.stderr,
  env: process.env,
  directory: process.cwd(),
  signal: abort.signal,
});
process.exitCode = isCut ? exit || EXIT.unknown : exit;
