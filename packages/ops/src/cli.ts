#!/usr/bin/env node
import { setMaxListeners } from 'node:events';
import { COMMANDS } from './commands.ts';
import { main } from './main.ts';

const abort = new AbortController();
// One for each request and each server that is asked at the same time.
setMaxListeners(0, abort.signal);
// SIGHUP: the terminal has gone, often with the connection to this machine.
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  // The second time the process ends at once: the default of Node.
  process.once(name, () => abort.abort());
}

for (const stream of [process.stdout, process.stderr]) {
  // `| head` closes the pipe early, and a terminal that has gone answers EIO. The command goes on: a failover must not end because its
  // reader has gone.
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE' && error.code !== 'EIO') throw error;
  });
}

process.exitCode = await main(process.argv.slice(2), COMMANDS, {
  stdout: process.stdout,
  stderr: process.stderr,
  env: process.env,
  directory: process.cwd(),
  signal: abort.signal,
});
