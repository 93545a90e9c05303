import { fileURLToPath } from 'node:url';

/** The arguments of Node that run the command line from its sources, in any directory. Those of the command follow. */
export const REGIONKIT: readonly string[] = [
  '--import',
  import.meta.resolve('tsx'),
  '-C',
  '@regionkit/source',
  fileURLToPath(new URL('../packages/ops/src/cli.ts', import.meta.url)),
];
