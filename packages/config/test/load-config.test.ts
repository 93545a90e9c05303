import { expect, expectTypeOf, test } from 'vitest';
import { z } from 'zod';
import { env, loadConfig, values } from '../src/index.ts';

test('values and the environment are read synchronously, typed by their schema', async () => {
  const Env = z.object({ PORT: z.coerce.number() });
  await using config = await loadConfig({
    sources: { local: values({ name: 'app', tags: ['a'] }), env: env({ schema: Env, from: { PORT: '3000' } }) },
  });
  expect(config.get('local').name).toBe('app');
  expect(config.get('env').PORT).toBe(3000);
  expectTypeOf(config.get('env')).toEqualTypeOf<{ readonly PORT: number }>();
  expectTypeOf(config.ref('env').current.PORT).toEqualTypeOf<number>();
});
