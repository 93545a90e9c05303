import { createDrain } from '@regionkit/health';
import { createApp } from './app.ts';

const { server, health, router, gate } = createApp(process.env);
createDrain({
  health,
  servers: [server],
  notReadyForMs: Number(process.env.NOT_READY_FOR_MS ?? 15_000),
  // The last one runs first.
  hooks: [
    { name: 'router', run: () => router.close({ pools: true }) },
    { name: 'gate', run: () => gate.close() },
  ],
});
server.listen(Number(process.env.PORT ?? 3001));
