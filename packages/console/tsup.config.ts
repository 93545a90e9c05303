import { defineConfig } from 'tsup';
import base from '../../tsup.config.ts';
import { buildAssets } from './tools/build-assets.ts';

/** The package holds the files of the page as strings: it needs no build where it is used, and reads no file. */
export default defineConfig({
  ...base,
  esbuildPlugins: [
    {
      name: 'assets',
      setup: (build) => {
        build.onLoad({ filter: /[\\/]src[\\/]assets\.ts$/ }, async () => ({
          contents: `const ASSETS = ${JSON.stringify(await buildAssets())};\nexport const loadAssets = () => Promise.resolve(ASSETS);`,
          loader: 'js',
        }));
      },
    },
  ],
});
