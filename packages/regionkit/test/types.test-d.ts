/** Compiled, never run: the names of the regions, the claims and the config follow from the options to the parts. */
import { env, loadConfig } from '@regionkit/config';
import { defineRegions } from '@regionkit/core';
import type { SessionVerifier } from '@regionkit/session';
import { expectTypeOf } from 'vitest';
import { z } from 'zod';
import { createRegionKit } from '../src/index.ts';

type Name = 'us' | 'eu';
const regions = { us: 'https://us.example.com', eu: { origin: 'https://eu.example.com' } } as const;
const rest = {
  databaseUrl: process.env['DATABASE_URL'],
  secret: process.env['REGION_SECRET'],
  cookieDomain: 'example.com',
};

const kit = createRegionKit({ self: process.env['REGION'], regions, ...rest });
expectTypeOf(kit.regions.self).toEqualTypeOf<Name>();
expectTypeOf(kit.router.explain('write').region).toEqualTypeOf<Name | undefined>();
expectTypeOf(kit.health.view.self).toEqualTypeOf<Name>();
expectTypeOf(kit.explain().self).toEqualTypeOf<Name>();
expectTypeOf(kit.sessions).toEqualTypeOf<undefined>();
expectTypeOf(kit.config).toEqualTypeOf<undefined>();
kit.gate.on('forwarded', ({ region }) => expectTypeOf(region).toEqualTypeOf<Name>());
kit.affinity?.pin('eu');
// @ts-expect-error a misspelt region
kit.affinity?.pin('ue');

createRegionKit({ self: 'us', regions, ...rest });
// @ts-expect-error a misspelt region
createRegionKit({ self: 'ue', regions, ...rest });
createRegionKit({ self: 'us', regions, ...rest, databaseUrl: undefined, databaseUrls: { us: 'a', eu: ['b', 'c'] } });
// @ts-expect-error a misspelt region
createRegionKit({ self: 'us', regions, ...rest, databaseUrl: undefined, databaseUrls: { ue: 'a' } });
// @ts-expect-error a misspelt option of a part
createRegionKit({ self: 'us', regions, ...rest, router: { maxLag: 1 } });
// @ts-expect-error a secret is asked for
createRegionKit({ self: 'us', regions, databaseUrl: 'a' });

const defined = defineRegions({ self: process.env['REGION'], all: { us: { origin: regions.us }, eu: regions.eu } });
expectTypeOf(createRegionKit({ regions: defined, ...rest }).regions.self).toEqualTypeOf<Name>();

const sessions = {
  keys: 'https://auth.example.com/jwks.json',
  algorithms: ['ES256'],
  issuer: null,
  audience: 'api',
} as const;
expectTypeOf(createRegionKit({ self: 'us', regions, ...rest, sessions }).sessions).toEqualTypeOf<SessionVerifier>();
const claims = z.object({ tenant: z.number() });
const withClaims = createRegionKit({ self: 'us', regions, ...rest, sessions: { ...sessions, claims } });
expectTypeOf(withClaims.sessions.of({}).claims).toEqualTypeOf<{ tenant: number }>();
createRegionKit({
  self: 'us',
  regions,
  ...rest,
  // @ts-expect-error an algorithm that there is not
  sessions: { keys: 'pem', algorithms: ['HS256'], issuer: null, audience: null },
});

const config = await loadConfig({ sources: { env: env({ schema: z.object({ SECRET: z.string() }) }) } });
const withConfig = createRegionKit({ self: 'us', regions, ...rest, config });
expectTypeOf(withConfig.config.get('env').SECRET).toEqualTypeOf<string>();
