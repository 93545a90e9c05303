import { ask, describeNotesApp } from 'example-support';
import { expect, it } from 'vitest';

describeNotesApp('fastify', new URL('../src/server.ts', import.meta.url), (app) => {
  const clear = async (session?: string) =>
    ask(`${app.eu.origin}/notes`, {
      method: 'DELETE',
      headers: session === undefined ? {} : { authorization: `Bearer ${session}` },
    });

  it('lets a session with the role do it from either region, and answers 401 and 403 to others', async () => {
    const nobody = await clear();
    expect(nobody.status).toBe(401);
    expect(nobody.headers['www-authenticate']).toBe('Bearer realm="api"');
    const reader = await clear(await app.regions.issuer.issue({ sub: 'bob', roles: ['reader'] }));
    expect(reader.status).toBe(403);

    const admin = await clear(await app.regions.issuer.issue({ sub: 'alice', roles: ['admin'] }));
    expect(admin.status).toBe(200);
    expect(admin.json()).toMatchObject({ region: 'us-east-1', by: 'alice' });
  });

  it('asks for the role of no other route', async () => {
    expect((await ask(`${app.eu.origin}/notes`)).status).toBe(200);
  });
});
