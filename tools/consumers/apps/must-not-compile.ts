// Each line below must be an error: the compiler is the first test of a user's app.
import { createAffinity } from '@regionkit/affinity';
import { createRegionRouter } from '@regionkit/db-router';
import { createSessionVerifier } from '@regionkit/session';
import { Pool } from 'pg';
import { regions } from './app.js';

// @ts-expect-error a region that is not in the map
regions.get('us-east-1')?.name satisfies 'us-west-1';
// @ts-expect-error a misspelt region
createRegionRouter({ regions, pools: { 'us-esat-1': new Pool() }, token: { secret: 'x' } });
// @ts-expect-error issuer and audience must be given, or be null in so many words
createSessionVerifier({ keys: 'pem', algorithms: ['RS256'] });
// @ts-expect-error a permanent redirect would be cached
createAffinity({ regions, redirectStatus: 301 });
