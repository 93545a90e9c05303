const { deepStrictEqual } = require('node:assert');
const { test } = require('node:test');
const { createRegionKit } = require('regionkit');
const { fakeRouter } = require('regionkit/db-router/testing');

test('a kit answers by fetch, and its router by the function of the test', async () => {
  const router = fakeRouter({ self: 'eu', primary: 'us', answer: () => [{ item: 'tea' }] });
  const kit = createRegionKit({
    regions: router.regions,
    router,
    secret: 'a secret of a test, long enough to sign with',
  });
  const handler = kit.fetch(async () => Response.json((await kit.router.read('select item')).rows));
  deepStrictEqual(await (await handler(new Request('http://localhost/orders'))).json(), [{ item: 'tea' }]);
  await kit.close();
});
