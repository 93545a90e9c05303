import { createPublicKey } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { CompactToken } from '../src/compact.ts';
import { readKeySet, type VerificationKey } from '../src/keys/key-set.ts';
import { thumbprintOf } from '../src/keys/thumbprint.ts';
import { checkSignature } from '../src/signature.ts';

// The published examples: what somebody else has signed.
const claims = 'eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ';
const EXAMPLES = [
  {
    name: 'RFC 7515 A.2',
    alg: 'RS256',
    jwk: {
      kty: 'RSA',
      n: 'ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ',
      e: 'AQAB',
    },
    text: `eyJhbGciOiJSUzI1NiJ9.${claims}.cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw`,
  },
  {
    name: 'RFC 7515 A.3',
    alg: 'ES256',
    jwk: {
      kty: 'EC',
      crv: 'P-256',
      x: 'f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU',
      y: 'x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0',
    },
    text: `eyJhbGciOiJFUzI1NiJ9.${claims}.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q`,
  },
  {
    name: 'RFC 8037 A.4',
    alg: 'EdDSA',
    jwk: { kty: 'OKP', crv: 'Ed25519', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' },
    text: 'eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg',
  },
] as const;

describe('checkSignature()', () => {
  it.each(EXAMPLES)('verifies $name, and nothing next to it', async ({ alg, jwk, text }) => {
    const key = [...readKeySet(jwk, new Set([alg])).byKid.values()][0];
    if (key === undefined) throw new Error('no key');
    const check = async (changed: string): Promise<string> => {
      const dot = changed.lastIndexOf('.');
      const signature = Buffer.from(changed.slice(dot + 1), 'base64url');
      const token = { alg, algorithm: alg, kid: undefined, claims: {}, signed: changed.slice(0, dot), signature };
      const aside = await checkSignature(token, key, 'aside');
      expect(checkSignature(token, key, 'here')).toBe(aside);
      return aside;
    };
    expect(await check(text)).toBe('good');
    expect(await check(text.replace('.', 'A.'))).toBe('signature');
    expect(await check(`${text.slice(0, -4)}AAAA`)).toBe('signature');
  });

  it.each(['here', 'aside'] as const)(
    'says that nothing is known where the engine refuses the key, %s',
    async (where) => {
      const refused = { algorithm: 'RS256', key: {} } as VerificationKey;
      const token = { signed: 'a.b', signature: Buffer.alloc(256) } as unknown as CompactToken;
      expect(await checkSignature(token, refused, where)).toBe('unavailable');
    },
  );
});

describe('thumbprintOf()', () => {
  it('gives the thumbprint of RFC 8037 A.3', () => {
    const key = createPublicKey({ key: EXAMPLES[2].jwk, format: 'jwk' });
    expect(thumbprintOf(key)).toBe('kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k');
  });
});
