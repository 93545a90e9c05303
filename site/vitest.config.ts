import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

// The tests of this folder have packages of their own (`npm ci` here) and run with the vitest of the repository.
export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  test: {
    include: ['test/**/*.test.ts'],
    reporters: ['default', '../tools/closing-line.ts'],
    maxWorkers: 1,
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
