import { expect, it } from 'vitest';
import { errorCode } from '../../src/kit/index.ts';

it.each([
  [Object.assign(new Error('refused'), { code: 'ECONNREFUSED' }), 'ECONNREFUSED'],
  [{ code: '57P01' }, '57P01'],
  [Object.assign(new AggregateError([]), { errors: [{ code: 'ETIMEDOUT' }, { code: 'EACCES' }] }), 'ETIMEDOUT'],
  [Object.assign(new AggregateError([{ code: 'EACCES' }]), { code: 'ECONNREFUSED' }), 'ECONNREFUSED'],
  [new Error('no code'), undefined],
  [{ code: 7 }, undefined],
  [{ code: 'postgres://user:password@db' }, undefined],
  [{ code: 'A'.repeat(61) }, undefined],
  [undefined, undefined],
  [null, undefined],
])('errorCode(%o) is %s', (error, code) => {
  expect(errorCode(error)).toBe(code);
});
