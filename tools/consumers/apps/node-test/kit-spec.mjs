import { deepStrictEqual } from 'node:assert';
import { once } from 'node:events';
import { after, test } from 'node:test';
import express from 'express';
import { createRegionKit } from 'regionkit';
import { fakeRouter } from 'regionkit/db-router/testing';

const router = fakeRouter({ self: 'eu', primary: 'us', answer: () => [{ item: 'tea' }] });
const kit = createRegionKit({
  regions: router.regions,
  router,
  secret: 'a secret of a test, long enough to sign with',
});
after(() => kit.close());

test('an app on Express reads here, and refuses a write', async (context) => {
  const app = express();
  app.use(kit.express());
  app.get('/orders', async (_request, response) => response.json((await kit.router.read('select item')).rows));
  const server = app.listen(0, '127.0.0.1');
  context.after(() => server.close());
  await once(server, 'listening');
  const ask = (method) =>
    fetch(`http://127.0.0.1:${server.address().port}/orders`, { method, headers: { connection: 'close' } });
  deepStrictEqual(await (await ask('GET')).json(), [{ item: 'tea' }]);
  const refused = await ask('POST');
  deepStrictEqual([refused.status, refused.headers.get('x-region-hint')], [503, 'us']);
});
