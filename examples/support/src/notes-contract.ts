import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Answer, ask, until } from './ask.ts';
import { type RunningServer, startServer } from './running-server.ts';
import { type RegionName, startTwoRegions, type TwoRegions } from './two-regions.ts';

/** What the tests of one example have at hand. */
export interface NotesApp {
  readonly regions: TwoRegions;
  readonly us: RunningServer;
  readonly eu: RunningServer;
}

interface Notes {
  readonly region: RegionName;
  readonly notes: readonly string[];
}

const WEB = 'https://www.example.com';
const FROM_WEB = { origin: WEB };

/**
 * What every notes app must do in two regions, whatever its framework: `server` is run once in each, as a user would run
 * it. `more` adds the tests of what one example shows besides; they come before the drain.
 */
export function describeNotesApp(name: string, server: URL, more?: (app: NotesApp) => void): void {
  describe(`the ${name} example in two regions`, () => {
    const app = {} as { -readonly [Part in keyof NotesApp]: NotesApp[Part] };

    beforeAll(async () => {
      app.regions = await startTwoRegions();
      const start = (region: RegionName): RunningServer =>
        startServer(server, app.regions.origins[region], app.regions.environment(region));
      app.us = start('us-east-1');
      app.eu = start('eu-west-1');
      await Promise.all([app.us.ready('/notes'), app.eu.ready('/notes')]);
    }, 120_000);
    afterAll(async () => {
      await Promise.all([app.us?.end('SIGKILL'), app.eu?.end('SIGKILL')]);
      await app.regions?.close();
    });
    beforeEach(({ onTestFailed }) => {
      onTestFailed(() => console.error(`us-east-1:\n${app.us.output}\neu-west-1:\n${app.eu.output}`));
    });

    const read = ({ origin }: RunningServer, token?: string): Promise<Answer> =>
      ask(`${origin}/notes`, { headers: { ...FROM_WEB, ...(token !== undefined && { 'x-region-token': token }) } });
    const write = ({ origin }: RunningServer, body: object | string): Promise<Answer> =>
      ask(`${origin}/notes`, { method: 'POST', headers: FROM_WEB, body });
    const tokenOf = ({ headers }: Answer): string => String(headers['x-region-token']);

    it('takes a write in either region, does it in the region of the primary, and reads it back at home', async () => {
      const here = await write(app.us, { text: 'from Virginia' });
      expect(here.status).toBe(201);
      const written = await write(app.eu, { text: 'from Ireland' });
      expect(written.status).toBe(201);
      expect(written.json()).toEqual({ region: 'us-east-1', text: 'from Ireland' });

      // Waited for longer than a read waits, the standby is stood in for by the primary.
      const { json } = await until(() => read(app.eu, tokenOf(written)), isAtHome);
      expect(json<Notes>()).toEqual({ region: 'eu-west-1', notes: ['from Virginia', 'from Ireland'] });
    });

    it('serves a client its own write while the standby is behind: by the primary, and at home again after that', async () => {
      const replica = app.regions.lab.region('eu-west-1');
      await replica.pauseReplay();
      const token = tokenOf(await write(app.eu, { text: 'not replayed yet' }));

      const forwarded = await read(app.eu, token);
      expect(forwarded.status).toBe(200);
      expect(forwarded.headers['access-control-allow-origin']).toBe(WEB);
      expect(forwarded.json<Notes>().region).toBe('us-east-1');
      expect(forwarded.json<Notes>().notes).toContain('not replayed yet');

      await replica.resumeReplay();
      const again = await until(() => read(app.eu, token), isAtHome);
      expect(again.json<Notes>().notes).toContain('not replayed yet');
    });

    it('lets CORS answer preflights, and be said once on an answer that was forwarded', async () => {
      const preflight = await ask(`${app.eu.origin}/notes`, {
        method: 'OPTIONS',
        headers: {
          ...FROM_WEB,
          'access-control-request-method': 'POST',
          'access-control-request-headers': 'content-type,x-region-token',
        },
      });
      expect(preflight.status).toBe(204);
      expect(preflight.headers['access-control-allow-origin']).toBe(WEB);
      expect(String(preflight.headers['access-control-allow-headers']).toLowerCase()).toContain('x-region-token');
      expect(preflight.headers['x-region-token']).toBeUndefined();

      const forwarded = await write(app.eu, { text: 'with CORS' });
      expect(forwarded.headers['access-control-allow-origin']).toBe(WEB);
      expect(forwarded.headers['access-control-expose-headers']?.toLowerCase()).toContain('x-region-token');
    });

    it('leaves the body to the parser in the region that does the write, and what is no route to the framework', async () => {
      for (const server of [app.us, app.eu]) {
        expect((await write(server, '{ "text": ')).status).toBe(400);
        expect((await write(server, { title: 'no text' })).status).toBe(400);
        expect((await ask(`${server.origin}/nowhere`)).status).toBe(404);
      }
    });

    more?.(app);

    it('drains on SIGTERM: not healthy, alive, still serving, and out with 0', async () => {
      const { origin } = app.eu;
      const code = app.eu.end('SIGTERM');
      await until(
        () => ask(`${origin}/health`),
        ({ status }) => status === 503,
      );
      const [alive, served] = await Promise.all([ask(`${origin}/livez`), read(app.eu)]);
      expect(alive.status).toBe(200);
      expect(served.status).toBe(200);
      expect(served.headers.connection).toBe('close');
      expect(await code).toBe(0);
    });
  });
}

function isAtHome({ status, json }: Answer): boolean {
  return status === 200 && json<Notes>().region === 'eu-west-1';
}
