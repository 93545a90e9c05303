import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { APPS, run, tell } from '../packed.ts';

/** `node --test`, with an app as an ES module, and as CommonJS. */
export function checkNodeTest(folder: string): void {
  cpSync(join(APPS, 'node-test'), join(folder, 'node-test'), { recursive: true });
  for (const type of ['mjs', 'cjs']) {
    run(process.execPath, ['--test', `node-test/kit-spec.${type}`], folder);
    tell(`node --test: ${type}`);
  }
}
