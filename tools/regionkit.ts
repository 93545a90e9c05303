import { fileURLToPath } from 'node:url';

/** The arguments of Node that run a TypeScript file on the sources of the packages, in any directory. The file follows. */
export const FROM_SOURCES: readonly string[] = ['--import', import.meta.resolve('tsx'), '-C', '@regionkit/source'];

/** The same for the command line. The arguments of the command follow. */
export const REGIONKIT: readonly string[] = [
  ...FROM_SOURCES,
  fileURLToPath(new URL('../packages/ops/src/cli.ts', import.meta.url)),
];
