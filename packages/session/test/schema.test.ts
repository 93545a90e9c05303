import { type } from 'arktype';
import * as v from 'valibot';
import { describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import type { StandardSchema } from '../src/index.ts';
import { claims, craft, until, verifier } from './support.ts';

const token = craft(claims({ tenant: { id: 7 }, email: 'alice@example.com' }));
const wrong = craft(claims({ tenant: { id: 'seven-canary' }, email: 'alice@example.com' }));
type Tenant = { tenant: { id: number } };

describe.each<[string, StandardSchema<Tenant>]>([
  ['zod', z.object({ tenant: z.object({ id: z.number() }), email: z.email() })],
  ['zod, strict about names', z.looseObject({ tenant: z.strictObject({ id: z.number() }) })],
  ['valibot', v.object({ tenant: v.object({ id: v.number() }), email: v.pipe(v.string(), v.email()) })],
  ['arktype', type({ tenant: { id: 'number' }, email: 'string.email' })],
  ['zod, asynchronous', z.object({ tenant: z.object({ id: z.number() }) }).refine(async () => true)],
])('claims through %s', (_, schema) => {
  it('are typed, frozen and shared', async () => {
    const sessions = verifier({ claims: schema });
    const session = await sessions.verify(token);
    const id: number = session.claims.tenant.id;
    expect(id).toBe(7);
    expect(() => Object.assign(session.claims.tenant, { id: 8 })).toThrow(TypeError);
    expect(await sessions.verify(token)).toBe(session);
  });

  it('that do not fit are refused, without a word of them', async () => {
    const error: Error & { reason?: string } = await verifier({ claims: schema })
      .verify(wrong)
      .then(
        () => expect.unreachable(),
        (thrown: Error) => thrown,
      );
    expect(error.reason).toBe('schema');
    expect(`${error.stack}${JSON.stringify(error)}`).not.toContain('canary');
    expect(error.cause).toBeUndefined();
  });
});

describe('a schema', () => {
  it('that makes what can be changed makes it anew for everybody', async () => {
    const schema = z.object({ sub: z.string(), exp: z.number().transform((s) => new Date(s * 1_000)) });
    const sessions = verifier({ claims: schema });
    const first = await sessions.verify(token);
    first.claims.exp.setTime(0);
    first.claims.sub = 'mallory';
    const second = await sessions.verify(token);
    expect(second.claims.exp.getTime()).toBeGreaterThan(0);
    expect(second.claims.sub).toBe('alice');
    expect(second.sub).toBe('alice');
    expect(sessions.stats()).toMatchObject({ verified: 1, cache: { hits: 1 } });
  });

  const custom = (validate: (value: unknown) => unknown): StandardSchema<unknown> => ({
    '~standard': { version: 1, vendor: 'test', validate: validate as never },
  });

  it('sees claims that nobody can change, before and after', async () => {
    const seen = vi.fn((value: unknown) => {
      expect(() => Object.assign(value as object, { sub: 'mallory' })).toThrow(TypeError);
      return { value };
    });
    await expect(verifier({ claims: custom(seen) }).verify(token)).resolves.toMatchObject({ sub: 'alice' });
    expect(seen).toHaveBeenCalledTimes(1);
  });

  it('that throws or rejects denies with 503', async () => {
    const broken = (): never => {
      throw new Error('broken');
    };
    for (const validate of [broken, async () => broken()]) {
      const outcome = verifier({ claims: custom(validate) }).verify(token);
      await expect(outcome).rejects.toMatchObject({ status: 503 });
    }
  });

  it('that breaks its contract denies with 503, at once or later', async () => {
    const unshareable = { value: { at: new Date() } };
    for (const nonsense of [() => undefined, async () => undefined]) {
      const validate = vi.fn(nonsense as () => unknown).mockImplementationOnce(async () => unshareable);
      await expect(verifier({ claims: custom(nonsense) }).verify(token)).rejects.toMatchObject({ status: 503 });
      await expect(verifier({ claims: custom(validate) }).verify(token)).rejects.toMatchObject({ status: 503 });
    }
  });

  it('that hangs denies with 503 after its time', async () => {
    const sessions = verifier({ claims: custom(() => new Promise(() => {})), hookTimeoutMs: 200 });
    const outcome = expect(sessions.verify(token)).rejects.toMatchObject({ status: 503 });
    await until(() => sessions.clock.pending === 1);
    await sessions.clock.advance(200);
    await outcome;
  });

  it('may make something circular', async () => {
    const sessions = verifier({
      claims: custom(() => {
        const circular: Record<string, unknown> = {};
        circular['self'] = circular;
        return { value: circular };
      }),
    });
    const session = await sessions.verify(token);
    expect(Object.isFrozen(session.claims)).toBe(true);
  });

  it('keeps its own objects as they were: what it gives to everybody is copied, not frozen', async () => {
    const shared = { nested: { list: [1, 2] }, [Symbol.for('s')]: { a: 1 } };
    const sessions = verifier({ claims: custom(() => ({ value: shared })) });
    const { claims: given } = await sessions.verify(token);
    expect(given).toEqual(shared);
    expect(given).not.toBe(shared);
    for (const own of [shared, shared.nested, shared.nested.list, shared[Symbol.for('s')]]) {
      expect(Object.isFrozen(own)).toBe(false);
    }
    shared.nested.list.push(3);
    const again = (await sessions.verify(token)).claims as typeof shared;
    expect(again).toBe(given);
    expect(again.nested.list).toEqual([1, 2]);
    expect(Object.isFrozen(again.nested.list)).toBe(true);
  });
});
