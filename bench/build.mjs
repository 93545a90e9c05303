import { readdirSync, rmSync } from 'node:fs';
import { build } from 'esbuild';

// The bench runs as plain JavaScript against the built packages: what a user installs, not what a loader makes of sources.
rmSync('dist', { recursive: true, force: true });
await build({
  entryPoints: ['src/bench.ts', ...readdirSync('src/servers').map((name) => `src/servers/${name}`)],
  outdir: 'dist',
  outbase: 'src',
  bundle: true,
  splitting: true,
  packages: 'external',
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
});
