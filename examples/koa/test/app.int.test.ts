import { ask, describeNotesApp, until } from 'example-support';
import { expect, it } from 'vitest';

describeNotesApp('koa', new URL('../src/server.ts', import.meta.url), (app) => {
  it('pins a client to the region it moves to, wherever it says so', async () => {
    const { status, headers } = await ask(`${app.eu.origin}/home/us-east-1`, {
      method: 'PUT',
      headers: { cookie: 'region=eu-west-1' },
    });
    expect(status).toBe(204);
    expect(headers['set-cookie']).toContainEqual(expect.stringMatching(/^region=us-east-1;/));
    expect(headers.via).toBeUndefined();
  });

  it('leads a browser to its region once that is known to be well, and gives an API client a hint', async () => {
    const navigation = { host: 'app.localhost', accept: 'text/html', 'sec-fetch-mode': 'navigate' };
    const led = await until(
      () => ask(`${app.eu.origin}/notes?page=2`, { headers: { ...navigation, cookie: 'region=us-east-1' } }),
      ({ status }) => status === 307,
    );
    expect(led.headers.location).toBe(`${app.us.origin}/notes?page=2`);

    const hinted = await ask(`${app.eu.origin}/notes`, { headers: { cookie: 'region=us-east-1' } });
    expect(hinted.status).toBe(200);
    expect(hinted.headers['x-region-hint']).toBe('us-east-1');
  });
});
