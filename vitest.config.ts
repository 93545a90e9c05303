import { defineConfig } from 'vitest/config';
import { scratchDirectory } from './tools/scratch.ts';
import SlowFirst from './tools/slow-first.ts';

export default defineConfig({
  // Only our own condition: adding `import` here makes `pg` resolve to a build without its default export.
  resolve: { conditions: ['@regionkit/source'] },
  ssr: { resolve: { conditions: ['@regionkit/source'] } },
  test: {
    include: ['{packages,examples}/*/test/**/*.test.ts', '{bench,proof}/test/**/*.test.ts', 'test/**/*.test.ts'],
    reporters: ['default', './tools/closing-line.ts'],
    // Tests on real servers wait a third of their time: three keep two cores busy.
    maxWorkers: 3,
    sequence: { sequencer: SlowFirst },
    // They end what hangs, and say nothing of speed: a busy machine takes a minute to start three regions.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 60_000 } },
    env: { ...scratchDirectory(), AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true' },
    coverage: {
      enabled: process.env['REGIONKIT_COVERAGE'] === '1',
      provider: 'v8',
      include: ['packages/*/src/**/*.ts'],
      reporter: [['text', { skipFull: true }], 'text-summary', 'json-summary'],
      reportOnFailure: true,
      // A floor a little below what is reached: code that no test runs does not come in unseen.
      thresholds: { lines: 98, branches: 92, perFile: false, 'packages/{core,session,affinity}/src/**': { lines: 99 } },
    },
  },
});
