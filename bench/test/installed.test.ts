import { expect, it } from 'vitest';
import { bundled } from '../src/bundle/bundled.ts';
import { installed } from '../src/bundle/installed.ts';

const here = new URL('..', import.meta.url).pathname;

it('counts a package with all it depends on, once each', () => {
  const { packages, kib } = installed('httpxy', here);
  expect(packages).toBe(1);
  expect(kib).toBeGreaterThan(10);
  expect(installed('jsonwebtoken', here).packages).toBeGreaterThan(5);
  expect(() => installed('no-such-package', here)).toThrow('not installed');
});

it('weighs everything that is exported, its default too, and leaves out what the user has', async () => {
  const whole = await bundled('jsonwebtoken', [], here);
  const without = await bundled('jsonwebtoken', ['jws', 'semver'], here);
  expect(whole.gzipBytes).toBeLessThan(whole.minBytes);
  expect(without.gzipBytes).toBeLessThan(whole.gzipBytes);
  expect(without.minBytes).toBeGreaterThan(5_000);
});
