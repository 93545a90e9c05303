import { expect, it } from 'vitest';
import { bundled } from '../src/bundle/bundled.ts';

it('weighs no package that was not built', async () => {
  await expect(bundled('@regionkit/not-built', [])).rejects.toThrow(/Could not resolve "@regionkit\/not-built"/);
});

it('weighs a package without an optional integration that is not installed', async () => {
  const { minBytes } = await bundled('pg', ['pg-native']);
  expect(minBytes).toBeGreaterThan(10_000);
});
