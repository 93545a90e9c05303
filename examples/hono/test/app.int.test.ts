import { ask, describeNotesApp } from 'example-support';
import { expect, it } from 'vitest';

describeNotesApp('hono', new URL('../src/server.ts', import.meta.url), (app) => {
  it('knows a session in either region, and answers one that is not there by an error of the verifier', async () => {
    const session = await app.regions.issuer.issue({ sub: 'alice' });
    for (const { origin } of [app.us, app.eu]) {
      const known = await ask(`${origin}/me`, { headers: { authorization: `Bearer ${session}` } });
      expect(known.json()).toMatchObject({ sub: 'alice' });
      const nobody = await ask(`${origin}/me`);
      expect(nobody.status).toBe(401);
      expect(nobody.headers['www-authenticate']).toBe('Bearer realm="api"');
      expect(nobody.json()).toMatchObject({ code: 'ERR_SESSION_MISSING' });
    }
  });
});
