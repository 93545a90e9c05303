/**
 * The compiler is the first test of a user's app. Each line below a `@ts-expect-error` must be an error, and the line above
 * it, which differs in that alone, must not: so it is an error for the reason given.
 */
import { createAffinity } from '@regionkit/affinity';
import { createRegionRouter } from '@regionkit/db-router';
import { createSessionVerifier } from '@regionkit/session';
import { Pool } from 'pg';
import { regions } from './app.js';

regions.get('us-east-1')?.name satisfies 'us-east-1' | 'eu-west-1' | undefined;
// @ts-expect-error not every region there is
regions.get('us-east-1')?.name satisfies 'us-east-1' | undefined;

createRegionRouter({ regions, pools: { 'us-east-1': new Pool() }, token: { secret: 'x' } });
// @ts-expect-error a misspelt region
createRegionRouter({ regions, pools: { 'us-esat-1': new Pool() }, token: { secret: 'x' } });

createSessionVerifier({ keys: 'pem', algorithms: ['RS256'], issuer: null, audience: null });
// @ts-expect-error issuer and audience must be given, or be null in so many words
createSessionVerifier({ keys: 'pem', algorithms: ['RS256'] });
// @ts-expect-error an audience alone is not enough
createSessionVerifier({ keys: 'pem', algorithms: ['RS256'], audience: null });
// @ts-expect-error a shared secret can sign what it verifies
createSessionVerifier({ keys: 'pem', algorithms: ['HS256'], issuer: null, audience: null });

createAffinity({ regions, redirectStatus: 307 });
// @ts-expect-error a permanent redirect would be cached
createAffinity({ regions, redirectStatus: 301 });
