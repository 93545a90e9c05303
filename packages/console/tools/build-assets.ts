import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import type { Assets } from '../src/assets.ts';

const page = (name: string): string => fileURLToPath(new URL(`../page/${name}`, import.meta.url));

/** Builds the files of the page: one script, one style, one icon, and the page that names them. */
export async function buildAssets(): Promise<Assets> {
  const [html, css, icon, script] = await Promise.all([
    readFile(page('index.html'), 'utf8'),
    readFile(page('console.css'), 'utf8'),
    readFile(page('icon.svg'), 'utf8'),
    build({
      entryPoints: [page('main.ts')],
      bundle: true,
      minify: true,
      write: false,
      format: 'esm',
      target: 'es2022',
      charset: 'utf8',
      conditions: ['@regionkit/source'],
      // What the page uses of core needs nothing of Node. The rest is not in the script.
      external: ['node:*'],
    }),
  ]);
  return {
    '': { type: 'text/html; charset=utf-8', body: html },
    'console.js': { type: 'text/javascript; charset=utf-8', body: script.outputFiles[0]?.text ?? '' },
    'console.css': { type: 'text/css; charset=utf-8', body: css },
    'icon.svg': { type: 'image/svg+xml', body: icon },
  };
}
