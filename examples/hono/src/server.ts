import { serve } from '@hono/node-server';
import { createDrain } from '@regionkit/health';
import { createApp } from './app.ts';

const { app, health, router, gate, sessions } = createApp(process.env);
createDrain({
  health,
  servers: [serve({ fetch: app.fetch, port: Number(process.env.PORT ?? 3001) })],
  notReadyForMs: Number(process.env.NOT_READY_FOR_MS ?? 15_000),
  // The last one runs first.
  hooks: [
    { name: 'router', run: () => router.close({ pools: true }) },
    { name: 'gate', run: () => gate.close() },
    { name: 'sessions', run: () => sessions.close() },
  ],
});
