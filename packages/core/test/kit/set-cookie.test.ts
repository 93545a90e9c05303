import { expect, test } from 'vitest';
import { setCookie } from '../../src/kit/set-cookie.ts';

const plain = { name: 'a', value: 'b', maxAgeSeconds: 60, httpOnly: false, secure: false, sameSite: 'lax' } as const;

test.each([
  [plain, 'a=b; Max-Age=60; Path=/; SameSite=Lax'],
  [{ ...plain, path: '/x', sameSite: 'strict' }, 'a=b; Max-Age=60; Path=/x; SameSite=Strict'],
  [
    { ...plain, domain: '.example.com', httpOnly: true, secure: true, sameSite: 'none' },
    'a=b; Max-Age=60; Domain=example.com; Path=/; HttpOnly; Secure; SameSite=None',
  ],
  [{ ...plain, value: '', maxAgeSeconds: 0 }, 'a=; Max-Age=0; Path=/; SameSite=Lax'],
] as const)('a cookie is written with every attribute it was given, and no other', (cookie, field) => {
  expect(setCookie(cookie)).toBe(field);
});
