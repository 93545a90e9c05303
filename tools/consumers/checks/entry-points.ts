import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run, tell } from '../packed.ts';

/** Every entry point is something to `import`, and to `require`, and is one copy in both. */
export function checkEntryPoints(folder: string, entries: readonly string[]): void {
  const notEmpty = (entry: string, loaded: string): string =>
    `if (Object.keys(${loaded}).length === 0) throw new Error('${entry} is empty');`;
  writeFileSync(
    join(folder, 'esm.mjs'),
    entries.map((entry) => notEmpty(entry, `await import('${entry}')`)).join('\n'),
  );
  run(process.execPath, ['esm.mjs'], folder);
  tell(`import: ${entries.length} entry points`);

  const oneCopy = `import('@regionkit/core').then(({ RegionKitError }) => { if (RegionKitError !== require('@regionkit/core').RegionKitError) throw new Error('two copies'); });`;
  writeFileSync(
    join(folder, 'cjs.cjs'),
    [...entries.map((entry) => notEmpty(entry, `require('${entry}')`)), oneCopy].join('\n'),
  );
  run(process.execPath, ['cjs.cjs'], folder);
  tell(`require: the same ${entries.length}, one copy each`);
}
