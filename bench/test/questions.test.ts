import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createQuestions } from '../src/questions.ts';

it('gives each question its own answer, after two were under way at once too', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'bench-'));
  const server = join(directory, 'server.mjs');
  writeFileSync(
    server,
    `let answers = 0;
     process.on('message', ({ id, collected }) => {
       answers += 1;
       process.send({ id, sample: { answers, collected: Number(collected) } });
     });
     process.send({ port: 1 });`,
  );
  const child = fork(server);
  try {
    const ask = createQuestions(child);
    await once(child, 'message');
    expect(await Promise.all([ask(false), ask(true)])).toEqual([
      { answers: 1, collected: 0 },
      { answers: 2, collected: 1 },
    ]);
    expect(await ask(false)).toEqual({ answers: 3, collected: 0 });
  } finally {
    child.disconnect();
    rmSync(directory, { recursive: true });
  }
});
