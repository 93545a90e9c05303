import { readFileSync } from 'node:fs';
import { defineConfig } from 'tsup';

/** Every package builds the same way: one file per entry of its `exports` that names a source, and per command. */
const { exports, bin = {} } = JSON.parse(readFileSync('package.json', 'utf8')) as {
  exports: Record<string, string | { '@regionkit/source': string }>;
  bin?: Record<string, string>;
};
const entry = [
  ...Object.values(exports).flatMap((target) => (typeof target === 'string' ? [] : [target['@regionkit/source']])),
  ...Object.values(bin).map((file) => file.replace('./dist/', './src/').replace(/\.js$/, '.ts')),
];

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
