import { serve } from '@hono/node-server';

/** Calls the route handlers as Next does: by path and method, with a `Request`. It is not Next: nothing is built. */
process.env.NEXT_RUNTIME = 'nodejs';
await (await import('../src/instrumentation.ts')).register();
const notes = await import('../src/app/notes/route.ts');
const health = await import('../src/app/health/[[...path]]/route.ts');

serve({
  port: Number(process.env.PORT),
  hostname: '127.0.0.1',
  fetch: (request) => {
    const { pathname } = new URL(request.url);
    if (pathname.startsWith('/health')) return health.GET(request);
    if (pathname === '/notes' && request.method === 'GET') return notes.GET(request);
    if (pathname === '/notes' && request.method === 'POST') return notes.POST(request);
    return new Response(null, { status: 404 });
  },
});
