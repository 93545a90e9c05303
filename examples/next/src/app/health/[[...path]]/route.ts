import { regional } from '../../../regional.ts';

export const runtime = 'nodejs';
export const dynamic = 'force-dynamic';

// The kit answers the probes of /health, and the questions of the other regions. `livez` and `readyz` are the same.
export const GET = regional(() => new Response(null, { status: 404 }));
