import { createRequire } from 'node:module';
import { test as base, type TestAPI } from 'vitest';
import { createLab, type Lab } from '../lab.ts';
import type { LabOptions } from '../options.ts';
import { refuseOldVitest } from './refuse-old-vitest.ts';

/** What a test of `labTest()` is given. */
export interface LabFixtures<Name extends string = string> {
  /** Started before the first test of the file that uses it, and closed after the last test of the file. */
  readonly lab: Lab<Name>;
}

/**
 * Returns a `test` of vitest whose tests get a running lab. All tests of a file share it, so a test must undo its faults
 * or use a file of its own. Give vitest a `hookTimeout` and a `testTimeout` of a minute: the first test waits for the
 * servers.
 *
 * @example
 * ```ts
 * const test = labTest({ regions: ['us-east-1', 'eu-west-1'] });
 * test('reads its own writes', async ({ lab }) => {
 *   await lab.primary.query('CREATE TABLE orders (id int)');
 * });
 * ```
 *
 * @throws {TypeError} Vitest is older than 3.2, which has no fixtures for a whole file.
 */
export function labTest<const Name extends string>(options: LabOptions<Name>): TestAPI<LabFixtures<Name>> {
  refuseOldVitest((createRequire(import.meta.url)('vitest/package.json') as { version: string }).version);
  return base.extend<LabFixtures<Name>>({
    lab: [
      // biome-ignore lint/correctness/noEmptyPattern: vitest reads the names of the fixtures from the pattern.
      async ({}, use) => {
        const lab = await createLab<Name>(options);
        try {
          await use(lab);
        } finally {
          await lab.close();
        }
      },
      { scope: 'file' },
    ],
  }) as TestAPI<LabFixtures<Name>>;
}
