import { createRegionKit } from 'regionkit';

const make = () =>
  createRegionKit({
    self: process.env.REGION,
    regions: {
      'us-east-1': process.env.US_ORIGIN ?? 'http://127.0.0.1:3001',
      'eu-west-1': process.env.EU_ORIGIN ?? 'http://127.0.0.1:3002',
    },
    databaseUrl: process.env.DATABASE_URL, // this region's own server
    secret: process.env.REGION_SECRET,
    development: true, // one machine, plain http; not in production
  });

// Next bundles each route by itself, so the one kit of the process is kept where all of them find it.
const shared = globalThis as { regionkit?: ReturnType<typeof make> };

/** The kit, made with the first request or by `instrumentation.ts`: `next build` loads the routes without an environment. */
export const kit = () => {
  shared.regionkit ??= make();
  return shared.regionkit;
};

/** A route handler behind the doors of the kit. */
export const regional =
  (handler: (request: Request) => Response | Promise<Response>) =>
  (request: Request): Response | Promise<Response> =>
    kit().fetch(handler)(request);
