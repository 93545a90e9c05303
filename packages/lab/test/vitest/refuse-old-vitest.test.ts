import { describe, expect, it } from 'vitest';
import { refuseOldVitest } from '../../src/vitest/refuse-old-vitest.ts';

describe('refuseOldVitest()', () => {
  it.each(['0.34.6', '1.6.0', '2.1.9', '3.0.0', '3.1.4'])('refuses %s, and says what to do', (version) => {
    expect(() => refuseOldVitest(version)).toThrow(
      new TypeError(
        `labTest: needs Vitest 3.2 or later, and this is ${version}. Call createLab() in beforeAll and lab.close() in afterAll`,
      ),
    );
  });

  it.each(['3.2.0', '3.2.4', '4.0.0-beta.1', '4.1.12', '10.0.0'])('takes %s', (version) => {
    expect(() => refuseOldVitest(version)).not.toThrow();
  });
});
