import { ask, describeNotesApp, until } from 'example-support';
import { expect, it } from 'vitest';

describeNotesApp('express', new URL('../src/server.ts', import.meta.url), (app) => {
  it('signs in where the client is, and knows the session in every region', async () => {
    const signedIn = await ask(`${app.eu.origin}/sign-in`, { method: 'POST', body: { name: 'alice' } });
    expect(signedIn.json()).toEqual({ region: 'eu-west-1', name: 'alice' });
    const session = signedIn.headers['set-cookie']?.find((value) => value.startsWith('session='))?.split(';')[0];

    const known = await ask(`${app.us.origin}/me`, { headers: { cookie: String(session) } });
    expect(known.json()).toEqual({ region: 'us-east-1', name: 'alice' });
    const nobody = await ask(`${app.us.origin}/me`);
    expect(nobody.status).toBe(401);
    expect(nobody.headers['www-authenticate']).toBe('Bearer realm="api"');
  });

  it('keeps a client in its region by a cookie', async () => {
    const { headers } = await ask(`${app.eu.origin}/notes`);
    expect(headers['set-cookie']).toContainEqual(expect.stringMatching(/^region=eu-west-1;/));
  });

  it('goes on after a failover, in both regions, without a restart', async () => {
    await app.regions.lab.region('us-east-1').kill();
    await app.regions.lab.failover({ to: 'eu-west-1' });
    for (const { origin } of [app.eu, app.us]) {
      // Until both regions know it, a write waits, or is refused with 503. It was not done, so it may be sent again.
      const written = await until(
        () => ask(`${origin}/notes`, { method: 'POST', body: { text: `after the failover, at ${origin}` } }),
        ({ status }) => status === 201,
      );
      expect(written.json()).toMatchObject({ region: 'eu-west-1' });
    }
    const { notes } = (await ask(`${app.eu.origin}/notes`)).json<{ notes: string[] }>();
    expect(notes.filter((text) => text.startsWith('after the failover'))).toEqual([
      `after the failover, at ${app.eu.origin}`,
      `after the failover, at ${app.us.origin}`,
    ]);
  });
});
