import { createInterface } from 'node:readline';
import { router } from './router.ts';

// As a prompt does: each line is a statement, and the input has ended before the first one is done.
for await (const line of createInterface({ input: process.stdin })) {
  const { rows } = await router.write(line);
  console.log(JSON.stringify(rows));
}
console.log('end of input');
