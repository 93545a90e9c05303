import type { StandardSchema } from '@regionkit/core';
import { type } from 'arktype';
import * as v from 'valibot';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { SourceError } from '../src/failure.ts';
import { validate } from '../src/validate.ts';

const canary = 'hunter2_canary';

const problems = async (schema: StandardSchema, value: unknown): Promise<readonly string[]> => {
  try {
    await validate(schema, value);
  } catch (error) {
    const { paths, message, stack, detail } = error as SourceError;
    expect(`${message}${stack}${JSON.stringify(error)}`).not.toContain(canary);
    expect(detail).toBe('schema');
    return paths.map((path) => path.join('.'));
  }
  return [];
};

const vendors: Record<string, { db: StandardSchema; strict: StandardSchema; record: StandardSchema }> = {
  zod: {
    db: z.object({ user: z.string(), port: z.number().optional(), hosts: z.array(z.object({ name: z.string() })) }),
    strict: z.strictObject({ user: z.string() }),
    record: z.object({ users: z.record(z.string(), z.object({ role: z.string() })) }),
  },
  valibot: {
    db: v.object({
      user: v.string(),
      port: v.optional(v.number()),
      hosts: v.array(v.object({ name: v.string() })),
    }),
    strict: v.strictObject({ user: v.string() }),
    record: v.object({ users: v.record(v.string(), v.object({ role: v.string() })) }),
  },
  arktype: {
    db: type({ user: 'string', 'port?': 'number', hosts: type({ name: 'string' }).array() }),
    strict: type({ user: 'string', '+': 'reject' }),
    record: type({ users: { '[string]': { role: 'string' } } }),
  },
};

describe.each(Object.entries(vendors))('with %s', (_, { db, strict, record }) => {
  test('what is right passes', async () => {
    expect(await problems(db, { user: 'app', hosts: [] })).toEqual([]);
  });

  test('every missing and wrong name of the schema is listed by its path', async () => {
    expect(await problems(db, { hosts: [{ name: 'a' }, { name: 1 }] })).toEqual(
      expect.arrayContaining(['user', 'hosts.1.name']),
    );
    expect(await problems(db, { user: 7, hosts: [] })).toEqual(['user']);
    expect((await problems(db, canary)).join()).toMatch(/^\*?$/);
  });

  test('a name that came with the value is not shown, in a strict object', async () => {
    const shown = (await problems(strict, { user: 'app', [canary]: 1 })).join();
    expect(shown).not.toContain(canary);
  });

  test('a name that came with the value is not shown, in a record', async () => {
    const [path] = await problems(record, { users: { [canary]: { role: 1 } } });
    expect(path).toBe('users.*.role');
    expect(await problems(record, { users: { [canary]: canary } })).toEqual(['users.*']);
  });
});

test('an optional name is shown if the vendor can write its schema down', async () => {
  expect(await problems(vendors['zod']?.db as StandardSchema, { user: 'a', hosts: [], port: canary })).toEqual([
    'port',
  ]);
  expect(await problems(vendors['arktype']?.db as StandardSchema, { user: 'a', hosts: [], port: canary })).toEqual([
    'port',
  ]);
});

test('a name that matches a pattern of the schema is still not the schema’s own', async () => {
  const pattern = z.looseRecord(z.string().regex(/^hunter/), z.number());
  expect(await problems(pattern, { [canary]: 'x' })).toEqual(['*']);
});

test('a place that a refinement computes from the value is not shown', async () => {
  const users = z.looseObject({ owner: z.string(), users: z.looseObject({}) });
  const named = users.superRefine(({ owner, users }, context) => {
    if (!(owner in users)) context.addIssue({ code: 'custom', message: 'no such user', path: ['users', owner] });
  });
  expect(await problems(named, { owner: canary, users: {} })).toEqual(['users.*']);
  const listed = z.looseObject({ pin: z.string(), list: z.array(z.string()) }).superRefine(({ pin }, context) => {
    context.addIssue({ code: 'custom', message: 'no', path: ['list', pin] });
    context.addIssue({ code: 'custom', message: 'no', path: ['list', Number(pin)] });
  });
  expect(await problems(listed, { pin: '271828', list: ['a'] })).toEqual(['list.*']);
});

test('a schema that throws, with the value in its error, is told without it', async () => {
  const schema = z.string().transform((value) => {
    throw new Error(`cannot use ${value}`);
  });
  expect(await problems(schema, canary)).toEqual([]);
  await expect(validate(schema, canary)).rejects.toMatchObject({ failure: 'invalid', detail: 'schema' });
});

test('a schema may be asynchronous, and shape the value', async () => {
  const schema = z.string().transform(async (value) => value.length);
  expect(await validate(schema, 'four')).toBe(4);
});

test('no more than twenty problems are listed', async () => {
  const wide = z.object(Object.fromEntries(Array.from({ length: 40 }, (_, n) => [`key${n}`, z.string()])));
  expect(await problems(wide, {})).toHaveLength(20);
});
