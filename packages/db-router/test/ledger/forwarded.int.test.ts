import { expect, it } from 'vitest';
import { idempotencyOf } from '../../src/ledger/index.ts';
import { pair } from '../http/pair.ts';

it('idempotencyOf() reads of a forwarded request what it reads of the same request in the region of the primary', async () => {
  const { us, eu } = await pair((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => response.end(JSON.stringify(idempotencyOf(request, Buffer.concat(parts)))));
  });
  const ask = async (origin: string): Promise<unknown> =>
    (
      await fetch(`${origin}/orders?now`, { method: 'POST', headers: { 'Idempotency-Key': '"one"' }, body: 'tea' })
    ).json();
  const direct = await ask(us.origin);
  expect(direct).toMatchObject({ key: 'one' });
  expect(await ask(eu.origin)).toEqual(direct);
});
