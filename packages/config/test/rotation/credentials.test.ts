import { expect, test } from 'vitest';
import { loadConfig } from '../../src/index.ts';
import { createCredentials } from '../../src/rotation/credentials.ts';
import { fakeClock } from '../support.ts';

test('the pair that the database took last comes first: a stand-in, and then the current one again', async () => {
  const clock = fakeClock();
  const current = { username: 'app', password: 'first' };
  const pending = { user: 'app', password: 'second' };
  await using config = await loadConfig({ clock, sources: { db: { load: () => ({ value: current }) } } });
  const credentials = createCredentials('test', config.ref('db'), { clock });
  expect(credentials.first()).toEqual({ user: 'app', password: 'first' });
  credentials.accepted(pending);
  expect(credentials.first()).toEqual(pending);
  credentials.accepted({ user: 'app', password: 'first' });
  expect(credentials.first()).toEqual({ user: 'app', password: 'first' });
});
