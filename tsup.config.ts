import { readFileSync } from 'node:fs';
import { defineConfig } from 'tsup';

/** Every package builds the same way: one file per entry of its `exports` that names a source. */
const { exports } = JSON.parse(readFileSync('package.json', 'utf8')) as {
  exports: Record<string, string | { '@regionkit/source': string }>;
};
const entry = Object.values(exports).flatMap((target) =>
  typeof target === 'string' ? [] : [target['@regionkit/source']],
);

export default defineConfig({
  entry,
  format: 'esm',
  target: 'node20.19',
  splitting: true,
  sourcemap: true,
  clean: true,
  treeshake: true,
  dts: { compilerOptions: { ignoreDeprecations: '6.0', customConditions: [] } },
});
