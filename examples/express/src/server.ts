import { createDrain } from '@regionkit/health';
import { createApp } from './app.ts';

const { app, config, health, router, gate, sessions, issuer } = await createApp(
  process.env.SECRETS_DIR ?? '/run/secrets',
);
createDrain({
  health,
  servers: [app.listen(Number(process.env.PORT ?? 3001))],
  notReadyForMs: Number(process.env.NOT_READY_FOR_MS ?? 15_000),
  // The last one runs first.
  hooks: [
    { name: 'config', run: () => config.close() },
    { name: 'router', run: () => router.close({ pools: true }) },
    { name: 'gate', run: () => gate.close() },
    { name: 'sessions', run: () => Promise.all([sessions.close(), issuer.close()]) },
  ],
});
