import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { APPS, run, tell, writeJson } from '../packed.ts';

const COMPILERS = [
  ['typescript-5', '5.9'],
  ['typescript', '6.0'],
  ['typescript-7', '7.0'],
] as const;

/** As strict as the apps of a user may be. */
export const COMPILER_OPTIONS = {
  target: 'es2022',
  lib: ['es2023'],
  types: ['node'],
  strict: true,
  exactOptionalPropertyTypes: true,
};

/** How an app is written: which of the module systems its files are in, and how they are looked up. */
const SYSTEMS = [
  ['esm', 'nodenext', 'nodenext'],
  ['esm', 'node20', 'node16'],
  ['esm', 'esnext', 'bundler'],
  ['cjs', 'nodenext', 'nodenext'],
  ['cjs', 'node20', 'node16'],
] as const;

/** Ours are checked to the last declaration; Koa's and Hono's own have errors without the DOM, and with today's peers. */
const PROGRAMS = [
  { include: ['src/*.ts'], skipLibCheck: false },
  { include: ['src/frameworks/*.ts'], skipLibCheck: true },
] as const;

/**
 * The apps compile under every compiler and resolution, as ES modules and as CommonJS, and what must not compile does not:
 * a `@ts-expect-error` without an error is one. What one of them emits is left in `esm/dist` and `cjs/dist`.
 */
export function checkCompilers(folder: string): void {
  for (const [system, type] of [
    ['esm', 'module'],
    ['cjs', 'commonjs'],
  ] as const) {
    cpSync(APPS, join(folder, system, 'src'), { recursive: true });
    writeJson(join(folder, system, 'package.json'), { private: true, type });
    const frameworks = join(folder, system, 'src/frameworks');
    const express = readFileSync(join(frameworks, 'express.ts'), 'utf8');
    writeFileSync(join(frameworks, 'express-4.ts'), express.replace(`from 'express'`, `from 'express-4'`));
  }
  for (const [compiler, version] of COMPILERS) {
    for (const [system, module, moduleResolution] of SYSTEMS) {
      for (const { include, skipLibCheck } of PROGRAMS) {
        const emitted = compiler === 'typescript' && module === 'nodenext' && skipLibCheck;
        const output = emitted ? { rootDir: 'src/frameworks', outDir: 'dist' } : { noEmit: true };
        const compilerOptions = { ...COMPILER_OPTIONS, ...output, module, moduleResolution, skipLibCheck };
        writeJson(join(folder, system, 'tsconfig.json'), { compilerOptions, include });
        run(process.execPath, [join('node_modules', compiler, 'bin/tsc'), '-p', system], folder);
      }
      tell(`TypeScript ${version}: ${system}, ${moduleResolution}, ${module}`);
    }
  }
}
