import { ask, describeNotesApp } from 'example-support';
import { expect, it } from 'vitest';

describeNotesApp('nest', new URL('../src/server.ts', import.meta.url), (app) => {
  it('lets only an admin clear the notes, by a session that any region verifies', async () => {
    const clear = async (roles?: readonly string[]) =>
      ask(`${app.eu.origin}/notes`, {
        method: 'DELETE',
        headers:
          roles === undefined
            ? {}
            : { authorization: `Bearer ${await app.regions.issuer.issue({ sub: 'alice', roles })}` },
      });
    expect((await clear()).status).toBe(401);
    expect((await clear(['user'])).status).toBe(403);
    const cleared = await clear(['admin']);
    expect(cleared.status).toBe(200);
    expect(cleared.json()).toMatchObject({ region: 'us-east-1', by: 'alice' });
  });
});
