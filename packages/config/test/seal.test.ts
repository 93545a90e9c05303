import { inspect } from 'node:util';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { reveal, seal } from '../src/seal.ts';

const canary = 'hunter2-canary';
const sealed = <T>(value: T): T => seal(value).value;

describe('a sealed value', () => {
  const value = sealed({ password: canary, hosts: [{ name: canary }], port: 5432 });

  test('reads like the value', () => {
    expect(value.password).toBe(canary);
    expect(value.hosts[0]?.name).toBe(canary);
    expect({ ...value }).toMatchObject({ port: 5432, password: canary });
    const { port, ...rest } = value;
    expect(port).toBe(5432);
    expect(Object.keys(rest)).toEqual(['password', 'hosts']);
    expect(structuredClone(value)).toEqual({ password: canary, hosts: [{ name: canary }], port: 5432 });
    expect(value.hosts.map((host) => host.name)).toEqual([canary]);
  });

  test.each<[string, () => string]>([
    ['inspect', () => inspect(value, { depth: 9, showHidden: true })],
    ['inspect inside something else', () => inspect({ options: { value, list: value.hosts } }, { depth: 9 })],
    ['inspect of an array', () => inspect(value.hosts, { depth: 9 })],
    ['console.dir, which looks behind a custom inspection', () => inspect(value, { customInspect: false, depth: 9 })],
    ['console.dir of an array', () => inspect(value.hosts, { customInspect: false, depth: 9, showHidden: true })],
    ['JSON', () => JSON.stringify({ value, list: value.hosts })],
    ['a template string', () => `${value} ${value.hosts}`],
    ['string concatenation', () => ''.concat(String(value), value as unknown as string)],
    ['toString', () => value.toString() + value.hosts.toString()],
  ])('does not show in %s', (_, print) => {
    expect(print()).not.toContain(canary);
    expect(print()).toMatch(/redacted|Getter/);
  });

  test('cannot be changed at any depth', () => {
    const writable = value as unknown as { password: string; hosts: { name: string }[]; more: string };
    expect(() => {
      writable.password = 'x';
    }).toThrow(TypeError);
    expect(() => {
      (writable.hosts[0] as { name: string }).name = 'x';
    }).toThrow(TypeError);
    expect(() => writable.hosts.push({ name: 'x' })).toThrow(TypeError);
    expect(() => {
      writable.more = 'x';
    }).toThrow(TypeError);
    expect(value.password).toBe(canary);
  });

  test('has no prototype to reach', () => {
    expect(Object.getPrototypeOf(value)).toBeNull();
    expect((value as Record<string, unknown>)['constructor']).toBeUndefined();
  });
});

test('changes of the original do not reach it', () => {
  const original = { list: ['a'] };
  const value = sealed(original);
  original.list.push('b');
  expect(value.list).toHaveLength(1);
});

test('bytes and dates are handed out as copies, and bytes do not print', () => {
  const value = sealed({ key: new Uint8Array([1, 2, 3]), at: new Date(5) });
  value.key[0] = 9;
  value.at.setTime(0);
  expect(value.key[0]).toBe(1);
  expect(value.at.getTime()).toBe(5);
  const box = seal(Buffer.from(canary));
  box.value[0] = 0;
  expect(Buffer.from(box.value).toString()).toBe(canary);
  expect(inspect(box.value) + JSON.stringify(box.value) + box.value).not.toMatch(/hunter2|104/);
});

test('other objects are kept as they are', () => {
  const map = new Map([['a', 1]]);
  expect(sealed({ map }).map).toBe(map);
});

test.each([
  ['__proto__', '{"__proto__":{"admin":true}}'],
  ['a nested __proto__', '{"a":[{"__proto__":1}]}'],
  ['constructor.prototype', '{"constructor":{"prototype":{"admin":true}}}'],
  ['toJSON, which would undo the redaction', '{"toJSON":"x"}'],
])('refuses a key that is %s', (_, json) => {
  expect(() => seal(JSON.parse(json))).toThrow(expect.objectContaining({ detail: 'forbidden-key' }));
});

test('refuses what is nested too deep, or in a circle', () => {
  const circle: Record<string, unknown> = {};
  circle['self'] = circle;
  expect(() => seal(circle)).toThrow(expect.objectContaining({ detail: 'too-deep' }));
});

test('reveal gives back what was sealed, as a plain value', () => {
  const forbidden = new Set(['__proto__', 'toJSON', 'constructor']);
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 4 }), (value) => {
      fc.pre(![...forbidden].some((key) => JSON.stringify(value).includes(`"${key}"`)));
      const revealed = reveal(sealed(value));
      expect(revealed).toEqual(value);
      expect(JSON.stringify(revealed)).toBe(JSON.stringify(value));
    }),
  );
});
